//! Tenants with three resource types, as they are registered and as an operator changes them.

use std::sync::Arc;

use scim_domain::attribute::SchemaUrn;
use scim_domain::audit::AuditOperation;
use scim_domain::identifier::{TenantId, Timestamp, Version};
use scim_domain::schema::{ResourceTypeDefinition, SchemaDefinition, TenantDefinitions, core};
use scim_domain::tenant::{Tenant, TenantConfig};
use serde_json::{Value, json};
use time::OffsetDateTime;
use uuid::Uuid;

use crate::{NewTenant, TenantRecord};

use super::audit_entry;

const DEVICE_URN: &str = "urn:example:params:scim:schemas:kit:Device";

/// A custom type, given as data: what no store can have been written for.
fn device_schema() -> SchemaDefinition {
    let schema = json!({
        "id": DEVICE_URN,
        "name": "Device",
        "attributes": [
            {"name": "serialNumber", "type": "string", "caseExact": true, "uniqueness": "server"},
            {"name": "assetTag", "type": "string", "uniqueness": "server"},
            {"name": "label", "type": "string"},
            {"name": "ports", "type": "integer"},
            {"name": "weight", "type": "decimal"},
            {"name": "purchased", "type": "dateTime"},
            {"name": "enabled", "type": "boolean"},
            {"name": "owner", "type": "reference", "referenceTypes": ["external"]},
            {"name": "firmware", "type": "binary"},
            {"name": "tags", "type": "string", "multiValued": true},
            {"name": "displayName", "type": "string", "caseExact": true},
            {"name": "interfaces", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "value", "type": "string", "caseExact": true},
                {"name": "speed", "type": "integer"},
                {"name": "seen", "type": "dateTime"},
                {"name": "primary", "type": "boolean"}
            ]}
        ]
    });
    serde_json::from_value(schema).expect("the Device schema reads")
}

/// The definitions of a test's tenant: User, Group, and a custom type Device.
pub(in crate::conformance) fn definitions() -> TenantDefinitions {
    let schemas = core::resource_schemas().into_iter().chain([device_schema()]).collect();
    let device = ResourceTypeDefinition {
        name: "Device".into(),
        description: "A custom type".into(),
        endpoint: "/Devices".into(),
        schema: SchemaUrn::from(DEVICE_URN),
        schema_extensions: Vec::new(),
    };
    let resource_types = core::resource_types().into_iter().chain([device]).collect();
    TenantDefinitions { schemas, resource_types }
}

/// A tenant of its own for a test: User, Group, and a custom type Device.
pub fn tenant() -> Arc<Tenant> {
    let id = Uuid::new_v4();
    Arc::new(Tenant {
        id: TenantId::new(id),
        slug: format!("kit-{id}"),
        active: true,
        config: Arc::new(TenantConfig::default()),
        schema: Arc::new(definitions().compile().expect("the schemas fit together")),
    })
}

/// The tenant after an operator has changed these characteristics of an attribute of its Device.
pub(in crate::conformance) fn redefined(
    tenant: &Tenant,
    attribute: &str,
    characteristics: &Value,
) -> Arc<Tenant> {
    let mut definitions = TenantDefinitions::of(&tenant.schema);
    let device = definitions.schemas.iter_mut().find(|schema| schema.id.matches(DEVICE_URN));
    let device = device.expect("the tenant has devices");
    let mut schema = serde_json::to_value(&*device).expect("JSON");
    let attributes = schema["attributes"].as_array_mut().expect("attributes");
    let definition = attributes.iter_mut().find(|known| known["name"] == attribute).expect("it is defined");
    for (name, value) in characteristics.as_object().expect("an object") {
        definition[name] = value.clone();
    }
    *device = serde_json::from_value(schema).expect("the changed schema reads");
    let schema = Arc::new(definitions.compile().expect("the schemas fit together"));
    Arc::new(Tenant { schema, ..tenant.clone() })
}

/// What registers a tenant, with the definitions that its schema is made of.
pub fn new_tenant(tenant: &Tenant) -> NewTenant {
    let at = Timestamp::new(OffsetDateTime::UNIX_EPOCH);
    NewTenant {
        record: TenantRecord {
            id: tenant.id,
            slug: tenant.slug.clone(),
            display_name: "A test's".into(),
            active: tenant.active,
            preset: "rfc".into(),
            config: TenantConfig::clone(&tenant.config),
            version: Version::FIRST,
            created_at: at,
            updated_at: at,
        },
        definitions: TenantDefinitions::of(&tenant.schema),
        audit: audit_entry(AuditOperation::Create),
    }
}
