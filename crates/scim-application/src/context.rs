//! What every use case of one request needs to know.

use std::sync::Arc;

use scim_domain::audit::{AuditEntry, AuditOperation, Origin};
use scim_domain::error::ScimError;
use scim_domain::schema::ResourceType;
use scim_domain::scope::Access;
use scim_domain::tenant::Tenant;
use scim_ports::IdGenerator;

use crate::Principal;

/// One authenticated request.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Who asks.
    pub principal: Principal,
    /// The mount as the client knows it (`https://scim.example.com/scim/v2`), without a slash at
    /// its end: what `meta.location` and `$ref` start with.
    pub base_url: String,
    /// Who asks, as the audit log knows it, and by which request.
    pub origin: Arc<Origin>,
}

impl RequestContext {
    /// The tenant whose resources the request is about.
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.principal.tenant
    }

    /// Demands that the credential's scopes allow this. Every use case does that first.
    ///
    /// # Errors
    /// 403, with the scopes of which one is needed.
    pub fn require(&self, access: Access<'_>) -> Result<(), ScimError> {
        self.principal.require(access)
    }

    /// What the audit log is to say of a change that this request makes.
    pub(crate) fn audit(
        &self,
        ids: &dyn IdGenerator,
        operation: AuditOperation,
        attributes: Vec<String>,
    ) -> AuditEntry {
        AuditEntry { id: ids.audit_event_id(), origin: Arc::clone(&self.origin), operation, attributes }
    }

    /// The resource type whose endpoint is `/{segment}` in this tenant.
    pub fn resource_type_at(&self, segment: &str) -> Option<Arc<ResourceType>> {
        self.tenant().schema.resource_type_at(segment).cloned()
    }
}
