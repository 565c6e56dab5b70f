//! Tenants, types and resources for the tests of this crate.

use std::sync::Arc;

use serde_json::{Value, json};
use time::macros::datetime;
use uuid::Uuid;

use crate::attribute::AttributeDefinition;
use crate::identifier::{ResourceId, TenantId, Timestamp, Version};
use crate::resource::Resource;
use crate::schema::{ResourceType, ResourceTypeDefinition, SchemaDefinition, TenantSchema};
use crate::tenant::Tenant;

/// The mount in tests.
pub(crate) const BASE_URL: &str = "https://example.com/v2";

/// An id that is told from others by its number.
pub(crate) fn id(number: u128) -> ResourceId {
    ResourceId::new(Uuid::from_u128(number))
}

/// 2011-05-13T04:42:34Z
pub(crate) fn moment() -> Timestamp {
    Timestamp::new(datetime!(2011-05-13 04:42:34 UTC))
}

/// A tenant with the schema of RFC 7643.
pub(crate) fn tenant() -> Tenant {
    Tenant {
        id: TenantId::new(Uuid::from_u128(77)),
        slug: "test".into(),
        active: true,
        config: Arc::default(),
        schema: Arc::new(TenantSchema::rfc7643().expect("compiles")),
    }
}

/// One of the tenant's types.
pub(crate) fn resource_type(name: &str) -> Arc<ResourceType> {
    Arc::clone(tenant().schema.resource_type(name).expect("a type"))
}

/// A type of its own, with these attributes (RFC 7643 §7) and the enterprise extension.
pub(crate) fn custom_type(attributes: Value) -> Arc<ResourceType> {
    let attributes: Vec<Arc<AttributeDefinition>> = serde_json::from_value(attributes).expect("definitions");
    let mut schemas = crate::schema::core::resource_schemas();
    schemas.push(SchemaDefinition {
        id: "urn:example:Thing".into(),
        name: "Thing".into(),
        description: String::new(),
        attributes,
    });
    let definition: ResourceTypeDefinition = serde_json::from_value(json!({
        "name": "Thing", "endpoint": "/Things", "schema": "urn:example:Thing",
        "schemaExtensions": [{"schema": crate::schema::core::ENTERPRISE_USER_URN, "required": false}],
    }))
    .expect("a type");
    let schema = TenantSchema::compile(schemas, vec![definition]).expect("compiles");
    Arc::clone(schema.resource_type("Thing").expect("Thing"))
}

/// A resource with these attributes, at version 3, neither a group nor in one.
pub(crate) fn resource(resource_type: &Arc<ResourceType>, number: u128, attributes: Value) -> Resource {
    let Value::Object(attributes) = attributes else { panic!("attributes are an object") };
    Resource {
        id: id(number),
        resource_type: Arc::clone(resource_type),
        attributes,
        version: Version::new(3),
        created: moment(),
        last_modified: moment(),
        members: None,
        groups: None,
    }
}
