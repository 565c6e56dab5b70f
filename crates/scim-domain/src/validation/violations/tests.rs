//! Stored resources against definitions under which they were not written.

use std::sync::Arc;

use serde_json::json;

use super::super::sample::{ASSET, LENIENT, NOTE, STRICT, config, device};
use super::*;
use crate::resource::Member;
use crate::schema::core::{ENTERPRISE_USER_URN, GROUP_URN};
use crate::schema::{ResourceType, SchemaDefinition, TenantDefinitions};
use crate::test_support::{id, resource, resource_type};

/// What a Device with `more` over what every Device has does not go with.
fn found(strict: bool, more: Value) -> Vec<String> {
    let mut attributes = json!({"serialNumber": "S1", ASSET: {"owner": "Babs"}});
    attributes.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
    let device = device();
    // It was written as a User: the type that it had does not matter.
    let resource = resource(&resource_type("User"), 1, attributes);
    let violations = SchemaValidator::new(&device, &config(strict)).violations(&resource);
    violations.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn check(more: Value, expected: &[&str]) {
    assert_eq!(found(LENIENT, more.clone()), expected);
    assert_eq!(found(STRICT, more), expected);
}

#[test]
fn what_goes_with_the_definitions_violates_nothing() {
    check(json!({}), &[]);
    check(
        json!({
            "externalId": "e", "weight": 1.5, "ports": 2, "installed": "2011-05-13T04:42:34Z", "firmware": "AAEC",
            "home": "https://example.com", "enabled": true, "tags": ["a"], "codes": [1], "secret": "s",
            "lastSeen": "2011-05-13T04:42:34Z", "color": "red", "place": {"building": "B", "floor": 1},
            "sensors": [{"value": "a", "levels": [1, 2.5]}], NOTE: {"text": "t"},
        }),
        &[],
    );
}

#[test]
fn values_of_another_type_or_number_are_found() {
    check(json!({"weight": "1"}), &["weight: type"]);
    check(json!({"ports": 1.5}), &["ports: type"]);
    check(json!({"installed": "yesterday"}), &["installed: type"]);
    check(json!({"firmware": "-_"}), &["firmware: type"]);
    check(json!({"home": "not a uri"}), &["home: type"]);
    check(json!({"enabled": "True"}), &["enabled: type"]);
    check(json!({"color": {"value": "red"}}), &["color: type"]);
    check(json!({"color": ["red"]}), &["color: multiValued"]);
    check(json!({"tags": "a"}), &["tags: multiValued"]);
    check(json!({"tags": ["a", 1, 2]}), &["tags: type"]);
    check(json!({"place": "B"}), &["place: type"]);
    check(json!({"place": {"building": "B", "floor": "1"}}), &["place.floor: type"]);
    check(
        json!({"sensors": [{"value": "a"}, {"value": 1, "levels": 2}]}),
        &["sensors.levels: multiValued", "sensors.value: type"],
    );
    check(json!({ASSET: "a"}), &[&format!("{ASSET}: type"), &format!("{ASSET}:owner: required")]);
}

#[test]
fn values_that_are_not_defined_are_found() {
    check(json!({"size": 1}), &["size: removed"]);
    check(json!({"COLOR": "red"}), &["COLOR: removed"]);
    check(json!({"place": {"building": "B", "room": 1}}), &["place.room: removed"]);
    check(json!({"urn:example:Gone": {"a": 1}}), &["urn:example:Gone: removed"]);
    check(json!({NOTE: {"text": "t", "color": "red"}}), &[&format!("{NOTE}:color: removed")]);
    check(json!({ENTERPRISE_USER_URN: {"department": "d"}}), &[&format!("{ENTERPRISE_USER_URN}: removed")]);
}

#[test]
fn what_is_required_and_missing_is_found() {
    check(json!({"serialNumber": null}), &["serialNumber: type", "serialNumber: required"]);
    check(json!({"serialNumber": ""}), &["serialNumber: required"]);
    check(json!({"place": {"floor": 1}}), &["place.building: required"]);
    check(json!({"sensors": [{"type": "heat"}, {"type": "light"}]}), &["sensors.value: required"]);
    check(json!({NOTE: {"by": "me"}}), &[&format!("{NOTE}:text: required")]);
    check(json!({ASSET: {"cost": 1}}), &[&format!("{ASSET}:owner: required")]);
    let without = resource(&device(), 1, json!({"serialNumber": "S1"}));
    let violations = SchemaValidator::new(&device(), &config(LENIENT)).violations(&without);
    let expected = Violation { attribute: ASSET.into(), reason: ViolationReason::Required };
    assert_eq!(violations, [expected]);
}

#[test]
fn other_than_canonical_values_violate_where_they_are_enforced() {
    assert_eq!(found(LENIENT, json!({"color": "blue"})), [""; 0]);
    assert_eq!(found(STRICT, json!({"color": "blue"})), ["color: canonicalValues"]);
    assert_eq!(found(STRICT, json!({"color": "RED", "grade": "a"})), ["grade: canonicalValues"]);
    assert_eq!(
        found(STRICT, json!({"sensors": [{"value": "a", "type": "x"}]})),
        ["sensors.type: canonicalValues"]
    );
}

fn group_with(members: Value) -> Arc<ResourceType> {
    let set = TenantDefinitions::rfc7643();
    let mut group = serde_json::to_value(set.schema(GROUP_URN).expect("Group")).expect("JSON");
    group["attributes"][1]
        .as_object_mut()
        .expect("members")
        .extend(members.as_object().expect("an object").clone());
    let group = SchemaDefinition::from_client(&group, GROUP_URN).expect("a schema");
    let schema = set.put_schema(group).expect("goes together").compile().expect("compiles");
    Arc::clone(schema.resource_type("Group").expect("Group"))
}

#[test]
fn members_are_looked_at_where_they_were_read() {
    let group = resource_type("Group");
    let member = Member { id: id(9), resource_type: resource_type("User"), display: None };
    let mut resource = resource(&group, 1, json!({"displayName": "g"}));
    let mut check = |new: &ResourceType, members: Option<Vec<Member>>, expected: &[&str]| {
        resource.members = members;
        let violations = SchemaValidator::new(new, &config(LENIENT)).violations(&resource);
        assert_eq!(violations.iter().map(ToString::to_string).collect::<Vec<_>>(), expected);
    };
    let required = group_with(json!({"required": true}));
    check(&required, None, &[]);
    check(&required, Some(Vec::new()), &["members: required"]);
    check(&required, Some(vec![member.clone()]), &[]);
    check(&group, Some(Vec::new()), &[]);
    check(&resource_type("User"), Some(vec![member]), &["userName: required", "members: removed"]);
}
