//! The common attributes, which every resource has (RFC 7643 §3, §3.1) and no schema lists.

use std::sync::Arc;

use crate::attribute::{AttributeDefinition, AttributeType, Mutability, Returned};

/// The definitions of `schemas`, `id`, `externalId` and `meta`.
#[derive(Debug, Clone)]
pub struct CommonAttributes {
    /// RFC 7643 §3
    pub schemas: Arc<AttributeDefinition>,
    /// RFC 7643 §3.1
    pub id: Arc<AttributeDefinition>,
    /// RFC 7643 §3.1
    pub external_id: Arc<AttributeDefinition>,
    /// RFC 7643 §3.1
    pub meta: Arc<AttributeDefinition>,
}

impl Default for CommonAttributes {
    fn default() -> Self {
        let read_only = |name: &str, data_type: AttributeType| AttributeDefinition {
            case_exact: true,
            mutability: Mutability::ReadOnly,
            ..AttributeDefinition::new(name, data_type)
        };
        Self {
            schemas: Arc::new(AttributeDefinition {
                multi_valued: true,
                returned: Returned::Always,
                description: "The URIs of the schemas that the resource has attributes of.".into(),
                reference_types: vec!["uri".into()],
                // RFC 7643 §3 lists no URN twice and compares them as URNs: the one reference in
                // whose comparison case does not count.
                case_exact: false,
                ..read_only("schemas", AttributeType::String)
            }),
            id: Arc::new(AttributeDefinition {
                returned: Returned::Always,
                description: "The identifier that the service provider gave the resource.".into(),
                ..read_only("id", AttributeType::String)
            }),
            external_id: Arc::new(AttributeDefinition {
                case_exact: true,
                description: "The identifier that the provisioning client gave the resource.".into(),
                ..AttributeDefinition::new("externalId", AttributeType::String)
            }),
            meta: Arc::new(AttributeDefinition {
                description: "What the service provider keeps about the resource.".into(),
                sub_attributes: vec![
                    Arc::new(read_only("resourceType", AttributeType::String)),
                    Arc::new(read_only("created", AttributeType::DateTime)),
                    Arc::new(read_only("lastModified", AttributeType::DateTime)),
                    Arc::new(read_only("location", AttributeType::Reference)),
                    Arc::new(read_only("version", AttributeType::String)),
                ],
                ..read_only("meta", AttributeType::Complex)
            }),
        }
    }
}
