//! What add, replace and remove do, and what they are not allowed to do.

use serde_json::json;

use super::*;
use ErrorKind::{InvalidFilter, InvalidPath, InvalidSyntax, InvalidValue, Mutability, NoTarget, TooMany};

fn two_emails() -> Value {
    json!({"emails": [{"value": "a@x", "type": "work"}, {"value": "b@x", "type": "home"}]})
}

#[test]
fn add() {
    check(json!({}), json!([{"op": "add", "path": "title", "value": "x"}]), json!({"title": "x"}));
    check(
        json!({"title": "x"}),
        json!([{"op": "add", "path": "title", "value": "y"}]),
        json!({"title": "y"}),
    );
    check(
        json!({"title": "x"}),
        json!([{"op": "add", "path": "title", "value": "x"}]),
        json!({"title": "x"}),
    );
    check(
        json!({"title": "x"}),
        json!([{"op": "add", "path": "title", "value": null}]),
        json!({"title": "x"}),
    );
    check(
        json!({"name": {"familyName": "J", "givenName": "B"}}),
        json!([{"op": "add", "path": "name", "value": {"givenName": "C", "middleName": "D", "familyName": null}}]),
        json!({"name": {"familyName": "J", "givenName": "C", "middleName": "D"}}),
    );
    check(
        json!({}),
        json!([{"op": "add", "path": "name.givenName", "value": "B"}]),
        json!({"name": {"givenName": "B"}}),
    );
}

#[test]
fn add_to_a_multi_valued_attribute_appends_and_never_repeats() {
    let three = json!({"emails": [
        {"value": "a@x", "type": "work"},
        {"value": "b@x", "type": "home"},
        {"value": "c@x", "type": "work"}
    ]});
    let new = json!([{"value": "c@x", "type": "work"}]);
    check(two_emails(), json!([{"op": "add", "path": "emails", "value": new}]), three.clone());
    check(two_emails(), json!([{"op": "add", "path": "emails", "value": new[0]}]), three.clone());
    check(two_emails(), json!([{"op": "add", "value": {"emails": new}}]), three.clone());
    check(three.clone(), json!([{"op": "add", "path": "emails", "value": new}]), three.clone());
    check(two_emails(), json!([{"op": "add", "path": "emails", "value": [new[0], new[0]]}]), three);
    check(two_emails(), json!([{"op": "add", "path": "emails", "value": []}]), two_emails());
    // The same value with another type is another element; the same type and value are the same one.
    check(
        json!({"emails": [{"value": "a@x", "type": "work", "display": "A"}]}),
        json!([{"op": "add", "path": "emails", "value": [
            {"value": "a@x", "type": "home"},
            {"value": "A@X", "type": "Work", "primary": true}
        ]}]),
        json!({"emails": [
            {"value": "A@X", "type": "Work", "display": "A", "primary": true},
            {"value": "a@x", "type": "home"}
        ]}),
    );
    check_device(
        json!({"labels": ["a"]}),
        json!([{"op": "add", "path": "labels", "value": ["b", "A", "b"]}]),
        json!({"labels": ["a", "b"]}),
    );
}

#[test]
fn replace() {
    check(json!({}), json!([{"op": "replace", "path": "title", "value": "x"}]), json!({"title": "x"}));
    check(
        json!({"title": "x"}),
        json!([{"op": "replace", "path": "title", "value": "y"}]),
        json!({"title": "y"}),
    );
    check(json!({"title": "x"}), json!([{"op": "replace", "path": "title", "value": null}]), json!({}));
    check(json!({"title": "x"}), json!([{"op": "replace", "value": {"title": null}}]), json!({}));
    check(two_emails(), json!([{"op": "replace", "path": "emails", "value": []}]), json!({}));
    check(two_emails(), json!([{"op": "replace", "path": "emails", "value": null}]), json!({}));
    check(
        two_emails(),
        json!([{"op": "replace", "path": "emails", "value": [{"value": "c@x"}]}]),
        json!({"emails": [{"value": "c@x"}]}),
    );
    // Sub-attributes that are not given are left unchanged, null removes one.
    check(
        json!({"name": {"familyName": "J", "givenName": "B"}}),
        json!([{"op": "replace", "path": "name", "value": {"givenName": null, "middleName": "D"}}]),
        json!({"name": {"familyName": "J", "middleName": "D"}}),
    );
    check(
        json!({"name": {"familyName": "J"}}),
        json!([{"op": "replace", "path": "name", "value": {}}]),
        json!({"name": {"familyName": "J"}}),
    );
    check(
        json!({"name": {"familyName": "J"}}),
        json!([{"op": "replace", "value": {"name": {"givenName": "B"}}}]),
        json!({"name": {"familyName": "J", "givenName": "B"}}),
    );
}

#[test]
fn remove() {
    check(json!({"title": "x"}), json!([{"op": "remove", "path": "title"}]), json!({}));
    check(json!({"title": "x"}), json!([{"op": "remove", "path": "nickName"}]), json!({"title": "x"}));
    check(two_emails(), json!([{"op": "remove", "path": "emails"}]), json!({}));
    check(two_emails(), json!([{"op": "remove", "path": "emails", "value": null}]), json!({}));
    check(
        json!({"name": {"givenName": "B"}}),
        json!([{"op": "remove", "path": "name.givenName"}]),
        json!({}),
    );
    check(two_emails(), json!([{"op": "remove", "path": "emails[value pr]"}]), json!({}));
    check(
        two_emails(),
        json!([{"op": "remove", "path": "emails[type eq \"work\"].type"}]),
        json!({"emails": [{"value": "a@x"}, {"value": "b@x", "type": "home"}]}),
    );
    check(json!({"emails": [{"type": "work"}]}), json!([{"op": "remove", "path": "emails.type"}]), json!({}));
    check(
        json!({"emails": [{"type": "work"}, {"value": "a@x", "type": "home"}]}),
        json!([{"op": "remove", "path": "emails[type pr].type"}]),
        json!({"emails": [{"value": "a@x"}]}),
    );
    refused(
        json!({"title": "x"}),
        json!([{"op": "remove"}]),
        NoTarget,
        "Operations[0]: path: required for 'remove'",
    );
    refused(json!({}), json!([{"op": "remove", "path": core::USER_URN}]), NoTarget, "path: required");
}

#[test]
fn an_operation_sees_what_the_one_before_has_done() {
    check(
        json!({}),
        json!([
            {"op": "add", "path": "emails", "value": [{"value": "a@x", "type": "work"}]},
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "b@x"},
            {"op": "add", "path": "title", "value": "x"},
            {"op": "remove", "path": "title"}
        ]),
        json!({"emails": [{"value": "b@x", "type": "work"}]}),
    );
}

#[test]
fn any_filter_selects_elements() {
    let current = || {
        json!({"emails": [
            {"value": "a@x", "type": "work", "primary": true},
            {"value": "b@x", "type": "home"},
            {"value": "c@x"}
        ]})
    };
    let marked = |filter: &str, marks: [bool; 3]| {
        let mut expected = current();
        for (index, mark) in marks.into_iter().enumerate() {
            if mark {
                expected["emails"][index]["display"] = json!("!");
            }
        }
        let path = format!("emails[{filter}].display");
        check(current(), json!([{"op": "replace", "path": path, "value": "!"}]), expected);
    };
    marked("type eq \"work\"", [true, false, false]);
    marked("type ne \"work\"", [false, true, true]);
    marked("primary eq true", [true, false, false]);
    marked("primary ne true", [false, true, true]);
    marked("type pr", [true, true, false]);
    marked("not (type pr)", [false, false, true]);
    marked("type eq \"work\" and primary eq true", [true, false, false]);
    marked("type eq \"work\" or value eq \"c@x\"", [true, false, true]);
    marked("value sw \"a\" or value ew \"x\"", [true, true, true]);
    marked("value co \"@\" and not (primary eq true)", [false, true, true]);
    marked("TYPE EQ \"WORK\"", [true, false, false]);
}

#[test]
fn selected_elements_merge_and_go() {
    check(
        two_emails(),
        json!([{"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": "c@x"}}]),
        json!({"emails": [{"value": "c@x", "type": "work"}, {"value": "b@x", "type": "home"}]}),
    );
    check(
        two_emails(),
        json!([{"op": "add", "path": "emails[type eq \"work\"]", "value": {"display": "A"}}]),
        json!({"emails": [{"value": "a@x", "type": "work", "display": "A"}, {"value": "b@x", "type": "home"}]}),
    );
    check(
        two_emails(),
        json!([{"op": "replace", "path": "emails[type eq \"work\"]", "value": null}]),
        json!({"emails": [{"value": "b@x", "type": "home"}]}),
    );
    check(
        two_emails(),
        json!([{"op": "replace", "path": "emails.type", "value": "other"}]),
        json!({"emails": [{"value": "a@x", "type": "other"}, {"value": "b@x", "type": "other"}]}),
    );
    check(
        json!({}),
        json!([{"op": "replace", "path": "emails.value", "value": "a@x"}]),
        json!({"emails": [{"value": "a@x"}]}),
    );
}

#[test]
fn a_filter_selects_among_simple_values_too() {
    let current = || json!({"labels": ["a", "b", "c"]});
    let remove = |filter: &str| json!([{"op": "remove", "path": format!("labels[{filter}]")}]);
    check_device(current(), remove("value eq \"A\""), json!({"labels": ["b", "c"]}));
    check_device(current(), remove("value eq \"a\" or value gt \"b\""), json!({"labels": ["b"]}));
    check_device(current(), remove("value pr"), json!({}));
    check_device(
        current(),
        json!([{"op": "replace", "path": "labels[value eq \"b\"]", "value": "d"}]),
        json!({"labels": ["a", "d", "c"]}),
    );
    refused_device(current(), remove("type eq \"b\""), InvalidFilter, "type");
    for op in ["add", "replace"] {
        let change = json!([{"op": op, "path": "labels[value eq \"x\"]", "value": "d"}]);
        refused_device(current(), change, NoTarget, "labels[value eq \"x\"]: no element");
    }
}

#[test]
fn a_filter_that_selects_nothing() {
    check_leniency(
        two_emails(),
        json!([{"op": "remove", "path": "emails[type eq \"other\"]"}]),
        two_emails(),
        NoTarget,
    );
    for filter in ["type ne \"x\" and value pr", "type eq \"a\" or type eq \"b\"", "type eq null", "type pr"]
    {
        let path = format!("emails[{filter}].value");
        refused(json!({}), json!([{"op": "replace", "path": path, "value": "x"}]), NoTarget, "no element");
        refused(
            json!({}),
            json!([{"op": "add", "path": path, "value": "x"}]),
            NoTarget,
            "Operations[0]: emails[",
        );
    }
    refused(
        json!({}),
        json!([{"op": "replace", "path": "emails[type eq \"a\" and type eq \"b\"].value", "value": "x"}]),
        NoTarget,
        "no element",
    );
}

#[test]
fn one_element_is_primary() {
    let current = || json!({"emails": [{"value": "a@x", "primary": true}, {"value": "b@x"}, {"value": "c@x", "primary": false}]});
    let expected = json!({"emails": [
        {"value": "a@x", "primary": false},
        {"value": "b@x", "primary": true},
        {"value": "c@x", "primary": false}
    ]});
    let set = |op: &str| json!([{"op": op, "path": "emails[value eq \"b@x\"].primary", "value": true}]);
    check(current(), set("replace"), expected.clone());
    check(current(), set("add"), expected.clone());
    check(
        current(),
        json!([{"op": "replace", "path": "emails[value eq \"b@x\"]", "value": {"PRIMARY": true}}]),
        expected.clone(),
    );
    check(
        current(),
        json!([{"op": "add", "path": "emails", "value": [{"value": "b@x", "primary": true}]}]),
        expected,
    );
    check(
        json!({"emails": [{"value": "a@x", "primary": true}]}),
        json!([{"op": "add", "path": "emails", "value": [{"value": "d@x", "primary": true}]}]),
        json!({"emails": [{"value": "a@x", "primary": false}, {"value": "d@x", "primary": true}]}),
    );
    refused(
        current(),
        json!([{"op": "replace", "path": "emails.primary", "value": true}]),
        InvalidValue,
        "expected primary to be true in at most one element, got 3",
    );
    let two = json!([{"value": "d@x", "primary": true}, {"value": "e@x", "primary": true}]);
    refused(current(), json!([{"op": "add", "path": "emails", "value": two}]), InvalidValue, "primary");
    refused(current(), json!([{"op": "replace", "path": "emails", "value": two}]), InvalidValue, "primary");
}

#[test]
fn paths_that_name_nothing() {
    let add = |path: &str| json!([{"op": "add", "path": path, "value": "x"}]);
    for path in ["shoeSize", "name.shoe", "emails[type eq \"work\"].shoe", "manager", "urn:example:none:a"] {
        refused(json!({}), add(path), InvalidPath, "names no attribute of User");
    }
    for path in ["", "title.", "name.givenName.x", "emails[type eq \"a\"].", "a b"] {
        refused_with(&strict(), "User", json!({}), add(path), ErrorKind::InvalidPath, "Operations[0]");
    }
    refused(json!({}), add("emails[type xx 1]"), InvalidFilter, "Operations[0]");
    refused(json!({}), add("emails["), InvalidFilter, "Operations[0]");
    refused(json!({}), add("emails[shoe eq 1]"), InvalidFilter, "shoe");
    refused(json!({}), add("name[givenName eq \"a\"]"), InvalidPath, "has one value");
    refused(json!({}), add("title[value eq \"a\"]"), InvalidPath, "has one value");
}

#[test]
fn paths_with_urns() {
    check(
        json!({}),
        json!([{"op": "add", "path": format!("{}:name.givenName", core::USER_URN), "value": "B"}]),
        json!({"name": {"givenName": "B"}}),
    );
    let ext = |value: Value| json!([{"op": "replace", "path": ENTERPRISE, "value": value}]);
    let current = || json!({"title": "x", ENTERPRISE: {"department": "a", "division": "b"}});
    check(
        current(),
        ext(json!({"department": "c", "costCenter": "d"})),
        json!({"title": "x", ENTERPRISE: {"department": "c", "division": "b", "costCenter": "d"}}),
    );
    check(current(), ext(Value::Null), json!({"title": "x"}));
    check(current(), json!([{"op": "remove", "path": ENTERPRISE.to_uppercase()}]), json!({"title": "x"}));
    check(current(), json!([{"op": "add", "path": ENTERPRISE, "value": null}]), current());
    check(
        current(),
        json!([{"op": "replace", "value": {ENTERPRISE: {"department": null}, "title": "y"}}]),
        json!({"title": "y", ENTERPRISE: {"division": "b"}}),
    );
    check(
        json!({ENTERPRISE: {"manager": {"value": "1"}}}),
        json!([{"op": "remove", "path": format!("{ENTERPRISE}:manager.value")}]),
        json!({}),
    );
    check(
        json!({}),
        json!([{"op": "add", "path": core::USER_URN, "value": {"title": "x"}}]),
        json!({"title": "x"}),
    );
    check(
        json!({}),
        json!([{"op": "add", "value": {core::USER_URN: {"title": "x"}}}]),
        json!({"title": "x"}),
    );
    refused(json!({}), ext(json!("x")), InvalidValue, "expected an object");
    refused(
        json!({}),
        json!([{"op": "add", "path": format!("{ENTERPRISE}:shoe"), "value": 1}]),
        InvalidPath,
        "names no attribute",
    );
}

#[test]
fn values_are_checked() {
    refused(json!({}), json!([{"op": "add", "path": "title"}]), InvalidValue, "value: required");
    refused(json!({}), json!([{"op": "replace"}]), InvalidValue, "value: required");
    refused(
        json!({}),
        json!([{"op": "add", "value": "x"}]),
        InvalidValue,
        "expected an object of attributes",
    );
    refused(
        json!({}),
        json!([{"op": "add", "value": null}]),
        InvalidValue,
        "expected an object of attributes",
    );
    refused(
        json!({}),
        json!([{"op": "add", "path": "title", "value": 1}]),
        InvalidValue,
        "title: expected a string",
    );
    refused(
        json!({}),
        json!([{"op": "add", "path": "name", "value": 1}]),
        InvalidValue,
        "name: expected an object",
    );
    refused(
        json!({}),
        json!([{"op": "add", "path": "title", "value": "x"}, {"op": "add", "path": "emails", "value": [{"value": 1}]}]),
        InvalidValue,
        "Operations[1]: emails.value: expected a string, got a number",
    );
    refused(
        two_emails(),
        json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": {"a": 1}}]),
        InvalidValue,
        "emails.value: expected a string",
    );
}

#[test]
fn unknown_attributes_in_values() {
    let title = json!({"title": "x"});
    check_leniency(
        json!({}),
        json!([{"op": "add", "value": {"title": "x", "shoe": 1}}]),
        title.clone(),
        InvalidSyntax,
    );
    check_leniency(
        title.clone(),
        json!([{"op": "add", "path": "name", "value": {"shoe": 1}}]),
        title.clone(),
        InvalidSyntax,
    );
    check_leniency(
        title.clone(),
        json!([{"op": "add", "value": {ENTERPRISE: {"shoe": 1}}}]),
        title,
        InvalidSyntax,
    );
}

#[test]
fn read_only_attributes() {
    for path in ["id", "meta", "meta.created", "schemas", "groups", "groups.value", "groups[value eq \"1\"]"]
    {
        for op in ["add", "replace", "remove"] {
            refused(json!({}), json!([{"op": op, "path": path, "value": "x"}]), Mutability, "readOnly");
        }
    }
    let path = format!("{ENTERPRISE}:manager.displayName");
    refused(
        json!({}),
        json!([{"op": "replace", "path": path, "value": "x"}]),
        Mutability,
        "manager.displayName",
    );
    check(
        json!({}),
        json!([{"op": "replace", "value": {
            "id": "x", "meta": {}, "schemas": [], "groups": [{"value": "1"}], "title": "x",
            ENTERPRISE: {"manager": {"value": "1", "displayName": "x"}}
        }}]),
        json!({"title": "x", ENTERPRISE: {"manager": {"value": "1"}}}),
    );
}

#[test]
fn immutable_attributes_are_written_once() {
    let set = |op: &str, value: Value| json!([{"op": op, "path": "serial", "value": value}]);
    check_device(json!({}), set("add", json!("s")), json!({"serial": "s"}));
    check_device(json!({}), set("replace", json!("s")), json!({"serial": "s"}));
    check_device(json!({"serial": "s"}), set("add", json!("S")), json!({"serial": "s"}));
    refused_device(json!({"serial": "s"}), set("add", json!("t")), Mutability, "serial: immutable");
    refused_device(json!({"serial": "s"}), set("replace", json!("t")), Mutability, "serial: immutable");
    refused_device(json!({"serial": "s"}), set("replace", Value::Null), Mutability, "serial: immutable");
    refused_device(json!({"serial": "s"}), json!([{"op": "remove", "path": "serial"}]), Mutability, "serial");
    check_device(json!({}), json!([{"op": "remove", "path": "serial"}]), json!({}));
    let keys = |op: &str, keys: Value| json!([{"op": op, "path": "keys", "value": keys}]);
    check_device(json!({}), keys("add", json!(["a", "b"])), json!({"keys": ["a", "b"]}));
    check_device(json!({"keys": ["a", "b"]}), keys("add", json!(["a"])), json!({"keys": ["a", "b"]}));
    check_device(
        json!({"keys": ["a", "b"]}),
        keys("replace", json!(["b", "a"])),
        json!({"keys": ["a", "b"]}),
    );
    refused_device(json!({"keys": ["a"]}), keys("add", json!(["b"])), Mutability, "keys: immutable");
    // A sub-attribute of an element is fixed, the element may go.
    let ports = || json!({"ports": [{"number": 1, "value": "a"}]});
    let path = "ports[number eq 1]";
    refused_device(
        ports(),
        json!([{"op": "replace", "path": format!("{path}.value"), "value": "b"}]),
        Mutability,
        "ports.value",
    );
    refused_device(
        ports(),
        json!([{"op": "replace", "path": path, "value": {"value": "b"}}]),
        Mutability,
        "ports.value",
    );
    refused_device(
        ports(),
        json!([{"op": "remove", "path": format!("{path}.value")}]),
        Mutability,
        "ports.value",
    );
    check_device(ports(), json!([{"op": "replace", "path": format!("{path}.value"), "value": "a"}]), ports());
    check_device(ports(), json!([{"op": "remove", "path": path}]), json!({}));
    let built = |text: &str| json!([{"op": "replace", "path": "site.built", "value": text}]);
    let site = || json!({"site": {"street": "s", "built": "2020-01-01T00:00:00Z"}});
    check_device(site(), built("2020-01-01T01:00:00+01:00"), site());
    refused_device(site(), built("2021-01-01T00:00:00Z"), Mutability, "site.built");
}

#[test]
fn required_attributes_stay() {
    refused(
        json!({"userName": "a"}),
        json!([{"op": "remove", "path": "userName"}]),
        Mutability,
        "userName: required",
    );
    refused(
        json!({"userName": "a"}),
        json!([{"op": "replace", "path": "userName", "value": null}]),
        Mutability,
        "Operations[0]: userName: required",
    );
    refused(
        json!({"userName": "a"}),
        json!([{"op": "replace", "path": "userName", "value": ""}]),
        InvalidValue,
        "Operations[0]: userName: required",
    );
    // What is not touched blocks nothing.
    check(json!({}), json!([{"op": "add", "path": "title", "value": "x"}]), json!({"title": "x"}));
    refused_device(
        json!({"site": {"street": "s", "city": "c"}}),
        json!([{"op": "remove", "path": "site.street"}]),
        Mutability,
        "site.street: required",
    );
    refused_device(
        json!({}),
        json!([{"op": "add", "path": "site.city", "value": "c"}]),
        InvalidValue,
        "site.street: required",
    );
    check_device(
        json!({}),
        json!([
            {"op": "add", "path": "site.city", "value": "c"},
            {"op": "add", "path": "site.street", "value": "s"}
        ]),
        json!({"site": {"street": "s", "city": "c"}}),
    );
    refused_device(
        json!({}),
        json!([{"op": "add", "path": "ports", "value": [{"open": true}]}]),
        InvalidValue,
        "ports[0].number",
    );
    refused_device(
        json!({}),
        json!([{"op": "add", "path": format!("{TAG_URN}:note"), "value": "n"}]),
        InvalidValue,
        "owner: required",
    );
    refused_device(
        json!({TAG_URN: {"owner": "o"}}),
        json!([{"op": "remove", "path": TAG_URN}]),
        Mutability,
        "owner",
    );
    refused_device(
        json!({TAG_URN: {"note": "n"}}),
        json!([{"op": "remove", "path": format!("{TAG_URN}:note")}]),
        Mutability,
        TAG_URN,
    );
}

#[test]
fn sub_attributes_may_be_lists() {
    let doors = |op: &str, doors: Value| json!([{"op": op, "path": "site.doors", "value": doors}]);
    let site = |doors: Value| json!({"site": {"street": "s", "doors": doors}});
    check_device(site(json!(["a"])), doors("add", json!(["b", "a"])), site(json!(["a", "b"])));
    check_device(site(json!(["a"])), doors("replace", json!(["b"])), site(json!(["b"])));
    check_device(
        site(json!(["a"])),
        json!([{"op": "add", "path": "site", "value": {"doors": ["b"], "zone": "z"}}]),
        site(json!(["a", "b"])),
    );
    check_device(
        site(json!(["a"])),
        json!([{"op": "remove", "path": "site.doors"}]),
        json!({"site": {"street": "s"}}),
    );
}

#[test]
fn junk_is_never_stored() {
    // Core URNs, upper-case names and dotted names end where the schema says.
    for path in [
        "TITLE",
        "urn:ietf:params:scim:schemas:core:2.0:User:title",
        "URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER:TITLE",
    ] {
        check(json!({}), json!([{"op": "add", "path": path, "value": "x"}]), json!({"title": "x"}));
        check(json!({"title": "y"}), json!([{"op": "remove", "path": path}]), json!({}));
    }
    check(json!({}), json!([{"op": "add", "value": {"TITLE": "x"}}]), json!({"title": "x"}));
    check(
        json!({}),
        json!([{"op": "add", "path": "NAME.GIVENNAME", "value": "x"}]),
        json!({"name": {"givenName": "x"}}),
    );
    check(
        json!({}),
        json!([{"op": "add", "path": "Emails", "value": [{"VALUE": "a@x", "Type": "work"}]}]),
        json!({"emails": [{"value": "a@x", "type": "work"}]}),
    );
}

#[test]
fn work_is_bounded() {
    #[track_caller]
    fn refused(emails: Vec<Value>, operations: Vec<Value>) {
        let current = resource("User", json!({"emails": emails}));
        let error = apply(&TenantConfig::default(), &current, &json!(operations)).expect_err("too much");
        assert_eq!(error.kind, TooMany, "{}", error.detail);
        assert!(error.detail.starts_with("Operations["), "{}", error.detail);
    }
    let small = |count: usize| (0..count).map(|number| json!({"value": format!("{number}")})).collect();
    let large =
        |count: usize| (0..count).map(|number| json!({"value": "x".repeat(100_000 + number)})).collect();
    let select = |filter: &str| json!({"op": "replace", "path": format!("emails[{filter}]"), "value": null});
    let add = json!({"op": "add", "path": "emails", "value": [{"value": "x"}]});
    let remove = json!({"op": "remove", "path": "emails", "value": [{"value": "x"}]});
    // Many operations on many elements.
    refused(small(4000), vec![select("type eq \"x\""); 4000]);
    // On a few large ones.
    for operation in [select("value eq \"x\""), add, remove] {
        refused(large(10), vec![operation; 4000]);
    }
    // One operation with a long filter.
    let filter = vec!["value eq \"x\""; 800].join(" or ");
    refused(small(10_000), vec![select(&filter)]);
    // A value that is copied into many elements.
    let copied = json!({"op": "replace", "path": "emails.display", "value": "x".repeat(500_000)});
    refused(small(10_000), vec![copied]);
}
