//! The smallest adapter that keeps every promise of the ports: a vector behind a mutex.
//!
//! It has no index and copies freely, so it is no store for production; it shows what each method
//! has to do and that `scim-domain` and `scim-ports` are all that an adapter needs. The kit proves it:
//! `cargo test -p scim-ports --features conformance`.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use scim_domain::audit::{AuditEntry, AuditEvent, AuditTarget};
use scim_domain::identifier::{ResourceId, TenantId, Timestamp, Version};
use scim_domain::listing::query::KeysetPosition;
use scim_domain::listing::{
    Direction, Include, MemberInclude, PageRequest, ResourcePage, ResourceQuery, SortKey,
};
use scim_domain::resource::{
    Attributes, GroupMembership, Member, MemberChange, Resource, StoredResource, UniqueValue, display,
    unique_values,
};
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::{
    AuditQuery, AuditRepository, DeleteResource, NewResource, RefusedCreate, RepositoryError,
    ResourceRepository, UpdateResource, Updated,
};

/// A stored resource. Its type is kept by name: the compiled schema may change between calls.
#[derive(Clone)]
struct Row {
    id: ResourceId,
    type_name: String,
    attributes: Attributes,
    unique_values: Vec<UniqueValue>,
    members: BTreeSet<ResourceId>,
    version: Version,
    created: Timestamp,
    last_modified: Timestamp,
}

/// What is kept of one tenant.
#[derive(Clone, Default)]
struct Data {
    /// In the order of ids.
    rows: Vec<Row>,
    /// What was deleted and is to be kept. Nothing shows it, and its ids are taken.
    aside: Vec<Row>,
    log: Vec<AuditEvent>,
}

/// Keeps everything in vectors, some for each tenant.
#[derive(Default)]
pub struct VecAdapter {
    tenants: Mutex<HashMap<TenantId, Data>>,
}

impl VecAdapter {
    fn lock(&self) -> MutexGuard<'_, HashMap<TenantId, Data>> {
        // A writer works on a copy and puts it back whole, so even a poisoned state is a good one.
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `write` on a copy of what the tenant has, which takes its place if that succeeds: that is the transaction.
    fn transaction<T, E>(
        &self,
        tenant: &Tenant,
        write: impl FnOnce(&mut Data) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut tenants = self.lock();
        let mut data = tenants.get(&tenant.id).cloned().unwrap_or_default();
        let outcome = write(&mut data)?;
        data.rows.sort_by_key(|row| row.id);
        tenants.insert(tenant.id, data);
        Ok(outcome)
    }

    fn snapshot(&self, tenant: &Tenant) -> Vec<Row> {
        self.lock().get(&tenant.id).map(|data| data.rows.clone()).unwrap_or_default()
    }
}

#[async_trait]
impl ResourceRepository for VecAdapter {
    async fn resource_create_all(
        &self,
        tenant: &Tenant,
        resources: Vec<NewResource>,
        include: Include,
    ) -> Result<Vec<StoredResource>, RefusedCreate> {
        self.transaction(tenant, |Data { rows, aside, log }| {
            let ids: Vec<ResourceId> = resources.iter().map(|new| new.id).collect();
            let types: Vec<Arc<ResourceType>> =
                resources.iter().map(|new| new.resource_type.clone()).collect();
            for (index, new) in resources.into_iter().enumerate() {
                let refused = |error| RefusedCreate { index, error };
                if rows.iter().chain(aside.iter()).any(|row| row.id == new.id) {
                    return Err(refused(RepositoryError::Uniqueness { attribute: "id".into() }));
                }
                check_unique(rows, new.resource_type.name(), new.id, &new.unique_values).map_err(refused)?;
                let target = (new.resource_type.name(), new.id);
                log.push(record(&new.audit, tenant, new.at, target, (None, Some(Version::FIRST))));
                rows.push(Row {
                    id: new.id,
                    type_name: new.resource_type.name().to_owned(),
                    attributes: new.attributes,
                    unique_values: new.unique_values,
                    members: new.members,
                    version: Version::FIRST,
                    created: new.at,
                    last_modified: new.at,
                });
            }
            // Members are checked when all rows are there: they may name one another.
            for (index, (id, resource_type)) in ids.iter().zip(&types).enumerate() {
                let members =
                    find(rows, resource_type, *id).map(|row| row.members.clone()).unwrap_or_default();
                check_members(rows, resource_type, &members)
                    .map_err(|error| RefusedCreate { index, error })?;
            }
            let created = ids.iter().zip(&types).filter_map(|(id, resource_type)| {
                find(rows, resource_type, *id)
                    .map(|row| read(tenant, rows, row, resource_type, include).into())
            });
            Ok(created.collect())
        })
    }

    async fn resource_get(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        include: Include,
    ) -> Result<Option<StoredResource>, RepositoryError> {
        let rows = self.snapshot(tenant);
        Ok(find(&rows, resource_type, id).map(|row| read(tenant, &rows, row, resource_type, include).into()))
    }

    async fn resource_update(
        &self,
        tenant: &Tenant,
        update: UpdateResource,
        include: Include,
    ) -> Result<Updated, RepositoryError> {
        self.transaction(tenant, |Data { rows, log, .. }| {
            let row = find(rows, &update.resource_type, update.id).ok_or(RepositoryError::NotFound)?;
            if !update.expected.allows(row.version) {
                return Err(RepositoryError::VersionConflict { current: row.version });
            }
            let mut after = row.clone();
            apply_members(&mut after.members, &update.members);
            let added: BTreeSet<ResourceId> = after.members.difference(&row.members).copied().collect();
            if let Some((attributes, unique_values)) = update.attributes {
                (after.attributes, after.unique_values) = (attributes, unique_values);
            }
            let changed = after.attributes != row.attributes || after.members != row.members;
            check_members(rows, &update.resource_type, &added)?;
            check_unique(rows, update.resource_type.name(), update.id, &after.unique_values)?;
            if changed {
                (after.version, after.last_modified) = (after.version.next(), update.at);
                let target = (update.resource_type.name(), update.id);
                let versions = (Some(row.version), Some(after.version));
                log.push(record(&update.audit, tenant, update.at, target, versions));
            }
            rows.retain(|row| row.id != update.id);
            rows.push(after.clone());
            rows.sort_by_key(|row| row.id);
            let resource = read(tenant, rows, &after, &update.resource_type, include).into();
            Ok(Updated { resource, changed, member_count: after.members.len() })
        })
    }

    async fn resource_delete(&self, tenant: &Tenant, delete: DeleteResource) -> Result<(), RepositoryError> {
        self.transaction(tenant, |Data { rows, aside, log }| {
            let row = find(rows, &delete.resource_type, delete.id).ok_or(RepositoryError::NotFound)?;
            if !delete.expected.allows(row.version) {
                return Err(RepositoryError::VersionConflict { current: row.version });
            }
            let target = (delete.resource_type.name(), delete.id);
            log.push(record(&delete.audit, tenant, delete.at, target, (Some(row.version), None)));
            if let Some(attributes) = delete.keep {
                let (version, members) = (row.version.next(), BTreeSet::new());
                aside.push(Row { attributes, version, last_modified: delete.at, members, ..row.clone() });
            }
            rows.retain(|row| row.id != delete.id);
            for group in rows.iter_mut() {
                if group.members.remove(&delete.id) {
                    (group.version, group.last_modified) = (group.version.next(), delete.at);
                }
            }
            Ok(())
        })
    }

    async fn resource_search(
        &self,
        tenant: &Tenant,
        query: &ResourceQuery,
    ) -> Result<ResourcePage, RepositoryError> {
        let rows = self.snapshot(tenant);
        let mut found: Vec<(Option<SortKey>, Resource)> = Vec::new();
        for scope in &query.scopes {
            for row in rows.iter().filter(|row| row.type_name == scope.resource_type.name()) {
                // Filters and sorts may look at members and groups, whatever the answer includes.
                let resource = read(tenant, &rows, row, &scope.resource_type, Include::EVERYTHING);
                if scope.filter.as_ref().is_none_or(|filter| filter.matches(&resource)) {
                    let key = scope.sort_by.as_ref().and_then(|sort_by| SortKey::of(&resource, sort_by));
                    found.push((key, resource));
                }
            }
        }
        found.sort_by(|left, right| order(query.sort_order, (&left.0, left.1.id), (&right.0, right.1.id)));
        let total_results = found.len();
        let (page, has_more) = cut(found, query);
        let resources = page
            .into_iter()
            .filter_map(|(_, resource)| {
                let row = find(&rows, &resource.resource_type, resource.id)?;
                Some(read(tenant, &rows, row, &resource.resource_type, query.include).into())
            })
            .collect();
        Ok(ResourcePage { total_results, resources, has_more })
    }

    async fn resource_reindex(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        after: Option<ResourceId>,
        limit: usize,
    ) -> Result<Option<ResourceId>, RepositoryError> {
        // Values are compared when they are asked for: unique values are all that is kept beside them.
        self.transaction(tenant, |Data { rows, .. }| {
            let of_type = rows.iter().filter(|row| row.type_name == resource_type.name());
            let rest = of_type.filter(|row| after.is_none_or(|after| row.id > after));
            let ids: Vec<ResourceId> = rest.map(|row| row.id).take(limit).collect();
            for id in &ids {
                let Some(row) = find(rows, resource_type, *id) else { continue };
                let mut values = unique_values(resource_type, &row.attributes);
                // What another one has is left to that one.
                values.retain(|value| {
                    check_unique(rows, resource_type.name(), *id, std::slice::from_ref(value)).is_ok()
                });
                if let Some(row) = rows.iter_mut().find(|row| row.id == *id) {
                    row.unique_values = values;
                }
            }
            Ok(ids.last().copied())
        })
    }

    async fn ping(&self) -> Result<(), RepositoryError> {
        Ok(())
    }
}

/// Keeps what it writes down itself, and what it is given.
#[async_trait]
impl AuditRepository for VecAdapter {
    async fn audit_append(&self, events: Vec<AuditEvent>) -> Result<(), RepositoryError> {
        let mut tenants = self.lock();
        for event in events {
            tenants.entry(event.tenant).or_default().log.push(event);
        }
        Ok(())
    }

    async fn audit_page(
        &self,
        tenant: TenantId,
        query: &AuditQuery,
    ) -> Result<Vec<AuditEvent>, RepositoryError> {
        let mut log = self.lock().get(&tenant).map(|data| data.log.clone()).unwrap_or_default();
        log.retain(|event| {
            query.before.is_none_or(|before| event.id < before)
                && query.filter.as_ref().is_none_or(|filter| filter.matches(event))
        });
        log.sort_by_key(|event| std::cmp::Reverse(event.id));
        log.truncate(query.limit);
        Ok(log)
    }

    async fn audit_prune(&self, before: Timestamp, limit: usize) -> Result<usize, RepositoryError> {
        let mut left = limit;
        for data in self.lock().values_mut() {
            data.log.retain(|event| {
                let goes = left > 0 && event.at < before;
                left -= usize::from(goes);
                !goes
            });
        }
        Ok(limit - left)
    }
}

/// What is written down of a change, with the versions before and after.
fn record(
    entry: &AuditEntry,
    tenant: &Tenant,
    at: Timestamp,
    (type_name, id): (&str, ResourceId),
    (before, after): (Option<Version>, Option<Version>),
) -> AuditEvent {
    let target = AuditTarget { resource_type: type_name.to_owned(), id: id.to_string() };
    entry.record(tenant.id, at, target, before, after)
}

/// The order of a result: by sort key in the order asked for, then by id, always ascending.
fn order(
    sort_order: Direction,
    left: (&Option<SortKey>, ResourceId),
    right: (&Option<SortKey>, ResourceId),
) -> Ordering {
    sort_order.apply(SortKey::compare(left.0.as_ref(), right.0.as_ref())).then(left.1.cmp(&right.1))
}

type Found = Vec<(Option<SortKey>, Resource)>;

/// The page that was asked for, and whether the result goes on beyond it.
fn cut(found: Found, query: &ResourceQuery) -> (Found, bool) {
    let beside = |(key, resource): &(Option<SortKey>, Resource), position: &KeysetPosition| {
        order(query.sort_order, (key, resource.id), (&position.sort_key, position.id))
    };
    match &query.page {
        PageRequest::Index { skip, count } => {
            let more = found.len() > skip.saturating_add(*count);
            (found.into_iter().skip(*skip).take(*count).collect(), more)
        }
        PageRequest::Keyset { position, direction: Direction::Ascending, count } => {
            let rest = found.into_iter().filter(|item| {
                position.as_ref().is_none_or(|position| beside(item, position) == Ordering::Greater)
            });
            let mut page: Found = rest.take(count.saturating_add(1)).collect();
            let more = page.len() > *count;
            page.truncate(*count);
            (page, more)
        }
        PageRequest::Keyset { position, direction: Direction::Descending, count } => {
            let before: Found = found
                .into_iter()
                .filter(|item| {
                    position.as_ref().is_none_or(|position| beside(item, position) == Ordering::Less)
                })
                .collect();
            let first = before.len().saturating_sub(*count);
            (before.into_iter().skip(first).collect(), first > 0)
        }
    }
}

fn find<'a>(rows: &'a [Row], resource_type: &ResourceType, id: ResourceId) -> Option<&'a Row> {
    rows.iter().find(|row| row.id == id && row.type_name == resource_type.name())
}

fn check_unique(
    rows: &[Row],
    type_name: &str,
    id: ResourceId,
    values: &[UniqueValue],
) -> Result<(), RepositoryError> {
    let others = rows.iter().filter(|row| row.id != id && row.type_name == type_name);
    let taken: HashSet<&UniqueValue> = others.flat_map(|row| &row.unique_values).collect();
    match values.iter().find(|value| taken.contains(value)) {
        Some(value) => Err(RepositoryError::Uniqueness { attribute: value.attribute.clone() }),
        None => Ok(()),
    }
}

fn check_members(
    rows: &[Row],
    group_type: &ResourceType,
    members: &BTreeSet<ResourceId>,
) -> Result<(), RepositoryError> {
    let allowed = group_type.members().and_then(|members| members.attribute.sub_attribute("$ref"));
    let may_be = |row: &Row| allowed.is_some_and(|allowed| allowed.reference_types.contains(&row.type_name));
    let known: HashSet<ResourceId> = rows.iter().filter(|row| may_be(row)).map(|row| row.id).collect();
    let ids: Vec<ResourceId> = members.iter().filter(|id| !known.contains(id)).copied().collect();
    if ids.is_empty() { Ok(()) } else { Err(RepositoryError::UnknownMembers { ids }) }
}

fn apply_members(members: &mut BTreeSet<ResourceId>, change: &MemberChange) {
    match change {
        MemberChange::Replace(all) => members.clone_from(all),
        MemberChange::Delta { add, remove } => {
            members.retain(|id| !remove.contains(id));
            members.extend(add);
        }
    }
}

fn read(
    tenant: &Tenant,
    rows: &[Row],
    row: &Row,
    resource_type: &Arc<ResourceType>,
    include: Include,
) -> Resource {
    let wants_members = match include.members {
        MemberInclude::None => false,
        MemberInclude::UpTo(limit) => row.members.len() <= limit,
        MemberInclude::All => true,
    };
    Resource {
        id: row.id,
        resource_type: Arc::clone(resource_type),
        attributes: row.attributes.clone(),
        version: row.version,
        created: row.created,
        last_modified: row.last_modified,
        members: (wants_members && resource_type.members().is_some()).then(|| members(tenant, rows, row)),
        groups: (include.groups && resource_type.groups().is_some()).then(|| groups(tenant, rows, row.id)),
    }
}

fn members(tenant: &Tenant, rows: &[Row], group: &Row) -> Vec<Member> {
    let rows = rows.iter().filter(|row| group.members.contains(&row.id));
    rows.filter_map(|row| {
        Some(Member {
            id: row.id,
            resource_type: Arc::clone(tenant.schema.resource_type(&row.type_name)?),
            display: display(&row.attributes).map(str::to_owned),
        })
    })
    .collect()
}

/// Walks upwards from `id`. A group that was met is not met again, so circles end.
fn groups(tenant: &Tenant, rows: &[Row], id: ResourceId) -> Vec<GroupMembership> {
    let parents = |id: ResourceId| rows.iter().filter(move |row| row.members.contains(&id)).map(|row| row.id);
    let direct: BTreeSet<ResourceId> = parents(id).collect();
    let mut met = direct.clone();
    let mut next: Vec<ResourceId> = direct.iter().copied().collect();
    while let Some(group) = next.pop() {
        next.extend(parents(group).filter(|parent| met.insert(*parent)));
    }
    let indirect = met.difference(&direct);
    let all = direct.iter().map(|id| (id, true)).chain(indirect.map(|id| (id, false)));
    all.filter_map(|(id, direct)| {
        let row = rows.iter().find(|row| row.id == *id)?;
        Some(GroupMembership {
            id: row.id,
            resource_type: Arc::clone(tenant.schema.resource_type(&row.type_name)?),
            display: display(&row.attributes).map(str::to_owned),
            direct,
        })
    })
    .collect()
}

fn main() {
    let _adapter: Arc<dyn ResourceRepository> = Arc::new(VecAdapter::default());
}

#[cfg(test)]
mod tests {
    use scim_ports::TenantRepository;
    use scim_ports::conformance::{BoxFuture, Harness, Stores};

    use super::*;

    /// The tenants of one test.
    struct VecTenants(Vec<Arc<Tenant>>);

    #[async_trait]
    impl TenantRepository for VecTenants {
        async fn tenant_by_id(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, RepositoryError> {
            Ok(self.0.iter().find(|tenant| tenant.id == id).cloned())
        }

        async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Arc<Tenant>>, RepositoryError> {
            Ok(self.0.iter().find(|tenant| tenant.slug == slug).cloned())
        }
    }

    struct VecHarness;

    #[async_trait]
    impl Harness for VecHarness {
        async fn stores(&self, tenants: &[Arc<Tenant>]) -> Stores {
            let adapter = Arc::new(VecAdapter::default());
            Stores {
                resources: Arc::<VecAdapter>::clone(&adapter),
                tenants: Arc::new(VecTenants(tenants.to_vec())),
                audit: adapter,
            }
        }

        fn spawn(&self, task: BoxFuture<'static>) -> BoxFuture<'static> {
            let task = tokio::spawn(task);
            Box::pin(async move { task.await.expect("the task ends well") })
        }
    }

    fn block_on(test: impl Future<Output = ()>) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build();
        runtime.expect("a runtime").block_on(test);
    }

    scim_ports::conformance_tests!(VecHarness, block_on);
}
