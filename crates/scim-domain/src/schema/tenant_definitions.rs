//! The definitions of one tenant as they are stored (RFC 7643 §6, §7), and how they change.
//!
//! Every change gives a new set, which holds together as a whole, or says why it would not. Whether the
//! resources that are stored go with it is another question: see [`change`](super::change).

mod coherence;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::tightening;
use super::{DefinitionError, ResourceTypeDefinition, SchemaDefinition, SchemaError, TenantSchema, core};

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
    /// The most schemas that a tenant can have.
    pub const MAX_SCHEMAS: usize = 100;
    /// The most resource types that a tenant can have.
    pub const MAX_RESOURCE_TYPES: usize = 50;
    /// The most attributes that a tenant's schemas can have, sub-attributes included.
    pub const MAX_ATTRIBUTES: usize = 2000;
    /// The most that a tenant's definitions can take as JSON text, in bytes.
    pub const MAX_BYTES: usize = 1_048_576;

    /// User with the enterprise extension, and Group (RFC 7643 §4).
    pub fn rfc7643() -> Self {
        Self { schemas: core::resource_schemas(), resource_types: core::resource_types() }
    }

    /// What two tenants share exactly where their definitions are the same to the letter: a digest of them
    /// in JSON. (`==` takes names in another case for equal.)
    ///
    /// # Errors
    /// None in practice: definitions are text, numbers and truth values.
    pub fn fingerprint(&self) -> Result<[u8; 32], serde_json::Error> {
        let text = serde_json::to_vec(&(&self.schemas, &self.resource_types))?;
        Ok(Sha256::digest(text).into())
    }

    /// The definitions of a compiled schema.
    pub fn of(schema: &TenantSchema) -> Self {
        Self {
            schemas: schema.schemas().iter().map(|schema| SchemaDefinition::clone(schema)).collect(),
            resource_types: schema.resource_types().iter().map(|known| known.definition.clone()).collect(),
        }
    }

    /// What these definitions say, ready for use.
    ///
    /// # Errors
    /// As for [`TenantSchema::compile`].
    pub fn compile(&self) -> Result<TenantSchema, SchemaError> {
        TenantSchema::compile(self.schemas.clone(), self.resource_types.clone())
    }

    /// The schema with this URN, in whatever case.
    pub fn schema(&self, urn: &str) -> Option<&SchemaDefinition> {
        self.schemas.iter().find(|schema| schema.id.matches(urn))
    }

    /// The resource type with this name, in whatever case.
    pub fn resource_type(&self, name: &str) -> Option<&ResourceTypeDefinition> {
        self.resource_types.iter().find(|known| known.name.eq_ignore_ascii_case(name))
    }

    /// These definitions with `schema`, in the place of the one with its URN if there is one. The
    /// schemas of RFC 7643 can only be tightened.
    ///
    /// # Errors
    /// [`DefinitionError::Invalid`] for a schema that is not the tenant's to define, that changes more of one
    /// of RFC 7643 than it may, or that doesn't go with the resource types which use it.
    pub fn put_schema(&self, schema: SchemaDefinition) -> Result<Self, DefinitionError> {
        coherence::check_urn(schema.id.as_str())?;
        tightening::check_schema(&schema)?;
        let mut changed = self.clone();
        match changed.schemas.iter_mut().find(|known| known.id == schema.id) {
            Some(known) if known.id.as_str() != schema.id.as_str() => {
                return Err(DefinitionError::invalid(format!(
                    "{}: id: expected '{}', in this case",
                    schema.id, known.id
                )));
            }
            Some(known) => *known = schema,
            None => changed.schemas.push(schema),
        }
        changed.checked()
    }

    /// These definitions without the schema of this URN.
    ///
    /// # Errors
    /// [`DefinitionError::NotFound`] where there is none, [`DefinitionError::Conflict`] where a resource
    /// type has it.
    pub fn delete_schema(&self, urn: &str) -> Result<Self, DefinitionError> {
        if self.schema(urn).is_none() {
            return Err(DefinitionError::NotFound(format!("{urn}: no such schema")));
        }
        let uses = |known: &&ResourceTypeDefinition| {
            known.schema.matches(urn) || known.schema_extensions.iter().any(|used| used.schema.matches(urn))
        };
        if let Some(user) = self.resource_types.iter().find(uses) {
            return Err(DefinitionError::conflict(format!(
                "{urn}: resource type {} has this schema",
                user.name
            )));
        }
        let mut changed = self.clone();
        changed.schemas.retain(|known| !known.id.matches(urn));
        Ok(changed)
    }

    /// These definitions with `resource_type`, in the place of the one with its name if there is one. User
    /// and Group keep the endpoint and the schema that RFC 7643 gives them.
    ///
    /// # Errors
    /// [`DefinitionError::Conflict`] where another resource type has its endpoint,
    /// [`DefinitionError::Invalid`] for whatever else does not go together.
    pub fn put_resource_type(&self, resource_type: ResourceTypeDefinition) -> Result<Self, DefinitionError> {
        tightening::check_resource_type(&resource_type)?;
        let mut changed = self.clone();
        let same = |known: &&mut ResourceTypeDefinition| known.name.eq_ignore_ascii_case(&resource_type.name);
        match changed.resource_types.iter_mut().find(same) {
            Some(known) if known.name != resource_type.name => {
                return Err(DefinitionError::invalid(format!(
                    "{}: name: expected '{}', in this case",
                    resource_type.name, known.name
                )));
            }
            Some(known) => *known = resource_type,
            None => changed.resource_types.push(resource_type),
        }
        changed.checked()
    }

    /// These definitions without the resource type of this name. Its schemas stay.
    ///
    /// # Errors
    /// [`DefinitionError::NotFound`] where there is none, [`DefinitionError::Conflict`] for User and
    /// Group: every identity provider expects them, `/Me` is a user, and members are users and groups.
    pub fn delete_resource_type(&self, name: &str) -> Result<Self, DefinitionError> {
        let Some(found) = self.resource_type(name) else {
            return Err(DefinitionError::NotFound(format!("{name}: no such resource type")));
        };
        if tightening::core_type(name).is_some() {
            return Err(DefinitionError::conflict(format!(
                "{}: every tenant has this resource type, it cannot be deleted",
                found.name
            )));
        }
        let mut changed = self.clone();
        changed.resource_types.retain(|known| !known.name.eq_ignore_ascii_case(name));
        Ok(changed)
    }

    fn checked(self) -> Result<Self, DefinitionError> {
        coherence::check(&self)?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests;
