//! Operations on the members of a group.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::resource::MemberChange;
use ErrorKind::{Internal, InvalidFilter, InvalidPath, InvalidValue, Mutability};

fn ids(numbers: &[u128]) -> BTreeSet<ResourceId> {
    numbers.iter().map(|number| id(*number)).collect()
}

fn delta(add: &[u128], remove: &[u128]) -> MemberChange {
    MemberChange::Delta { add: ids(add), remove: ids(remove) }
}

fn value(number: u128) -> Value {
    json!({"value": id(number).to_string()})
}

fn text(number: u128) -> String {
    id(number).to_string()
}

/// What the operations do to a group with the members 1, 2 and 3, in one mode.
#[track_caller]
fn check_with(config: &TenantConfig, operations: Value, expected: MemberChange) {
    let outcome = apply(config, &group(3), &operations).expect("applies");
    assert_eq!(outcome.members, expected);
    assert_eq!(outcome.attributes, None, "members never touch stored attributes");
}

#[track_caller]
fn check(operations: Value, expected: MemberChange) {
    check_with(&TenantConfig::default(), operations.clone(), expected.clone());
    check_with(&strict(), operations, expected);
}

#[track_caller]
fn refused_with(config: &TenantConfig, operations: Value, kind: ErrorKind, detail: &str) {
    let error = apply(config, &group(3), &operations).expect_err("should be refused");
    assert_eq!(error.kind, kind, "{}", error.detail);
    assert!(error.detail.contains(detail), "{}", error.detail);
}

#[track_caller]
fn refused(operations: Value, kind: ErrorKind, detail: &str) {
    refused_with(&TenantConfig::default(), operations.clone(), kind, detail);
    refused_with(&strict(), operations, kind, detail);
}

#[test]
fn members_are_added() {
    check(json!([{"op": "add", "path": "members", "value": [value(7), value(8)]}]), delta(&[7, 8], &[]));
    check(json!([{"op": "add", "path": "members", "value": value(7)}]), delta(&[7], &[]));
    check(json!([{"op": "add", "value": {"members": [value(7)]}}]), delta(&[7], &[]));
    check(json!([{"op": "add", "path": "members", "value": []}]), delta(&[], &[]));
    check(json!([{"op": "add", "path": "members", "value": null}]), delta(&[], &[]));
    let lenient = TenantConfig::default();
    for ids in [json!([text(7)]), json!(text(7))] {
        let add = json!([{"op": "add", "path": "members", "value": ids}]);
        check_with(&lenient, add.clone(), delta(&[7], &[]));
        refused_with(&strict(), add, InvalidValue, "members");
    }
    refused(json!([{"op": "add", "path": "members", "value": [{"value": "bob"}]}]), InvalidValue, "bob");
    refused(
        json!([{"op": "add", "path": "members", "value": [{"display": "Bob"}]}]),
        InvalidValue,
        "value: required",
    );
}

#[test]
fn members_are_replaced() {
    let replace = |value: Value| json!([{"op": "replace", "path": "members", "value": value}]);
    check(replace(json!([value(7), value(1)])), MemberChange::Replace(ids(&[1, 7])));
    check(replace(json!([])), MemberChange::Replace(ids(&[])));
    check(replace(Value::Null), MemberChange::Replace(ids(&[])));
    check(json!([{"op": "replace", "value": {"members": [value(7)]}}]), MemberChange::Replace(ids(&[7])));
    check_with(&TenantConfig::default(), replace(value(7)), MemberChange::Replace(ids(&[7])));
    refused_with(&strict(), replace(value(7)), InvalidValue, "members: expected an array");
}

#[test]
fn members_are_removed_by_value() {
    let remove = |value: Value| json!([{"op": "remove", "path": "members", "value": value}]);
    check(remove(json!([value(1), value(7)])), delta(&[], &[1, 7]));
    check(remove(value(1)), delta(&[], &[1]));
    check(remove(json!([text(1)])), delta(&[], &[1]));
    check(remove(json!([{"VALUE": text(1), "display": "x"}])), delta(&[], &[1]));
    check(remove(json!([{"value": "bob"}, value(2)])), delta(&[], &[2]));
    check(remove(json!([])), delta(&[], &[]));
    check(remove(Value::Null), MemberChange::Replace(ids(&[])));
    refused(remove(json!([{"display": "Bob"}])), InvalidValue, "members[0].value: required");
    refused(remove(json!(5)), InvalidValue, "members[0].value: required");
}

#[test]
fn members_are_removed_by_filter_on_ids_without_being_read() {
    for (filter, expected) in [
        (format!("value eq \"{}\"", text(1)), vec![1]),
        (format!("VALUE EQ \"{}\"", text(1)), vec![1]),
        (format!("value eq \"{}\" or value eq \"{}\"", text(1), text(7)), vec![1, 7]),
        ("value eq \"bob\"".to_owned(), vec![]),
    ] {
        let body = message(&json!([{"op": "remove", "path": format!("members[{filter}]")}]));
        let group = Resource { members: None, ..group(0) };
        let config = strict();
        let request = PatchRequest::parse(&body, &group.resource_type, &config, BASE_URL).expect("parses");
        assert!(!request.needs_members() && request.changes_members(), "{filter}");
        let outcome = apply_body(&config, &group, &body).expect("applies");
        assert_eq!(outcome.members, delta(&[], &expected), "{filter}");
    }
}

#[test]
fn members_are_removed_by_other_filters() {
    let remove = |filter: &str| json!([{"op": "remove", "path": format!("members[{filter}]")}]);
    check(remove("type eq \"User\""), delta(&[], &[2, 3]));
    check(remove("display eq \"MEMBER 2\""), delta(&[], &[2]));
    check(remove(&format!("type eq \"User\" and value ne \"{}\"", text(2))), delta(&[], &[3]));
    check(remove(&format!("$ref eq \"{BASE_URL}/Users/{}\"", text(3))), delta(&[], &[3]));
    check(remove("type eq \"none\""), delta(&[], &[]));
    let body = message(&remove("type eq \"User\""));
    let unread = Resource { members: None, ..group(0) };
    let config = TenantConfig::default();
    let request = PatchRequest::parse(&body, &unread.resource_type, &config, BASE_URL).expect("parses");
    assert!(request.needs_members());
    assert_eq!(apply_body(&config, &unread, &body).expect_err("unread").kind, Internal);
    refused(remove("shoe eq 1"), InvalidFilter, "shoe");
}

#[test]
fn filters_see_the_operations_before() {
    let by_filter = json!({"op": "remove", "path": "members[type eq \"User\"]"});
    let prefix = json!({"op": "remove", "path": "members[value sw \"00000000-0000-0000-0000-00000000000\"]"});
    let remove = json!({"op": "remove", "path": "members", "value": [value(2)]});
    let add = json!({"op": "add", "path": "members", "value": [value(9)]});
    let replace = json!({"op": "replace", "path": "members", "value": [value(3), value(9)]});
    check(json!([remove, by_filter]), delta(&[], &[2, 3]));
    check(json!([add, prefix]), delta(&[], &[1, 2, 3, 9]));
    check(json!([replace, by_filter]), MemberChange::Replace(ids(&[9])));
    check(json!([replace, prefix]), MemberChange::Replace(ids(&[])));
}

#[test]
fn changes_compose_in_order() {
    let add = |number| json!({"op": "add", "path": "members", "value": [value(number)]});
    let remove = |number| json!({"op": "remove", "path": format!("members[value eq \"{}\"]", text(number))});
    check(json!([add(7), remove(7)]), delta(&[], &[7]));
    check(json!([remove(1), add(1)]), delta(&[1], &[]));
    check(json!([{"op": "remove", "path": "members"}, add(7)]), MemberChange::Replace(ids(&[7])));
    check(
        json!([{"op": "replace", "path": "members", "value": [value(7), value(8)]}, remove(8), add(9)]),
        MemberChange::Replace(ids(&[7, 9])),
    );
}

#[test]
fn the_parts_of_a_member_are_fixed() {
    let path = format!("members[value eq \"{}\"]", text(1));
    for op in ["add", "replace", "remove"] {
        for target in
            ["members.value", "members.display", &format!("{path}.type"), &format!("{path}.display")]
        {
            refused(json!([{"op": op, "path": target, "value": "x"}]), Mutability, "members");
        }
    }
    for op in ["add", "replace"] {
        refused(json!([{"op": op, "path": path, "value": value(7)}]), Mutability, "members[value eq");
    }
    refused(json!([{"op": "add", "path": "members.shoe", "value": "x"}]), InvalidPath, "members.shoe");
}

#[test]
fn one_member_at_a_time() {
    let add_off = TenantConfig { multi_member_add: false, ..TenantConfig::default() };
    let remove_off = TenantConfig { multi_member_remove: false, ..TenantConfig::default() };
    let send = |op: &str, value: Value| json!([{"op": op, "path": "members", "value": value}]);
    let two = json!([value(1), value(2)]);
    refused_with(&add_off, send("add", two.clone()), InvalidValue, "multiMemberAdd");
    refused_with(&add_off, send("replace", two.clone()), InvalidValue, "multiMemberAdd");
    refused_with(
        &add_off,
        json!([{"op": "add", "value": {"members": two}}]),
        InvalidValue,
        "Operations[0]: members",
    );
    check_with(&add_off, send("add", json!([value(1)])), delta(&[1], &[]));
    check_with(&add_off, send("remove", two.clone()), delta(&[], &[1, 2]));
    refused_with(&remove_off, send("remove", two.clone()), InvalidValue, "multiMemberRemove");
    let by = |filter: &str| json!([{"op": "remove", "path": format!("members[{filter}]")}]);
    let either = format!("value eq \"{}\" or value eq \"{}\"", text(1), text(2));
    refused_with(&remove_off, by(&either), InvalidValue, "multiMemberRemove");
    refused_with(&remove_off, by("type eq \"User\""), InvalidValue, "got 2");
    check_with(&remove_off, by("type eq \"Group\""), delta(&[], &[1]));
    check_with(&remove_off, send("add", two), delta(&[1, 2], &[]));
}

#[test]
fn removal_of_all_members_may_be_off() {
    let off = TenantConfig { allow_remove_all_members: false, ..TenantConfig::default() };
    refused_with(&off, json!([{"op": "remove", "path": "members"}]), InvalidValue, "allowRemoveAllMembers");
    for value in [json!(null), json!([])] {
        let replace = json!([{"op": "replace", "path": "members", "value": value}]);
        refused_with(&off, replace, InvalidValue, "allowRemoveAllMembers");
    }
    check_with(&off, json!([{"op": "remove", "path": "members", "value": [value(1)]}]), delta(&[], &[1]));
    check_with(&off, json!([{"op": "remove", "path": "members[type eq \"Group\"]"}]), delta(&[], &[1]));
}
