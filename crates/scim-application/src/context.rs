//! What every use case of one request needs to know.

use std::sync::Arc;

use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;

use crate::Principal;

/// One authenticated request.
#[derive(Debug, Clone)]
pub struct RequestContext {
    /// Who asks.
    pub principal: Principal,
    /// The mount as the client knows it (`https://scim.example.com/scim/v2`), without a slash at
    /// its end: what `meta.location` and `$ref` start with.
    pub base_url: String,
}

impl RequestContext {
    /// The tenant whose resources the request is about.
    pub fn tenant(&self) -> &Arc<Tenant> {
        &self.principal.tenant
    }

    /// The resource type whose endpoint is `/{segment}` in this tenant.
    pub fn resource_type_at(&self, segment: &str) -> Option<Arc<ResourceType>> {
        self.tenant().schema.resource_type_at(segment).cloned()
    }
}
