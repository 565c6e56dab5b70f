//! What `mutability` (RFC 7643 §7) means when a resource is replaced or changed (RFC 7644 §3.5.1,
//! §3.5.2).
//!
//! The unit is an attribute, or a sub-attribute of a single-valued complex one. The elements of a
//! multi-valued attribute have no identity that would tell which of them a new element was before:
//! they come and go as wholes.

use serde_json::{Number, Value};

use crate::attribute::{AttributeRef, AttributeSource, AttributeType, Mutability};
use crate::comparison::equality_key;
use crate::error::ScimError;
use crate::resource::Attributes;
use crate::schema::ResourceType;

use super::stored;

/// Carries over from `current` what a PUT does not replace: readOnly values; immutable values that the
/// body leaves out or repeats, in the spelling in which they are stored; and writeOnly values that the
/// body leaves out, since no client can read them to send them again. `named` says which attributes
/// the body names: a writeOnly one that it names with `null` is cleared.
///
/// A readOnly sub-attribute goes with its complex value where the body leaves that out.
pub(super) fn keep_unwritten(
    resource_type: &ResourceType,
    current: &Attributes,
    named: impl Fn(&AttributeRef) -> bool,
    new: &mut Attributes,
) {
    for unit in units(resource_type) {
        let Some(old) = stored::get(current, &unit) else { continue };
        let value = stored::get(new, &unit);
        let keep = match unit.leaf().mutability {
            Mutability::ReadWrite => false,
            Mutability::ReadOnly => unit.sub_attribute.is_none() || stored::get(new, &unit.whole()).is_some(),
            Mutability::WriteOnly => value.is_none() && !(unit.sub_attribute.is_none() && named(&unit)),
            Mutability::Immutable => value.is_none_or(|value| equal(&unit, old, value)),
        };
        if keep {
            let old = old.clone();
            stored::set(new, &unit, old);
        }
    }
}

/// Whether every immutable value of `current` is still in `new`.
///
/// # Errors
/// `mutability` that names the first one which is not.
pub(super) fn check_immutable(
    resource_type: &ResourceType,
    current: &Attributes,
    new: &Attributes,
) -> Result<(), ScimError> {
    for unit in units(resource_type).filter(|unit| unit.leaf().mutability == Mutability::Immutable) {
        let Some(old) = stored::get(current, &unit) else { continue };
        if !stored::get(new, &unit).is_some_and(|value| equal(&unit, old, value)) {
            return Err(ScimError::mutability(format!(
                "{unit}: immutable, its value can be neither changed nor removed once it is there"
            )));
        }
    }
    Ok(())
}

/// Every stored attribute of the type, each followed by its sub-attributes where it is single-valued.
fn units(resource_type: &ResourceType) -> impl Iterator<Item = AttributeRef> + '_ {
    resource_type.attributes().filter(|attribute| attribute.source == AttributeSource::Stored).flat_map(
        |attribute| {
            let single_complex =
                attribute.attribute.data_type == AttributeType::Complex && !attribute.attribute.multi_valued;
            let subs: Vec<_> = if single_complex {
                let names = attribute.attribute.sub_attributes.iter().map(|sub| sub.name.as_str());
                names.filter_map(|name| attribute.sub(name)).collect()
            } else {
                Vec::new()
            };
            std::iter::once(attribute).chain(subs)
        },
    )
}

/// Whether two values of `attribute` are one value: text by its comparison key, numbers by their exact
/// value, arrays without regard to order, and all but the readOnly sub-attributes.
fn equal(attribute: &AttributeRef, left: &Value, right: &Value) -> bool {
    comparable(attribute, left) == comparable(attribute, right)
}

/// `value`, of `attribute`, with keys in the place of its text, numbers in one spelling, arrays in one
/// order, and without readOnly sub-attributes: two values are one where these are.
pub(crate) fn comparable(attribute: &AttributeRef, value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(equality_key(attribute, text).into_owned()),
        Value::Number(number) => Value::Number(comparable_number(number)),
        Value::Array(elements) => {
            let mut keys: Vec<Value> =
                elements.iter().map(|element| comparable(attribute, element)).collect();
            keys.sort_by_cached_key(Value::to_string);
            Value::Array(keys)
        }
        Value::Object(object) => object
            .iter()
            .filter_map(|(name, value)| match attribute.sub(name) {
                Some(sub) if sub.leaf().mutability == Mutability::ReadOnly => None,
                Some(sub) => Some((name.clone(), comparable(&sub, value))),
                None => Some((name.clone(), value.clone())),
            })
            .collect(),
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

/// A whole number as an integer, also where it is written with a fraction of zero.
fn comparable_number(number: &Number) -> Number {
    let whole = number.as_f64().filter(|float| number.is_f64() && float.fract() == 0.0);
    whole
        .and_then(|float| format!("{float:.0}").parse::<i64>().ok())
        .map_or_else(|| number.clone(), Number::from)
}
