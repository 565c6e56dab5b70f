//! The registry of tenants.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use scim_domain::identifier::TenantId;
use scim_domain::tenant::Tenant;
use scim_ports::{RepositoryError, TenantRepository};

/// The tenants that it was made with.
#[derive(Debug, Default)]
pub struct MemoryTenants {
    by_id: HashMap<TenantId, Arc<Tenant>>,
    by_slug: HashMap<String, Arc<Tenant>>,
}

impl MemoryTenants {
    /// A registry of `tenants`. Of several with one id or one slug, the last counts.
    pub fn new(tenants: Vec<Tenant>) -> Self {
        let tenants: Vec<Arc<Tenant>> = tenants.into_iter().map(Arc::new).collect();
        Self {
            by_id: tenants.iter().map(|tenant| (tenant.id, Arc::clone(tenant))).collect(),
            by_slug: tenants.iter().map(|tenant| (tenant.slug.clone(), Arc::clone(tenant))).collect(),
        }
    }
}

#[async_trait]
impl TenantRepository for MemoryTenants {
    async fn tenant_by_id(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        Ok(self.by_id.get(&id).cloned())
    }

    async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        Ok(self.by_slug.get(slug).cloned())
    }
}
