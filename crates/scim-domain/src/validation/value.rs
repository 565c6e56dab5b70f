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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::SchemaValidator;
    use super::super::sample::{LENIENT, STRICT, attribute, config, create_device, device, refused, rfc7643};
    use super::*;
    use crate::error::ErrorKind;

    #[track_caller]
    fn stored(strict: bool, more: Value, expected: Value) {
        assert_eq!(create_device(strict, more), Ok(expected));
    }

    #[test]
    fn what_is_unassigned_is_not_stored() {
        for unassigned in [json!(null), json!([]), json!({})] {
            for name in ["color", "enabled", "tags", "place", "sensors", "codes"] {
                stored(STRICT, json!({name: unassigned}), json!({}));
            }
        }
        stored(STRICT, json!({"tags": [null, "a", [], {}]}), json!({"tags": ["a"]}));
        stored(STRICT, json!({"tags": [null]}), json!({}));
        stored(STRICT, json!({"place": {"building": null, "floor": []}}), json!({}));
        stored(
            STRICT,
            json!({"sensors": [{}, {"value": null}, {"value": "a", "levels": [null]}]}),
            json!({"sensors": [{"value": "a"}]}),
        );
    }

    #[test]
    fn names_are_stored_in_the_spelling_of_the_schema() {
        stored(
            STRICT,
            json!({"COLOR": "red", "Place": {"BUILDING": "B"}, "SENSORS": [{"Value": "x", "LEVELS": [1, 2.5]}]}),
            json!({"color": "red", "place": {"building": "B"}, "sensors": [{"value": "x", "levels": [1, 2.5]}]}),
        );
    }

    #[test]
    fn elements_and_sub_attributes_are_checked_where_they_are() {
        let refused = |more, detail| refused(create_device(STRICT, more), ErrorKind::InvalidValue, detail);
        refused(
            json!({"sensors": [{"value": "a"}, {"value": 1}]}),
            "sensors[1].value: expected a string, got a number",
        );
        refused(
            json!({"sensors": [{"value": "a", "levels": [1, "2"]}]}),
            "sensors[0].levels[1]: expected a number, got a string",
        );
        refused(json!({"sensors": ["a"]}), "sensors[0]: expected an object, got a string");
        refused(json!({"sensors": [[{"value": "a"}]]}), "sensors[0]: expected an object, got an array");
        refused(json!({"place": ["B"]}), "place: expected an object, got an array");
        refused(
            json!({"place": {"building": {"name": "B"}}}),
            "place.building: expected a string, got an object",
        );
        refused(json!({"tags": "a"}), "tags: expected an array, got a string");
        refused(json!({"sensors": {"value": "a"}}), "sensors: expected an array, got an object");
    }

    #[test]
    fn one_value_stands_for_an_array_and_a_string_for_its_complex_value_outside_strict_mode() {
        stored(LENIENT, json!({"tags": "a"}), json!({"tags": ["a"]}));
        stored(LENIENT, json!({"sensors": {"value": "a"}}), json!({"sensors": [{"value": "a"}]}));
        stored(LENIENT, json!({"sensors": "a"}), json!({"sensors": [{"value": "a"}]}));
        stored(
            LENIENT,
            json!({"sensors": ["a", {"value": "b"}]}),
            json!({"sensors": [{"value": "a"}, {"value": "b"}]}),
        );
        let place = create_device(LENIENT, json!({"place": "B"}));
        refused(place, ErrorKind::InvalidValue, "place: expected an object, got a string");
        let nul = create_device(LENIENT, json!({"sensors": "\0"}));
        refused(nul, ErrorKind::InvalidValue, "sensors.value: must not hold the character U+0000");
    }

    #[test]
    fn the_manager_may_be_a_plain_string_outside_strict_mode() {
        let user = rfc7643("User");
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let manager = attribute(&user, &format!("{urn}:manager"));
        let value = |strict| SchemaValidator::new(&user, &config(strict)).value(&manager, &json!("26118915"));
        assert_eq!(value(LENIENT), Ok(Some(json!({"value": "26118915"}))));
        let detail = format!("{urn}:manager: expected an object, got a string");
        refused(value(STRICT), ErrorKind::InvalidValue, &detail);
    }

    #[test]
    fn unknown_sub_attributes_are_ignored_and_in_strict_mode_refused() {
        stored(LENIENT, json!({"place": {"building": "B", "room": 1}}), json!({"place": {"building": "B"}}));
        let strict = create_device(STRICT, json!({"place": {"building": "B", "room": 1}}));
        refused(strict, ErrorKind::InvalidSyntax, "place.room: no schema of this resource type…");
        let twice = create_device(LENIENT, json!({"place": {"building": "B", "BUILDING": "B"}}));
        refused(twice, ErrorKind::InvalidSyntax, "place.building: occurs twice in one object");
    }

    #[test]
    fn read_only_sub_attributes_are_ignored_whatever_they_hold() {
        stored(
            STRICT,
            json!({"place": {"building": "B", "checkedBy": 1}}),
            json!({"place": {"building": "B"}}),
        );
        stored(STRICT, json!({"place": {"checkedBy": "me"}}), json!({}));
    }

    #[test]
    fn repeated_elements_are_stored_once() {
        stored(STRICT, json!({"tags": ["b", "a", "b", "B"]}), json!({"tags": ["b", "a", "B"]}));
        stored(
            STRICT,
            json!({"sensors": [
                {"value": "a", "type": "heat", "primary": true},
                {"TYPE": "heat", "value": "a", "primary": true},
                {"value": "a", "type": "light"},
            ]}),
            json!({"sensors": [
                {"value": "a", "type": "heat", "primary": true}, {"value": "a", "type": "light"},
            ]}),
        );
    }

    #[test]
    fn an_element_is_normalised_by_itself() {
        let (device, config) = (device(), config(LENIENT));
        let validator = SchemaValidator::new(&device, &config);
        let element = |path: &str, value| validator.element(&attribute(&device, path), &value);
        assert_eq!(element("sensors", json!({"VALUE": "a"})), Ok(Some(json!({"value": "a"}))));
        assert_eq!(element("sensors", json!("a")), Ok(Some(json!({"value": "a"}))));
        assert_eq!(element("sensors", json!(null)), Ok(None));
        assert_eq!(element("sensors.primary", json!("True")), Ok(Some(json!(true))));
        assert_eq!(element("tags", json!("a")), Ok(Some(json!("a"))));
        refused(
            element("tags", json!(["a"])),
            ErrorKind::InvalidValue,
            "tags: expected a string, got an array",
        );
        let levels = validator.value(&attribute(&device, "sensors.levels"), &json!([1, 1, 2]));
        assert_eq!(levels, Ok(Some(json!([1, 2]))));
    }

    #[test]
    fn a_long_array_is_read_in_linear_time() {
        let tags: Vec<String> = (0..100_000).map(|number| format!("tag {number}")).collect();
        stored(LENIENT, json!({"tags": tags}), json!({"tags": tags}));
        stored(LENIENT, json!({"tags": vec!["a"; 100_000]}), json!({"tags": ["a"]}));
    }
}
