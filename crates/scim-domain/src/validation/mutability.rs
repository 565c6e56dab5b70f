//! What `mutability` (RFC 7643 §7) means when a resource is replaced or changed (RFC 7644 §3.5.1,
//! §3.5.2).
//!
//! The unit is an attribute, or a sub-attribute of a single-valued complex one. The elements of a
//! multi-valued attribute have no identity that would tell which of them a new element was before:
//! they come and go as wholes.

use serde_json::Value;

use crate::attribute::{AttributeRef, AttributeSource, AttributeType, Mutability, Returned};
use crate::comparison::{equality_key, number_key};
use crate::error::ScimError;
use crate::resource::Attributes;
use crate::schema::ResourceType;

use super::stored;

/// Carries over from `current` what a PUT does not replace: readOnly values; immutable values that the
/// body leaves out or repeats, in the spelling in which they are stored; and values that are writeOnly or
/// never returned which the body leaves out, since no client can read them to send them again. `named`
/// says which attributes the body names: one of those that it names with `null` is cleared.
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
        let is_left_out =
            |value: Option<&Value>| value.is_none() && !(unit.sub_attribute.is_none() && named(&unit));
        let keep = match unit.leaf().mutability {
            Mutability::ReadOnly => unit.sub_attribute.is_none() || stored::get(new, &unit.whole()).is_some(),
            Mutability::WriteOnly => is_left_out(value),
            Mutability::ReadWrite => unit.leaf().returned == Returned::Never && is_left_out(value),
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
        Value::Number(number) => Value::Number(number_key(number)),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample::{ASSET, LENIENT, STRICT, device, device_body, refused, replace};
    use super::*;
    use crate::error::ErrorKind;

    fn put(current: Value, more: Value) -> Result<Value, ScimError> {
        let mut stored = json!({"serialNumber": "S1", ASSET: {"owner": "Babs"}});
        stored.as_object_mut().expect("an object").extend(current.as_object().expect("an object").clone());
        let draft = replace(&device(), STRICT, &stored, &device_body(more.clone()));
        assert_eq!(draft, replace(&device(), LENIENT, &stored, &device_body(more)), "no leniency in this");
        draft.map(|draft| Value::Object(draft.attributes))
    }

    /// What a PUT of `more` leaves of a Device with the attributes `current`, at one of its attributes.
    #[track_caller]
    fn becomes(current: Value, more: Value, name: &str, expected: Option<Value>) {
        let attributes = put(current, more).expect("valid");
        assert_eq!(attributes.get(name), expected.as_ref());
    }

    #[track_caller]
    fn immutable(current: Value, more: Value, name: &str) {
        let detail =
            format!("{name}: immutable, its value can be neither changed nor removed once it is there");
        refused(put(current, more), ErrorKind::Mutability, &detail);
    }

    #[test]
    fn what_can_be_written_is_replaced_or_cleared() {
        becomes(json!({"color": "red"}), json!({}), "color", None);
        becomes(json!({"color": "red"}), json!({"color": "green"}), "color", Some(json!("green")));
        becomes(json!({"place": {"building": "B", "floor": 1}}), json!({}), "place", None);
        becomes(
            json!({"place": {"building": "B", "floor": 1}}),
            json!({"place": {"building": "C"}}),
            "place",
            Some(json!({"building": "C"})),
        );
    }

    #[test]
    fn immutable_values_stay_and_cannot_change() {
        becomes(json!({"codes": [1]}), json!({}), "codes", Some(json!([1])));
        becomes(json!({"codes": [1]}), json!({"codes": null}), "codes", Some(json!([1])));
        becomes(json!({"codes": [2, 1]}), json!({"codes": [1, 2]}), "codes", Some(json!([2, 1])));
        becomes(json!({}), json!({"codes": [1]}), "codes", Some(json!([1])));
        becomes(json!({}), json!({"serialNumber": "s1"}), "serialNumber", Some(json!("S1")));
        becomes(json!({}), json!({"serialNumber": null}), "serialNumber", Some(json!("S1")));
        let (asset, at_cost) = (json!({"owner": "Babs"}), json!({"owner": "Babs", "cost": 2.0}));
        becomes(json!({ASSET: at_cost}), json!({ASSET: asset}), ASSET, Some(at_cost.clone()));
        becomes(
            json!({ASSET: at_cost}),
            json!({ASSET: {"owner": "Babs", "cost": 2}}),
            ASSET,
            Some(at_cost.clone()),
        );
        immutable(json!({}), json!({"serialNumber": "S2"}), "serialNumber");
        immutable(json!({"codes": [1]}), json!({"codes": [1, 2]}), "codes");
        immutable(
            json!({ASSET: at_cost}),
            json!({ASSET: {"owner": "Babs", "cost": 2.5}}),
            &format!("{ASSET}:cost"),
        );
    }

    #[test]
    fn immutable_sub_attributes_stay_and_cannot_change() {
        let current = || json!({"place": {"building": "B", "surveyed": "2020-01-01T00:00:00Z"}});
        let kept = Some(json!({"building": "C", "surveyed": "2020-01-01T00:00:00Z"}));
        becomes(current(), json!({"place": {"building": "C"}}), "place", kept.clone());
        let same_moment = json!({"place": {"building": "C", "surveyed": "2020-01-01T01:00:00+01:00"}});
        becomes(current(), same_moment, "place", kept);
        let changed = json!({"place": {"building": "C", "surveyed": "2021-01-01T00:00:00Z"}});
        immutable(current(), changed, "place.surveyed");
    }

    #[test]
    fn what_no_client_can_read_stays_unless_it_is_named() {
        becomes(json!({"secret": "s"}), json!({}), "secret", Some(json!("s")));
        becomes(json!({"secret": "s"}), json!({"secret": "t"}), "secret", Some(json!("t")));
        becomes(json!({"secret": "s"}), json!({"secret": null}), "secret", None);
        becomes(json!({"hidden": "h"}), json!({}), "hidden", Some(json!("h")));
        becomes(json!({"hidden": "h"}), json!({"hidden": "i"}), "hidden", Some(json!("i")));
        becomes(json!({"hidden": "h"}), json!({"hidden": []}), "hidden", None);
        becomes(
            json!({"place": {"building": "B", "pin": "1"}}),
            json!({"place": {"building": "C"}}),
            "place",
            Some(json!({"building": "C", "pin": "1"})),
        );
    }

    #[test]
    fn what_no_client_can_write_stays() {
        let seen = "2020-01-01T00:00:00Z";
        becomes(json!({"lastSeen": seen}), json!({"lastSeen": "never"}), "lastSeen", Some(json!(seen)));
        let place = json!({"place": {"building": "B", "checkedBy": "me"}});
        becomes(
            place.clone(),
            json!({"place": {"building": "C", "checkedBy": "you"}}),
            "place",
            Some(json!({"building": "C", "checkedBy": "me"})),
        );
        becomes(place, json!({}), "place", None);
    }

    #[test]
    fn a_removed_immutable_value_is_a_change() {
        let device = device();
        let current = json!({"serialNumber": "S1"});
        let check = |new: Value| {
            check_immutable(
                &device,
                current.as_object().expect("an object"),
                new.as_object().expect("an object"),
            )
        };
        assert_eq!(check(json!({"serialNumber": "s1"})), Ok(()));
        refused(check(json!({})), ErrorKind::Mutability, "serialNumber: immutable…");
        refused(check(json!({"serialNumber": "S2"})), ErrorKind::Mutability, "serialNumber: immutable…");
    }
}
