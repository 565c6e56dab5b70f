//! What is stored of one tenant: the rows and the indexes on them, which change together.

mod create;
mod delete;
mod read;
mod reindex;
mod update;

use std::collections::{BTreeSet, HashMap};
use std::hash::RandomState;
use std::sync::Arc;

use parking_lot::RwLock;
use scim_domain::attribute::AttributeDefinition;
use scim_domain::identifier::{ResourceId, Timestamp};
use scim_domain::schema::ResourceType;
use scim_ports::{RepositoryError, Statistics};

use crate::audit::TenantLog;
use crate::blocks::Blocks;
use crate::equality::{EqualityIndex, LeafHasher};
use crate::membership::{End, Membership};
use crate::row::Row;
use crate::sharded::ShardedMap;
use crate::slots::{Slot, Slots};
use crate::unique::UniqueIndex;

pub(crate) use create::{Created, Prepared};
pub(crate) use read::{Related, asks_for_related};
pub(crate) use reindex::Reindexed;

/// Rows in the order of creation.
pub(crate) type RowsById = Blocks<ResourceId, Arc<Row>>;

/// One tenant's resources. Each tenant has its own lock: tenants never wait for one another.
#[derive(Debug)]
pub(crate) struct TenantStore {
    /// Never held across an `await`, nor while filters are evaluated.
    pub(crate) state: RwLock<TenantState>,
    pub(crate) hasher: LeafHasher,
    /// Where changes are written down, with the lock of what is changed.
    pub(crate) log: Arc<TenantLog>,
}

impl TenantStore {
    pub(crate) fn new(log: Arc<TenantLog>) -> Self {
        Self { state: RwLock::default(), hasher: LeafHasher::default(), log }
    }
}

/// The rows of one tenant with all indexes.
#[derive(Debug, Default)]
pub(crate) struct TenantState {
    slots: Slots,
    ids: ShardedMap<ResourceId, Slot, RandomState>,
    /// The rows of each type, by its name, in the order of creation.
    types: HashMap<String, RowsById>,
    unique: UniqueIndex,
    equality: EqualityIndex,
    membership: Membership,
    /// Resources that were deleted and put aside. Nothing shows them, and their ids are taken.
    aside: HashMap<ResourceId, Row>,
    active_users: u64,
    last_write_at: Option<Timestamp>,
}

impl TenantState {
    /// How many resources there are, with those put aside.
    pub(crate) fn len(&self) -> usize {
        self.types.values().map(RowsById::len).sum::<usize>().saturating_add(self.aside.len())
    }

    /// The figures.
    pub(crate) fn statistics(&self) -> Statistics {
        let count =
            |(name, rows): (&String, &RowsById)| Some((name.clone(), u64::try_from(rows.len()).ok()?));
        Statistics {
            resources: self.types.iter().filter_map(count).filter(|(_, count)| *count > 0).collect(),
            active_users: self.active_users,
            last_write_at: self.last_write_at,
        }
    }

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
    pub(crate) fn rows_of(&self, resource_type: &ResourceType) -> Option<&RowsById> {
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
        self.count_out(row.slot);
        self.active_users = self.active_users.saturating_add(u64::from(row.is_active_user));
        self.slots.put(Arc::clone(&row));
        let name = row.resource_type.name();
        if !self.types.contains_key(name) {
            self.types.insert(name.to_owned(), RowsById::default());
        }
        if let Some(rows) = self.types.get_mut(name) {
            rows.insert(row.id, Arc::clone(&row));
        }
        row
    }

    /// The row in this slot is about to be another one, or none.
    fn count_out(&mut self, slot: Slot) {
        let is_active_user = self.row_in(slot).is_some_and(|row| row.is_active_user);
        self.active_users = self.active_users.saturating_sub(u64::from(is_active_user));
    }

    /// Something was written at this time.
    fn wrote(&mut self, at: Timestamp) {
        self.last_write_at = self.last_write_at.max(Some(at));
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

#[cfg(test)]
mod tests {
    use scim_domain::audit::{Actor, AuditEntry, AuditOperation, Origin};
    use scim_domain::identifier::{AuditEventId, Timestamp};
    use scim_domain::resource::{Attributes, MemberChange, unique_values};
    use scim_domain::schema::TenantSchema;
    use scim_ports::{DeleteResource, ExpectedVersion, NewResource, UpdateResource};
    use serde_json::{Value, json};
    use uuid::{Builder, Uuid};

    use super::*;
    use crate::row::Content;

    fn moment() -> Timestamp {
        Timestamp::new(std::time::SystemTime::UNIX_EPOCH.into())
    }

    fn entry() -> AuditEntry {
        let origin = Origin { actor: Actor::Operator, request_id: String::new(), client_address: None };
        AuditEntry {
            id: AuditEventId::new(Uuid::nil()),
            origin: Arc::new(origin),
            operation: AuditOperation::Modify,
            attributes: Vec::new(),
        }
    }

    fn object(value: Value) -> Attributes {
        value.as_object().expect("an object").clone()
    }

    #[test]
    fn what_is_deleted_leaves_nothing_in_any_index() {
        let schema = TenantSchema::rfc7643().expect("compiles");
        let resource_type = |name| Arc::clone(schema.resource_type(name).expect("defined"));
        let (user, group) = (resource_type("User"), resource_type("Group"));
        let id = |number: u8| ResourceId::new(Builder::from_bytes([number; 16]).into_uuid());
        let new =
            |number, resource_type: &Arc<ResourceType>, attributes: Value, members: &[u8]| NewResource {
                id: id(number),
                unique_values: unique_values(resource_type, &object(attributes.clone())),
                resource_type: Arc::clone(resource_type),
                attributes: object(attributes),
                members: members.iter().map(|member| id(*member)).collect(),
                at: moment(),
                audit: entry(),
            };
        let hasher = LeafHasher::default();
        let mut state = TenantState::default();
        let resources = vec![
            new(
                1,
                &user,
                json!({"userName": "a", "title": "x", "emails": [{"value": "e", "type": "t"}]}),
                &[],
            ),
            new(2, &user, json!({"userName": "b", "title": "x", "active": true}), &[]),
            new(3, &group, json!({"displayName": "g"}), &[1, 2, 3, 4]),
            new(4, &group, json!({"displayName": "g"}), &[1, 3]),
        ];
        let prepared = Prepared::all(&hasher, resources).expect("prepared");
        state.create_all(prepared).expect("created");
        let attributes = object(json!({"userName": "c", "title": "y"}));
        let unique = unique_values(&user, &attributes);
        let content = Content::new(&hasher, &user, &attributes, unique).expect("prepared");
        let update = UpdateResource {
            id: id(1),
            resource_type: Arc::clone(&user),
            expected: ExpectedVersion::Any,
            attributes: None,
            members: MemberChange::default(),
            at: moment(),
            audit: entry(),
        };
        state.update(&hasher, &update, Some((attributes, content))).expect("updated");
        for (number, resource_type) in [(3, &group), (1, &user), (4, &group), (2, &user)] {
            let resource_type = Arc::clone(resource_type);
            let delete = DeleteResource {
                id: id(number),
                resource_type,
                expected: ExpectedVersion::Any,
                keep: None,
                at: moment(),
                audit: entry(),
            };
            state.delete(&hasher, &delete, None).expect("deleted");
        }
        assert_eq!((state.ids.len(), state.len(), state.active_users), (0, 0, 0));
        assert_eq!((state.unique.len(), state.equality.len()), (0, 0));
        assert!(state.membership.is_empty());
        assert!(state.types.values().all(|rows| rows.len() == 0));
        assert!(state.row(ResourceId::new(Uuid::nil())).is_none());
    }
}
