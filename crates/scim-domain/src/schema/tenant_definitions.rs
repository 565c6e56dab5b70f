//! What a tenant's schemas and resource types are made of, before they are compiled.

use sha2::{Digest, Sha256};

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

    /// What two tenants share exactly where their definitions are the same to the letter: a digest of them
    /// in JSON. (`==` takes names in another case for equal.)
    ///
    /// # Errors
    /// None in practice: definitions are text, numbers and truth values.
    pub fn fingerprint(&self) -> Result<[u8; 32], serde_json::Error> {
        let text = serde_json::to_vec(&(&self.schemas, &self.resource_types))?;
        Ok(Sha256::digest(text).into())
    }

    /// The definitions bound to one another.
    ///
    /// # Errors
    /// See [`TenantSchema::compile`].
    pub fn compile(&self) -> Result<TenantSchema, SchemaError> {
        TenantSchema::compile(self.schemas.clone(), self.resource_types.clone())
    }
}

impl From<&TenantSchema> for TenantDefinitions {
    fn from(schema: &TenantSchema) -> Self {
        Self {
            schemas: schema.schemas().iter().map(|schema| SchemaDefinition::clone(schema)).collect(),
            resource_types: schema.resource_types().iter().map(|known| known.definition.clone()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_compiled_is_made_of_its_definitions() {
        let definitions = TenantDefinitions::rfc7643();
        assert_eq!(TenantDefinitions::from(&definitions.compile().expect("compiles")), definitions);
    }

    #[test]
    fn a_fingerprint_is_that_of_every_letter() {
        let fingerprint = |change: fn(&mut TenantDefinitions)| {
            let mut definitions = TenantDefinitions::rfc7643();
            change(&mut definitions);
            definitions.fingerprint().expect("JSON")
        };
        let original = fingerprint(|_| ());
        assert_eq!(fingerprint(|_| ()), original);
        let changes: [fn(&mut TenantDefinitions); 3] = [
            |definitions| definitions.resource_types[0].name = "USER".into(),
            |definitions| definitions.schemas[0].id = crate::attribute::SchemaUrn::from("urn:x"),
            |definitions| definitions.schemas.reverse(),
        ];
        for change in changes {
            assert_ne!(fingerprint(change), original);
        }
    }
}
