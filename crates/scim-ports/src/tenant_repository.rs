//! The registry of tenants.

use std::sync::Arc;

use async_trait::async_trait;
use scim_domain::identifier::TenantId;
use scim_domain::tenant::Tenant;

use crate::RepositoryError;

/// Finds tenants with their config and compiled schema.
#[async_trait]
pub trait TenantRepository: Send + Sync {
    /// The tenant with this id.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]; a tenant that is not there is `None`.
    async fn tenant_by_id(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, RepositoryError>;

    /// The tenant with this slug. Slugs are compared byte by byte.
    ///
    /// # Errors
    /// As [`tenant_by_id`](Self::tenant_by_id).
    async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Arc<Tenant>>, RepositoryError>;
}
