//! What a GET answers can be sent back in a PUT (RFC 7644 §3.5.1), by the letter too, and changes nothing.

use std::sync::Arc;

use scim_domain::identifier::{ResourceId, Timestamp, Version};
use scim_domain::json;
use scim_domain::projection::Projection;
use scim_domain::representation::write_resource;
use scim_domain::resource::{Attributes, GroupMembership, Member, Resource};
use scim_domain::schema::{ResourceType, TenantSchema};
use scim_domain::tenant::TenantConfig;
use scim_domain::validation::SchemaValidator;
use serde_json::{Value, json};

const FULL_USER: &str = include_str!("../fixtures/rfc7643/full_user.json");
const ENTERPRISE_USER: &str = include_str!("../fixtures/rfc7643/enterprise_user.json");
const BASE_URL: &str = "https://example.com/scim/v2";
const HASH: &str = "$argon2id$v=19$hash";

fn id(last: char) -> ResourceId {
    ResourceId::parse(&format!("01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a0{last}")).expect("an id")
}

fn resource_type(name: &str) -> Arc<ResourceType> {
    Arc::clone(TenantSchema::rfc7643().expect("compiles").resource_type(name).expect("a type"))
}

fn resource(resource_type: &Arc<ResourceType>, attributes: Attributes) -> Resource {
    let moment = Timestamp::new(time::macros::datetime!(2026-01-01 0:00 UTC));
    Resource {
        id: id('0'),
        resource_type: Arc::clone(resource_type),
        attributes,
        version: Version::new(7),
        created: moment,
        last_modified: moment,
        members: None,
        groups: None,
    }
}

/// The body of a GET, as the client reads it.
fn got(resource: &Resource) -> Value {
    let projection = Projection::new(&resource.resource_type, &[], &[]).expect("a projection");
    let mut body = Vec::new();
    write_resource(&mut body, &resource.clone().into(), &projection, BASE_URL).expect("readable");
    json::parse(&body).expect("JSON")
}

#[track_caller]
fn check(resource: &Resource, body: &Value) {
    for strict_mode in [false, true] {
        let config = TenantConfig { strict_mode, ..TenantConfig::default() };
        let validator = SchemaValidator::new(&resource.resource_type, &config);
        let draft = validator.replace(resource, body).expect("valid");
        assert_eq!(draft.attributes, resource.attributes, "strict: {strict_mode}");
        let members =
            resource.members.as_ref().map(|members| members.iter().map(|member| member.id).collect());
        assert_eq!(draft.members, members, "strict: {strict_mode}");
    }
}

#[test]
fn a_user_sent_back_keeps_its_version_and_its_password() {
    let user = resource_type("User");
    for figure in [FULL_USER, ENTERPRISE_USER] {
        let config = TenantConfig::default();
        let body = json::parse(figure.as_bytes()).expect("JSON");
        let draft = SchemaValidator::new(&user, &config).create(&body).expect("valid");
        let mut current = resource(&user, draft.attributes);
        current.attributes.insert("password".into(), json!(HASH));
        current.attributes.insert("externalId".into(), json!("okta|1"));
        current.groups = Some(vec![GroupMembership {
            id: id('9'),
            resource_type: resource_type("Group"),
            display: Some("Tour Guides".into()),
            direct: false,
        }]);
        let mut body = got(&current);
        assert_eq!(body["groups"][0]["type"], "indirect", "the GET shows what is computed");
        assert_eq!(body.get("password"), None);
        check(&current, &body);
        // Okta sends the groups that it knows of, and metadata of its own making.
        body["groups"] = json!([]);
        body["meta"] = json!({"resourceType": "User"});
        body["id"] = json!("00u1");
        check(&current, &body);
    }
}

#[test]
fn a_group_sent_back_keeps_its_version_and_its_members() {
    let group = resource_type("Group");
    let mut current =
        resource(&group, Attributes::from_iter([("displayName".to_owned(), json!("Tour Guides"))]));
    current.members = Some(vec![
        Member { id: id('1'), resource_type: resource_type("User"), display: Some("Babs".into()) },
        Member { id: id('2'), resource_type: Arc::clone(&group), display: None },
    ]);
    let body = got(&current);
    assert_eq!(body["members"][1]["type"], "Group", "the GET shows all of a member");
    check(&current, &body);
}
