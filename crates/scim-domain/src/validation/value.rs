//! Values of attributes: complex ones (RFC 7643 §2.3.8), multi-valued ones (§2.4) and unassigned
//! ones (§2.5).

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::attribute::{AttributeDefinition, AttributeType, Mutability};
use crate::error::ScimError;
use crate::leniency;
use crate::tenant::TenantConfig;

use super::location::{Location, excerpt};
use super::primary::check_primary;
use super::scalar::{mismatch, scalar};

/// The value of an attribute, as it is stored; `None` where it is unassigned.
pub(super) fn whole(
    config: &TenantConfig,
    definition: &AttributeDefinition,
    value: &Value,
    at: &Location<'_>,
) -> Result<Option<Value>, ScimError> {
    if !definition.multi_valued {
        return single(config, definition, value, at);
    }
    let mut elements = Vec::new();
    match value {
        Value::Array(items) => {
            elements.reserve_exact(items.len());
            for (index, item) in items.iter().enumerate() {
                elements.extend(single(config, definition, item, &at.element(index))?);
            }
        }
        unassigned if is_unassigned(unassigned) => {}
        one if leniency::single_value_for_array(config) => {
            elements.extend(single(config, definition, one, at)?);
        }
        other => return Err(mismatch(at, "an array", other)),
    }
    drop_repeats(&mut elements);
    check_primary(definition, &elements, at)?;
    Ok((!elements.is_empty()).then_some(Value::Array(elements)))
}

/// The value of a single-valued attribute, or one element of a multi-valued one; `None` where it is
/// unassigned.
pub(super) fn single(
    config: &TenantConfig,
    definition: &AttributeDefinition,
    value: &Value,
    at: &Location<'_>,
) -> Result<Option<Value>, ScimError> {
    if is_unassigned(value) {
        return Ok(None);
    }
    if definition.data_type != AttributeType::Complex {
        return scalar(config, definition, value, at).map(Some);
    }
    if let Some(sub_attribute) = leniency::bare_value(config, definition, value) {
        let name = sub_attribute.name.as_str();
        let value = scalar(config, sub_attribute, value, &at.sub(name))?;
        return Ok(Some(Value::Object(Map::from_iter([(name.to_owned(), value)]))));
    }
    match value {
        Value::Object(object) => complex(config, definition, object, at),
        other => Err(mismatch(at, "an object", other)),
    }
}

fn complex(
    config: &TenantConfig,
    definition: &AttributeDefinition,
    object: &Map<String, Value>,
    at: &Location<'_>,
) -> Result<Option<Value>, ScimError> {
    let mut stored = Map::new();
    for (key, value) in object {
        let Some(sub_attribute) = definition.sub_attribute(key) else {
            if leniency::ignores_unknown_attributes(config) {
                continue;
            }
            return Err(ScimError::invalid_syntax(format!(
                "{}: no schema of this resource type defines this sub-attribute",
                at.sub(&excerpt(key))
            )));
        };
        // RFC 7644 §3.3 and §3.5.1: what a client sends for a readOnly attribute is ignored.
        if sub_attribute.mutability == Mutability::ReadOnly {
            continue;
        }
        let name = sub_attribute.name.as_str();
        let at = at.sub(name);
        if let Some(value) = whole(config, sub_attribute, value, &at)?
            && stored.insert(name.to_owned(), value).is_some()
        {
            return Err(ScimError::invalid_syntax(format!("{at}: occurs twice in one object")));
        }
    }
    Ok((!stored.is_empty()).then_some(Value::Object(stored)))
}

/// Whether a value says that there is none: `null`, `[]` (RFC 7643 §2.5), or `{}`, which assigns
/// nothing either.
pub(super) fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(object) => object.is_empty(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Leaves each element of a multi-valued attribute once: RFC 7643 §2.4 would not have the same type
/// and value answered twice. Elements that differ in anything else are not the same, and stay.
pub fn drop_repeats(elements: &mut Vec<Value>) {
    if elements.len() < 2 {
        return;
    }
    // Objects print in the order of their names, so that equal values print alike.
    let mut seen = HashSet::with_capacity(elements.len());
    elements.retain(|element| seen.insert(element.to_string()));
}
