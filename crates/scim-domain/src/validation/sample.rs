//! A resource type made of data alone, for the tests of this module: whatever RFC 7643 §2 and §7
//! know and User and Group do not show.

use std::sync::Arc;

use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::attribute::AttributeRef;
use crate::error::{ErrorKind, ScimError};
use crate::identifier::{ResourceId, Timestamp, Version};
use crate::resource::{Attributes, Resource};
use crate::schema::{ResourceType, TenantSchema};
use crate::tenant::TenantConfig;

use super::{ResourceDraft, SchemaValidator};

pub(super) const DEVICE: &str = "urn:example:core:Device";
pub(super) const ASSET: &str = "urn:example:extension:Asset";
pub(super) const NOTE: &str = "urn:example:extension:Note";

/// The type `Device`, which must have the extension Asset and may have Note.
pub(super) fn device() -> Arc<ResourceType> {
    let schemas = json!([
        {"id": DEVICE, "name": "Device", "attributes": [
            {"name": "serialNumber", "type": "string", "required": true, "mutability": "immutable"},
            {"name": "weight", "type": "decimal"},
            {"name": "ports", "type": "integer"},
            {"name": "installed", "type": "dateTime"},
            {"name": "firmware", "type": "binary"},
            {"name": "home", "type": "reference", "referenceTypes": ["external"]},
            {"name": "enabled", "type": "boolean"},
            {"name": "tags", "type": "string", "multiValued": true},
            {"name": "codes", "type": "integer", "multiValued": true, "mutability": "immutable"},
            {"name": "secret", "type": "string", "mutability": "writeOnly", "returned": "never"},
            {"name": "hidden", "type": "string", "returned": "never"},
            {"name": "lastSeen", "type": "dateTime", "mutability": "readOnly"},
            {"name": "color", "type": "string", "canonicalValues": ["red", "green"]},
            {"name": "grade", "type": "string", "caseExact": true, "canonicalValues": ["A", "B"]},
            {"name": "place", "type": "complex", "subAttributes": [
                {"name": "building", "type": "string", "required": true},
                {"name": "floor", "type": "integer"},
                {"name": "surveyed", "type": "dateTime", "mutability": "immutable"},
                {"name": "checkedBy", "type": "string", "mutability": "readOnly"},
                {"name": "pin", "type": "string", "mutability": "writeOnly", "returned": "never"},
            ]},
            {"name": "sensors", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "value", "type": "string", "required": true},
                {"name": "type", "type": "string", "canonicalValues": ["heat", "light"]},
                {"name": "primary", "type": "boolean"},
                {"name": "levels", "type": "decimal", "multiValued": true},
            ]},
        ]},
        {"id": ASSET, "name": "Asset", "attributes": [
            {"name": "owner", "type": "string", "required": true},
            {"name": "cost", "type": "decimal", "mutability": "immutable"},
        ]},
        {"id": NOTE, "name": "Note", "attributes": [
            {"name": "text", "type": "string", "required": true},
            {"name": "by", "type": "string"},
        ]},
    ]);
    let types = json!([{"name": "Device", "endpoint": "/Devices", "schema": DEVICE, "schemaExtensions": [
        {"schema": ASSET, "required": true}, {"schema": NOTE, "required": false},
    ]}]);
    let schemas = serde_json::from_value(schemas).expect("schemas");
    let types = serde_json::from_value(types).expect("resource types");
    let schema = TenantSchema::compile(schemas, types).expect("compiles");
    Arc::clone(schema.resource_type("Device").expect("Device"))
}

/// A type of RFC 7643.
pub(super) fn rfc7643(name: &str) -> Arc<ResourceType> {
    Arc::clone(TenantSchema::rfc7643().expect("compiles").resource_type(name).expect("a type"))
}

pub(super) fn config(strict_mode: bool) -> TenantConfig {
    TenantConfig { strict_mode, ..TenantConfig::default() }
}

pub(super) const LENIENT: bool = false;
pub(super) const STRICT: bool = true;

/// The body of a valid Device, with what `more` has put over it.
pub(super) fn device_body(more: Value) -> Value {
    let mut body = json!({
        "schemas": [DEVICE, ASSET, NOTE],
        "serialNumber": "S1",
        ASSET: {"owner": "Babs"},
    });
    let over = body.as_object_mut().expect("an object");
    over.extend(more.as_object().expect("an object").clone());
    body
}

/// What is stored of the Device with `more` in its body, without what every Device has.
pub(super) fn create_device(strict: bool, more: Value) -> Result<Value, ScimError> {
    let draft = SchemaValidator::new(&device(), &config(strict)).create(&device_body(more))?;
    assert_eq!(draft.members, None);
    let mut attributes = draft.attributes;
    if attributes.get("serialNumber") == Some(&json!("S1")) {
        attributes.remove("serialNumber");
    }
    if attributes.get(ASSET) == Some(&json!({"owner": "Babs"})) {
        attributes.remove(ASSET);
    }
    Ok(Value::Object(attributes))
}

/// What a PUT of `body` makes of a resource with these attributes.
pub(super) fn replace(
    resource_type: &Arc<ResourceType>,
    strict: bool,
    current: &Value,
    body: &Value,
) -> Result<ResourceDraft, ScimError> {
    let attributes: Attributes = current.as_object().expect("an object").clone();
    let moment = Timestamp::new(OffsetDateTime::UNIX_EPOCH);
    let current = Resource {
        id: ResourceId::new(Uuid::from_u128(1)),
        resource_type: Arc::clone(resource_type),
        attributes,
        version: Version::FIRST,
        created: moment,
        last_modified: moment,
        members: None,
        groups: None,
    };
    SchemaValidator::new(resource_type, &config(strict)).replace(&current, body)
}

pub(super) fn attribute(resource_type: &ResourceType, path: &str) -> AttributeRef {
    resource_type.attribute_at(path).expect("an attribute")
}

/// Fails unless `result` is an error of this kind whose detail is, or ends in `…`, this.
#[track_caller]
pub(super) fn refused<T: std::fmt::Debug>(result: Result<T, ScimError>, kind: ErrorKind, detail: &str) {
    let error = result.expect_err("should be refused");
    assert_eq!(error.kind, kind, "{}", error.detail);
    match detail.strip_suffix('…') {
        Some(start) => assert!(error.detail.starts_with(start), "{}", error.detail),
        None => assert_eq!(error.detail, detail),
    }
}
