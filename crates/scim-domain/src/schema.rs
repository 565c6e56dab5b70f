//! Schemas and resource types as data (RFC 7643 §6, §7), and what they compile to.

pub mod change;
pub mod common;
pub mod core;
pub mod definition;
mod definition_error;
pub mod resource_type;
pub mod tenant_definitions;
pub mod tenant_schema;
mod tightening;

pub use change::{DefinitionChange, TypeChange};
pub use definition::{ResourceTypeDefinition, SchemaDefinition, SchemaExtension};
pub use definition_error::DefinitionError;
pub use resource_type::{Extension, ResolvedPath, ResourceType};
pub use tenant_definitions::TenantDefinitions;
pub use tenant_schema::{SchemaError, TenantSchema};
