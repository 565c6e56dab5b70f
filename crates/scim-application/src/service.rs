//! The service as a host sees it: ports in, use cases out.

use std::sync::Arc;

use scim_domain::audit::Origin;
use scim_domain::listing::cursor::CursorSealer;
use scim_ports::{Clock, IdGenerator, PasswordHasher, ResourceRepository, TenantRepository};

use crate::bulk::BulkProcessor;
use crate::discovery::Discovery;
use crate::{Attempt, Authenticator, RequestContext, ResourceOrchestrator, ServiceError};

/// What the service needs from outside.
pub struct Ports {
    /// The store of resources.
    pub resources: Arc<dyn ResourceRepository>,
    /// The registry of tenants.
    pub tenants: Arc<dyn TenantRepository>,
    /// Who may come in.
    pub authenticator: Arc<dyn Authenticator>,
    /// Hashes passwords.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn IdGenerator>,
    /// The key that seals cursors: the same on every replica, so that a walk may go on at another one.
    pub cursor_key: [u8; 32],
}

/// A SCIM service provider.
pub struct ScimService {
    authenticator: Arc<dyn Authenticator>,
    repository: Arc<dyn ResourceRepository>,
    orchestrator: ResourceOrchestrator,
    bulk: BulkProcessor,
    discovery: Discovery,
}

impl ScimService {
    /// A service over these ports.
    pub fn new(ports: Ports) -> Self {
        let orchestrator = ResourceOrchestrator {
            resources: Arc::clone(&ports.resources),
            passwords: ports.passwords,
            clock: ports.clock,
            ids: ports.ids,
            cursors: Arc::new(CursorSealer::new(ports.cursor_key)),
        };
        Self {
            authenticator: Arc::clone(&ports.authenticator),
            repository: ports.resources,
            bulk: BulkProcessor::new(orchestrator.clone()),
            discovery: Discovery::new(ports.tenants, ports.authenticator),
            orchestrator,
        }
    }

    /// Authenticates a request. `base_url` is the mount that it was sent to, as the client knows it.
    ///
    /// # Errors
    /// See [`Authenticator::authenticate`]; 403 for a tenant that is not active.
    pub async fn authenticate(
        &self,
        attempt: Attempt<'_>,
        base_url: String,
    ) -> Result<RequestContext, ServiceError> {
        let principal = self.authenticator.authenticate(attempt).await?.of_active_tenant()?;
        let origin = Origin {
            actor: principal.actor.clone(),
            request_id: attempt.request_id.to_owned(),
            client_address: attempt.client_address,
        };
        Ok(RequestContext { principal, base_url, origin: Arc::new(origin) })
    }

    /// The use cases on resources.
    pub fn resources(&self) -> &ResourceOrchestrator {
        &self.orchestrator
    }

    /// Bulk requests.
    pub fn bulk(&self) -> &BulkProcessor {
        &self.bulk
    }

    /// The discovery endpoints.
    pub fn discovery(&self) -> &Discovery {
        &self.discovery
    }

    /// Fails where requests could not be served now, for readiness.
    ///
    /// # Errors
    /// 503 with the reason.
    pub async fn ping(&self) -> Result<(), ServiceError> {
        Ok(self.repository.ping().await?)
    }
}
