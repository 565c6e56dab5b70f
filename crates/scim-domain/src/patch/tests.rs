//! Tests of PATCH: one-line cases by what they are about.

mod laws;
mod members;
mod rfc;
mod semantics;
mod vendors;

use std::sync::Arc;

use serde_json::{Value, json};
use time::macros::datetime;
use uuid::Uuid;

use crate::error::{ErrorKind, ScimError};
use crate::identifier::{ResourceId, Timestamp, Version};
use crate::resource::{Attributes, Member, Resource};
use crate::schema::{ResourceType, ResourceTypeDefinition, SchemaDefinition, TenantSchema, core};
use crate::tenant::TenantConfig;
use crate::validation::SchemaValidator;

use super::{PATCH_URN, PatchEngine, PatchOutcome, PatchRequest};

const BASE_URL: &str = "https://example.com/scim/v2";
const ENTERPRISE: &str = core::ENTERPRISE_USER_URN;
const TAG_URN: &str = "urn:example:params:scim:schemas:extension:tag:1.0:Tag";

/// The types of RFC 7643, and Device: with what the RFC's own schemas have none of.
fn resource_type(name: &str) -> Arc<ResourceType> {
    let device: SchemaDefinition = serde_json::from_value(json!({
        "id": "urn:example:params:scim:schemas:Device",
        "name": "Device",
        "attributes": [
            {"name": "serial", "type": "string", "mutability": "immutable"},
            {"name": "model", "type": "string", "required": true},
            {"name": "size", "type": "integer"},
            {"name": "labels", "type": "string", "multiValued": true},
            {"name": "keys", "type": "string", "multiValued": true, "mutability": "immutable"},
            {"name": "state", "type": "string", "mutability": "readOnly"},
            {"name": "site", "type": "complex", "subAttributes": [
                {"name": "street", "type": "string", "required": true},
                {"name": "city", "type": "string"},
                {"name": "built", "type": "dateTime", "mutability": "immutable"},
                {"name": "zone", "type": "string", "mutability": "readOnly"},
                {"name": "doors", "type": "string", "multiValued": true}
            ]},
            {"name": "ports", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "number", "type": "integer", "required": true},
                {"name": "value", "type": "string", "mutability": "immutable"},
                {"name": "open", "type": "boolean"},
                {"name": "primary", "type": "boolean"}
            ]}
        ]
    }))
    .expect("a schema");
    let tag: SchemaDefinition = serde_json::from_value(json!({
        "id": TAG_URN,
        "name": "Tag",
        "attributes": [{"name": "owner", "type": "string", "required": true}, {"name": "note", "type": "string"}]
    }))
    .expect("a schema");
    let definition: ResourceTypeDefinition = serde_json::from_value(json!({
        "name": "Device",
        "endpoint": "/Devices",
        "schema": "urn:example:params:scim:schemas:Device",
        "schemaExtensions": [{"schema": TAG_URN, "required": true}]
    }))
    .expect("a resource type");
    let mut schemas = core::resource_schemas();
    schemas.extend([device, tag]);
    let mut types = core::resource_types();
    types.push(definition);
    let schema = TenantSchema::compile(schemas, types).expect("compiles");
    Arc::clone(schema.resource_type(name).expect("known"))
}

fn resource(type_name: &str, attributes: Value) -> Resource {
    let Value::Object(attributes) = attributes else { unreachable!("attributes are an object") };
    let now = Timestamp::new(datetime!(2026-01-01 0:00 UTC));
    Resource {
        id: id(0),
        resource_type: resource_type(type_name),
        attributes,
        version: Version::FIRST,
        created: now,
        last_modified: now,
        members: None,
        groups: None,
    }
}

fn id(number: u128) -> ResourceId {
    ResourceId::new(Uuid::from_u128(number))
}

/// A group with the members 1 to `count`; the first is a group, the others are users.
fn group(count: u128) -> Resource {
    let (user, group) = (resource_type("User"), resource_type("Group"));
    let members = (1..=count)
        .map(|number| Member {
            id: id(number),
            resource_type: Arc::clone(if number == 1 { &group } else { &user }),
            display: Some(format!("member {number}")),
        })
        .collect();
    Resource { members: Some(members), ..resource("Group", json!({"displayName": "Tour Guides"})) }
}

fn strict() -> TenantConfig {
    TenantConfig { strict_mode: true, ..TenantConfig::default() }
}

fn message(operations: &Value) -> Value {
    json!({"schemas": [PATCH_URN], "Operations": operations})
}

fn apply(config: &TenantConfig, current: &Resource, operations: &Value) -> Result<PatchOutcome, ScimError> {
    apply_body(config, current, &message(operations))
}

fn apply_body(config: &TenantConfig, current: &Resource, body: &Value) -> Result<PatchOutcome, ScimError> {
    let request = PatchRequest::parse(body, &current.resource_type, config, BASE_URL)?;
    PatchEngine { validator: SchemaValidator::new(&current.resource_type, config) }.apply(current, &request)
}

/// The attributes after the operations.
fn attributes_after(
    config: &TenantConfig,
    current: &Resource,
    operations: &Value,
) -> Result<Attributes, ScimError> {
    let outcome = apply(config, current, operations)?;
    Ok(outcome.attributes.unwrap_or_else(|| current.attributes.clone()))
}

#[track_caller]
fn check_with(config: &TenantConfig, type_name: &str, current: Value, operations: Value, expected: Value) {
    let current = resource(type_name, current);
    let outcome = apply(config, &current, &operations).expect("should apply");
    let unchanged = Value::Object(current.attributes.clone()) == expected;
    match outcome.attributes {
        None => assert!(unchanged, "nothing changed, expected {expected}"),
        Some(attributes) => {
            assert_eq!(Value::Object(attributes), expected);
            assert!(!unchanged, "what is unchanged is told as unchanged");
        }
    }
}

/// A user with `current` has `expected` after `operations`, in both modes.
#[track_caller]
fn check(current: Value, operations: Value, expected: Value) {
    for config in [TenantConfig::default(), strict()] {
        check_with(&config, "User", current.clone(), operations.clone(), expected.clone());
    }
}

/// Outside strict mode only; in strict mode it is an error of `kind`.
#[track_caller]
fn check_leniency(current: Value, operations: Value, expected: Value, kind: ErrorKind) {
    refused_with(&strict(), "User", current.clone(), operations.clone(), kind, "");
    check_with(&TenantConfig::default(), "User", current, operations, expected);
}

#[track_caller]
fn check_device(current: Value, operations: Value, expected: Value) {
    for config in [TenantConfig::default(), strict()] {
        check_with(&config, "Device", current.clone(), operations.clone(), expected.clone());
    }
}

#[track_caller]
fn refused_with(
    config: &TenantConfig,
    type_name: &str,
    current: Value,
    operations: Value,
    kind: ErrorKind,
    detail: &str,
) {
    let error = apply(config, &resource(type_name, current), &operations).expect_err("should be refused");
    assert_eq!(error.kind, kind, "{}", error.detail);
    assert!(error.detail.contains(detail), "{}", error.detail);
}

/// `operations` on a user with `current` are refused in both modes.
#[track_caller]
fn refused(current: Value, operations: Value, kind: ErrorKind, detail: &str) {
    for config in [TenantConfig::default(), strict()] {
        refused_with(&config, "User", current.clone(), operations.clone(), kind, detail);
    }
}

#[track_caller]
fn refused_device(current: Value, operations: Value, kind: ErrorKind, detail: &str) {
    for config in [TenantConfig::default(), strict()] {
        refused_with(&config, "Device", current.clone(), operations.clone(), kind, detail);
    }
}

#[track_caller]
fn refused_body(config: &TenantConfig, body: Value, detail: &str) {
    let error = apply_body(config, &resource("User", json!({})), &body).expect_err("should be refused");
    assert_eq!(error.kind, ErrorKind::InvalidSyntax, "{}", error.detail);
    assert!(error.detail.contains(detail), "{}", error.detail);
}

#[test]
fn a_body_has_to_be_a_patch_message() {
    let lenient = TenantConfig::default();
    for config in [&lenient, &strict()] {
        refused_body(config, json!([]), "the body: expected an object, got an array");
        refused_body(config, json!({"Operations": []}), "schemas: expected an array with 'urn:ietf");
        refused_body(config, json!({"schemas": [], "Operations": []}), "schemas: expected");
        refused_body(config, json!({"schemas": PATCH_URN, "Operations": []}), "schemas: expected");
        refused_body(config, json!({"schemas": [PATCH_URN]}), "Operations: required");
        refused_body(
            config,
            json!({"schemas": [PATCH_URN], "Operations": {}}),
            "Operations: expected an array",
        );
        refused_body(config, message(&json!([1])), "Operations[0]: expected an operation");
        refused_body(config, message(&json!([{"path": "title"}])), "Operations[0]: op: required");
        refused_body(config, message(&json!([{"op": 1}])), "Operations[0]: op: expected a string");
        refused_body(
            config,
            message(&json!([{"op": "add", "path": 1}])),
            "Operations[0]: path: expected a string",
        );
        let add = json!({"op": "add", "path": "title", "value": "x"});
        let odd = json!({"op": "merge", "path": "title", "value": "x"});
        refused_body(config, message(&json!([add, add, odd])), "Operations[2]: op: expected 'add'");
    }
    refused_body(&strict(), message(&json!([])), "Operations: expected one operation or more");
    refused_body(
        &strict(),
        json!({"schemas": [PATCH_URN], "Operations": [], "x": 1}),
        "Operations: expected one",
    );
    let named = json!([{"name": "addTitle", "op": "add", "path": "title", "value": "x"}]);
    refused_body(&strict(), message(&named), "Operations[0]: name: not a part");
}

#[test]
fn names_and_urns_of_the_message_may_be_in_any_case() {
    let body = json!({
        "SCHEMAS": [PATCH_URN.to_uppercase()],
        "operations": [{"OP": "add", "Path": "TITLE", "Value": "x"}],
    });
    let outcome = apply_body(&strict(), &resource("User", json!({})), &body).expect("applies");
    assert_eq!(outcome.attributes.map(Value::Object), Some(json!({"title": "x"})));
}
