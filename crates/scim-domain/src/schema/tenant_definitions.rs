//! The definitions of one tenant as they are stored (RFC 7643 §6, §7).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

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

    /// What two tenants share exactly where their definitions are the same to the letter: a digest of them
    /// in JSON. (`==` takes names in another case for equal.)
    ///
    /// # Errors
    /// None in practice: definitions are text, numbers and truth values.
    pub fn fingerprint(&self) -> Result<[u8; 32], serde_json::Error> {
        let text = serde_json::to_vec(&(&self.schemas, &self.resource_types))?;
        Ok(Sha256::digest(text).into())
    }

    /// What these definitions say, ready for use.
    ///
    /// # Errors
    /// As for [`TenantSchema::compile`].
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
