//! `primary` (RFC 7643 §2.4): at most one element of a multi-valued attribute has it true.

use serde_json::Value;

use crate::attribute::{AttributeDefinition, AttributeType};
use crate::error::ScimError;

use super::location::Location;

/// # Errors
/// `invalidValue` where more than one element is primary.
pub(super) fn check_primary(
    definition: &AttributeDefinition,
    elements: &[Value],
    at: &Location<'_>,
) -> Result<(), ScimError> {
    let Some(primary) = definition
        .sub_attribute("primary")
        .filter(|primary| primary.data_type == AttributeType::Boolean && !primary.multi_valued)
    else {
        return Ok(());
    };
    let name = primary.name.as_str();
    let is_primary = |element: &&Value| element.get(name) == Some(&Value::Bool(true));
    match elements.iter().filter(is_primary).count() {
        0 | 1 => Ok(()),
        count => Err(ScimError::invalid_value(format!(
            "{at}: expected {name} to be true in at most one element, got {count}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::SchemaValidator;
    use super::super::sample::{LENIENT, STRICT, config, create_device, device, refused};
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn one_element_may_be_primary_and_no_more() {
        let sensors = |first: Value, second: Value| json!({"sensors": [{"value": "a", "primary": first}, {"value": "b", "primary": second}]});
        for (first, second) in [(true, false), (false, true), (false, false)] {
            assert!(create_device(STRICT, sensors(json!(first), json!(second))).is_ok());
        }
        let detail = "sensors: expected primary to be true in at most one element, got 2";
        refused(create_device(STRICT, sensors(json!(true), json!(true))), ErrorKind::InvalidValue, detail);
        refused(create_device(LENIENT, sensors(json!("True"), json!(true))), ErrorKind::InvalidValue, detail);
    }

    #[test]
    fn attributes_that_were_changed_are_checked_too() {
        let (device, config) = (device(), config(STRICT));
        let validator = SchemaValidator::new(&device, &config);
        let check = |attributes: Value| validator.check_primary(attributes.as_object().expect("an object"));
        assert_eq!(check(json!({"sensors": [{"primary": true}, {"primary": false}]})), Ok(()));
        let twice = check(json!({"sensors": [{"primary": true}, {"primary": true}]}));
        refused(twice, ErrorKind::InvalidValue, "sensors: expected primary to be true…");
    }
}
