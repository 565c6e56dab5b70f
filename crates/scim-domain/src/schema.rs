//! Schemas and resource types as data (RFC 7643 §6, §7), and what they compile to.

pub mod common;
pub mod core;
pub mod definition;
pub mod resource_type;
pub mod tenant_definitions;
pub mod tenant_schema;

pub use definition::{ResourceTypeDefinition, SchemaDefinition, SchemaExtension};
pub use resource_type::{Extension, ResolvedPath, ResourceType};
pub use tenant_definitions::TenantDefinitions;
pub use tenant_schema::{SchemaError, TenantSchema};
