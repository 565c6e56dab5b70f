//! A resource type and an extension that an operator defines (RFC 7643 §6, §7) behave in every operation as
//! their characteristics say, and so does the extension on User.

use std::sync::Arc;

use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::filter::{Binding, Filter, UnknownAttribute};
use scim_domain::identifier::{ResourceId, Timestamp, Version};
use scim_domain::json;
use scim_domain::listing::SortKey;
use scim_domain::patch::{PatchEngine, PatchRequest};
use scim_domain::projection::{Projection, written_attributes};
use scim_domain::representation::write_resource;
use scim_domain::resource::{Attributes, Resource, unique_values};
use scim_domain::schema::core::USER_URN;
use scim_domain::schema::{ResourceType, ResourceTypeDefinition, SchemaDefinition, TenantDefinitions};
use scim_domain::tenant::TenantConfig;
use scim_domain::validation::SchemaValidator;
use serde_json::{Value, json};

const DEVICE: &str = "urn:example:scim:Device";
const ASSET: &str = "urn:example:scim:Asset";
const BASE_URL: &str = "https://example.com/scim/v2";

fn definitions() -> TenantDefinitions {
    let device = json!({"id": DEVICE, "name": "Device", "attributes": [
        {"name": "serial", "required": true, "caseExact": true, "mutability": "immutable", "uniqueness": "server"},
        {"name": "userName", "caseExact": true},
        {"name": "label", "uniqueness": "global"},
        {"name": "rack", "type": "integer", "uniqueness": "server"},
        {"name": "note", "returned": "request"},
        {"name": "pin", "mutability": "writeOnly"},
        {"name": "badge", "returned": "always"},
        {"name": "seen", "type": "dateTime", "mutability": "readOnly"},
        {"name": "place", "type": "complex", "subAttributes": [
            {"name": "building"},
            {"name": "survey", "mutability": "immutable"},
            {"name": "plan", "returned": "request"},
        ]},
        {"name": "ports", "type": "complex", "multiValued": true, "subAttributes": [
            {"name": "value", "caseExact": true, "uniqueness": "server"},
            {"name": "Primary", "type": "boolean"},
            {"name": "mac", "mutability": "immutable"},
        ]},
    ]});
    let asset = json!({"id": ASSET, "name": "Asset", "attributes": [
        {"name": "tag", "caseExact": true, "uniqueness": "server"},
        {"name": "owner", "mutability": "immutable"},
        {"name": "cost", "type": "decimal", "returned": "request"},
        {"name": "room"},
    ]});
    let extension = json!([{"schema": ASSET}]);
    let device_type =
        json!({"name": "Device", "endpoint": "/Devices", "schema": DEVICE, "schemaExtensions": extension});
    let user_type =
        json!({"name": "User", "endpoint": "/Users", "schema": USER_URN, "schemaExtensions": extension});
    TenantDefinitions::rfc7643()
        .put_schema(SchemaDefinition::from_client(&device, DEVICE).expect("a schema"))
        .and_then(|set| set.put_schema(SchemaDefinition::from_client(&asset, ASSET)?))
        .and_then(|set| set.put_resource_type(ResourceTypeDefinition::from_client(&device_type, "Device")?))
        .and_then(|set| set.put_resource_type(ResourceTypeDefinition::from_client(&user_type, "User")?))
        .expect("they go together")
}

fn resource_type(name: &str) -> Arc<ResourceType> {
    let schema = definitions().compile().expect("compiles");
    Arc::clone(schema.resource_type(name).expect("a type"))
}

fn resource(name: &str, attributes: Value) -> Resource {
    let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
    let moment = Timestamp::new(time::macros::datetime!(2026-01-01 0:00 UTC));
    Resource {
        id: ResourceId::parse("01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09").expect("an id"),
        resource_type: resource_type(name),
        attributes,
        version: Version::new(7),
        created: moment,
        last_modified: moment,
        members: None,
        groups: None,
    }
}

fn device() -> Resource {
    resource(
        "Device",
        json!({
            "serial": "Ab1", "userName": "Ops", "label": "Front Door", "rack": 7, "note": "n", "pin": "1234", "badge": "b",
            "seen": "2026-01-01T00:00:00Z",
            "place": {"building": "B", "survey": "s1", "plan": "p"},
            "ports": [{"value": "eth1", "mac": "m1"}, {"value": "Eth0", "Primary": true, "mac": "m0"}],
            ASSET: {"tag": "T-1", "owner": "Babs", "cost": 5, "room": "Nº 1"},
        }),
    )
}

fn user() -> Resource {
    resource(
        "User",
        json!({"userName": "bjensen", ASSET: {"tag": "T-1", "owner": "Babs", "cost": 5, "room": "x"}}),
    )
}

/// What a PATCH with one operation leaves of `resource`.
fn patch(resource: &Resource, operation: Value) -> Result<Attributes, ScimError> {
    let config = TenantConfig::default();
    let body =
        json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]});
    let request = PatchRequest::parse(&body, &resource.resource_type, &config, BASE_URL)?;
    let engine = PatchEngine { validator: SchemaValidator::new(&resource.resource_type, &config) };
    let outcome = engine.apply(resource, &request)?;
    Ok(outcome.attributes.unwrap_or_else(|| resource.attributes.clone()))
}

#[track_caller]
fn patched(operation: Value, pointer: &str, expected: Option<Value>) {
    let attributes = Value::Object(patch(&device(), operation).expect("valid"));
    assert_eq!(attributes.pointer(pointer), expected.as_ref());
}

#[track_caller]
fn immutable(resource: &Resource, operation: Value) {
    let error = patch(resource, operation.clone()).expect_err("should be refused");
    assert_eq!(error.kind, ErrorKind::Mutability, "{operation}: {}", error.detail);
}

#[track_caller]
fn matches(resource: &Resource, filter: &str, expected: bool) {
    let binding = Binding { base_url: BASE_URL, unknown: UnknownAttribute::Refuse };
    let bound =
        Filter::parse(filter).expect("a filter").bind(&resource.resource_type, &binding).expect("binds");
    assert_eq!(bound.matches(resource), expected, "{filter}");
}

fn shown(resource: &Resource, projection: &Projection) -> Value {
    let mut body = Vec::new();
    write_resource(&mut body, &resource.clone().into(), projection, BASE_URL).expect("readable");
    json::parse(&body).expect("JSON")
}

fn got(resource: &Resource, attributes: &[&str], excluded: &[&str]) -> Value {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    shown(
        resource,
        &Projection::new(&resource.resource_type, &owned(attributes), &owned(excluded)).expect("valid"),
    )
}

#[test]
fn a_body_is_read_by_the_definitions() {
    let device = resource_type("Device");
    let config = TenantConfig { strict_mode: true, ..TenantConfig::default() };
    let create = |body: Value| {
        SchemaValidator::new(&device, &config).create(&body).map(|draft| Value::Object(draft.attributes))
    };
    let body = json!({
        "schemas": [DEVICE, ASSET], "SERIAL": "Ab1", "seen": "ignored", "ports": [{"primary": true, "value": "a"}],
        "URN:EXAMPLE:scim:asset": {"TAG": "t"},
    });
    let stored = json!({"serial": "Ab1", "ports": [{"Primary": true, "value": "a"}], ASSET: {"tag": "t"}});
    assert_eq!(create(body), Ok(stored));
    let detail = |body: Value| create(body).expect_err("should be refused").detail;
    assert_eq!(detail(json!({"schemas": [DEVICE]})), "serial: required");
    assert_eq!(
        detail(json!({"schemas": [DEVICE], "serial": "a", "rack": "7"})),
        "rack: expected a whole number, got a string"
    );
    let asset = json!({"schemas": [DEVICE, ASSET], "serial": "a", ASSET: {"cost": "5"}});
    assert_eq!(detail(asset), format!("{ASSET}:cost: expected a number, got a string"));
}

#[test]
fn unique_values_are_those_of_the_definitions() {
    let device = device();
    let unique: Vec<(String, String)> = unique_values(&device.resource_type, &device.attributes)
        .into_iter()
        .map(|value| (value.attribute, value.key))
        .collect();
    let expected = [
        ("serial", "Ab1"),
        ("label", "front door"),
        ("rack", "7"),
        ("ports.value", "eth1"),
        ("ports.value", "Eth0"),
        ("urn:example:scim:Asset:tag", "T-1"),
    ];
    assert_eq!(unique, expected.map(|(attribute, key)| (attribute.to_owned(), key.to_owned())));
    let user = user();
    let unique = unique_values(&user.resource_type, &user.attributes);
    assert!(unique.iter().any(|value| value.attribute == format!("{ASSET}:tag") && value.key == "T-1"));
}

#[test]
fn a_put_keeps_what_is_immutable_and_what_nobody_can_read() {
    let config = TenantConfig::default();
    let device = device();
    let put = |body: Value| SchemaValidator::new(&device.resource_type, &config).replace(&device, &body);
    let draft = put(json!({"schemas": [DEVICE], "serial": "Ab1"})).expect("valid").attributes;
    assert_eq!(draft.get("pin"), Some(&json!("1234")));
    assert_eq!(draft.get("seen"), Some(&json!("2026-01-01T00:00:00Z")));
    assert_eq!(draft.get(ASSET), Some(&json!({"owner": "Babs"})));
    assert_eq!(draft.get("label"), None);
    let refused = |body: Value| put(body).expect_err("should be refused").kind;
    assert_eq!(refused(json!({"schemas": [DEVICE], "serial": "AB1"})), ErrorKind::Mutability);
    assert_eq!(
        refused(json!({"schemas": [DEVICE, ASSET], "serial": "Ab1", ASSET: {"owner": "Mandy"}})),
        ErrorKind::Mutability
    );
}

#[test]
fn a_patch_changes_what_can_be_changed() {
    patched(json!({"op": "replace", "path": "label", "value": "Back"}), "/label", Some(json!("Back")));
    patched(
        json!({"op": "replace", "path": "URN:EXAMPLE:scim:Asset:ROOM", "value": "2"}),
        "/urn:example:scim:Asset/room",
        Some(json!("2")),
    );
    patched(
        json!({"op": "add", "value": {ASSET: {"room": "3"}}}),
        "/urn:example:scim:Asset/room",
        Some(json!("3")),
    );
    patched(json!({"op": "remove", "path": format!("{ASSET}:cost")}), "/urn:example:scim:Asset/cost", None);
    patched(
        json!({"op": "replace", "path": "place.building", "value": "C"}),
        "/place/building",
        Some(json!("C")),
    );
    patched(
        json!({"op": "add", "path": "ports", "value": [{"value": "x", "primary": true}]}),
        "/ports/1/Primary",
        Some(json!(false)),
    );
    patched(
        json!({"op": "replace", "path": "ports[value eq \"Eth0\"].primary", "value": false}),
        "/ports/1/Primary",
        Some(json!(false)),
    );
    patched(
        json!({"op": "remove", "path": "ports[value eq \"eth1\"]"}),
        "/ports/0/value",
        Some(json!("Eth0")),
    );
    patched(
        json!({"op": "remove", "path": "ports[value eq \"ETH1\"]"}),
        "/ports/0/value",
        Some(json!("eth1")),
    );
}

#[test]
fn a_patch_changes_nothing_that_is_immutable() {
    for resource in [device(), user()] {
        immutable(&resource, json!({"op": "replace", "path": format!("{ASSET}:owner"), "value": "Mandy"}));
        immutable(&resource, json!({"op": "remove", "path": format!("{ASSET}:owner")}));
        immutable(&resource, json!({"op": "replace", "value": {ASSET: {"owner": "Mandy"}}}));
        immutable(&resource, json!({"op": "remove", "path": ASSET}));
        let same = json!({"op": "replace", "path": format!("{ASSET}:owner"), "value": "babs"});
        assert_eq!(patch(&resource, same), Ok(resource.attributes.clone()), "it has the value already");
    }
    let mut device = device();
    immutable(&device, json!({"op": "replace", "path": "serial", "value": "AB1"}));
    immutable(&device, json!({"op": "replace", "path": "place.survey", "value": "s2"}));
    immutable(&device, json!({"op": "replace", "path": "place", "value": {"survey": "s2"}}));
    immutable(&device, json!({"op": "remove", "path": "place.survey"}));
    immutable(&device, json!({"op": "remove", "path": "place"}));
    immutable(&device, json!({"op": "replace", "path": "place", "value": null}));
    immutable(&device, json!({"op": "replace", "path": "ports[value eq \"eth1\"].mac", "value": "m9"}));
    immutable(&device, json!({"op": "replace", "path": "seen", "value": "2026-01-02T00:00:00Z"}));
    device.attributes.remove("place");
    let first =
        patch(&device, json!({"op": "add", "path": "place.survey", "value": "s1"})).expect("the first value");
    assert_eq!(first.get("place"), Some(&json!({"survey": "s1"})));
}

#[test]
fn filters_compare_as_the_definitions_say() {
    let device = device();
    matches(&device, "serial eq \"Ab1\"", true);
    matches(&device, "serial eq \"AB1\"", false);
    matches(&device, "serial sw \"a\"", false);
    matches(&device, "userName eq \"Ops\"", true);
    matches(&device, "userName eq \"ops\"", false);
    matches(&device, "label eq \"FRONT door\"", true);
    matches(&device, "rack gt 6.5", true);
    matches(&device, "note pr and not (note eq \"x\")", true);
    matches(&device, "ports.value eq \"eth0\"", false);
    matches(&device, "ports[primary eq true and value eq \"Eth0\"]", true);
    matches(&device, &format!("{ASSET}:tag eq \"t-1\""), false);
    matches(&device, &format!("{}:TAG eq \"T-1\"", ASSET.to_uppercase()), true);
    matches(&device, &format!("{ASSET}:owner eq \"BABS\" and {DEVICE}:badge eq \"B\""), true);
    matches(&user(), &format!("{ASSET}:cost lt 6 and {ASSET}:tag co \"T\""), true);
    let binding = Binding { base_url: BASE_URL, unknown: UnknownAttribute::Refuse };
    let error = Filter::parse("pin eq \"1234\"").expect("a filter").bind(&device.resource_type, &binding);
    assert_eq!(error.expect_err("never returned").kind, ErrorKind::InvalidFilter);
}

#[test]
fn sorting_is_by_the_definitions() {
    let device = device();
    let key =
        |path: &str| SortKey::of(&device, &device.resource_type.attribute_at(path).expect("an attribute"));
    assert_eq!(key("serial"), Some(SortKey::Text("Ab1".into())));
    assert_eq!(key("label"), Some(SortKey::Text("front door".into())));
    assert_eq!(key("rack"), Some(SortKey::Number(7.into())));
    assert_eq!(key("ports"), Some(SortKey::Text("Eth0".into())), "the primary one");
    assert_eq!(key(&format!("{ASSET}:tag")), Some(SortKey::Text("T-1".into())));
    assert_eq!(key("place"), None);
}

#[test]
fn answers_show_what_is_returned() {
    let device = device();
    let default = got(&device, &[], &[]);
    assert_eq!(default.get("schemas"), Some(&json!([DEVICE, ASSET])));
    assert_eq!((default.get("note"), default.get("pin"), default.pointer("/place/plan")), (None, None, None));
    assert_eq!(default.get(ASSET), Some(&json!({"tag": "T-1", "owner": "Babs", "room": "Nº 1"})));
    assert_eq!(default.pointer("/meta/location"), Some(&json!(format!("{BASE_URL}/Devices/{}", device.id))));
    let asked = got(&device, &["note", "pin", &format!("{ASSET}:cost"), "place.plan"], &[]);
    assert_eq!(
        (asked.get("note"), asked.get("pin"), asked.get("badge")),
        (Some(&json!("n")), None, Some(&json!("b")))
    );
    assert_eq!(
        (asked.get(ASSET), asked.get("place")),
        (Some(&json!({"cost": 5})), Some(&json!({"plan": "p"})))
    );
    assert_eq!(asked.get("serial"), None);
    let excluded = got(&device, &[], &[ASSET, "badge", "serial"]);
    assert_eq!(excluded.get("schemas"), Some(&json!([DEVICE])));
    assert_eq!((excluded.get("badge"), excluded.get("serial")), (Some(&json!("b")), None));
}

#[test]
fn what_is_returned_on_request_is_answered_to_who_wrote_it() {
    for resource in [device(), user()] {
        let body = json!({"note": "n", ASSET: {"cost": 5, "room": "x"}});
        let written = written_attributes(&resource.resource_type, &body);
        let projection = Projection::for_write(&resource.resource_type, &[], &[], &written).expect("valid");
        assert_eq!(shown(&resource, &projection).pointer("/urn:example:scim:Asset/cost"), Some(&json!(5)));
        let config = TenantConfig::default();
        let operation = json!({"op": "replace", "path": format!("{ASSET}:cost"), "value": 5});
        let body =
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]});
        let request = PatchRequest::parse(&body, &resource.resource_type, &config, BASE_URL).expect("valid");
        let written = request.written_attributes();
        let projection = Projection::for_write(&resource.resource_type, &[], &[], &written).expect("valid");
        assert_eq!(shown(&resource, &projection).pointer("/urn:example:scim:Asset/cost"), Some(&json!(5)));
    }
}
