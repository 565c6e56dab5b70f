//! Deleting a resource.

use scim_domain::identifier::Version;
use scim_ports::{DeleteResource, RepositoryError};

use crate::equality::LeafHasher;
use crate::membership::End;
use crate::row::Content;

use super::TenantState;

impl TenantState {
    /// Takes out a row, all that the indexes hold of it, and its memberships at both ends. Puts it aside with
    /// the content to be kept, if any. Answers the version that it had.
    pub(crate) fn delete(
        &mut self,
        hasher: &LeafHasher,
        delete: &DeleteResource,
        kept: Option<Content>,
    ) -> Result<Version, RepositoryError> {
        let row = self.row_of(&delete.resource_type, delete.id).ok_or(RepositoryError::NotFound)?;
        if !delete.expected.allows(row.version) {
            return Err(RepositoryError::VersionConflict { current: row.version });
        }
        let leaves = hasher.leaves(row.resource_type.name(), &row.attributes()?);
        let (end, version) = ((row.id, row.slot), row.version);
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
        self.count_out(end.1);
        if let Some(row) = self.slots.take(end.1) {
            self.unique.remove(&row.unique, row.slot);
            if let Some(rows) = self.types.get_mut(row.resource_type.name()) {
                rows.remove(row.id);
            }
            if let Some(content) = kept {
                let aside = row.next_version(delete.at).with_content(&delete.resource_type, content);
                self.aside.insert(row.id, aside);
            }
        }
        self.wrote(delete.at);
        Ok(version)
    }
}
