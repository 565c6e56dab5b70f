//! Resources for the tests of filters.

use std::sync::Arc;

use serde_json::{Value, json};
use time::macros::datetime;
use uuid::Uuid;

use crate::identifier::{ResourceId, Timestamp, Version};
use crate::resource::{GroupMembership, Member, Resource};
use crate::schema::{ResourceType, ResourceTypeDefinition, SchemaDefinition, TenantSchema, core};

/// What the kept locations are relative to.
pub(super) const BASE_URL: &str = "https://example.com/scim/v2";

/// An extension with an attribute of every type.
pub(super) const ROOM_URN: &str = "urn:example:params:scim:schemas:extension:room:1.0:Room";

fn schema() -> TenantSchema {
    let room: SchemaDefinition = serde_json::from_value(json!({
        "id": ROOM_URN,
        "name": "Room",
        "attributes": [
            {"name": "floor", "type": "integer"},
            {"name": "area", "type": "decimal"},
            {"name": "open", "type": "boolean"},
            {"name": "built", "type": "dateTime"},
            {"name": "plan", "type": "binary"},
            {"name": "site", "type": "reference", "referenceTypes": ["external"]},
            {"name": "code", "type": "string", "caseExact": true},
            {"name": "tags", "type": "string", "multiValued": true},
            {"name": "sizes", "type": "integer", "multiValued": true},
            {"name": "alarm", "type": "string", "returned": "never"},
            {"name": "seat", "type": "complex", "subAttributes": [
                {"name": "row", "type": "integer"},
                {"name": "secret", "type": "string", "returned": "never"},
                {"name": "labels", "type": "string", "multiValued": true}
            ]},
            {"name": "empty", "type": "complex", "returned": "never", "subAttributes": [
                {"name": "value", "type": "string"}
            ]}
        ]
    }))
    .expect("a schema");
    let mut schemas = core::resource_schemas();
    schemas.push(room);
    let types: Vec<ResourceTypeDefinition> = core::resource_types()
        .into_iter()
        .map(|mut definition| {
            if definition.name == "User" {
                definition.schema_extensions.extend(
                    serde_json::from_value::<Vec<_>>(json!([{"schema": ROOM_URN, "required": false}]))
                        .expect("an extension"),
                );
            }
            definition
        })
        .collect();
    TenantSchema::compile(schemas, types).expect("compiles")
}

/// User, with the enterprise and the room extension, or Group.
pub(super) fn resource_type(name: &str) -> Arc<ResourceType> {
    Arc::clone(schema().resource_type(name).expect("a type of RFC 7643"))
}

/// The id that ends in `number`.
pub(super) fn id(number: u128) -> ResourceId {
    ResourceId::new(Uuid::from_u128(number))
}

fn resource(resource_type: Arc<ResourceType>, number: u128, attributes: Value) -> Resource {
    let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
    Resource {
        id: id(number),
        resource_type,
        attributes,
        version: Version::new(3),
        created: Timestamp::new(datetime!(2010-01-23 04:56:22 UTC)),
        last_modified: Timestamp::new(datetime!(2011-05-13 04:42:34 UTC)),
        members: None,
        groups: None,
    }
}

/// A user with these attributes alone.
pub(super) fn user(attributes: Value) -> Resource {
    resource(resource_type("User"), 1, attributes)
}

/// After RFC 7643 §8.2 and §8.3; in group 7 directly and in group 8 through it.
pub(super) fn barbara() -> Resource {
    let group = resource_type("Group");
    let in_group = |number, display: &str, direct| GroupMembership {
        id: id(number),
        resource_type: Arc::clone(&group),
        display: Some(display.to_owned()),
        direct,
    };
    Resource {
        groups: Some(vec![in_group(7, "Tour Guides", true), in_group(8, "Employees", false)]),
        ..user(json!({
            "externalId": "Bjensen-701",
            "userName": "bjensen@Example.com",
            "name": {"formatted": "Ms. Barbara J O'Malley, III", "familyName": "O'Malley", "givenName": "Barbara"},
            "title": "Vice President",
            "userType": "Employee",
            "active": true,
            "password": "$2b$10$hash",
            "emails": [
                {"value": "bjensen@example.com", "type": "work", "primary": true},
                {"value": "babs@jensen.org", "type": "home", "display": "Straße"}
            ],
            "ims": [{"value": "someaimhandle", "type": "aim"}],
            "photos": [{"value": "https://photos.example.com/F", "type": "photo"}],
            "x509Certificates": [{"value": "MIIDQzCC"}],
            core::ENTERPRISE_USER_URN: {
                "employeeNumber": "701984",
                "manager": {"value": "26118915", "$ref": "../Users/26118915", "displayName": "John Smith"}
            },
            ROOM_URN: {
                "floor": 12,
                "area": 20.5,
                "open": false,
                "built": "2011-05-13T06:42:34+02:00",
                "plan": "aGVsbG8=",
                "site": "https://example.com/Site",
                "code": "B-12",
                "tags": ["Corner", "Quiet"],
                "sizes": [3, 5],
                "seat": {"row": 3, "labels": ["Window", "East"]}
            }
        }))
    }
}

/// A group of user 1 and group 8.
pub(super) fn group() -> Resource {
    let member = |number, kind: &str, display: Option<&str>| Member {
        id: id(number),
        resource_type: resource_type(kind),
        display: display.map(str::to_owned),
    };
    Resource {
        members: Some(vec![member(1, "User", Some("Babs Jensen")), member(8, "Group", None)]),
        ..resource(resource_type("Group"), 7, json!({"displayName": "Tour Guides"}))
    }
}
