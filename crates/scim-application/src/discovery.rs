//! Discovery (RFC 7644 §4): what this service provider, for this tenant, can do.

use std::sync::Arc;

use scim_domain::discovery;
use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::scope::Access;
use scim_domain::tenant::Tenant;
use scim_ports::Clock;
use serde_json::Value;

use crate::rate_limits::RateLimits;
use crate::{Attempt, Authentication, Mount, ServiceError, TenantDirectory};

/// The tenant that `/scim/v2` means for a client without a credential.
const DEFAULT_TENANT: &str = "default";

/// One of the discovery endpoints.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiscoveryEndpoint {
    /// `/ServiceProviderConfig`
    ServiceProviderConfig,
    /// `/Schemas`
    Schemas,
    /// `/Schemas/{urn}`
    Schema(String),
    /// `/ResourceTypes`
    ResourceTypes,
    /// `/ResourceTypes/{name}`
    ResourceType(String),
}

/// Answers the discovery endpoints.
pub struct Discovery(DiscoveryParts);

/// What discovery works with.
pub(crate) struct DiscoveryParts {
    pub(crate) tenants: Arc<TenantDirectory>,
    pub(crate) authentication: Arc<Authentication>,
    pub(crate) rate_limits: Arc<RateLimits>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Discovery {
    pub(crate) fn new(parts: DiscoveryParts) -> Self {
        Self(parts)
    }

    /// The tenant that a client may discover. One without a token is let in where the tenant's
    /// `anonymousDiscovery` says so.
    ///
    /// # Errors
    /// 401; 403 for a tenant that is not active, and for a credential that allows nothing; 429 for one
    /// that asks too often.
    pub async fn admit(&self, attempt: Attempt<'_>) -> Result<Arc<Tenant>, ServiceError> {
        match (attempt.token, self.open_tenant(attempt.mount, attempt.token).await?) {
            (None, Some(tenant)) => Ok(tenant),
            _ => {
                let principal = self.0.authentication.authenticate(attempt).await?.of_active_tenant()?;
                self.0.rate_limits.admit(&principal, self.0.clock.now())?;
                principal.require(Access::Discovery)?;
                Ok(principal.tenant)
            }
        }
    }

    /// The document at `endpoint`.
    ///
    /// # Errors
    /// 404 for a schema or resource type that the tenant does not have; 403 for a `filter` (RFC 7644 §4).
    pub fn document(
        &self,
        tenant: &Tenant,
        base_url: &str,
        endpoint: &DiscoveryEndpoint,
        has_filter: bool,
    ) -> Result<Value, ScimError> {
        if has_filter {
            let detail = "filter: the discovery endpoints do not take one";
            return Err(ScimError::new(ErrorKind::Forbidden, detail));
        }
        document(tenant, base_url, endpoint)
    }

    /// The tenant of the mount, where it lets clients without a token discover it.
    async fn open_tenant(
        &self,
        mount: &Mount,
        token: Option<&str>,
    ) -> Result<Option<Arc<Tenant>>, ServiceError> {
        if token.is_some() {
            return Ok(None);
        }
        let name = match mount {
            Mount::Credential => DEFAULT_TENANT,
            Mount::Tenant(name) => name,
        };
        let tenant = self.0.tenants.by_name(name).await?;
        Ok(tenant.filter(|tenant| tenant.active && tenant.config.anonymous_discovery))
    }
}

fn document(tenant: &Tenant, base_url: &str, endpoint: &DiscoveryEndpoint) -> Result<Value, ScimError> {
    let schema = &tenant.schema;
    match endpoint {
        DiscoveryEndpoint::ServiceProviderConfig => {
            Ok(discovery::service_provider_config(&tenant.config, base_url))
        }
        DiscoveryEndpoint::Schemas => Ok(discovery::list_response(discovery::schemas(schema, base_url))),
        DiscoveryEndpoint::ResourceTypes => {
            Ok(discovery::list_response(discovery::resource_types(schema, base_url)))
        }
        DiscoveryEndpoint::Schema(urn) => discovery::schema(schema, urn, base_url)
            .ok_or_else(|| ScimError::not_found(format!("there is no schema '{urn}'"))),
        DiscoveryEndpoint::ResourceType(name) => discovery::resource_type(schema, name, base_url)
            .ok_or_else(|| ScimError::not_found(format!("there is no resource type '{name}'"))),
    }
}
