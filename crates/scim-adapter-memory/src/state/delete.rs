//! Deleting a resource.

use scim_ports::{DeleteResource, RepositoryError};

use crate::equality::LeafHasher;
use crate::membership::End;

use super::TenantState;

impl TenantState {
    /// Takes out a row, all that the indexes hold of it, and its memberships at both ends.
    pub(crate) fn delete(
        &mut self,
        hasher: &LeafHasher,
        delete: &DeleteResource,
    ) -> Result<(), RepositoryError> {
        let row = self.row_of(&delete.resource_type, delete.id).ok_or(RepositoryError::NotFound)?;
        if !delete.expected.allows(row.version) {
            return Err(RepositoryError::VersionConflict { current: row.version });
        }
        let leaves = hasher.leaves(row.resource_type.name(), &row.attributes()?);
        let end = (row.id, row.slot);
        let groups: Vec<End> = self.membership.direct_groups(end.1).filter(|group| *group != end).collect();
        for group in groups {
            self.membership.remove(group, end);
            self.bump(group.1, delete.at);
        }
        let members: Vec<End> = self.membership.members(end.1).collect();
        for member in members {
            self.membership.remove(end, member);
        }
        self.equality.remove(&leaves, end.1);
        self.ids.remove(&end.0);
        if let Some(row) = self.slots.take(end.1) {
            self.unique.remove(&row.unique, row.slot);
            if let Some(rows) = self.types.get_mut(row.resource_type.name()) {
                rows.remove(row.id);
            }
        }
        Ok(())
    }
}
