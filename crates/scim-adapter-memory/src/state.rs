//! What is stored of one tenant: the rows and the indexes on them, which change together.

mod create;
mod delete;
mod read;
mod update;

use std::collections::{BTreeSet, HashMap};
use std::hash::RandomState;
use std::sync::Arc;

use parking_lot::RwLock;
use scim_domain::attribute::AttributeDefinition;
use scim_domain::identifier::{ResourceId, Timestamp};
use scim_domain::schema::ResourceType;
use scim_ports::RepositoryError;

use crate::blocks::Blocks;
use crate::equality::{EqualityIndex, LeafHasher};
use crate::membership::{End, Membership};
use crate::row::Row;
use crate::sharded::ShardedMap;
use crate::slots::{Slot, Slots};
use crate::unique::UniqueIndex;

pub(crate) use create::Prepared;
pub(crate) use read::{Related, asks_for_related};

/// One tenant's resources. Each tenant has its own lock: tenants never wait for one another.
#[derive(Debug, Default)]
pub(crate) struct TenantStore {
    /// Never held across an `await`, nor while filters are evaluated.
    pub(crate) state: RwLock<TenantState>,
    pub(crate) hasher: LeafHasher,
}

/// The rows of one tenant with all indexes.
#[derive(Debug, Default)]
pub(crate) struct TenantState {
    slots: Slots,
    ids: ShardedMap<ResourceId, Slot, RandomState>,
    /// The rows of each type, by its name, in the order of creation.
    types: HashMap<String, Blocks<Arc<Row>>>,
    unique: UniqueIndex,
    equality: EqualityIndex,
    membership: Membership,
}

impl TenantState {
    /// The row in this slot.
    pub(crate) fn row_in(&self, slot: Slot) -> Option<&Arc<Row>> {
        self.slots.get(slot)
    }

    /// Whether the resource of a row that was read before is still there.
    pub(crate) fn has(&self, row: &Row) -> bool {
        self.row_in(row.slot).is_some_and(|current| current.id == row.id)
    }

    /// The row with this id, whatever its type.
    pub(crate) fn row(&self, id: ResourceId) -> Option<&Arc<Row>> {
        self.slots.get(*self.ids.get(&id)?)
    }

    /// The row of this type and id.
    pub(crate) fn row_of(&self, resource_type: &ResourceType, id: ResourceId) -> Option<&Arc<Row>> {
        self.row(id).filter(|row| row.is_of(resource_type))
    }

    /// The rows of this type in the order of creation; `None` where there never was one.
    pub(crate) fn rows_of(&self, resource_type: &ResourceType) -> Option<&Blocks<Arc<Row>>> {
        self.types.get(resource_type.name())
    }

    pub(crate) fn equality(&self) -> &EqualityIndex {
        &self.equality
    }

    pub(crate) fn membership(&self) -> &Membership {
        &self.membership
    }

    /// Puts a row where its slot says, in place of the one that was there.
    fn put(&mut self, row: Row) -> Arc<Row> {
        let row = Arc::new(row);
        self.slots.put(Arc::clone(&row));
        let name = row.resource_type.name();
        if !self.types.contains_key(name) {
            self.types.insert(name.to_owned(), Blocks::default());
        }
        if let Some(rows) = self.types.get_mut(name) {
            rows.insert(row.id, Arc::clone(&row));
        }
        row
    }

    /// The row in this slot goes up by one version.
    fn bump(&mut self, slot: Slot, at: Timestamp) {
        if let Some(row) = self.slots.get(slot).map(|row| row.next_version(at)) {
            self.put(row);
        }
    }

    /// The ends of `ids`, all of which are to be members of a group of this type.
    ///
    /// # Errors
    /// Those that are not there or not of a type that may be a member. `also` tells of resources
    /// that are about to be there.
    fn members_to_be<'t>(
        &self,
        group: &ResourceType,
        ids: impl IntoIterator<Item = ResourceId>,
        also: impl Fn(ResourceId) -> Option<&'t ResourceType>,
    ) -> Result<Vec<End>, RepositoryError> {
        let mut ends = Vec::new();
        let mut unknown = Vec::new();
        for id in ids {
            let stored = self.row(id);
            let resource_type = stored.map(|row| &*row.resource_type).or_else(|| also(id));
            match (resource_type, stored) {
                (Some(resource_type), stored) if may_be_member(group, resource_type) => {
                    ends.extend(stored.map(|row| (id, row.slot)));
                }
                _ => unknown.push(id),
            }
        }
        if unknown.is_empty() { Ok(ends) } else { Err(RepositoryError::UnknownMembers { ids: unknown }) }
    }
}

/// Whether a resource of type `member` may be a member of one of type `group`: the members' `$ref`
/// says which types it may refer to (RFC 7643 §7, `referenceTypes`).
fn may_be_member(group: &ResourceType, member: &ResourceType) -> bool {
    let reference = group.members().and_then(|members| members.attribute.sub_attribute("$ref"));
    reference.map(AsRef::as_ref).is_some_and(|reference: &AttributeDefinition| {
        reference.reference_types.iter().any(|name| name == member.name())
    })
}

/// The ids of `set` that are not in `other`.
fn without(set: &BTreeSet<ResourceId>, other: impl Fn(&ResourceId) -> bool) -> Vec<ResourceId> {
    set.iter().copied().filter(|id| !other(id)).collect()
}
