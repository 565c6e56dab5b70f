//! Bodies in the style of Microsoft Entra ID, Okta and `SailPoint`, with each leniency on and off.

use serde_json::json;

use super::*;
use ErrorKind::{InvalidFilter, InvalidSyntax, InvalidValue, NoTarget};

fn manager(value: Value) -> Value {
    json!({ENTERPRISE: {"manager": value}})
}

fn manager_path() -> String {
    format!("{ENTERPRISE}:manager")
}

#[test]
fn entra_writes_operations_with_capitals() {
    check(
        json!({"title": "x", "nickName": "n"}),
        json!([
            {"op": "Add", "path": "displayName", "value": "Babs"},
            {"op": "Replace", "path": "title", "value": "y"},
            {"op": "REMOVE", "path": "nickName"}
        ]),
        json!({"displayName": "Babs", "title": "y"}),
    );
}

#[test]
fn entra_writes_booleans_as_text() {
    let replace = |value: &str| json!([{"op": "Replace", "path": "active", "value": value}]);
    check_leniency(json!({"active": true}), replace("False"), json!({"active": false}), InvalidValue);
    let lower = json!([{"op": "replace", "path": "active", "value": "True"}]);
    check_leniency(json!({}), lower, json!({"active": true}), InvalidValue);
    check_leniency(
        json!({}),
        json!([{"op": "replace", "value": {"active": "False"}}]),
        json!({"active": false}),
        InvalidValue,
    );
    refused(json!({}), json!([{"op": "replace", "path": "active", "value": "yes"}]), InvalidValue, "active");
}

#[test]
fn entra_selects_a_role_by_a_boolean_as_text() {
    let replace = json!([{"op": "replace", "path": "roles[primary eq \"True\"].value", "value": "admin"}]);
    check_leniency(
        json!({"roles": [{"value": "user", "primary": true}, {"value": "other"}]}),
        replace.clone(),
        json!({"roles": [{"value": "admin", "primary": true}, {"value": "other"}]}),
        InvalidFilter,
    );
    check_leniency(
        json!({"roles": [{"value": "other"}]}),
        replace,
        json!({"roles": [{"value": "other"}, {"value": "admin", "primary": true}]}),
        InvalidFilter,
    );
    check_leniency(
        json!({"roles": [{"value": "a", "primary": true}, {"value": "b"}, {"value": "c", "type": "t"}]}),
        json!([{"op": "remove", "path": "roles[not (primary eq \"True\" or type pr)]"}]),
        json!({"roles": [{"value": "a", "primary": true}, {"value": "c", "type": "t"}]}),
        InvalidFilter,
    );
}

#[test]
fn entra_sets_the_value_of_an_element_that_is_not_there() {
    // RFC 7644 §3.5.2.1 adds what is not there; §3.5.2.3 has noTarget for replace.
    let creates = |current: Value, op: &str, path: &str, value: Value, expected: Value| {
        let operations = json!([{"op": op, "path": path, "value": value}]);
        if op == "add" {
            check(current, operations, expected);
        } else {
            check_leniency(current, operations, expected, NoTarget);
        }
    };
    for op in ["add", "replace"] {
        creates(
            json!({"emails": [{"value": "b@x", "type": "home"}]}),
            op,
            "emails[type eq \"work\"].value",
            json!("a@x"),
            json!({"emails": [{"value": "b@x", "type": "home"}, {"value": "a@x", "type": "work"}]}),
        );
        creates(
            json!({"emails": [{"value": "b@x", "primary": true}]}),
            op,
            "emails[type eq \"work\" and primary eq true].value",
            json!("a@x"),
            json!({"emails": [
                {"value": "b@x", "primary": false},
                {"value": "a@x", "type": "work", "primary": true}
            ]}),
        );
        creates(
            json!({}),
            op,
            "emails[type eq \"work\"]",
            json!({"VALUE": "a@x"}),
            json!({"emails": [{"value": "a@x", "type": "work"}]}),
        );
    }
    check(
        json!({}),
        json!([{"op": "add", "path": "emails[type eq \"Work\"].value", "value": "a@x"}]),
        json!({"emails": [{"value": "a@x", "type": "Work"}]}),
    );
    // Each part of one address is sent by itself; they make one address.
    check(
        json!({}),
        json!([
            {"op": "add", "path": "addresses[type eq \"work\"].formatted", "value": "f"},
            {"op": "add", "path": "addresses[type eq \"work\"].locality", "value": "l"},
            {"op": "add", "path": "addresses[type eq \"work\"].region", "value": "r"}
        ]),
        json!({"addresses": [{"type": "work", "formatted": "f", "locality": "l", "region": "r"}]}),
    );
}

#[test]
fn entra_sends_the_manager_in_many_forms() {
    let path = manager_path();
    let send = |op: &str, value: Value| json!([{"op": op, "path": path, "value": value}]);
    let (none, one) = (json!({}), manager(json!({"value": "1"})));
    check(none.clone(), send("add", json!({"value": "1"})), one.clone());
    check_leniency(none.clone(), send("add", json!("1")), one.clone(), InvalidValue);
    check_leniency(none.clone(), send("add", json!([{"value": "1"}])), one.clone(), InvalidValue);
    let full = || manager(json!({"value": "2", "$ref": "../Users/2", "displayName": "Two"}));
    check_leniency(full(), send("replace", json!("1")), one.clone(), InvalidValue);
    check_leniency(full(), send("replace", json!("2")), full(), InvalidValue);
    // Cleared, in each way that was seen.
    for value in [json!(""), json!([{"value": ""}])] {
        check_leniency(full(), send("replace", value), none.clone(), InvalidValue);
    }
    let lenient = TenantConfig::default();
    check_with(&lenient, "User", full(), send("replace", json!({"value": ""})), none.clone());
    check_with(&lenient, "User", full(), send("replace", json!({"value": null})), none.clone());
    check_with(&lenient, "User", full(), send("add", json!("")), full());
    let value = json!([{"op": "replace", "path": format!("{path}.value"), "value": ""}]);
    check_with(&lenient, "User", full(), value, none.clone());
    check(full(), send("replace", Value::Null), none.clone());
    check(full(), send("remove", Value::Null), none.clone());
    // By the letter, an empty string is a value, and null takes away one sub-attribute.
    let strict = strict();
    check_with(
        &strict,
        "User",
        one.clone(),
        send("replace", json!({"value": ""})),
        manager(json!({"value": ""})),
    );
    check_with(&strict, "User", one, send("replace", json!({"value": null})), none);
}

#[test]
fn entra_sends_roles_as_json_in_text() {
    let role =
        |name: &str| json!({"value": format!("{{\"id\":\"1\",\"value\":\"{name}\",\"displayName\":\"x\"}}")});
    let add = json!([{"op": "add", "path": "roles", "value": [role("Admin"), role("Reader")]}]);
    let lenient = TenantConfig::default();
    let roles = json!({"roles": [{"value": "Admin"}, {"value": "Reader"}]});
    check_with(&lenient, "User", json!({}), add.clone(), roles.clone());
    check_with(&lenient, "User", roles.clone(), add, roles);
    check_leniency(
        json!({}),
        json!([{"op": "replace", "path": "name", "value": "{\"givenName\": \"B\"}"}]),
        json!({"name": {"givenName": "B"}}),
        InvalidValue,
    );
    check_with(
        &strict(),
        "User",
        json!({}),
        json!([{"op": "add", "path": "roles", "value": [{"value": "{\"value\":\"Admin\"}"}]}]),
        json!({"roles": [{"value": "{\"value\":\"Admin\"}"}]}),
    );
    check_with(
        &lenient,
        "User",
        json!({}),
        json!([{"op": "add", "path": "roles", "value": [{"value": "{not json"}]}]),
        json!({"roles": [{"value": "{not json"}]}),
    );
    let wrapped = json!([{"op": "add", "path": "labels", "value": [{"value": "1"}]}]);
    check_with(&lenient, "Device", json!({}), wrapped.clone(), json!({"labels": ["1"]}));
    refused_with(&strict(), "Device", json!({}), wrapped, InvalidValue, "labels");
}

#[test]
fn entra_writes_paths_as_keys() {
    let value = json!({
        "displayName": "Babs",
        "name.givenName": "Barbara",
        "emails[type eq \"work\"].value": "a@x",
        "emails[type eq \"work\"].primary": true,
        format!("{ENTERPRISE}:department"): "Tours",
        format!("{ENTERPRISE}:manager.value"): "1",
        "name.shoe": 1,
        "urn:example:none:a": 1,
        "meta.created": "x",
        "a.b.c": 1
    });
    let operations = json!([{"op": "replace", "value": value}]);
    check_with(
        &TenantConfig::default(),
        "User",
        json!({"name": {"familyName": "Jensen"}}),
        operations.clone(),
        json!({
            "displayName": "Babs",
            "name": {"familyName": "Jensen", "givenName": "Barbara"},
            "emails": [{"value": "a@x", "type": "work", "primary": true}],
            ENTERPRISE: {"department": "Tours", "manager": {"value": "1"}}
        }),
    );
    let off = TenantConfig { verbose_patch: false, ..TenantConfig::default() };
    check_with(&off, "User", json!({}), operations, json!({"displayName": "Babs"}));
    let dotted = |key: &str| json!([{"op": "add", "value": {key: "x"}}]);
    let lenient = TenantConfig::default();
    refused_with(
        &lenient,
        "User",
        json!({}),
        dotted("emails[type eq].value"),
        InvalidFilter,
        "Operations[0]",
    );
    refused_with(&lenient, "User", json!({}), dotted("emails[shoe eq 1].value"), InvalidFilter, "shoe");
    check_with(&off, "User", json!({}), dotted("emails[type eq].value"), json!({}));
    let strict_off = TenantConfig { verbose_patch: false, ..strict() };
    refused_with(&strict_off, "User", json!({}), dotted("name.givenName"), InvalidSyntax, "name.givenName");
    refused_with(
        &strict(),
        "User",
        json!({}),
        dotted("name.shoe"),
        InvalidSyntax,
        "Operations[0]: name.shoe",
    );
    check_with(&strict(), "User", json!({}), dotted("name.givenName"), json!({"name": {"givenName": "x"}}));
    check(
        json!({}),
        json!([{"op": "add", "value": {ENTERPRISE: {"manager.value": "1"}}}]),
        manager(json!({"value": "1"})),
    );
}

#[test]
fn microsofts_validator_sends_no_operations() {
    check_leniency(json!({"title": "x"}), json!([]), json!({"title": "x"}), InvalidSyntax);
}

#[test]
fn entra_names_its_operations() {
    check_leniency(
        json!({}),
        json!([{"name": "addTitle", "op": "add", "path": "title", "value": "x"}]),
        json!({"title": "x"}),
        InvalidSyntax,
    );
}

#[test]
fn removal_of_listed_values() {
    let current = || {
        json!({"emails": [
            {"value": "a@x", "type": "work"},
            {"value": "a@x", "type": "home"},
            {"value": "b@x"}
        ]})
    };
    let lenient = TenantConfig::default();
    let remove = |value: Value| json!([{"op": "remove", "path": "emails", "value": value}]);
    let left = |indexes: &[usize]| {
        let emails: Vec<Value> = indexes.iter().map(|index| current()["emails"][*index].clone()).collect();
        json!({"emails": emails})
    };
    check_with(&lenient, "User", current(), remove(json!([{"value": "A@X"}])), left(&[2]));
    check_with(&lenient, "User", current(), remove(json!({"value": "a@x"})), left(&[2]));
    check_with(&lenient, "User", current(), remove(json!("b@x")), left(&[0, 1]));
    check_with(&lenient, "User", current(), remove(json!([{"value": "a@x", "type": "work"}])), left(&[1, 2]));
    check_with(&lenient, "User", current(), remove(json!([{"value": "none@x"}])), current());
    check_with(&lenient, "User", current(), remove(json!([])), current());
    let all = json!([{"value": "a@x"}, {"value": "b@x"}]);
    check_with(&lenient, "User", current(), remove(all), json!({}));
    check_with(&strict(), "User", current(), remove(json!([{"value": "a@x"}])), json!({}));
    let labels = json!([{"op": "remove", "path": "labels", "value": ["B"]}]);
    check_with(&lenient, "Device", json!({"labels": ["a", "b"]}), labels, json!({"labels": ["a"]}));
    check_with(
        &lenient,
        "User",
        json!({"addresses": [{"region": "CA", "country": "US"}, {"region": "CA"}]}),
        json!([{"op": "remove", "path": "addresses", "value": [{"region": "ca"}]}]),
        json!({"addresses": [{"region": "CA", "country": "US"}]}),
    );
}

#[test]
fn okta_deactivates_and_renames_without_a_path() {
    check(
        json!({"userName": "a", "active": true}),
        json!([{"op": "replace", "value": {"active": false}}]),
        json!({"userName": "a", "active": false}),
    );
    let group = group(2);
    let rename = json!([{"op": "replace", "value": {"id": group.id.to_string(), "displayName": "New"}}]);
    let outcome = apply(&TenantConfig::default(), &group, &rename).expect("applies");
    assert_eq!(outcome.attributes.map(Value::Object), Some(json!({"displayName": "New"})));
    assert!(outcome.members.is_none());
}
