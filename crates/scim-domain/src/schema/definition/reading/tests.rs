//! Definitions as operators send them: what is taken, and what is refused with which words.

use serde_json::json;

use super::*;
use crate::attribute::{AttributeDefinition, AttributeType, Mutability, Returned, Uniqueness};
use crate::schema::core;

const URN: &str = "urn:example:Device";

fn schema(attributes: Value) -> Result<SchemaDefinition, DefinitionError> {
    SchemaDefinition::from_client(&json!({"id": URN, "name": "Device", "attributes": attributes}), URN)
}

#[track_caller]
fn detail<T: std::fmt::Debug>(result: Result<T, DefinitionError>) -> String {
    match result.expect_err("should be refused") {
        DefinitionError::Invalid(detail) => detail,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn check(detail: &str, expected: &str) {
    match expected.strip_suffix('…') {
        Some(start) => assert!(detail.starts_with(start), "{detail}"),
        None => assert_eq!(detail, expected),
    }
}

/// One attribute, and the end of the error that names it.
#[track_caller]
fn refused(attribute: Value, expected: &str) {
    let name = attribute["name"].as_str().unwrap_or_default().to_owned();
    check(&detail(schema(json!([attribute]))), &format!("{URN}:{name}: {expected}"));
}

#[track_caller]
fn schema_refused(definition: Value, expected: &str) {
    check(&detail(SchemaDefinition::from_client(&definition, URN)), expected);
}

#[track_caller]
fn type_refused(more: Value, expected: &str) {
    let mut definition = json!({"name": "Device", "endpoint": "/Devices", "schema": URN});
    definition.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    check(&detail(ResourceTypeDefinition::from_client(&definition, "Device")), expected);
}

#[test]
fn the_schemas_of_the_rfc_are_read_as_they_are() {
    for definition in core::resource_schemas() {
        let urn = definition.id.as_str().to_ascii_uppercase();
        let mut text = serde_json::to_value(&definition).expect("JSON");
        text["schemas"] = json!([core::SCHEMA_URN]);
        text["meta"] = json!({"resourceType": "Schema"});
        assert_eq!(SchemaDefinition::from_client(&text, &urn).as_ref(), Ok(&definition));
    }
    for definition in core::resource_types() {
        let mut text = serde_json::to_value(&definition).expect("JSON");
        text["id"] = text["name"].clone();
        text["meta"] = json!({});
        assert_eq!(ResourceTypeDefinition::from_client(&text, &definition.name).as_ref(), Ok(&definition));
    }
}

#[test]
fn what_is_left_out_has_the_defaults_of_the_rfc() {
    let device = SchemaDefinition::from_client(
        &json!({"id": URN, "attributes": [
            {"name": "serial"},
            {"name": "home", "type": "reference", "caseExact": false},
            {"name": "pin", "mutability": "writeOnly"},
        ]}),
        URN,
    )
    .expect("valid");
    assert_eq!((device.name.as_str(), device.description.as_str()), ("Device", ""));
    let serial = device.attribute("serial").expect("serial");
    assert_eq!(**serial, AttributeDefinition::new("serial", AttributeType::String));
    assert_eq!(
        (serial.mutability, serial.returned, serial.uniqueness),
        (Mutability::ReadWrite, Returned::Default, Uniqueness::None)
    );
    assert!(device.attribute("home").expect("home").case_exact, "references always are");
    assert_eq!(device.attribute("pin").expect("pin").returned, Returned::Never);
}

#[test]
fn a_schema_that_is_none_is_refused() {
    schema_refused(json!([]), "expected an object, got an array");
    schema_refused(json!({"attributes": []}), "id: required");
    schema_refused(
        json!({"id": "urn:example:Other", "attributes": []}),
        "id: expected 'urn:example:Device', the URN under which it is put, got 'urn:example:Other'",
    );
    schema_refused(
        json!({"id": "https://example.com/Device", "attributes": []}),
        "id: expected a URN such as…",
    );
    schema_refused(json!({"id": 1, "attributes": []}), "id: expected a URN such as…");
    schema_refused(
        json!({"id": format!("urn:example:{}", "x".repeat(255)), "attributes": []}),
        "id: expected a URN such as…",
    );
    schema_refused(json!({"id": URN}), "urn:example:Device: attributes: required");
    schema_refused(
        json!({"id": URN, "attributes": {}}),
        "urn:example:Device: attributes: expected an array, got an object",
    );
    schema_refused(
        json!({"id": URN, "attributes": [1]}),
        "urn:example:Device: attributes[0]: expected an object, got 1",
    );
    schema_refused(
        json!({"id": URN, "attributes": [{}]}),
        "urn:example:Device: attributes[0].name: required",
    );
    schema_refused(
        json!({"id": URN, "attributes": [], "owner": 1}),
        "urn:example:Device: owner: unknown key",
    );
    schema_refused(
        json!({"id": URN, "attributes": [], "name": ""}),
        "urn:example:Device: name: expected text of 1 to 64 bytes…",
    );
    schema_refused(
        json!({"id": URN, "attributes": [], "description": "\0"}),
        "urn:example:Device: description: expected text…",
    );
    let many: Vec<Value> = (0..501).map(|number| json!({"name": format!("a{number}")})).collect();
    schema_refused(
        json!({"id": URN, "attributes": many}),
        "urn:example:Device: attributes: expected 0 to 500 elements, got 501",
    );
}

#[test]
fn names_are_those_of_the_grammar_and_not_taken() {
    let name = |name: Value| detail(schema(json!([{"name": name}])));
    for invalid in [
        json!(""),
        json!("1a"),
        json!("a.b"),
        json!("a b"),
        json!("é"),
        json!("$ref"),
        json!("$a"),
        json!("a:b"),
        json!(5),
        json!("a".repeat(65)),
    ] {
        check(&name(invalid), "urn:example:Device: attributes[0].name: expected a letter, then…");
    }
    for common in ["id", "schemas", "META", "externalid"] {
        check(
            &name(json!(common)),
            &format!("urn:example:Device: attributes[0].name: '{common}' is a common attribute…"),
        );
    }
    check(
        &detail(schema(json!([{"name": "serial"}, {"name": "SERIAL"}]))),
        "urn:example:Device: attributes[1]: 'SERIAL' is defined twice…",
    );
    let sub = |name: &str| {
        schema(
            json!([{"name": "place", "type": "complex", "subAttributes": [{"name": name}, {"name": "x"}]}]),
        )
    };
    assert!(sub("$ref").is_ok() && sub("id").is_ok(), "common attributes are at the top only");
    check(&detail(sub("$other")), "urn:example:Device:place: subAttributes[0].name: expected a letter…");
    check(&detail(sub("X")), "urn:example:Device:place: subAttributes[1]: 'x' is defined twice…");
}

#[test]
fn characteristics_are_what_they_can_be() {
    refused(
        json!({"name": "a", "type": "text"}),
        "type: expected one of 'string', 'boolean', 'decimal', 'integer', 'dateTime', 'binary', 'reference', 'complex', got \"text\"",
    );
    refused(json!({"name": "a", "type": "String"}), "type: expected one of…");
    refused(json!({"name": "a", "required": "yes"}), "required: expected true or false, got \"yes\"");
    refused(json!({"name": "a", "multivalued": true}), "multivalued: unknown key");
    refused(
        json!({"name": "a", "mutability": "writeonce"}),
        "mutability: expected one of 'readOnly', 'readWrite', 'immutable', 'writeOnly', got \"writeonce\"",
    );
    refused(
        json!({"name": "a", "returned": "sometimes"}),
        "returned: expected one of 'always', 'never', 'default', 'request', got…",
    );
    refused(
        json!({"name": "a", "uniqueness": true}),
        "uniqueness: expected one of 'none', 'server', 'global', got true",
    );
    refused(
        json!({"name": "a", "mutability": "writeOnly", "returned": "default"}),
        "returned: expected 'never' of a writeOnly attribute, got 'default'",
    );
    refused(json!({"name": "a", "canonicalValues": "x"}), "canonicalValues: expected an array, got \"x\"");
    refused(json!({"name": "a", "canonicalValues": ["x", 1]}), "canonicalValues[1]: expected text…");
    refused(json!({"name": "a", "canonicalValues": [""]}), "canonicalValues[0]: expected text…");
    refused(json!({"name": "a", "canonicalValues": ["x", "X"]}), "canonicalValues: 'X' is in it twice");
    refused(
        json!({"name": "a", "type": "integer", "canonicalValues": ["1"]}),
        "canonicalValues: only a string or a reference has them, got type 'integer'",
    );
    refused(
        json!({"name": "a", "referenceTypes": ["User"]}),
        "referenceTypes: only a reference has them, got type 'string'",
    );
    refused(json!({"name": "a", "type": "complex"}), "subAttributes: required of a complex attribute");
    refused(
        json!({"name": "a", "type": "complex", "subAttributes": []}),
        "subAttributes: required of a complex attribute",
    );
    refused(
        json!({"name": "a", "subAttributes": [{"name": "b"}]}),
        "subAttributes: only a complex attribute has them, got type 'string'",
    );
    refused(
        json!({"name": "a", "type": "complex", "uniqueness": "server", "subAttributes": [{"name": "b"}]}),
        "uniqueness: expected 'none' of a complex attribute…",
    );
    let nested = json!({"name": "a", "type": "complex", "subAttributes": [{"name": "b", "type": "complex", "subAttributes": [{"name": "c"}]}]});
    check(
        &detail(schema(json!([nested]))),
        "urn:example:Device:a.b: type: a sub-attribute cannot be complex (RFC 7643 §2.3.8)",
    );
    let sub = json!({"name": "a", "type": "complex", "subAttributes": [{"name": "b", "type": 1}]});
    check(&detail(schema(json!([sub]))), "urn:example:Device:a.b: type: expected one of…");
    assert!(schema(json!([{"name": "a", "caseExact": true, "canonicalValues": ["x", "X"]}])).is_ok());
}

#[test]
fn a_resource_type_that_is_none_is_refused() {
    type_refused(json!({"name": null}), "name: required");
    type_refused(
        json!({"name": "Gadget"}),
        "name: expected 'Device', the name under which it is put, got 'Gadget'",
    );
    for name in ["", "1a", "a b", "a:b", "external", "URI", "é"] {
        type_refused(json!({"name": name}), "name: expected a name such as 'Device'…");
    }
    type_refused(json!({"id": "device"}), "Device: id: expected 'Device', its name, got \"device\"");
    type_refused(json!({"endpoint": null}), "Device: endpoint: required");
    for endpoint in ["", "/", "Devices", "/Devices/", "/a/b", "/.search", "/a b", "/é", "//a", "/1"] {
        type_refused(
            json!({"endpoint": endpoint}),
            "Device: endpoint: expected a path of one segment such as '/Devices'…",
        );
    }
    type_refused(json!({"schema": "Device"}), "Device: schema: expected a URN…");
    type_refused(json!({"schemaExtensions": {}}), "Device: schemaExtensions: expected an array…");
    type_refused(
        json!({"schemaExtensions": [{"required": true}]}),
        "Device: schemaExtensions[0].schema: required",
    );
    type_refused(
        json!({"schemaExtensions": [{"schema": "urn:example:X", "required": 1}]}),
        "Device: schemaExtensions[0].required: expected true or false, got 1",
    );
    type_refused(
        json!({"schemaExtensions": [{"schema": "urn:example:X", "optional": true}]}),
        "Device: schemaExtensions[0].optional: unknown key",
    );
    type_refused(json!({"extensions": []}), "Device: extensions: unknown key");
}
