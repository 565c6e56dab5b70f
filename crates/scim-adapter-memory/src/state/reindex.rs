//! Working out unique values again, when a type's definition has changed.
//!
//! Nothing else goes by it: the equality index has every value under keys that no definition changes,
//! and filters and sorts are evaluated on the values themselves.

use std::sync::Arc;

use scim_domain::identifier::ResourceId;
use scim_domain::schema::ResourceType;
use scim_ports::RepositoryError;

use crate::equality::LeafHasher;
use crate::row::Row;
use crate::unique::UniqueKey;

use super::TenantState;

/// A row that was read, with its unique values by its type as it is now.
#[derive(Debug)]
pub(crate) struct Reindexed {
    row: Arc<Row>,
    unique: Vec<UniqueKey>,
}

impl Reindexed {
    /// Works out what can be worked out without a lock.
    pub(crate) fn new(
        hasher: &LeafHasher,
        resource_type: &ResourceType,
        row: Arc<Row>,
    ) -> Result<Self, RepositoryError> {
        let unique = row.unique_keys(hasher, resource_type)?;
        Ok(Self { row, unique })
    }
}

impl TenantState {
    /// Up to `limit` rows of this type after `after`, in the order of ids.
    pub(crate) fn rows_after(
        &self,
        resource_type: &ResourceType,
        after: Option<ResourceId>,
        limit: usize,
    ) -> Vec<Arc<Row>> {
        match (self.rows_of(resource_type), after) {
            (None, _) => Vec::new(),
            (Some(rows), None) => rows.skip(0).take(limit).cloned().collect(),
            (Some(rows), Some(after)) => rows.after(after).take(limit).cloned().collect(),
        }
    }

    /// Gives a row the unique values that are its own by now, but for those that another row has.
    pub(crate) fn reindex(
        &mut self,
        hasher: &LeafHasher,
        resource_type: &Arc<ResourceType>,
        reindexed: Reindexed,
    ) -> Result<(), RepositoryError> {
        let Reindexed { row: read, unique } = reindexed;
        let Some(row) = self.row_of(resource_type, read.id).cloned() else { return Ok(()) };
        // It may have been written since it was read.
        let mut unique =
            if Arc::ptr_eq(&row, &read) { unique } else { row.unique_keys(hasher, resource_type)? };
        unique.retain(|key| {
            let key = std::slice::from_ref(key);
            self.unique.taken(&self.slots, resource_type, key, Some(row.slot)).is_none()
        });
        self.unique.remove(&row.unique, row.slot);
        self.unique.insert(&unique, row.slot);
        self.put(row.with_unique(resource_type, unique));
        Ok(())
    }
}
