//! The representations that RFC 7643 §8.1 to §8.4 shows are what clients send: all of them validate, by
//! the letter too. The fixtures are the figures' text, with the certificate on one line.

use std::collections::BTreeSet;

use scim_domain::identifier::ResourceId;
use scim_domain::json;
use scim_domain::schema::TenantSchema;
use scim_domain::tenant::TenantConfig;
use scim_domain::validation::SchemaValidator;
use serde_json::{Value, json};

const MINIMAL_USER: &str = include_str!("../fixtures/rfc7643/minimal_user.json");
const FULL_USER: &str = include_str!("../fixtures/rfc7643/full_user.json");
const ENTERPRISE_USER: &str = include_str!("../fixtures/rfc7643/enterprise_user.json");
const GROUP: &str = include_str!("../fixtures/rfc7643/group.json");

/// What is stored of a figure: all of it but `without`, which the service provider makes.
#[track_caller]
fn check(resource_type: &str, figure: &str, without: &[&str], members: Option<&[&str]>) {
    let body = json::parse(figure.as_bytes()).expect("JSON");
    let mut expected = body.clone();
    for pointer in without {
        let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
        let parent = expected.pointer_mut(parent).and_then(Value::as_object_mut).expect("an object");
        assert!(parent.remove(name).is_some(), "{pointer} is in the figure");
    }
    let members: Option<BTreeSet<ResourceId>> =
        members.map(|ids| ids.iter().map(|id| ResourceId::parse(id).expect("an id")).collect());
    let schema = TenantSchema::rfc7643().expect("compiles");
    let resource_type = schema.resource_type(resource_type).expect("a type");
    for strict_mode in [false, true] {
        let config = TenantConfig { strict_mode, ..TenantConfig::default() };
        let draft = SchemaValidator::new(resource_type, &config).create(&body).expect("valid");
        assert_eq!(Value::Object(draft.attributes), expected, "strict: {strict_mode}");
        assert_eq!(draft.members, members, "strict: {strict_mode}");
    }
}

#[test]
fn figure_3_minimal_user() {
    check("User", MINIMAL_USER, &["/schemas", "/id", "/meta"], None);
}

#[test]
fn figure_4_full_user() {
    check("User", FULL_USER, &["/schemas", "/id", "/meta", "/groups"], None);
}

#[test]
fn figure_5_enterprise_user() {
    let manager_name = "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/manager/displayName";
    check("User", ENTERPRISE_USER, &["/schemas", "/id", "/meta", "/groups", manager_name], None);
}

#[test]
fn figure_6_group() {
    let members = ["2819c223-7f76-453a-919d-413861904646", "902c246b-6245-4190-8e05-00816be7344a"];
    check("Group", GROUP, &["/schemas", "/id", "/meta", "/members"], Some(&members));
}

#[test]
fn a_figure_with_a_slip_is_refused() {
    let mut body: Value = serde_json::from_str(FULL_USER).expect("JSON");
    body["emails"][1]["primary"] = json!(true);
    let schema = TenantSchema::rfc7643().expect("compiles");
    let config = TenantConfig::default();
    let user = schema.resource_type("User").expect("User");
    let error = SchemaValidator::new(user, &config).create(&body).expect_err("two are primary");
    assert_eq!(error.detail, "emails: expected primary to be true in at most one element, got 2");
}
