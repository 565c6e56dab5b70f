//! The schemas that RFC 7643 §8.7 defines, as data in `schemas/`, with what its errata and its own
//! text add: `displayName` of a group is required (§4.2), addresses have `primary` (§8.2), a group's
//! members have `display` (§2.4; answered on request, as a client that adds a member does not
//! expect more than it sent), and references, binaries and ids are `caseExact` (§2.3.6, §2.3.7).

use crate::attribute::SchemaUrn;

use super::{ResourceTypeDefinition, SchemaDefinition, SchemaExtension};

/// The URN of the User schema (RFC 7643 §4.1).
pub const USER_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The URN of the Group schema (RFC 7643 §4.2).
pub const GROUP_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
/// The URN of the enterprise extension of User (RFC 7643 §4.3).
pub const ENTERPRISE_USER_URN: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
/// The URN of the service provider configuration (RFC 7643 §5).
pub const SERVICE_PROVIDER_CONFIG_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig";
/// The URN of the ResourceType schema (RFC 7643 §6).
pub const RESOURCE_TYPE_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";
/// The URN of the Schema schema (RFC 7643 §7).
pub const SCHEMA_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:Schema";

const RESOURCE_SCHEMAS: [&str; 3] = [
    include_str!("../../schemas/user.json"),
    include_str!("../../schemas/group.json"),
    include_str!("../../schemas/enterprise_user.json"),
];

const DISCOVERY_SCHEMAS: [&str; 3] = [
    include_str!("../../schemas/service_provider_config.json"),
    include_str!("../../schemas/resource_type.json"),
    include_str!("../../schemas/schema.json"),
];

fn read_all(texts: &[&str]) -> Vec<SchemaDefinition> {
    // A schema that does not read is a mistake in this crate, which the tests below would show.
    texts.iter().filter_map(|text| serde_json::from_str(text).ok()).collect()
}

/// User, Group and EnterpriseUser: what a new tenant is seeded with.
pub fn resource_schemas() -> Vec<SchemaDefinition> {
    read_all(&RESOURCE_SCHEMAS)
}

/// ServiceProviderConfig, ResourceType and Schema: the same for every tenant.
pub fn discovery_schemas() -> Vec<SchemaDefinition> {
    read_all(&DISCOVERY_SCHEMAS)
}

/// The resource types User (with the enterprise extension) and Group.
pub fn resource_types() -> Vec<ResourceTypeDefinition> {
    vec![
        ResourceTypeDefinition {
            name: "User".into(),
            description: "User Account".into(),
            endpoint: "/Users".into(),
            schema: SchemaUrn::from(USER_URN),
            schema_extensions: vec![SchemaExtension {
                schema: SchemaUrn::from(ENTERPRISE_USER_URN),
                required: false,
            }],
        },
        ResourceTypeDefinition {
            name: "Group".into(),
            description: "Group".into(),
            endpoint: "/Groups".into(),
            schema: SchemaUrn::from(GROUP_URN),
            schema_extensions: Vec::new(),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_schema_of_the_rfc_reads_and_serializes_to_its_own_text() {
        for text in RESOURCE_SCHEMAS.iter().chain(&DISCOVERY_SCHEMAS) {
            let definition: SchemaDefinition = serde_json::from_str(text).expect("a schema");
            let written: serde_json::Value = serde_json::to_value(&definition).expect("JSON");
            assert_eq!(written, serde_json::from_str::<serde_json::Value>(text).expect("JSON"));
        }
        assert_eq!(resource_schemas().len() + discovery_schemas().len(), 6);
    }
}
