//! What a change of definitions asks of the resources that are stored.

use serde_json::{Value, json};

use super::*;
use crate::identifier::ResourceId;
use crate::schema::{ResourceTypeDefinition, SchemaDefinition, TenantDefinitions};
use crate::test_support::{id, resource};
use crate::validation::ViolationReport;

const DEVICE: &str = "urn:example:Device";
const ASSET: &str = "urn:example:Asset";

fn put(set: &TenantDefinitions, urn: &str, attributes: &Value) -> TenantDefinitions {
    let definition = json!({"id": urn, "attributes": attributes});
    set.put_schema(SchemaDefinition::from_client(&definition, urn).expect("a schema")).expect("goes together")
}

fn put_device(set: &TenantDefinitions, extensions: Value) -> TenantDefinitions {
    let definition =
        json!({"name": "Device", "endpoint": "/Devices", "schema": DEVICE, "schemaExtensions": extensions});
    let device = ResourceTypeDefinition::from_client(&definition, "Device").expect("a type");
    set.put_resource_type(device).expect("goes together")
}

fn serial(more: Value) -> Value {
    let mut serial = json!({"name": "serial"});
    serial.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    serial
}

/// A tenant whose type Device has these attributes, and no extension.
fn devices(attributes: Value) -> TenantDefinitions {
    put_device(&put(&TenantDefinitions::rfc7643(), DEVICE, &attributes), json!([]))
}

fn between(old: &TenantDefinitions, new: &TenantDefinitions) -> DefinitionChange {
    DefinitionChange::between(&old.compile().expect("compiles"), &new.compile().expect("compiles"))
}

/// What becomes of Device where its attribute `serial` has these characteristics before and after: whether
/// resources are checked, whether keys are made anew, which attributes are newly unique.
#[track_caller]
fn check(old: Value, new: Value, expected: (bool, bool, &[&str])) {
    let change = between(&devices(json!([serial(old)])), &devices(json!([serial(new)])));
    let [device] = change.types.as_slice() else { panic!("{change:?}") };
    let unique: Vec<String> = device.newly_unique.iter().map(ToString::to_string).collect();
    let unique: Vec<&str> = unique.iter().map(String::as_str).collect();
    assert_eq!((device.checks_resources, device.needs_reindex, unique.as_slice()), expected);
    assert_eq!(change.checks_resources(), expected.0);
}

#[test]
fn what_asks_for_more_is_checked_and_what_compares_otherwise_is_made_anew() {
    check(json!({}), json!({"description": "a"}), (false, false, &[]));
    check(json!({}), json!({"returned": "request", "mutability": "immutable"}), (false, false, &[]));
    check(json!({}), json!({"required": true}), (true, false, &[]));
    check(json!({"required": true}), json!({}), (false, false, &[]));
    check(json!({}), json!({"required": true, "mutability": "readOnly"}), (false, false, &[]));
    check(json!({}), json!({"type": "integer"}), (true, true, &[]));
    check(json!({}), json!({"multiValued": true}), (true, false, &[]));
    check(json!({}), json!({"name": "Serial"}), (true, false, &[]));
    check(json!({}), json!({"canonicalValues": ["a"]}), (true, false, &[]));
    check(json!({"canonicalValues": ["a"]}), json!({"canonicalValues": ["a", "b"]}), (false, false, &[]));
    check(json!({"canonicalValues": ["a", "b"]}), json!({"canonicalValues": ["a"]}), (true, false, &[]));
    check(json!({"canonicalValues": ["a"]}), json!({}), (false, false, &[]));
    check(
        json!({"canonicalValues": ["a"]}),
        json!({"canonicalValues": ["a"], "caseExact": true}),
        (true, true, &[]),
    );
    check(json!({}), json!({"caseExact": true}), (false, true, &[]));
    check(json!({}), json!({"returned": "never"}), (false, true, &[]));
    check(json!({}), json!({"uniqueness": "server"}), (true, true, &["serial"]));
    check(json!({}), json!({"uniqueness": "global"}), (true, true, &["serial"]));
    check(json!({"uniqueness": "server"}), json!({"uniqueness": "global"}), (false, false, &[]));
    check(json!({"uniqueness": "server"}), json!({}), (false, true, &[]));
    check(
        json!({"uniqueness": "server", "caseExact": true}),
        json!({"uniqueness": "server"}),
        (true, true, &["serial"]),
    );
}

#[test]
fn attributes_and_extensions_come_and_go() {
    let one = devices(json!([{"name": "serial"}]));
    let flags = |change: &DefinitionChange| -> Vec<(String, bool, bool)> {
        let flags = |change: &TypeChange| {
            (change.old.name().to_owned(), change.checks_resources, change.needs_reindex)
        };
        change.types.iter().map(flags).collect()
    };
    let device = |checks| vec![("Device".to_owned(), checks, false)];
    assert_eq!(flags(&between(&one, &one)), []);
    let two = devices(json!([{"name": "serial"}, {"name": "color"}]));
    assert_eq!(flags(&between(&one, &two)), device(false));
    assert_eq!(flags(&between(&two, &one)), device(true));
    let required = devices(json!([{"name": "serial"}, {"name": "color", "required": true}]));
    assert_eq!(flags(&between(&one, &required)), device(true));
    let unique = devices(json!([{"name": "serial"}, {"name": "color", "uniqueness": "server"}]));
    assert_eq!(flags(&between(&one, &unique)), device(false), "nobody has a value yet");
    let loose = put(&one, ASSET, &json!([{"name": "owner"}]));
    assert_eq!(flags(&between(&one, &loose)), [], "no type has it");
    let extended = put_device(&loose, json!([{"schema": ASSET}]));
    assert_eq!(flags(&between(&loose, &extended)), device(false));
    assert_eq!(flags(&between(&extended, &loose)), device(true));
    let demanded = put_device(&loose, json!([{"schema": ASSET, "required": true}]));
    assert_eq!(flags(&between(&extended, &demanded)), device(true));
    assert_eq!(flags(&between(&demanded, &extended)), device(false));
    let deleted = one.delete_resource_type("Device").expect("deleted");
    assert_eq!(flags(&between(&one, &deleted)), device(true));
    assert_eq!(flags(&between(&deleted, &one)), [], "a new type has no resources");
}

#[test]
fn an_extension_of_two_types_affects_both() {
    let mut set = put(&devices(json!([{"name": "serial"}])), ASSET, &json!([{"name": "owner"}]));
    set = put_device(&set, json!([{"schema": ASSET}]));
    let mut user = set.resource_type("User").expect("User").clone();
    user.schema_extensions.push(crate::schema::SchemaExtension { schema: ASSET.into(), required: false });
    set = set.put_resource_type(user).expect("goes together");
    let new = put(&set, ASSET, &json!([{"name": "owner", "uniqueness": "server"}]));
    let change = between(&set, &new);
    let names: Vec<&str> = change.types.iter().map(|change| change.old.name()).collect();
    assert_eq!(names, ["User", "Device"]);
    assert!(change.types.iter().all(|change| change.newly_unique.len() == 1 && change.needs_reindex));
}

#[test]
fn a_report_says_how_many_break_and_how() {
    let old = devices(json!([{"name": "serial"}, {"name": "color"}]));
    let new = devices(json!([{"name": "serial", "required": true, "uniqueness": "server"}]));
    let change = between(&old, &new);
    let [device] = change.types.as_slice() else { panic!("one type") };
    assert!(!device.needs_members());
    let config = TenantConfig::default();
    let mut report = ViolationReport::default();
    let attributes = [
        json!({"serial": "A"}),
        json!({"serial": "b", "color": "red"}),
        json!({}),
        json!({"serial": "a"}),
        json!({"serial": "a"}),
    ];
    for (number, attributes) in (1..).zip(attributes) {
        let resource = resource(&device.old, number, attributes);
        report.add("Device", resource.id, device.violations(&config, &resource));
        report.add_unique("Device", resource.id, device.newly_unique_values(&resource.attributes));
    }
    let ids = |numbers: &[u128]| numbers.iter().map(|number| id(*number).to_string()).collect::<Vec<_>>();
    assert_eq!(
        report.to_json(),
        json!({"affected": 5, "violations": [
            {"resourceType": "Device", "attribute": "color", "reason": "removed", "count": 1, "examples": ids(&[2])},
            {"resourceType": "Device", "attribute": "serial", "reason": "required", "count": 1, "examples": ids(&[3])},
            {"resourceType": "Device", "attribute": "serial", "reason": "uniqueness", "count": 3, "examples": ids(&[1, 4, 5])},
        ]})
    );
}

#[test]
fn a_report_names_the_oldest_few() {
    let mut report = ViolationReport::default();
    assert!(report.is_empty());
    assert_eq!(report.to_json(), json!({"affected": 0, "violations": []}));
    let change = between(&devices(json!([{"name": "serial"}])), &TenantDefinitions::rfc7643());
    let [device] = change.types.as_slice() else { panic!("one type") };
    for number in (1..=9).rev() {
        let resource = resource(&device.old, number, json!({"serial": "a"}));
        report.add("Device", resource.id, device.violations(&TenantConfig::default(), &resource));
        report.add("Device", resource.id, device.violations(&TenantConfig::default(), &resource));
    }
    let examples: Vec<String> = (1..=5).map(id).map(|id: ResourceId| id.to_string()).collect();
    assert_eq!(
        report.to_json(),
        json!({"affected": 9, "violations": [
            {"resourceType": "Device", "attribute": "", "reason": "resourceTypeRemoved", "count": 9, "examples": examples},
        ]})
    );
}

#[test]
fn members_are_read_where_they_matter() {
    let group = |more: Value| {
        let mut members = json!({"name": "members", "type": "complex", "multiValued": true, "subAttributes": [
            {"name": "value"}, {"name": "$ref", "type": "reference"},
        ]});
        members.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        devices(json!([members]))
    };
    let needs = |old: &TenantDefinitions, new: &TenantDefinitions| {
        let change = between(old, new);
        let [device] = change.types.as_slice() else { panic!("one type") };
        (device.checks_resources, device.needs_members())
    };
    assert_eq!(needs(&group(json!({})), &group(json!({"required": true}))), (true, true));
    assert_eq!(needs(&group(json!({})), &group(json!({"description": "a"}))), (false, false));
    assert_eq!(needs(&group(json!({})), &group(json!({"multiValued": false}))), (true, true));
    assert_eq!(needs(&group(json!({"multiValued": false})), &group(json!({}))), (true, false));
}
