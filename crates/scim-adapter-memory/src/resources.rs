//! The repository: which tenant's store, which lock, and what is done outside it.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::{RwLock, RwLockWriteGuard};
use scim_domain::identifier::ResourceId;
use scim_domain::listing::{Include, ResourcePage, ResourceQuery};
use scim_domain::resource::StoredResource;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::{
    DeleteResource, NewResource, RefusedCreate, RepositoryError, ResourceRepository, UpdateResource, Updated,
};

use crate::audit::{Entry, Target};
use crate::registry::Registry;
use crate::row::{Content, Row};
use crate::search::search;
use crate::state::{Created, Prepared, Reindexed, TenantState, TenantStore};

/// How many resources are written before others of the tenant get their turn.
const STRIDE: usize = 64;

/// The resources of all tenants, in memory. What is written for a tenant that is not registered is refused
/// as [`RepositoryError::NotFound`].
#[derive(Debug)]
pub struct MemoryResources {
    registry: Arc<RwLock<Registry>>,
}

impl MemoryResources {
    pub(crate) fn new(registry: Arc<RwLock<Registry>>) -> Self {
        Self { registry }
    }

    /// The store of a tenant that is registered.
    fn store(&self, tenant: &Tenant) -> Option<Arc<TenantStore>> {
        self.registry.read().get(tenant.id).map(|registered| Arc::clone(&registered.store))
    }
}

/// Stores the resources, or nothing, and writes it down.
fn create_all(
    store: &TenantStore,
    state: &mut TenantState,
    resources: Vec<Prepared>,
) -> Result<Vec<(NewResource, Arc<Row>)>, RefusedCreate> {
    let created = state.create_all(resources)?;
    let note = |Created { new, row, audit }: Created| {
        let target = Target::Resource(Arc::clone(&new.resource_type), new.id);
        store.log.note(audit, new.at, target, None, Some(row.version));
        (new, row)
    };
    Ok(created.into_iter().map(note).collect())
}

/// A resource that was created, as it is answered.
fn answer(
    state: &TenantState,
    tenant: &Tenant,
    (new, row): (NewResource, Arc<Row>),
    include: Include,
) -> StoredResource {
    let related = state.related(tenant, &new.resource_type, &row, include);
    related.into_resource(row.resource(&new.resource_type))
}

#[async_trait]
impl ResourceRepository for MemoryResources {
    async fn resource_create_all(
        &self,
        tenant: &Tenant,
        resources: Vec<NewResource>,
        include: Include,
    ) -> Result<Vec<StoredResource>, RefusedCreate> {
        let gone = RefusedCreate { index: 0, error: RepositoryError::NotFound };
        let store = self.store(tenant).ok_or(gone)?;
        let prepared = Prepared::all(&store.hasher, resources)?;
        let mut state = store.state.write();
        let created = create_all(&store, &mut state, prepared)?;
        let state = RwLockWriteGuard::downgrade(state);
        Ok(created.into_iter().map(|created| answer(&state, tenant, created, include)).collect())
    }

    async fn resource_create_each(
        &self,
        tenant: &Tenant,
        resources: Vec<NewResource>,
        include: Include,
    ) -> Vec<Result<StoredResource, RepositoryError>> {
        let Some(store) = self.store(tenant) else {
            return resources.iter().map(|_| Err(RepositoryError::NotFound)).collect();
        };
        let mut outcomes = Vec::with_capacity(resources.len());
        let mut resources = resources.into_iter();
        while resources.len() > 0 {
            let prepare = |new| Prepared::new(&store.hasher, new);
            let prepared: Vec<_> = resources.by_ref().take(STRIDE).map(prepare).collect();
            let mut state = store.state.write();
            for prepared in prepared {
                let created = prepared.and_then(|prepared| {
                    let created = create_all(&store, &mut state, vec![prepared]);
                    created.map_err(|refused| refused.error)?.pop().ok_or(RepositoryError::NotFound)
                });
                outcomes.push(created.map(|created| answer(&state, tenant, created, include)));
            }
        }
        outcomes
    }

    async fn resource_get(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        include: Include,
    ) -> Result<Option<StoredResource>, RepositoryError> {
        let Some(store) = self.store(tenant) else { return Ok(None) };
        let found = {
            let state = store.state.read();
            state
                .row_of(resource_type, id)
                .map(|row| (Arc::clone(row), state.related(tenant, resource_type, row, include)))
        };
        let Some((row, related)) = found else { return Ok(None) };
        Ok(Some(related.into_resource(row.resource(resource_type))))
    }

    async fn resource_update(
        &self,
        tenant: &Tenant,
        mut update: UpdateResource,
        include: Include,
    ) -> Result<Updated, RepositoryError> {
        let store = self.store(tenant).ok_or(RepositoryError::NotFound)?;
        let content = match update.attributes.take() {
            None => None,
            Some((attributes, unique_values)) => {
                let content = Content::new(&store.hasher, &update.resource_type, &attributes, unique_values)?;
                Some((attributes, content))
            }
        };
        let audit = Entry::from(&update.audit);
        let (row, changed, related, member_count) = {
            let mut state = store.state.write();
            let (row, before) = state.update(&store.hasher, &update, content)?;
            let changed = row.version != before;
            if changed {
                let target = Target::Resource(Arc::clone(&update.resource_type), update.id);
                store.log.note(audit, update.at, target, Some(before), Some(row.version));
            }
            let state = RwLockWriteGuard::downgrade(state);
            let related = state.related(tenant, &update.resource_type, &row, include);
            let member_count = state.membership().count(row.slot);
            (row, changed, related, member_count)
        };
        let resource = related.into_resource(row.resource(&update.resource_type));
        Ok(Updated { resource, changed, member_count })
    }

    async fn resource_delete(&self, tenant: &Tenant, delete: DeleteResource) -> Result<(), RepositoryError> {
        let store = self.store(tenant).ok_or(RepositoryError::NotFound)?;
        let kept = delete
            .keep
            .as_ref()
            .map(|attributes| Content::new(&store.hasher, &delete.resource_type, attributes, Vec::new()));
        let kept = kept.transpose()?;
        let audit = Entry::from(&delete.audit);
        let mut state = store.state.write();
        let before = state.delete(&store.hasher, &delete, kept)?;
        let target = Target::Resource(Arc::clone(&delete.resource_type), delete.id);
        store.log.note(audit, delete.at, target, Some(before), None);
        Ok(())
    }

    async fn resource_search(
        &self,
        tenant: &Tenant,
        query: &ResourceQuery,
    ) -> Result<ResourcePage, RepositoryError> {
        match self.store(tenant) {
            Some(store) => search(&store, tenant, query).await,
            None => Ok(ResourcePage { total_results: 0, resources: Vec::new(), has_more: false }),
        }
    }

    async fn resource_reindex(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        after: Option<ResourceId>,
        limit: usize,
    ) -> Result<Option<ResourceId>, RepositoryError> {
        let Some(store) = self.store(tenant) else { return Ok(None) };
        let limit = limit.max(1);
        let rows = store.state.read().rows_after(resource_type, after, limit);
        let last = rows.last().filter(|_| rows.len() == limit).map(|row| row.id);
        let mut rows = rows.into_iter();
        while rows.len() > 0 {
            let read = |row| Reindexed::new(&store.hasher, resource_type, row);
            let reindexed = rows.by_ref().take(STRIDE).map(read).collect::<Result<Vec<_>, _>>()?;
            let mut state = store.state.write();
            for reindexed in reindexed {
                state.reindex(&store.hasher, resource_type, reindexed)?;
            }
        }
        Ok(last)
    }

    async fn ping(&self) -> Result<(), RepositoryError> {
        Ok(())
    }
}
