//! The definitions of one tenant as they are stored (RFC 7643 §6, §7).

use serde::{Deserialize, Serialize};

use super::{ResourceTypeDefinition, SchemaDefinition, SchemaError, TenantSchema, core};

/// The schemas and resource types that a tenant has, in the order in which discovery lists them.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TenantDefinitions {
    /// The schemas.
    pub schemas: Vec<SchemaDefinition>,
    /// The resource types.
    pub resource_types: Vec<ResourceTypeDefinition>,
}

impl TenantDefinitions {
    /// User with the enterprise extension, and Group (RFC 7643 §4).
    pub fn rfc7643() -> Self {
        Self { schemas: core::resource_schemas(), resource_types: core::resource_types() }
    }

    /// What these definitions say, ready for use.
    ///
    /// # Errors
    /// As for [`TenantSchema::compile`].
    pub fn compile(&self) -> Result<TenantSchema, SchemaError> {
        TenantSchema::compile(self.schemas.clone(), self.resource_types.clone())
    }
}
