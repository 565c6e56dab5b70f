//! Reading a whole resource from a body (RFC 7644 §3.3, §3.5.1).

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::attribute::{AttributeDefinition, AttributeRef, AttributeSource, Mutability, SchemaUrn};
use crate::error::ScimError;
use crate::identifier::ResourceId;
use crate::json;
use crate::leniency;
use crate::resource::Attributes;
use crate::schema::{Extension, ResourceType};
use crate::tenant::TenantConfig;

use super::location::{Location, excerpt};
use super::{members, stored, value};

/// What a body says of a resource.
pub(super) struct Body {
    /// The values of its stored attributes.
    pub(super) attributes: Attributes,
    /// Its members, where it names them.
    pub(super) members: Option<BTreeSet<ResourceId>>,
    /// The attributes that it has a key for. There are as many as the schemas define at most.
    named: Vec<Arc<AttributeDefinition>>,
}

impl Body {
    /// Reads `body` as a resource of this type.
    ///
    /// # Errors
    /// `invalidSyntax` for what is no resource of this type, `invalidValue` for values that are not
    /// what the schema says.
    pub(super) fn read(
        resource_type: &ResourceType,
        config: &TenantConfig,
        body: &Value,
    ) -> Result<Self, ScimError> {
        let Value::Object(object) = body else {
            return Err(ScimError::invalid_syntax(format!(
                "expected an object, a resource of type {}, got {}",
                resource_type.name(),
                json::kind(body)
            )));
        };
        let schemas = schemas(resource_type, config, object)?;
        let mut reader = Reader {
            resource_type,
            config,
            body: Self {
                attributes: Attributes::new(),
                members: None,
                named: Vec::with_capacity(object.len()),
            },
        };
        for (key, value) in object {
            if let Some(attribute) = resource_type.core_attribute(key) {
                reader.attribute(&attribute, value)?;
            } else if let Some(extension) = resource_type.extension(key) {
                reader.extension(extension, value, &schemas)?;
            } else if let Some(attribute) = leniency::qualified_attribute(config, resource_type, key) {
                reader.attribute(&attribute, value)?;
            } else {
                reader.unknown(None, key)?;
            }
        }
        Ok(reader.body)
    }

    /// Whether the body has a key for this attribute, be it with `null`.
    pub(super) fn names(&self, attribute: &AttributeRef) -> bool {
        self.named.iter().any(|named| Arc::ptr_eq(named, &attribute.attribute))
    }
}

/// The URNs in `schemas`, which every body has (RFC 7643 §3) and which tell what the body is.
fn schemas<'a>(
    resource_type: &ResourceType,
    config: &TenantConfig,
    body: &'a Map<String, Value>,
) -> Result<Vec<&'a str>, ScimError> {
    let base = &resource_type.schema.id;
    let listed = match body.iter().find(|(key, _)| resource_type.common.schemas.name.matches(key)) {
        None => return Err(ScimError::invalid_syntax(format!("schemas: required, with '{base}' in it"))),
        Some((_, Value::Array(items))) => items
            .iter()
            .enumerate()
            .map(|(index, item)| {
                item.as_str().ok_or_else(|| {
                    let got = json::kind(item);
                    ScimError::invalid_syntax(format!("schemas[{index}]: expected a URN, got {got}"))
                })
            })
            .collect::<Result<Vec<_>, _>>()?,
        Some((_, other)) => {
            let got = json::kind(other);
            return Err(ScimError::invalid_syntax(format!("schemas: expected an array of URNs, got {got}")));
        }
    };
    if !listed.iter().any(|urn| base.matches(urn)) {
        return Err(ScimError::invalid_syntax(format!(
            "schemas: expected '{base}', which resources of type {} have, to be in it",
            resource_type.name()
        )));
    }
    let is_known = |urn: &str| base.matches(urn) || resource_type.extension(urn).is_some();
    match listed.iter().find(|urn| !is_known(urn)) {
        // RFC 7644 §3.12: invalidValue is also for what does not go with the resource's schema.
        Some(unknown) if !leniency::ignores_unknown_schemas(config) => {
            Err(ScimError::invalid_value(format!(
                "schemas: resources of type {} do not have the schema '{}'",
                resource_type.name(),
                excerpt(unknown)
            )))
        }
        _ => Ok(listed),
    }
}

struct Reader<'a> {
    resource_type: &'a ResourceType,
    config: &'a TenantConfig,
    body: Body,
}

impl Reader<'_> {
    fn attribute(&mut self, attribute: &AttributeRef, value: &Value) -> Result<(), ScimError> {
        if self.body.names(attribute) {
            return Err(ScimError::invalid_syntax(format!("{attribute}: occurs twice in the body")));
        }
        self.body.named.push(Arc::clone(&attribute.attribute));
        match attribute.source {
            // RFC 7644 §3.3 and §3.5.1: what a client sends for a readOnly attribute is ignored.
            _ if attribute.attribute.mutability == Mutability::ReadOnly => {}
            AttributeSource::Id
            | AttributeSource::Schemas
            | AttributeSource::Meta
            | AttributeSource::Groups => {}
            AttributeSource::Members => {
                self.body.members = Some(members::ids(self.config, attribute, value)?);
            }
            AttributeSource::Stored => {
                let at = Location::of(attribute);
                if let Some(value) = value::whole(self.config, &attribute.attribute, value, &at)? {
                    stored::set(&mut self.body.attributes, attribute, value);
                }
            }
        }
        Ok(())
    }

    fn extension(&mut self, extension: &Extension, value: &Value, schemas: &[&str]) -> Result<(), ScimError> {
        let urn = &extension.schema.id;
        if value::is_unassigned(value) {
            return Ok(());
        }
        let Value::Object(object) = value else {
            let got = json::kind(value);
            return Err(ScimError::invalid_value(format!("{urn}: expected an object, got {got}")));
        };
        let listed = schemas.iter().any(|listed| urn.matches(listed));
        if !listed && !leniency::accepts_unlisted_extension(self.config) {
            return Err(ScimError::invalid_value(format!("{urn}: expected schemas to list this extension")));
        }
        for (key, value) in object {
            match self.resource_type.extension_attribute(urn.as_str(), key) {
                Some(attribute) => self.attribute(&attribute, value)?,
                None => self.unknown(Some(urn), key)?,
            }
        }
        Ok(())
    }

    fn unknown(&self, extension: Option<&SchemaUrn>, key: &str) -> Result<(), ScimError> {
        if leniency::ignores_unknown_attributes(self.config) {
            return Ok(());
        }
        let urn = extension.map(|urn| format!("{urn}:")).unwrap_or_default();
        Err(ScimError::invalid_syntax(format!(
            "{urn}{}: no schema of resource type {} defines this attribute",
            excerpt(key),
            self.resource_type.name()
        )))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::SchemaValidator;
    use super::super::sample::{
        ASSET, DEVICE, LENIENT, NOTE, STRICT, config, create_device, device, refused, rfc7643,
    };
    use super::*;
    use crate::error::ErrorKind::{self, InvalidSyntax, InvalidValue};
    use crate::schema::core::{ENTERPRISE_USER_URN, USER_URN};

    #[track_caller]
    fn is_stored(strict: bool, more: Value, expected: Value) {
        assert_eq!(create_device(strict, more), Ok(expected));
    }

    #[track_caller]
    fn is_refused(strict: bool, more: Value, kind: ErrorKind, detail: &str) {
        refused(create_device(strict, more), kind, detail);
    }

    #[test]
    fn a_body_is_an_object() {
        let (device, config) = (device(), config(LENIENT));
        let validator = SchemaValidator::new(&device, &config);
        for (body, got) in
            [(json!(null), "null"), (json!([]), "an array"), (json!("x"), "a string"), (json!(1), "a number")]
        {
            let detail = format!("expected an object, a resource of type Device, got {got}");
            refused(validator.create(&body), InvalidSyntax, &detail);
        }
        let detail = format!("schemas: required, with '{DEVICE}' in it");
        refused(validator.create(&json!({"serialNumber": "S1"})), InvalidSyntax, &detail);
    }

    #[test]
    fn schemas_tell_what_the_body_is() {
        let with = |schemas: Value| json!({"schemas": schemas});
        let base = format!("schemas: expected '{DEVICE}', which resources of type Device have, to be in it");
        for strict in [LENIENT, STRICT] {
            is_refused(strict, with(json!([])), InvalidSyntax, &base);
            is_refused(strict, with(json!([ASSET])), InvalidSyntax, &base);
            is_refused(
                strict,
                with(json!(DEVICE)),
                InvalidSyntax,
                "schemas: expected an array of URNs, got a string",
            );
            is_refused(
                strict,
                with(json!(null)),
                InvalidSyntax,
                "schemas: expected an array of URNs, got null",
            );
            is_refused(
                strict,
                with(json!([DEVICE, 1])),
                InvalidSyntax,
                "schemas[1]: expected a URN, got a number",
            );
            is_stored(strict, with(json!([DEVICE.to_uppercase(), ASSET.to_uppercase()])), json!({}));
        }
        let unknown = with(json!([DEVICE, ASSET, "urn:example:other"]));
        is_stored(LENIENT, unknown.clone(), json!({}));
        let detail = "schemas: resources of type Device do not have the schema 'urn:example:other'";
        is_refused(STRICT, unknown, InvalidValue, detail);
    }

    #[test]
    fn extensions_are_stored_under_their_urn() {
        let note = json!({NOTE: {"text": "x"}});
        is_stored(STRICT, json!({NOTE.to_uppercase(): {"TEXT": "x"}}), note.clone());
        let unlisted = json!({"schemas": [DEVICE, ASSET], NOTE: {"text": "x"}});
        is_stored(LENIENT, unlisted.clone(), note);
        is_refused(
            STRICT,
            unlisted,
            InvalidValue,
            &format!("{NOTE}: expected schemas to list this extension"),
        );
        for strict in [LENIENT, STRICT] {
            is_stored(strict, json!({"schemas": [DEVICE, ASSET], NOTE: null}), json!({}));
            is_refused(
                strict,
                json!({NOTE: "x"}),
                InvalidValue,
                &format!("{NOTE}: expected an object, got a string"),
            );
            is_refused(
                strict,
                json!({NOTE: {"text": 1}}),
                InvalidValue,
                &format!("{NOTE}:text: expected a string, got a number"),
            );
        }
    }

    #[test]
    fn unknown_attributes_are_ignored_and_in_strict_mode_refused() {
        for (key, detail) in [
            ("nothing", "nothing: no schema of resource type Device defines this attribute"),
            ("text", "text: no schema…"),
            ("", ": no schema…"),
            ("urn:example:other", "urn:example:other: no schema…"),
            (DEVICE, "urn:example:core:Device: no schema…"),
            ("place.building", "place.building: no schema…"),
        ] {
            is_stored(LENIENT, json!({key: {"a": "\0"}}), json!({}));
            is_refused(STRICT, json!({key: "x"}), InvalidSyntax, detail);
        }
        is_stored(LENIENT, json!({NOTE: {"text": "x", "other": 1}}), json!({NOTE: {"text": "x"}}));
        let detail = format!("{NOTE}:other: no schema…");
        is_refused(STRICT, json!({NOTE: {"text": "x", "other": 1}}), InvalidSyntax, &detail);
    }

    #[test]
    fn what_the_service_provider_makes_is_ignored() {
        is_stored(
            STRICT,
            json!({"id": 1, "meta": {"version": 3, "foo": 1}, "lastSeen": "never", "externalId": "e"}),
            json!({"externalId": "e"}),
        );
        let (user, config) = (rfc7643("User"), config(STRICT));
        let body = json!({"schemas": [USER_URN], "userName": "a", "groups": "all of them", "id": "b"});
        let draft = SchemaValidator::new(&user, &config).create(&body).expect("valid");
        assert_eq!(Value::Object(draft.attributes), json!({"userName": "a"}));
        assert_eq!(draft.members, None);
    }

    #[test]
    fn names_with_their_urn_are_attributes_outside_strict_mode() {
        let (user, lenient, strict) = (rfc7643("User"), config(LENIENT), config(STRICT));
        let [name, department] =
            [format!("{USER_URN}:USERNAME"), format!("{ENTERPRISE_USER_URN}:department")];
        let body = json!({"schemas": [USER_URN], &name: "a", &department: "d"});
        let draft = SchemaValidator::new(&user, &lenient).create(&body).expect("valid");
        let expected = json!({"userName": "a", ENTERPRISE_USER_URN: {"department": "d"}});
        assert_eq!(Value::Object(draft.attributes), expected);
        let refusal = SchemaValidator::new(&user, &strict).create(&body);
        refused(refusal, InvalidSyntax, "urn:ietf:params:scim:schemas:core:2.0:User:USERNAME: no schema…");
        let twice = json!({"schemas": [USER_URN], &name: "a", "userName": "b"});
        let refusal = SchemaValidator::new(&user, &lenient).create(&twice);
        refused(refusal, InvalidSyntax, "userName: occurs twice in the body");
    }
}
