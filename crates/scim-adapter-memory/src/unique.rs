//! The unique index (RFC 7643 §7, `uniqueness`): whoever writes a value first, under the tenant's
//! write lock, has it.

use std::collections::HashMap;
use std::sync::Arc;

use scim_domain::resource::UniqueValue;
use scim_domain::schema::ResourceType;
use smol_str::SmolStr;

use crate::slots::Slot;

/// A value that one resource of a type may have.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct UniqueKey {
    resource_type: SmolStr,
    attribute: SmolStr,
    key: Box<str>,
}

impl UniqueKey {
    pub(crate) fn new(resource_type: &ResourceType, value: UniqueValue) -> Self {
        Self {
            resource_type: SmolStr::new(resource_type.name()),
            attribute: SmolStr::from(value.attribute),
            key: value.key.into_boxed_str(),
        }
    }

    /// The path of the attribute.
    pub(crate) fn attribute(&self) -> &str {
        &self.attribute
    }
}

/// Who has which unique value.
#[derive(Debug, Default)]
pub(crate) struct UniqueIndex {
    holders: HashMap<Arc<UniqueKey>, Slot>,
}

impl UniqueIndex {
    /// The first of `keys` that a row other than the one in `own` has.
    pub(crate) fn taken<'a>(&self, keys: &'a [Arc<UniqueKey>], own: Option<Slot>) -> Option<&'a UniqueKey> {
        let is_taken =
            |key: &&Arc<UniqueKey>| self.holders.get(*key).is_some_and(|&holder| Some(holder) != own);
        keys.iter().find(is_taken).map(|key| &**key)
    }

    pub(crate) fn insert(&mut self, keys: &[Arc<UniqueKey>], slot: Slot) {
        self.holders.extend(keys.iter().map(|key| (Arc::clone(key), slot)));
    }

    pub(crate) fn remove(&mut self, keys: &[Arc<UniqueKey>]) {
        for key in keys {
            self.holders.remove(key);
        }
    }
}
