//! The examples of RFC 7644 §3.5.2, with whole ids where the RFC cuts them short.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::resource::MemberChange;

const BABS: &str = "2819c223-7f76-453a-919d-413861904646";
const JAMES: &str = "08e1d05d-121c-4561-8b96-473d93df9210";

fn known(text: &str) -> ResourceId {
    ResourceId::parse(text).expect("an id")
}

#[track_caller]
fn check_members(operations: Value, expected: MemberChange) {
    for config in [TenantConfig::default(), strict()] {
        let outcome = apply(&config, &group(3), &operations).expect("applies");
        assert_eq!(outcome.members, expected);
        assert_eq!(outcome.attributes, None);
    }
}

fn delta(add: &[&str], remove: &[&str]) -> MemberChange {
    MemberChange::Delta {
        add: add.iter().map(|id| known(id)).collect(),
        remove: remove.iter().map(|id| known(id)).collect(),
    }
}

fn member(id: &str, display: &str) -> Value {
    json!({"display": display, "$ref": format!("https://example.com/v2/Users/{id}"), "value": id})
}

#[test]
fn add_a_member() {
    check_members(
        json!([{"op": "add", "path": "members", "value": [member(BABS, "Babs Jensen")]}]),
        delta(&[BABS], &[]),
    );
}

#[test]
fn add_attributes_without_a_path() {
    check(
        json!({"userName": "bjensen", "emails": [{"value": "bjensen@example.com", "type": "work"}]}),
        json!([{"op": "add", "value": {
            "emails": [{"value": "babs@jensen.org", "type": "home"}],
            "nickname": "Babs"
        }}]),
        json!({
            "userName": "bjensen",
            "emails": [
                {"value": "bjensen@example.com", "type": "work"},
                {"value": "babs@jensen.org", "type": "home"}
            ],
            "nickName": "Babs"
        }),
    );
}

#[test]
fn remove_one_member() {
    check_members(
        json!([{"op": "remove", "path": format!("members[value eq \"{BABS}\"]")}]),
        delta(&[], &[BABS]),
    );
}

#[test]
fn remove_all_members() {
    check_members(json!([{"op": "remove", "path": "members"}]), MemberChange::Replace(BTreeSet::new()));
}

#[test]
fn remove_values_by_a_complex_filter() {
    check(
        json!({"emails": [
            {"type": "work", "value": "a@example.com"},
            {"type": "work", "value": "a@example.org"},
            {"type": "home", "value": "b@example.com"}
        ]}),
        json!([{"op": "remove", "path": "emails[type eq \"work\" and value ew \"example.com\"]"}]),
        json!({"emails": [
            {"type": "work", "value": "a@example.org"},
            {"type": "home", "value": "b@example.com"}
        ]}),
    );
}

#[test]
fn remove_and_add_a_member() {
    check_members(
        json!([
            {"op": "remove", "path": format!("members[value eq \"{BABS}\"]")},
            {"op": "add", "path": "members", "value": [member(JAMES, "James Smith")]}
        ]),
        delta(&[JAMES], &[BABS]),
    );
}

#[test]
fn replace_all_members_in_two_operations_or_one() {
    let both = [member(BABS, "Babs Jensen"), member(JAMES, "James Smith")];
    let expected = MemberChange::Replace([known(BABS), known(JAMES)].into());
    check_members(
        json!([{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": both}]),
        expected.clone(),
    );
    check_members(json!([{"op": "replace", "path": "members", "value": both}]), expected);
}

#[test]
fn replace_the_work_address() {
    let address = json!({
        "type": "work",
        "streetAddress": "911 Universal City Plaza",
        "locality": "Hollywood",
        "region": "CA",
        "postalCode": "91608",
        "country": "US",
        "formatted": "911 Universal City Plaza\nHollywood, CA 91608 US",
        "primary": true
    });
    check(
        json!({"addresses": [
            {"type": "work", "streetAddress": "100 Main Street"},
            {"type": "home", "streetAddress": "456 Hollywood Blvd", "primary": true}
        ]}),
        json!([{"op": "replace", "path": "addresses[type eq \"work\"]", "value": address}]),
        json!({"addresses": [
            address,
            {"type": "home", "streetAddress": "456 Hollywood Blvd", "primary": false}
        ]}),
    );
}

#[test]
fn replace_the_street_of_the_work_address() {
    check(
        json!({"addresses": [{"type": "work", "streetAddress": "911 Universal City Plaza", "region": "CA"}]}),
        json!([{
            "op": "replace",
            "path": "addresses[type eq \"work\"].streetAddress",
            "value": "1010 Broadway Ave"
        }]),
        json!({"addresses": [{"type": "work", "streetAddress": "1010 Broadway Ave", "region": "CA"}]}),
    );
}

#[test]
fn replace_all_values_of_several_attributes() {
    let emails = json!([
        {"value": "bjensen@example.com", "type": "work", "primary": true},
        {"value": "babs@jensen.org", "type": "home"}
    ]);
    check(
        json!({"userName": "bjensen", "nickName": "B", "emails": [{"value": "old@example.com"}]}),
        json!([{"op": "replace", "value": {"emails": emails, "nickname": "Babs"}}]),
        json!({"userName": "bjensen", "nickName": "Babs", "emails": emails}),
    );
}

#[test]
fn a_qualified_name_brings_its_extension_along() {
    check(
        json!({"userName": "bjensen"}),
        json!([{"op": "add", "path": format!("{ENTERPRISE}:employeeNumber"), "value": "701984"}]),
        json!({"userName": "bjensen", ENTERPRISE: {"employeeNumber": "701984"}}),
    );
}
