//! Changing a resource.

use std::collections::BTreeSet;
use std::sync::Arc;

use scim_domain::identifier::{ResourceId, Version};
use scim_domain::resource::{Attributes, MemberChange};
use scim_ports::{RepositoryError, UpdateResource};

use crate::equality::LeafHasher;
use crate::membership::End;
use crate::row::{Content, Row};
use crate::slots::Slot;

use super::{TenantState, without};

/// The attributes as they are to be, with what the row and the indexes will hold.
pub(crate) type NewContent = (Attributes, Content);

/// Who comes into a group and who goes.
struct MemberSteps {
    add: Vec<End>,
    remove: Vec<End>,
}

impl TenantState {
    /// Changes a row and answers it, and the version that it had: the one it has where nothing changed.
    pub(crate) fn update(
        &mut self,
        hasher: &LeafHasher,
        update: &UpdateResource,
        content: Option<NewContent>,
    ) -> Result<(Arc<Row>, Version), RepositoryError> {
        let row = self.row_of(&update.resource_type, update.id).ok_or(RepositoryError::NotFound)?;
        let row = Arc::clone(row);
        if !update.expected.allows(row.version) {
            return Err(RepositoryError::VersionConflict { current: row.version });
        }
        let members = self.member_steps(&row, update)?;
        if let Some((_, content)) = &content
            && let Some(taken) =
                self.unique.taken(&self.slots, &update.resource_type, &content.unique, Some(row.slot))
        {
            return Err(RepositoryError::Uniqueness { attribute: taken.attribute().to_owned() });
        }
        let current = match &content {
            Some((_, content)) if !row.same_payload(content) => Some(row.attributes()?),
            _ => None,
        };

        // From here on nothing can fail.
        let members_changed = self.take_steps((row.id, row.slot), &members);
        let version = row.version;
        let Some((attributes, content)) = content else {
            if !members_changed {
                return Ok((row, version));
            }
            self.wrote(update.at);
            return Ok((self.put(row.next_version(update.at)), version));
        };
        let before = current.filter(|before| *before != attributes);
        let changed = members_changed || before.is_some();
        if let Some(before) = before {
            let old = hasher.leaves(row.resource_type.name(), &before);
            self.equality.change(&old, &content.leaves, row.slot);
        }
        self.unique.remove(&row.unique, row.slot);
        self.unique.insert(&content.unique, row.slot);
        let next = if changed {
            self.wrote(update.at);
            row.next_version(update.at)
        } else {
            Row::clone(&row)
        };
        Ok((self.put(next.with_content(&update.resource_type, content)), version))
    }

    /// Works out what a [`MemberChange`] comes to, by look-ups of the members that it names (for
    /// [`MemberChange::Replace`], of those that the group has as well).
    fn member_steps(&self, row: &Row, update: &UpdateResource) -> Result<MemberSteps, RepositoryError> {
        let (add, remove) = match &update.members {
            MemberChange::Delta { add, remove } => {
                (without(add, |id| self.is_member(row.slot, *id)), remove.iter().copied().collect())
            }
            MemberChange::Replace(members) => {
                let current: BTreeSet<ResourceId> =
                    self.membership.members(row.slot).map(|member| member.0).collect();
                (without(members, |id| current.contains(id)), without(&current, |id| members.contains(id)))
            }
        };
        let end = |id: &ResourceId| Some((*id, *self.ids.get(id)?));
        Ok(MemberSteps {
            add: self.members_to_be(&update.resource_type, add, |_| None)?,
            remove: remove.iter().filter_map(end).collect(),
        })
    }

    fn is_member(&self, group: Slot, id: ResourceId) -> bool {
        self.ids.get(&id).is_some_and(|member| self.membership.contains(group, (id, *member)))
    }

    fn take_steps(&mut self, group: End, steps: &MemberSteps) -> bool {
        let mut changed = false;
        for member in &steps.remove {
            changed |= self.membership.remove(group, *member);
        }
        for member in &steps.add {
            changed |= self.membership.add(group, *member);
        }
        changed
    }
}
