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
