//! `required` (RFC 7643 §2.2, §7): of attributes, of sub-attributes in complex values that are there,
//! of attributes of extensions that are there, and of extensions (§6).

use serde_json::Value;

use crate::attribute::{AttributeDefinition, AttributeRef, AttributeSource, Mutability};
use crate::error::ScimError;
use crate::resource::Attributes;
use crate::schema::ResourceType;

use super::location::Location;
use super::stored;

/// # Errors
/// `invalidValue` that names the first thing which is missing.
pub(super) fn check(resource_type: &ResourceType, attributes: &Attributes) -> Result<(), ScimError> {
    for attribute in resource_type.attributes() {
        check_attribute(attributes, &attribute)?;
    }
    for extension in resource_type.extensions.iter().filter(|extension| extension.required) {
        let urn = extension.schema.id.as_str();
        if !attributes.contains_key(urn) {
            return Err(ScimError::invalid_value(format!(
                "{urn}: required, resources of type {} must have this extension",
                resource_type.name()
            )));
        }
    }
    Ok(())
}

/// One attribute; there is nothing to check where its extension is not there.
///
/// # Errors
/// `invalidValue` that names the first thing which is missing.
pub(super) fn check_attribute(attributes: &Attributes, attribute: &AttributeRef) -> Result<(), ScimError> {
    let is_here = match &attribute.extension {
        None => attribute.source == AttributeSource::Stored,
        Some(urn) => attributes.contains_key(urn.as_str()),
    };
    if !is_here {
        return Ok(());
    }
    let value = stored::get(attributes, attribute);
    check_value(&attribute.attribute, value, &Location::of(attribute))
}

fn check_value(
    definition: &AttributeDefinition,
    value: Option<&Value>,
    at: &Location<'_>,
) -> Result<(), ScimError> {
    // A readOnly attribute is the service provider's to assign.
    let required = definition.required && definition.mutability != Mutability::ReadOnly;
    if required && !value.is_some_and(has_content) {
        return Err(ScimError::invalid_value(format!("{at}: required")));
    }
    match value {
        Some(Value::Array(elements)) => elements
            .iter()
            .enumerate()
            .try_for_each(|(index, element)| check_subs(definition, element, &at.element(index))),
        Some(single) => check_subs(definition, single, at),
        None => Ok(()),
    }
}

fn check_subs(definition: &AttributeDefinition, value: &Value, at: &Location<'_>) -> Result<(), ScimError> {
    let Value::Object(object) = value else { return Ok(()) };
    definition.sub_attributes.iter().try_for_each(|sub_attribute| {
        let name = sub_attribute.name.as_str();
        check_value(sub_attribute, object.get(name), &at.sub(name))
    })
}

/// Whether a value is more than an empty string, which does not satisfy `required`.
fn has_content(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(elements) => elements.iter().any(has_content),
        Value::Object(object) => object.values().any(has_content),
        Value::Bool(_) | Value::Number(_) => true,
    }
}
