//! Compiled schemas, each once however many tenants have it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use scim_domain::schema::{SchemaError, TenantDefinitions, TenantSchema};

/// How many schemas there is room for at least, before those that nobody uses are looked for.
const FEW: usize = 16;

/// Compiles definitions, those that are the same to the letter once. Most tenants have what they
/// were created with, and a compiled schema is larger than all else that is kept of a tenant. It is
/// forgotten when its last tenant is.
#[derive(Debug, Default)]
pub struct SchemaInterner {
    schemas: Mutex<HashMap<[u8; 32], Weak<TenantSchema>>>,
}

impl SchemaInterner {
    /// The definitions, compiled.
    ///
    /// # Errors
    /// See [`TenantSchema::compile`].
    pub fn compile(&self, definitions: &TenantDefinitions) -> Result<Arc<TenantSchema>, SchemaError> {
        match definitions.fingerprint() {
            Ok(fingerprint) => self.get_or_compile(fingerprint, || definitions.compile()),
            Err(_) => definitions.compile().map(Arc::new),
        }
    }

    /// The schema of this fingerprint: the one that is in use, or else what `compile` makes. Whoever has
    /// definitions as text need not read them where they are known: any digest of 256 bits that only equal
    /// definitions share will do, as long as one interner is given one kind of them.
    ///
    /// # Errors
    /// Those of `compile`.
    pub fn get_or_compile<E>(
        &self,
        fingerprint: [u8; 32],
        compile: impl FnOnce() -> Result<TenantSchema, E>,
    ) -> Result<Arc<TenantSchema>, E> {
        let known = || self.schemas.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(schema) = known().get(&fingerprint).and_then(Weak::upgrade) {
            return Ok(schema);
        }
        // Not under the lock: others may be asking for what is compiled already.
        let compiled = Arc::new(compile()?);
        let mut known = known();
        // Of two that compile the same at once, the first is taken.
        if let Some(schema) = known.get(&fingerprint).and_then(Weak::upgrade) {
            return Ok(schema);
        }
        // Each sweep is paid for by the insertions since the one before.
        if known.len() == known.capacity() {
            known.retain(|_, schema| schema.strong_count() > 0);
            let room = known.len().max(FEW);
            known.reserve(room);
        }
        known.insert(fingerprint, Arc::downgrade(&compiled));
        Ok(compiled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definitions(number: usize) -> TenantDefinitions {
        let mut definitions = TenantDefinitions::rfc7643();
        for resource_type in &mut definitions.resource_types {
            resource_type.description = number.to_string();
        }
        definitions
    }

    #[track_caller]
    fn compile(interner: &SchemaInterner, number: usize) -> Arc<TenantSchema> {
        interner.compile(&definitions(number)).expect("they compile")
    }

    #[test]
    fn equal_definitions_are_compiled_once() {
        let interner = SchemaInterner::default();
        let (first, again, other) = (compile(&interner, 1), compile(&interner, 1), compile(&interner, 2));
        assert!(Arc::ptr_eq(&first, &again) && !Arc::ptr_eq(&first, &other));
    }

    #[test]
    fn what_nobody_uses_is_forgotten() {
        let interner = SchemaInterner::default();
        for number in 0..12 * FEW {
            compile(&interner, number);
        }
        let kept = interner.schemas.lock().expect("not poisoned").len();
        assert!(kept < 4 * FEW, "{kept} schemas are kept");
    }

    #[test]
    fn definitions_that_do_not_fit_are_refused() {
        let mut definitions = definitions(1);
        definitions.schemas.clear();
        SchemaInterner::default().compile(&definitions).expect_err("there are no schemas");
    }
}
