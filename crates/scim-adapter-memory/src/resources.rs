//! The repository: which tenant's store, which lock, and what is done outside it.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::{RwLock, RwLockWriteGuard};
use scim_domain::identifier::{ResourceId, TenantId};
use scim_domain::listing::{Include, ResourcePage, ResourceQuery};
use scim_domain::resource::Resource;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::{
    DeleteResource, NewResource, RefusedCreate, RepositoryError, ResourceRepository, UpdateResource, Updated,
};

use crate::row::Content;
use crate::search::search;
use crate::state::{Prepared, TenantStore};

/// The resources of all tenants, in memory. They last as long as this value does.
#[derive(Debug, Default)]
pub struct MemoryResources {
    tenants: RwLock<HashMap<TenantId, Arc<TenantStore>>>,
}

impl MemoryResources {
    /// A store with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets a tenant with all its resources.
    pub fn forget_tenant(&self, id: TenantId) {
        // The store is dropped after the lock: freeing much memory takes a while.
        let _store = self.tenants.write().remove(&id);
    }

    /// The store of a tenant that has one.
    fn store(&self, tenant: &Tenant) -> Option<Arc<TenantStore>> {
        self.tenants.read().get(&tenant.id).cloned()
    }

    fn store_or_new(&self, tenant: &Tenant) -> Arc<TenantStore> {
        self.store(tenant).unwrap_or_else(|| Arc::clone(self.tenants.write().entry(tenant.id).or_default()))
    }
}

#[async_trait]
impl ResourceRepository for MemoryResources {
    async fn resource_create_all(
        &self,
        tenant: &Tenant,
        resources: Vec<NewResource>,
        include: Include,
    ) -> Result<Vec<Resource>, RefusedCreate> {
        let store = self.store_or_new(tenant);
        let prepared = Prepared::all(&store.hasher, resources)?;
        let mut state = store.state.write();
        let created = state.create_all(prepared)?;
        let state = RwLockWriteGuard::downgrade(state);
        let answer = |(new, row): (NewResource, Arc<crate::row::Row>)| {
            let related = state.related(tenant, &new.resource_type, &row, include);
            related.into_resource(row.resource_with(&new.resource_type, new.attributes))
        };
        Ok(created.into_iter().map(answer).collect())
    }

    async fn resource_get(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        include: Include,
    ) -> Result<Option<Resource>, RepositoryError> {
        let Some(store) = self.store(tenant) else { return Ok(None) };
        let found = {
            let state = store.state.read();
            state
                .row_of(resource_type, id)
                .map(|row| (Arc::clone(row), state.related(tenant, resource_type, row, include)))
        };
        let Some((row, related)) = found else { return Ok(None) };
        Ok(Some(related.into_resource(row.resource(resource_type)?)))
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
        let (row, changed, related, member_count) = {
            let mut state = store.state.write();
            let (row, changed) = state.update(&store.hasher, &update, content)?;
            let state = RwLockWriteGuard::downgrade(state);
            let related = state.related(tenant, &update.resource_type, &row, include);
            let member_count = state.membership().count(row.slot);
            (row, changed, related, member_count)
        };
        let resource = related.into_resource(row.resource(&update.resource_type)?);
        Ok(Updated { resource, changed, member_count })
    }

    async fn resource_delete(&self, tenant: &Tenant, delete: DeleteResource) -> Result<(), RepositoryError> {
        let store = self.store(tenant).ok_or(RepositoryError::NotFound)?;
        store.state.write().delete(&store.hasher, &delete)
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
        _: &Tenant,
        _: &Arc<ResourceType>,
        _: Option<ResourceId>,
        _: usize,
    ) -> Result<Option<ResourceId>, RepositoryError> {
        Err(RepositoryError::Internal("not there yet".into()))
    }

    async fn ping(&self) -> Result<(), RepositoryError> {
        Ok(())
    }
}
