//! The registry of tenants in PostgreSQL, with the operator's tenant in it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use scim_adapter_postgres::{PostgresStore, PostgresTenants};
use scim_domain::audit::AuditEntry;
use scim_domain::identifier::{TenantId, Timestamp, Version};
use scim_domain::tenant::Tenant;
use scim_ports::{
    Clock, NewTenant, RepositoryError, Statistics, TenantRecord, TenantRegistry, TenantRepository,
    UpdateTenant,
};

/// Registers a tenant before the first question, as soon as there are tables to keep it in, and again
/// where it is gone. Until then every question is answered that the store is not available.
pub(super) struct SeededTenants {
    store: PostgresStore,
    tenants: PostgresTenants,
    tenant: Tenant,
    clock: Arc<dyn Clock>,
    is_seeded: AtomicBool,
}

impl SeededTenants {
    /// The tenants of `store`; `tenant` is to be among them.
    pub(super) fn new(store: PostgresStore, tenant: Tenant, clock: Arc<dyn Clock>) -> Self {
        let tenants = store.tenants();
        Self { store, tenants, tenant, clock, is_seeded: AtomicBool::new(false) }
    }

    /// Registers the tenant, unless there is one of its slug, or this was done before.
    ///
    /// # Errors
    /// Where the store does not answer, or its migrations are not applied.
    pub(super) async fn seed(&self) -> Result<(), RepositoryError> {
        if self.is_seeded.load(Ordering::Acquire) {
            return Ok(());
        }
        let pending = self.store.pending_migrations().await?;
        if !pending.is_empty() {
            let detail = format!("migrations are not applied: {}", pending.join(", "));
            return Err(RepositoryError::Unavailable(detail.into()));
        }
        // Of several servers that do this at once one registers it, and all of them use that one.
        self.tenants.tenant_register(&self.tenant, &self.tenant.slug, self.clock.now()).await?;
        self.is_seeded.store(true, Ordering::Release);
        Ok(())
    }
}

#[async_trait]
impl TenantRepository for SeededTenants {
    async fn tenant_by_id(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        self.seed().await?;
        self.tenants.tenant_by_id(id).await
    }

    async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        self.seed().await?;
        let found = self.tenants.tenant_by_slug(slug).await?;
        if found.is_some() || slug != self.tenant.slug {
            return Ok(found);
        }
        // The migrations were taken back, and applied again.
        self.is_seeded.store(false, Ordering::Release);
        self.seed().await?;
        self.tenants.tenant_by_slug(slug).await
    }
}

#[async_trait]
impl TenantRegistry for SeededTenants {
    async fn tenant_record(&self, id: TenantId) -> Result<Option<TenantRecord>, RepositoryError> {
        self.seed().await?;
        self.tenants.tenant_record(id).await
    }

    async fn tenant_list(
        &self,
        after: Option<TenantId>,
        limit: usize,
    ) -> Result<Vec<TenantRecord>, RepositoryError> {
        self.seed().await?;
        self.tenants.tenant_list(after, limit).await
    }

    async fn tenant_create(&self, tenant: NewTenant) -> Result<(), RepositoryError> {
        self.seed().await?;
        self.tenants.tenant_create(tenant).await
    }

    async fn tenant_update(&self, update: UpdateTenant) -> Result<TenantRecord, RepositoryError> {
        self.seed().await?;
        self.tenants.tenant_update(update).await
    }

    async fn tenant_delete(
        &self,
        id: TenantId,
        expected: Version,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<(), RepositoryError> {
        self.seed().await?;
        self.tenants.tenant_delete(id, expected, at, audit).await
    }

    async fn tenant_purge(&self, limit: usize) -> Result<usize, RepositoryError> {
        self.seed().await?;
        self.tenants.tenant_purge(limit).await
    }

    async fn tenant_statistics(&self, id: TenantId) -> Result<Statistics, RepositoryError> {
        self.seed().await?;
        self.tenants.tenant_statistics(id).await
    }

    async fn tenant_counts(&self, id: TenantId) -> Result<BTreeMap<String, u64>, RepositoryError> {
        self.seed().await?;
        self.tenants.tenant_counts(id).await
    }

    async fn statistics(&self) -> Result<(usize, Statistics), RepositoryError> {
        self.seed().await?;
        self.tenants.statistics().await
    }
}
