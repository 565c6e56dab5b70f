//! Schema definitions (RFC 7643 §7) and resource type definitions (RFC 7643 §6), as they are
//! stored, served and put in by operators.

mod attribute;
mod reading;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::attribute::{AttributeDefinition, SchemaUrn};

/// A schema: a URN and the attributes that it defines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SchemaDefinition {
    /// The URN.
    pub id: SchemaUrn,
    /// A name for people.
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// The attributes, in the order in which answers show them.
    pub attributes: Vec<Arc<AttributeDefinition>>,
}

impl SchemaDefinition {
    /// The attribute of this name, in whatever case.
    pub fn attribute(&self, name: &str) -> Option<&Arc<AttributeDefinition>> {
        self.attributes.iter().find(|attribute| attribute.name.matches(name))
    }
}

/// A resource type: an endpoint, the schema of its resources and the extensions they may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResourceTypeDefinition {
    /// The name, which is also the id (`User`).
    pub name: String,
    /// For people.
    #[serde(default)]
    pub description: String,
    /// The path of the endpoint under the mount, with its slash (`/Users`).
    pub endpoint: String,
    /// The URN of the base schema.
    pub schema: SchemaUrn,
    /// The extensions.
    #[serde(default)]
    pub schema_extensions: Vec<SchemaExtension>,
}

/// An extension of a resource type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaExtension {
    /// The URN of the extension's schema.
    pub schema: SchemaUrn,
    /// Whether every resource must have it.
    pub required: bool,
}
