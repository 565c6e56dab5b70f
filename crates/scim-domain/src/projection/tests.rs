//! Which attributes an answer shows (RFC 7643 §2.2, RFC 7644 §3.9).

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::error::ErrorKind;
use crate::representation::write_resource;
use crate::resource::Resource;
use crate::schema::core::{ENTERPRISE_USER_URN, GROUP_URN, USER_URN};
use crate::test_support::{BASE_URL, custom_type, resource, resource_type};

fn names(list: &str) -> Vec<String> {
    list.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

fn shown(resource: &Resource, projection: &Projection) -> Value {
    let mut out = Vec::new();
    write_resource(&mut out, &resource.clone().into(), projection, BASE_URL).expect("readable");
    serde_json::from_slice(&out).expect("JSON")
}

fn user() -> Resource {
    resource(
        &resource_type("User"),
        1,
        json!({
            "externalId": "e", "userName": "bjensen", "password": "secret",
            "name": {"givenName": "Barbara", "familyName": "Jensen"},
            "emails": [{"value": "a@example.com", "type": "work"}, {"type": "home"}],
            ENTERPRISE_USER_URN: {"employeeNumber": "7", "manager": {"value": "26118915"}},
        }),
    )
}

/// The paths of what is shown, without what is always there.
fn paths(answer: &Value) -> String {
    let mut paths = Vec::new();
    for (name, value) in answer.as_object().expect("an object") {
        if name == "id" || name == "schemas" {
            continue;
        }
        let name = if name == ENTERPRISE_USER_URN { "E" } else { name };
        let mut subs: Vec<&String> = Vec::new();
        for item in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
            subs.extend(item.as_object().into_iter().flat_map(|object| object.keys()));
        }
        subs.sort();
        subs.dedup();
        let subs: Vec<&str> = subs.into_iter().map(String::as_str).collect();
        paths.push(if subs.is_empty() { name.to_owned() } else { format!("{name}({})", subs.join(" ")) });
    }
    paths.sort();
    paths.join(" ")
}

#[track_caller]
fn check(attributes: &str, excluded: &str, expected: &str) {
    let projection =
        Projection::new(&resource_type("User"), &names(attributes), &names(excluded)).expect("a projection");
    let answer = shown(&user(), &projection);
    assert_eq!(paths(&answer), expected, "attributes={attributes} excludedAttributes={excluded}");
    let extended = answer.get(ENTERPRISE_USER_URN).is_some();
    let schemas = if extended { json!([USER_URN, ENTERPRISE_USER_URN]) } else { json!([USER_URN]) };
    assert_eq!(answer.get("schemas"), Some(&schemas));
    assert!(answer.get("id").is_some());
}

const META: &str = "meta(created lastModified location resourceType version)";

#[test]
fn without_lists_the_defaults_are_shown() {
    check(
        "",
        "",
        &format!(
            "E(employeeNumber manager) emails(type value) externalId {META} name(familyName givenName) userName"
        ),
    );
}

#[test]
fn attributes_names_what_is_shown() {
    check("userName", "", "userName");
    check("USERNAME,nothing,", "", "userName");
    check("nothing", "", "");
    check("name", "", "name(familyName givenName)");
    check("name.givenName", "", "name(givenName)");
    check("emails.value", "", "emails(value)");
    check("emails.display", "", "");
    check("meta.location", "", "meta(location)");
    check("externalId,meta", "", &format!("externalId {META}"));
    check(&format!("{USER_URN}:name.FAMILYNAME"), "", "name(familyName)");
    check(ENTERPRISE_USER_URN, "", "E(employeeNumber manager)");
    check(&ENTERPRISE_USER_URN.to_uppercase(), "", "E(employeeNumber manager)");
    check(&format!("{ENTERPRISE_USER_URN}:employeeNumber"), "", "E(employeeNumber)");
    check(&format!("{ENTERPRISE_USER_URN}:manager.displayName"), "", "");
    check(USER_URN, "", "emails(type value) name(familyName givenName) userName");
    check("password", "", "");
}

#[test]
fn excluded_attributes_names_what_is_left_out() {
    let rest = format!("externalId {META} name(familyName givenName) userName");
    check("", "emails,password,nothing", &format!("E(employeeNumber manager) {rest}"));
    check("", &format!("emails,{ENTERPRISE_USER_URN}"), &rest);
    check(
        "",
        &format!("emails.type,meta,name,externalId,{ENTERPRISE_USER_URN}:manager.value"),
        "E(employeeNumber) emails(value) userName",
    );
    check("", USER_URN, &format!("E(employeeNumber manager) externalId {META}"));
    check(
        "",
        "id,schemas",
        &format!(
            "E(employeeNumber manager) emails(type value) externalId {META} name(familyName givenName) userName"
        ),
    );
}

#[test]
fn both_lists_are_refused() {
    let error = Projection::new(&resource_type("User"), &names("a"), &names("b")).expect_err("both");
    assert_eq!(error.kind, ErrorKind::InvalidValue);
}

#[track_caller]
fn includes(name: &str, attributes: &str, excluded: &str, members: MemberInclude, groups: bool) {
    let projection =
        Projection::new(&resource_type(name), &names(attributes), &names(excluded)).expect("fits");
    assert_eq!(projection.include(), Include { members, groups });
}

#[test]
fn membership_is_read_only_where_it_is_shown() {
    includes("Group", "", "", MemberInclude::All, false);
    includes("Group", "", "MEMBERS", MemberInclude::None, false);
    includes("Group", "displayName", "", MemberInclude::None, false);
    includes("Group", "members.value", "", MemberInclude::All, false);
    includes("Group", "", "members.value", MemberInclude::All, false);
    includes("Group", GROUP_URN, "", MemberInclude::All, false);
    includes("User", "", "", MemberInclude::None, true);
    includes("User", "", "groups", MemberInclude::None, false);
    includes("User", "groups.value", "", MemberInclude::None, true);
}

#[test]
fn a_projection_knows_what_was_asked_for() {
    let user = resource_type("User");
    let of = |attributes: &str, excluded: &str| {
        let projection = Projection::new(&user, &names(attributes), &names(excluded)).expect("fits");
        (projection.is_default(), projection.has_asked_attributes())
    };
    assert_eq!(of("", ""), (true, false));
    assert_eq!(of("nothing", ""), (false, true));
    assert_eq!(of("", "nothing"), (false, false));
}

/// `a` is always, `d` default, `r` on request, `n` never; so are their sub-attributes.
fn every_kind() -> Value {
    let kinds = [("a", "always"), ("d", "default"), ("r", "request"), ("n", "never")];
    let subs: Vec<Value> = kinds
        .iter()
        .map(|(name, returned)| json!({"name": name, "type": "string", "returned": returned}))
        .collect();
    kinds
        .iter()
        .map(|(name, returned)| {
            json!({"name": name, "type": "complex", "multiValued": true, "returned": returned, "subAttributes": subs})
        })
        .collect()
}

fn thing() -> Resource {
    let value = json!([{"a": "1", "d": "1", "r": "1", "n": "1"}]);
    resource(&custom_type(every_kind()), 1, json!({"a": value, "d": value, "r": value, "n": value}))
}

#[track_caller]
fn check_kinds(attributes: &str, excluded: &str, written: &[&str], expected: &str) {
    let thing = thing();
    let written: Vec<AttributeRef> =
        written.iter().map(|path| thing.resource_type.attribute_at(path).expect("known")).collect();
    let projection =
        Projection::for_write(&thing.resource_type, &names(attributes), &names(excluded), &written)
            .expect("fits");
    let mut answer = shown(&thing, &projection);
    answer.as_object_mut().expect("an object").remove("meta");
    assert_eq!(paths(&answer), expected, "attributes={attributes} excludedAttributes={excluded}");
}

#[test]
fn returned_is_honoured() {
    check_kinds("", "", &[], "a(a d) d(a d)");
    check_kinds("d", "", &[], "a(a d) d(a d)");
    check_kinds("d.r", "", &[], "a(a d) d(a r)");
    check_kinds("d,d.r", "", &[], "a(a d) d(a d r)");
    check_kinds("r", "", &[], "a(a d) r(a d)");
    check_kinds("r.d", "", &[], "a(a d) r(a d)");
    check_kinds("n,n.d,d.n", "", &[], "a(a d)");
    check_kinds("a.r", "", &[], "a(a d r)");
    check_kinds("urn:example:Thing", "", &[], "a(a d) d(a d)");
    check_kinds("", "a,d,r", &[], "a(a d)");
    check_kinds("", "a.a,a.d,d.a,d.d", &[], "a(a) d(a)");
    check_kinds("", "urn:example:Thing", &[], "a(a d)");
}

#[test]
fn what_is_returned_on_request_is_shown_where_the_request_wrote_it() {
    check_kinds("", "", &["r", "d.r", "n", "d.n"], "a(a d) d(a d r) r(a d)");
    check_kinds("", "r,d.r", &["r", "d.r"], "a(a d) d(a d)");
    check_kinds("d", "", &["r", "d.r"], "a(a d) d(a d)");
    let resource_type = custom_type(every_kind());
    let body = json!({"R": [{"R": 1}], "urn:example:Thing:d": {"n": 1, "r": 1}, "x": 1,
        ENTERPRISE_USER_URN: {"manager": {"value": 1}}});
    let mut written: Vec<String> =
        written_attributes(&resource_type, &body).iter().map(ToString::to_string).collect();
    written.sort();
    assert_eq!(written, ["d.r", "r", "r.r"], "the others are shown or not, written or not");
}

fn any_name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[adrnADRN]",
        "[adrnx]\\.[adrnx]",
        "urn:example:Thing(:[adrn](\\.[adrn])?)?",
        Just(ENTERPRISE_USER_URN.to_owned()),
        "\\PC{0,8}",
    ]
}

proptest! {
    #[test]
    fn never_is_never_shown_and_always_always(
        list in prop::collection::vec(any_name(), 0..6), exclude: bool, write: bool,
    ) {
        let thing = thing();
        let (attributes, excluded) = if exclude { (&[][..], &list[..]) } else { (&list[..], &[][..]) };
        let everything: Vec<AttributeRef> = ["a", "d", "r", "n", "a.n", "d.n", "r.n", "n.n"]
            .iter()
            .filter_map(|path| thing.resource_type.attribute_at(path))
            .filter(|_| write)
            .collect();
        let projection = Projection::for_write(&thing.resource_type, attributes, excluded, &everything)
            .expect("one list only");
        let answer = shown(&thing, &projection);
        prop_assert!(answer.get("n").is_none());
        for name in ["a", "d", "r"] {
            if let Some(value) = answer.get(name) {
                prop_assert!(value.pointer("/0/n").is_none());
                prop_assert!(value.pointer("/0/a").is_some());
            }
        }
        prop_assert!(answer.get("a").is_some());
        prop_assert!(answer.get("id").is_some());
    }
}
