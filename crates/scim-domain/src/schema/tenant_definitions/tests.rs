//! Changes of a tenant's definitions: which sets hold together, and which do not.

use serde_json::{Value, json};

use super::*;
use crate::schema::core::{ENTERPRISE_USER_URN, GROUP_URN, USER_URN};

const DEVICE: &str = "urn:example:Device";
const ASSET: &str = "urn:example:Asset";

fn schema(urn: &str, attributes: Value) -> SchemaDefinition {
    SchemaDefinition::from_client(&json!({"id": urn, "attributes": attributes}), urn).expect("a schema")
}

fn resource_type(name: &str, endpoint: &str, base: &str, extensions: &[&str]) -> ResourceTypeDefinition {
    let extensions: Vec<Value> = extensions.iter().map(|urn| json!({"schema": urn})).collect();
    let definition =
        json!({"name": name, "endpoint": endpoint, "schema": base, "schemaExtensions": extensions});
    ResourceTypeDefinition::from_client(&definition, name).expect("a resource type")
}

/// The RFC's definitions, Device with the extension Asset, and Asset.
fn with_device() -> TenantDefinitions {
    TenantDefinitions::rfc7643()
        .put_schema(schema(DEVICE, json!([{"name": "serial"}])))
        .and_then(|set| set.put_schema(schema(ASSET, json!([{"name": "owner"}]))))
        .and_then(|set| set.put_resource_type(resource_type("Device", "/Devices", DEVICE, &[ASSET])))
        .expect("they go together")
}

#[track_caller]
fn invalid(result: Result<TenantDefinitions, DefinitionError>, expected: &str) {
    assert_eq!(result, Err(DefinitionError::Invalid(expected.into())));
}

#[track_caller]
fn conflict(result: Result<TenantDefinitions, DefinitionError>, expected: &str) {
    assert_eq!(result, Err(DefinitionError::Conflict(expected.into())));
}

#[test]
fn a_type_with_an_extension_is_put_changed_and_deleted() {
    let set = with_device();
    let compiled = set.compile().expect("compiles");
    assert_eq!(TenantDefinitions::of(&compiled), set);
    let device = compiled.resource_type("Device").expect("Device");
    assert!(device.attribute_at("urn:example:Asset:owner").is_some());
    let changed = set.put_schema(schema(ASSET, json!([{"name": "owner", "required": true}]))).expect("valid");
    assert_eq!(changed.schemas.len(), set.schemas.len(), "in the place of the one before");
    assert!(
        changed.schema(ASSET).and_then(|asset| asset.attribute("owner")).is_some_and(|owner| owner.required)
    );
    let without = set
        .delete_resource_type("device")
        .and_then(|set| set.delete_schema(&DEVICE.to_uppercase()))
        .and_then(|set| set.delete_schema(ASSET));
    assert_eq!(without, Ok(TenantDefinitions::rfc7643()));
    let text = serde_json::to_string(&set).expect("JSON");
    assert_eq!(serde_json::from_str::<TenantDefinitions>(&text).expect("reads"), set);
}

#[test]
fn what_is_in_use_stays() {
    let set = with_device();
    conflict(set.delete_schema(DEVICE), "urn:example:Device: resource type Device has this schema");
    conflict(set.delete_schema(ASSET), "urn:example:Asset: resource type Device has this schema");
    conflict(set.delete_schema(USER_URN), &format!("{USER_URN}: resource type User has this schema"));
    conflict(
        set.delete_resource_type("user"),
        "User: every tenant has this resource type, it cannot be deleted",
    );
    conflict(
        set.delete_resource_type("Group"),
        "Group: every tenant has this resource type, it cannot be deleted",
    );
    assert_eq!(
        set.delete_schema("urn:example:None"),
        Err(DefinitionError::NotFound("urn:example:None: no such schema".into()))
    );
    assert_eq!(
        set.delete_resource_type("None"),
        Err(DefinitionError::NotFound("None: no such resource type".into()))
    );
}

#[test]
fn the_enterprise_extension_comes_and_goes() {
    let set = TenantDefinitions::rfc7643();
    let plain = set.put_resource_type(resource_type("User", "/Users", USER_URN, &[])).expect("valid");
    let without = plain.delete_schema(ENTERPRISE_USER_URN).expect("not in use");
    let enterprise = set.schema(ENTERPRISE_USER_URN).expect("a schema").clone();
    let again =
        without.put_schema(enterprise).expect("valid").put_resource_type(set.resource_types[0].clone());
    assert!(again.is_ok());
}

#[test]
fn user_and_group_are_where_the_rfc_has_them() {
    let put = |definition| with_device().put_resource_type(definition);
    invalid(
        put(resource_type("User", "/People", USER_URN, &[])),
        "User: endpoint: expected '/Users', as RFC 7643 defines it",
    );
    invalid(
        put(resource_type("User", "/Users", GROUP_URN, &[])),
        &format!("User: schema: expected '{USER_URN}', as RFC 7643 defines it"),
    );
    invalid(
        put(resource_type("user", "/Users", USER_URN, &[])),
        "user: name: expected 'User', as RFC 7643 defines it",
    );
    assert!(put(resource_type("User", "/Users", USER_URN, &[ASSET])).is_ok());
    invalid(
        with_device().put_schema(schema(GROUP_URN, json!([]))),
        &format!("{GROUP_URN}:displayName: RFC 7643 defines it in this schema, it cannot be left out"),
    );
}

#[test]
fn names_and_endpoints_are_taken_once() {
    let put = |definition| with_device().put_resource_type(definition);
    conflict(
        put(resource_type("Gadget", "/devices", DEVICE, &[])),
        "Gadget: endpoint: '/devices' is that of resource type Device",
    );
    conflict(
        put(resource_type("Gadget", "/Users", DEVICE, &[])),
        "Gadget: endpoint: '/Users' is that of resource type User",
    );
    invalid(
        put(resource_type("DEVICE", "/Devices", DEVICE, &[])),
        "DEVICE: name: expected 'Device', in this case",
    );
    for endpoint in ["/Schemas", "/resourcetypes", "/ServiceProviderConfig", "/bulk", "/Me", "/scim"] {
        invalid(
            put(resource_type("Gadget", endpoint, DEVICE, &[])),
            &format!("Gadget: endpoint: '{endpoint}' is an endpoint of SCIM itself"),
        );
    }
    let upper = DEVICE.to_uppercase();
    invalid(
        with_device().put_schema(schema(&upper, json!([]))),
        &format!("{upper}: id: expected '{DEVICE}', in this case"),
    );
    for urn in ["urn:ietf:params:scim:schemas:core:2.0:Schema", "URN:IETF:params:scim:api:messages:2.0:Error"]
    {
        invalid(
            with_device().put_schema(schema(urn, json!([]))),
            &format!("{urn}: SCIM itself defines this schema"),
        );
    }
}

#[test]
fn a_type_has_schemas_that_are_there_and_go_together() {
    let put = |definition| with_device().put_resource_type(definition);
    invalid(
        put(resource_type("Gadget", "/Gadgets", "urn:example:Gadget", &[])),
        "Gadget: schema: the tenant has no schema 'urn:example:Gadget'",
    );
    invalid(
        put(resource_type("Gadget", "/Gadgets", DEVICE, &["urn:example:Gadget"])),
        "Gadget: schemaExtensions[0].schema: the tenant has no schema 'urn:example:Gadget'",
    );
    invalid(
        put(resource_type("Gadget", "/Gadgets", DEVICE, &[ASSET, ASSET])),
        "Gadget: schemaExtensions[1].schema: 'urn:example:Asset' is in it twice",
    );
    invalid(
        put(resource_type("Gadget", "/Gadgets", DEVICE, &[USER_URN])),
        &format!(
            "Gadget: schemaExtensions[0].schema: '{USER_URN}' is the base schema of resource type User, it cannot extend one"
        ),
    );
    invalid(
        put(resource_type("Gadget", "/Gadgets", ASSET, &[])),
        "Device: schemaExtensions[0].schema: 'urn:example:Asset' is the base schema of resource type Gadget, it cannot extend one",
    );
    invalid(
        with_device().put_schema(schema("urn:example:Device:serial", json!([]))),
        "urn:example:Device:serial: is the path of attribute serial in urn:example:Device too",
    );
}

#[test]
fn names_to_which_the_server_gives_a_meaning_have_it() {
    let base = |attributes| with_device().put_schema(schema(DEVICE, attributes));
    let hashed = "is stored as a hash: expected one string, writeOnly, never returned, neither unique nor with canonical values";
    invalid(base(json!([{"name": "Password"}])), &format!("{DEVICE}:Password: {hashed}"));
    invalid(
        base(json!([{"name": "password", "type": "integer", "mutability": "writeOnly"}])),
        &format!("{DEVICE}:password: {hashed}"),
    );
    assert!(base(json!([{"name": "password", "mutability": "writeOnly"}])).is_ok());
    invalid(
        with_device().put_schema(schema(ASSET, json!([{"name": "password", "mutability": "writeOnly"}]))),
        &format!("{ASSET}:password: only a base schema can have a password, which is stored as a hash"),
    );
    let members = |mutability: &str, more: Value| {
        let mut subs = vec![json!({"name": "value"}), json!({"name": "$ref", "type": "reference"})];
        subs.push(more);
        json!([{"name": "members", "type": "complex", "multiValued": true, "mutability": mutability, "subAttributes": subs}])
    };
    let kept = "members are kept as relations between resources";
    assert!(base(members("readWrite", json!({"name": "display", "mutability": "readOnly"}))).is_ok());
    invalid(
        base(members("immutable", json!({"name": "type"}))),
        &format!("{DEVICE}:members: mutability: {kept}: expected 'readWrite'"),
    );
    invalid(
        base(members("readWrite", json!({"name": "role"}))),
        &format!(
            "{DEVICE}:members.role: {kept}: expected no sub-attributes but value, $ref, type and display"
        ),
    );
    invalid(
        base(members("readWrite", json!({"name": "type", "uniqueness": "server"}))),
        &format!("{DEVICE}:members.type: {kept}: expected one string, not unique"),
    );
    invalid(
        base(members("readWrite", json!({"name": "type", "required": true}))),
        &format!("{DEVICE}:members.type: required: {kept}: expected false: clients send the value"),
    );
    let extension = with_device().put_schema(schema(ASSET, members("readWrite", json!({"name": "role"}))));
    assert!(extension.is_ok(), "in an extension they are attributes like others");
}

#[test]
fn a_tenant_has_so_many_definitions_and_no_more() {
    let mut set = with_device();
    for number in set.schemas.len()..TenantDefinitions::MAX_SCHEMAS {
        set = set.put_schema(schema(&format!("urn:example:many:S{number}"), json!([]))).expect("still room");
    }
    invalid(
        set.put_schema(schema("urn:example:last", json!([]))),
        "a tenant has at most 100 schemas, these would be 101",
    );
    let mut set = with_device();
    for number in set.resource_types.len()..TenantDefinitions::MAX_RESOURCE_TYPES {
        let name = format!("T{number}");
        set = set
            .put_resource_type(resource_type(&name, &format!("/{name}"), DEVICE, &[]))
            .expect("still room");
    }
    invalid(
        set.put_resource_type(resource_type("Last", "/Last", DEVICE, &[])),
        "a tenant has at most 50 resource types, these would be 51",
    );
    let wide = |urn: &str| {
        let attributes: Vec<Value> = (0..500).map(|number| json!({"name": format!("a{number}")})).collect();
        schema(urn, json!(attributes))
    };
    let mut set = TenantDefinitions::default();
    for number in 0..4 {
        set = set.put_schema(wide(&format!("urn:example:wide:W{number}"))).expect("still room");
    }
    invalid(
        set.put_schema(schema(DEVICE, json!([{"name": "one"}]))),
        "a tenant has at most 2000 attributes in all of its schemas, these would be 2001",
    );
    let long: Vec<Value> = (0..400)
        .map(|number| json!({"name": format!("a{number}"), "description": "x".repeat(4096)}))
        .collect();
    let error = with_device().put_schema(schema(DEVICE, json!(long))).expect_err("too long").to_string();
    assert!(error.starts_with("a tenant has at most 1048576 bytes of definitions"), "{error}");
}

#[test]
fn a_fingerprint_is_that_of_every_letter() {
    let fingerprint = |change: fn(&mut TenantDefinitions)| {
        let mut definitions = TenantDefinitions::rfc7643();
        change(&mut definitions);
        definitions.fingerprint().expect("JSON")
    };
    let original = fingerprint(|_| ());
    assert_eq!(fingerprint(|_| ()), original);
    let changes: [fn(&mut TenantDefinitions); 3] = [
        |definitions| definitions.resource_types[0].name = "USER".into(),
        |definitions| definitions.schemas[0].id = crate::attribute::SchemaUrn::from("urn:x"),
        |definitions| definitions.schemas.reverse(),
    ];
    for change in changes {
        assert_ne!(fingerprint(change), original);
    }
}
