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
    match missing_extensions(resource_type, attributes).next() {
        Some(urn) => Err(ScimError::invalid_value(format!(
            "{urn}: required, resources of type {} must have this extension",
            resource_type.name()
        ))),
        None => Ok(()),
    }
}

/// One attribute; there is nothing to check where its extension is not there.
///
/// # Errors
/// `invalidValue` that names the first thing which is missing.
pub(super) fn check_attribute(attributes: &Attributes, attribute: &AttributeRef) -> Result<(), ScimError> {
    missing(attributes, attribute, &mut |at| Err(ScimError::invalid_value(format!("{at}: required"))))
}

/// The URNs of the extensions that are required and not there.
pub(super) fn missing_extensions<'a>(
    resource_type: &'a ResourceType,
    attributes: &'a Attributes,
) -> impl Iterator<Item = &'a str> {
    let required = resource_type.extensions.iter().filter(|extension| extension.required);
    let urns = required.map(|extension| extension.schema.id.as_str());
    urns.filter(|urn| !attributes.contains_key(*urn))
}

/// What happens to each place where something required is missing.
type OnMissing<'a, E> = &'a mut dyn FnMut(&Location<'_>) -> Result<(), E>;

/// Tells `on_missing` of everything that is required in one attribute and not there, until it fails;
/// there is nothing to tell where the attribute's extension is not there.
///
/// # Errors
/// That of `on_missing`.
pub(super) fn missing<E>(
    attributes: &Attributes,
    attribute: &AttributeRef,
    on_missing: OnMissing<'_, E>,
) -> Result<(), E> {
    let is_here = match &attribute.extension {
        None => attribute.source == AttributeSource::Stored,
        Some(urn) => attributes.contains_key(urn.as_str()),
    };
    if !is_here {
        return Ok(());
    }
    let value = stored::get(attributes, attribute);
    missing_in(&attribute.attribute, value, &Location::of(attribute), on_missing)
}

fn missing_in<E>(
    definition: &AttributeDefinition,
    value: Option<&Value>,
    at: &Location<'_>,
    on_missing: OnMissing<'_, E>,
) -> Result<(), E> {
    // A readOnly attribute is the service provider's to assign.
    let required = definition.required && definition.mutability != Mutability::ReadOnly;
    if required && !value.is_some_and(has_content) {
        on_missing(at)?;
    }
    match value {
        Some(Value::Array(elements)) => elements.iter().enumerate().try_for_each(|(index, element)| {
            missing_subs(definition, element, &at.element(index), on_missing)
        }),
        Some(single) => missing_subs(definition, single, at, on_missing),
        None => Ok(()),
    }
}

fn missing_subs<E>(
    definition: &AttributeDefinition,
    value: &Value,
    at: &Location<'_>,
    on_missing: OnMissing<'_, E>,
) -> Result<(), E> {
    let Value::Object(object) = value else { return Ok(()) };
    definition.sub_attributes.iter().try_for_each(|sub_attribute| {
        let name = sub_attribute.name.as_str();
        missing_in(sub_attribute, object.get(name), &at.sub(name), on_missing)
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::SchemaValidator;
    use super::super::sample::{ASSET, LENIENT, NOTE, STRICT, config, create_device, refused, rfc7643};
    use super::*;
    use crate::error::ErrorKind;

    #[track_caller]
    fn missing(more: Value, detail: &str) {
        for strict in [LENIENT, STRICT] {
            refused(create_device(strict, more.clone()), ErrorKind::InvalidValue, detail);
        }
    }

    #[test]
    fn what_is_required_must_be_there() {
        missing(json!({"serialNumber": null}), "serialNumber: required");
        missing(json!({"serialNumber": ""}), "serialNumber: required");
        missing(json!({"place": {"floor": 1}}), "place.building: required");
        missing(json!({"place": {"building": ""}}), "place.building: required");
        missing(json!({"sensors": [{"value": "a"}, {"type": "heat"}]}), "sensors[1].value: required");
        missing(json!({NOTE: {"by": "me"}}), &format!("{NOTE}:text: required"));
        missing(json!({ASSET: {"cost": 1}}), &format!("{ASSET}:owner: required"));
        let detail = format!("{ASSET}: required, resources of type Device must have this extension");
        missing(json!({ASSET: null}), &detail);
        missing(json!({ASSET: {"owner": null}}), &detail);
    }

    #[test]
    fn what_is_not_there_requires_nothing() {
        for more in [json!({}), json!({"place": null, "sensors": [], NOTE: {}}), json!({NOTE: {"by": null}})]
        {
            assert_eq!(create_device(STRICT, more), Ok(json!({})));
        }
    }

    #[test]
    fn a_user_needs_a_name_and_so_does_a_group() {
        for (name, needs) in [("User", "userName: required"), ("Group", "displayName: required")] {
            let (resource_type, config) = (rfc7643(name), config(LENIENT));
            let validator = SchemaValidator::new(&resource_type, &config);
            let body = json!({"schemas": [resource_type.schema.id.as_str()]});
            refused(validator.create(&body), ErrorKind::InvalidValue, needs);
        }
    }
}
