//! What a tenant's schemas and resource types are made of, before they are compiled.

use super::{ResourceTypeDefinition, SchemaDefinition, SchemaError, TenantSchema, core};

/// The definitions of a tenant, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantDefinitions {
    /// Its schemas (RFC 7643 §7).
    pub schemas: Vec<SchemaDefinition>,
    /// Its resource types (RFC 7643 §6).
    pub resource_types: Vec<ResourceTypeDefinition>,
}

impl TenantDefinitions {
    /// The schemas and types of RFC 7643: User with the enterprise extension, and Group.
    pub fn rfc7643() -> Self {
        Self { schemas: core::resource_schemas(), resource_types: core::resource_types() }
    }

    /// The definitions bound to one another.
    ///
    /// # Errors
    /// See [`TenantSchema::compile`].
    pub fn compile(&self) -> Result<TenantSchema, SchemaError> {
        TenantSchema::compile(self.schemas.clone(), self.resource_types.clone())
    }
}
