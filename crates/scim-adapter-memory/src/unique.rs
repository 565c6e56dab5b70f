//! The unique index (RFC 7643 §7, `uniqueness`): whoever writes a value first, under the tenant's
//! write lock, has it.

use std::sync::Arc;

use scim_domain::resource::UniqueValue;
use scim_domain::schema::ResourceType;

use crate::equality::LeafHasher;
use crate::postings::{KeyedHash, Postings};
use crate::row::Row;
use crate::slots::{Slot, Slots};

/// A unique value of a resource.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct UniqueKey {
    /// Of the type, the attribute and the key.
    hash: KeyedHash,
    value: UniqueValue,
}

impl UniqueKey {
    pub(crate) fn new(hasher: &LeafHasher, resource_type: &ResourceType, value: UniqueValue) -> Self {
        let hash = hasher.hash_of((resource_type.name(), &value.attribute, &value.key));
        Self { hash, value }
    }

    /// The path of the attribute.
    pub(crate) fn attribute(&self) -> &str {
        &self.value.attribute
    }
}

/// Who has which unique value: hashes of them here, the values themselves in the rows.
#[derive(Debug, Default)]
pub(crate) struct UniqueIndex {
    holders: Postings,
}

impl UniqueIndex {
    /// The first of `keys`, of a resource of this type, that a row other than the one in `own` has.
    pub(crate) fn taken<'a>(
        &self,
        slots: &Slots,
        resource_type: &ResourceType,
        keys: &'a [UniqueKey],
        own: Option<Slot>,
    ) -> Option<&'a UniqueKey> {
        let has = |row: &Arc<Row>, key: &UniqueKey| row.is_of(resource_type) && row.unique.contains(key);
        let is_taken = |key: &&UniqueKey| {
            let others = self.holders.rows(key.hash).filter(|holder| Some(*holder) != own);
            others.filter_map(|holder| slots.get(holder)).any(|row| has(row, key))
        };
        keys.iter().find(is_taken)
    }

    pub(crate) fn insert(&mut self, keys: &[UniqueKey], slot: Slot) {
        for key in keys {
            self.holders.insert(key.hash, slot);
        }
    }

    pub(crate) fn remove(&mut self, keys: &[UniqueKey], slot: Slot) {
        for key in keys {
            self.holders.remove(key.hash, slot);
        }
    }

    /// How many values are held.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.holders.len()
    }
}
