//! The registry of tenants.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::RwLock;
use scim_domain::audit::AuditEntry;
use scim_domain::identifier::{TenantId, Timestamp, Version};
use scim_domain::schema::{TenantDefinitions, TenantSchema};
use scim_domain::tenant::{Tenant, TenantConfig};
use scim_ports::{
    ChangeNotice, NewTenant, RepositoryError, SchemaInterner, Statistics, TenantRecord, TenantRegistry,
    TenantRepository, UpdateTenant,
};

use crate::audit::{Entry, MemoryAudit, Target};
use crate::notices::MemoryNotices;
use crate::registry::{Registered, Registry};
use crate::state::TenantStore;

/// The registry of tenants, in memory.
#[derive(Debug)]
pub struct MemoryTenants {
    registry: Arc<RwLock<Registry>>,
    audit: Arc<MemoryAudit>,
    notices: Arc<MemoryNotices>,
    schemas: SchemaInterner,
}

impl MemoryTenants {
    pub(crate) fn new(
        registry: Arc<RwLock<Registry>>,
        audit: Arc<MemoryAudit>,
        notices: Arc<MemoryNotices>,
    ) -> Self {
        Self { registry, audit, notices, schemas: SchemaInterner::default() }
    }

    /// Registers a tenant, as [`tenant_create`](TenantRegistry::tenant_create) does, which waits for nothing here.
    ///
    /// # Errors
    /// As for `tenant_create`.
    pub fn create(&self, new: NewTenant) -> Result<(), RepositoryError> {
        let NewTenant { record, definitions, audit } = new;
        let (id, at, version) = (record.id, record.created_at, record.version);
        let config = Arc::new(record.config.clone());
        let tenant = tenant(&record, config, self.compile(&definitions)?);
        let (entry, target) = (Entry::from(&audit), Target::other("tenant", id));
        let store = Arc::new(TenantStore::new(self.audit.log(id)));
        let mut registry = self.registry.write();
        let registered =
            registry.insert(Registered { record, tenant, credentials: BTreeMap::new(), store })?;
        registered.store.log.note(entry, at, target, None, Some(version));
        drop(registry);
        self.notices.tell(ChangeNotice::Tenant(id));
        Ok(())
    }

    fn update(&self, update: UpdateTenant) -> Result<TenantRecord, RepositoryError> {
        let id = update.id;
        let schema = update.definitions.as_ref().map(|definitions| self.compile(definitions)).transpose()?;
        let target = match update.audit_target {
            Some(target) => Target::Other(Box::new(target)),
            None => Target::other("tenant", id),
        };
        let mut registry = self.registry.write();
        let before = registry.get(id).ok_or(RepositoryError::NotFound)?;
        if before.record.version != update.expected {
            return Err(RepositoryError::VersionConflict { current: before.record.version });
        }
        let old_slug = before.record.slug.clone();
        let slug = update.slug.unwrap_or_else(|| old_slug.clone());
        registry.take_slug(id, &slug)?;
        if slug != old_slug {
            registry.free_slug(&old_slug);
        }

        // From here on nothing can fail.
        let Some(registered) = registry.get_mut(id) else { return Err(RepositoryError::NotFound) };
        let record = &mut registered.record;
        record.slug = slug;
        record.display_name = update.display_name.unwrap_or_else(|| std::mem::take(&mut record.display_name));
        record.active = update.active.unwrap_or(record.active);
        record.version = record.version.next();
        record.updated_at = update.at;
        let config = match update.config {
            Some(config) => {
                record.config = config;
                Arc::new(record.config.clone())
            }
            None => Arc::clone(&registered.tenant.config),
        };
        let schema = schema.unwrap_or_else(|| Arc::clone(&registered.tenant.schema));
        let record = record.clone();
        registered.tenant = tenant(&record, config, schema);
        let log = &registered.store.log;
        log.note(Entry::from(&update.audit), update.at, target, Some(update.expected), Some(record.version));
        drop(registry);
        self.notices.tell(ChangeNotice::Tenant(id));
        Ok(record)
    }

    fn delete(
        &self,
        id: TenantId,
        expected: Version,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<(), RepositoryError> {
        let (entry, target) = (Entry::from(&audit), Target::other("tenant", id));
        let mut registry = self.registry.write();
        let current = registry.get(id).ok_or(RepositoryError::NotFound)?.record.version;
        if current != expected {
            return Err(RepositoryError::VersionConflict { current });
        }
        let Registered { record, store, .. } = registry.remove(id).ok_or(RepositoryError::NotFound)?;
        store.log.note(entry, at, target, Some(record.version), None);
        drop(registry);
        self.notices.tell(ChangeNotice::Tenant(id));
        Ok(())
    }

    /// Frees the resources of tenants that are gone, those of one tenant at once: up to `limit`, or
    /// as many as the last of these tenants has.
    fn purge(&self, limit: usize) -> usize {
        let mut purged = 0_usize;
        while purged < limit {
            // It is dropped without the lock: freeing much memory takes a while.
            let Some(store) = self.registry.write().unbury() else { break };
            purged = purged.saturating_add(store.state.read().len());
        }
        purged
    }

    fn compile(&self, definitions: &TenantDefinitions) -> Result<Arc<TenantSchema>, RepositoryError> {
        self.schemas.compile(definitions).map_err(|error| RepositoryError::Internal(error.into()))
    }

    fn find(&self, find: impl FnOnce(&Registry) -> Option<&Registered>) -> Option<Arc<Tenant>> {
        find(&self.registry.read()).map(|registered| Arc::clone(&registered.tenant))
    }
}

/// The tenant that a record describes.
fn tenant(record: &TenantRecord, config: Arc<TenantConfig>, schema: Arc<TenantSchema>) -> Arc<Tenant> {
    Arc::new(Tenant { id: record.id, slug: record.slug.clone(), active: record.active, config, schema })
}

#[async_trait]
impl TenantRepository for MemoryTenants {
    async fn tenant_by_id(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        Ok(self.find(|registry| registry.get(id)))
    }

    async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        Ok(self.find(|registry| registry.by_slug(slug)))
    }
}

#[async_trait]
impl TenantRegistry for MemoryTenants {
    async fn tenant_record(&self, id: TenantId) -> Result<Option<TenantRecord>, RepositoryError> {
        Ok(self.registry.read().get(id).map(|registered| registered.record.clone()))
    }

    async fn tenant_list(
        &self,
        after: Option<TenantId>,
        limit: usize,
    ) -> Result<Vec<TenantRecord>, RepositoryError> {
        let registry = self.registry.read();
        Ok(registry.after(after).take(limit).map(|registered| registered.record.clone()).collect())
    }

    async fn tenant_create(&self, tenant: NewTenant) -> Result<(), RepositoryError> {
        self.create(tenant)
    }

    async fn tenant_update(&self, update: UpdateTenant) -> Result<TenantRecord, RepositoryError> {
        self.update(update)
    }

    async fn tenant_delete(
        &self,
        id: TenantId,
        expected: Version,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<(), RepositoryError> {
        self.delete(id, expected, at, audit)
    }

    async fn tenant_purge(&self, limit: usize) -> Result<usize, RepositoryError> {
        Ok(self.purge(limit))
    }

    async fn tenant_statistics(&self, id: TenantId) -> Result<Statistics, RepositoryError> {
        let store = self.registry.read().get(id).map(|registered| Arc::clone(&registered.store));
        Ok(store.map_or_else(Statistics::default, |store| store.state.read().statistics()))
    }

    async fn statistics(&self) -> Result<(usize, Statistics), RepositoryError> {
        let stores: Vec<Arc<TenantStore>> =
            self.registry.read().after(None).map(|registered| Arc::clone(&registered.store)).collect();
        let mut all = Statistics::default();
        for store in &stores {
            let one = store.state.read().statistics();
            for (name, count) in one.resources {
                let sum = all.resources.entry(name).or_default();
                *sum = sum.saturating_add(count);
            }
            all.active_users = all.active_users.saturating_add(one.active_users);
            all.last_write_at = all.last_write_at.max(one.last_write_at);
        }
        Ok((stores.len(), all))
    }
}
