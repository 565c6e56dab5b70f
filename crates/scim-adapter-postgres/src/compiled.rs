//! Compiled schemas, shared: tenants whose definitions are the same, byte for byte, have one between
//! them, so that ten thousand tenants that differ in their names alone cost little more than one.

use std::sync::Arc;

use scim_domain::schema::TenantSchema;
use scim_ports::SchemaInterner;
use sha2::{Digest, Sha256};

use crate::error::{Failure, unreadable};

/// The schemas that are in use. What nobody uses any more is forgotten.
#[derive(Debug, Default)]
pub(crate) struct CompiledSchemas {
    known: SchemaInterner,
}

impl CompiledSchemas {
    /// The schema that these definitions, in JSON, compile to. The text of those that are known is not read.
    ///
    /// # Errors
    /// [`Failure::Internal`] where they do not compile.
    pub(crate) fn get(&self, schemas: &[String], types: &[String]) -> Result<Arc<TenantSchema>, Failure> {
        self.known.get_or_compile(digest(schemas, types), || compile(schemas, types))
    }
}

fn digest(schemas: &[String], types: &[String]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for texts in [schemas, types] {
        digest.update(texts.len().to_be_bytes());
        for text in texts {
            digest.update(text.len().to_be_bytes());
            digest.update(text.as_bytes());
        }
    }
    digest.finalize().into()
}

fn compile(schemas: &[String], types: &[String]) -> Result<TenantSchema, Failure> {
    TenantSchema::compile(read_all(schemas)?, read_all(types)?).map_err(unreadable)
}

fn read_all<T: serde::de::DeserializeOwned>(texts: &[String]) -> Result<Vec<T>, Failure> {
    texts.iter().map(|text| serde_json::from_str(text).map_err(unreadable)).collect()
}

#[cfg(test)]
mod tests {
    use scim_domain::schema::TenantDefinitions;

    use super::*;

    fn texts<T: serde::Serialize>(definitions: &[T]) -> Vec<String> {
        definitions.iter().map(|it| serde_json::to_string(it).expect("it serializes")).collect()
    }

    fn definitions(type_name: &str) -> (Vec<String>, Vec<String>) {
        let mut definitions = TenantDefinitions::rfc7643();
        let first = definitions.resource_types.first_mut().expect("User");
        first.name = type_name.to_owned();
        (texts(&definitions.schemas), texts(&definitions.resource_types))
    }

    #[test]
    fn equal_definitions_are_compiled_once_and_forgotten_when_nobody_uses_them() {
        let compiled = CompiledSchemas::default();
        let get = |name: &str| {
            let (schemas, types) = definitions(name);
            compiled.get(&schemas, &types).expect("they compile")
        };
        let (one, same, other) = (get("User"), get("User"), get("Person"));
        assert!(Arc::ptr_eq(&one, &same));
        assert!(!Arc::ptr_eq(&one, &other) && other.resource_type("Person").is_some());
        let forgotten = Arc::downgrade(&other);
        drop(other);
        assert!(forgotten.upgrade().is_none() && Arc::ptr_eq(&one, &get("User")));
    }

    #[test]
    fn definitions_that_do_not_compile_are_refused() {
        let (_, types) = definitions("User");
        assert!(matches!(CompiledSchemas::default().get(&[], &types), Err(Failure::Internal(_))));
        assert!(CompiledSchemas::default().get(&["{".to_owned()], &[]).is_err());
    }
}
