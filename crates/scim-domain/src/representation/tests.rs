//! Resources as clients see them.

use serde_json::json;

use super::*;
use crate::resource::{GroupMembership, Member, Resource};
use crate::schema::core::ENTERPRISE_USER_URN;
use crate::test_support::{BASE_URL, id, resource, resource_type};

fn written(resource: &Resource, attributes: &[&str]) -> String {
    let attributes: Vec<String> = attributes.iter().map(|name| (*name).to_owned()).collect();
    let projection = Projection::new(&resource.resource_type, &attributes, &[]).expect("a projection");
    let mut out = b"before".to_vec();
    write_resource(&mut out, &resource.clone().into(), &projection, BASE_URL).expect("readable");
    let text = String::from_utf8(out).expect("UTF-8");
    text.strip_prefix("before").expect("appended").to_owned()
}

#[test]
fn a_user_byte_by_byte() {
    let mut user = resource(
        &resource_type("User"),
        1,
        json!({
            "active": true, "externalId": "701984", "userName": "b\"j\u{e9}\u{1}",
            "emails": [{"type": "work", "primary": true, "value": "bjensen@example.com"}],
            "name": {"givenName": "Barbara", "familyName": "Jensen"},
            "left": "from a schema that was",
            ENTERPRISE_USER_URN: {"manager": {"$ref": "../Users/26118915", "value": "26118915"}, "costCenter": "4130"},
        }),
    );
    user.groups = Some(vec![GroupMembership {
        id: id(2),
        resource_type: resource_type("Group"),
        display: Some("Tour \"Guides\"".into()),
        direct: false,
    }]);
    assert_eq!(
        written(&user, &[]),
        concat!(
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"#,
            r#""id":"00000000-0000-0000-0000-000000000001","externalId":"701984","userName":"b\"jé\u0001","#,
            r#""name":{"familyName":"Jensen","givenName":"Barbara"},"active":true,"#,
            r#""emails":[{"value":"bjensen@example.com","type":"work","primary":true}],"#,
            r#""groups":[{"value":"00000000-0000-0000-0000-000000000002","#,
            r#""$ref":"https://example.com/v2/Groups/00000000-0000-0000-0000-000000000002","#,
            r#""display":"Tour \"Guides\"","type":"indirect"}],"#,
            r#""urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"costCenter":"4130","#,
            r#""manager":{"value":"26118915","$ref":"../Users/26118915"}},"#,
            r#""meta":{"resourceType":"User","created":"2011-05-13T04:42:34Z","lastModified":"2011-05-13T04:42:34Z","#,
            r#""location":"https://example.com/v2/Users/00000000-0000-0000-0000-000000000001","version":"W/\"v3\""}}"#,
        )
    );
}

#[test]
fn a_group_byte_by_byte() {
    let mut group = resource(&resource_type("Group"), 1, json!({"displayName": "Tour Guides"}));
    let member = |number, name: &str, display: Option<&str>| Member {
        id: id(number),
        resource_type: resource_type(name),
        display: display.map(Into::into),
    };
    group.members = Some(vec![member(2, "User", Some("Babs")), member(3, "Group", None)]);
    assert_eq!(
        written(&group, &["members", "members.display", "displayName"]),
        concat!(
            r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"#,
            r#""id":"00000000-0000-0000-0000-000000000001","displayName":"Tour Guides","members":["#,
            r#"{"value":"00000000-0000-0000-0000-000000000002","$ref":"https://example.com/v2/Users/00000000-0000-0000-0000-000000000002","type":"User","display":"Babs"},"#,
            r#"{"value":"00000000-0000-0000-0000-000000000003","$ref":"https://example.com/v2/Groups/00000000-0000-0000-0000-000000000003","type":"Group"}]}"#,
        )
    );
    assert!(written(&group, &["members.display"]).ends_with(r#""members":[{"display":"Babs"}]}"#));
    group.members = Some(Vec::new());
    assert!(!written(&group, &[]).contains("members"));
    group.members = None;
    assert!(!written(&group, &[]).contains("members"));
}

/// The example of RFC 7644 §3.9.
#[test]
fn one_attribute_of_a_user() {
    let user = resource(&resource_type("User"), 1, json!({"userName": "bjensen", "title": "Tour Guide"}));
    assert_eq!(
        written(&user, &["userName"]),
        r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"00000000-0000-0000-0000-000000000001","userName":"bjensen"}"#
    );
    assert!(written(&user, &["meta.version"]).ends_with(r#","meta":{"version":"W/\"v3\""}}"#));
}

#[test]
fn a_value_that_is_not_of_its_attributes_shape_is_not_shown() {
    let user = resource(
        &resource_type("User"),
        1,
        json!({"userName": "b", "name": "text", "emails": ["x", {"other": 1}]}),
    );
    assert!(written(&user, &["name", "emails"]).ends_with(r#"000001"}"#));
}
