//! The service as a host sees it: ports in, use cases out.

use std::sync::Arc;
use std::time::Duration;

use scim_domain::audit::Origin;
use scim_domain::listing::cursor::CursorSealer;
use scim_domain::tenant::RateLimit;
use scim_ports::{
    AuditRepository, ChangeListener, ChangeNotices, Clock, CredentialRepository, IdGenerator, JwksSource,
    PasswordHasher, ResourceRepository, SigningKeyRepository, TenantRegistry,
};

use crate::authentication::AuthenticationPorts;
use crate::bulk::BulkProcessor;
use crate::discovery::{Discovery, DiscoveryParts};
use crate::maintenance::MaintenanceParts;
use crate::oauth::{AccessTokens, OauthServer, Sealer, SignedTokens, SigningKeys, TrustedIssuers};
use crate::rate_limits::RateLimits;
use crate::{
    Administration, AdministrationPorts, Attempt, Authentication, Maintenance, OperatorAccess,
    RequestContext, ResourceOrchestrator, ServiceError, StatusProvider, TenantDirectory,
};

/// What the service needs from outside.
pub struct Ports {
    /// The store of resources.
    pub resources: Arc<dyn ResourceRepository>,
    /// The registry of tenants.
    pub tenants: Arc<dyn TenantRegistry>,
    /// The credentials of tenants.
    pub credentials: Arc<dyn CredentialRepository>,
    /// The audit log.
    pub audit: Arc<dyn AuditRepository>,
    /// Tells of changes that other processes make.
    pub notices: Arc<dyn ChangeNotices>,
    /// The operator's secret.
    pub operator: OperatorAccess,
    /// What tokens are signed with, and whose are trusted beside.
    pub oauth: OauthPorts,
    /// Hashes passwords.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn IdGenerator>,
    /// The key that seals cursors: the same on every replica, so that a walk may go on at another one.
    pub cursor_key: [u8; 32],
    /// For how long the audit log is kept.
    pub audit_retention: Duration,
    /// What the process knows of itself.
    pub status: Arc<dyn StatusProvider>,
    /// How many requests each credential may make, where its tenant's `rateLimit` does not say.
    pub rate_limit: Option<RateLimit>,
}

/// What tokens are signed with, and where the keys of other issuers come from.
pub struct OauthPorts {
    /// Access tokens are HS256 with this secret; without one, keys are made, and kept in `signing_keys`.
    pub shared_secret: Option<Vec<u8>>,
    /// The keys that sign.
    pub signing_keys: Arc<dyn SigningKeyRepository>,
    /// Seals those keys.
    pub sealer: Sealer,
    /// Where the keys of other issuers come from.
    pub jwks: Arc<dyn JwksSource>,
}

/// A SCIM service provider.
pub struct ScimService {
    authentication: Arc<Authentication>,
    administration: Administration,
    maintenance: Arc<Maintenance>,
    /// Notices may end with the last who holds this.
    _notices: Arc<dyn ChangeNotices>,
    repository: Arc<dyn ResourceRepository>,
    orchestrator: ResourceOrchestrator,
    bulk: BulkProcessor,
    discovery: Discovery,
    oauth: OauthServer,
    rate_limits: Arc<RateLimits>,
    clock: Arc<dyn Clock>,
}

impl ScimService {
    /// A service over these ports. It forgets what changes from the moment that it is made.
    pub fn new(ports: Ports) -> Self {
        let operator_tenant = ports.operator.tenant.clone();
        let directory = Arc::new(TenantDirectory::new(ports.tenants.clone(), Arc::clone(&ports.clock)));
        let OauthPorts { shared_secret, signing_keys, sealer, jwks } = ports.oauth;
        let keys = Arc::new(SigningKeys::new(signing_keys, sealer, Arc::clone(&ports.ids)));
        let access_tokens = Arc::new(match shared_secret {
            Some(secret) => AccessTokens::with_secret(&secret, Arc::clone(&ports.ids)),
            None => AccessTokens::with_keys(Arc::clone(&keys), Arc::clone(&ports.ids)),
        });
        let tokens = SignedTokens {
            access_tokens: Arc::clone(&access_tokens),
            issuers: TrustedIssuers::new(jwks),
            resources: Arc::clone(&ports.resources),
            clock: Arc::clone(&ports.clock),
            default_tenant: ports.operator.tenant.clone(),
        };
        let authentication = Arc::new(Authentication::new(AuthenticationPorts {
            operator: ports.operator,
            tenants: Arc::clone(&directory),
            credentials: Arc::clone(&ports.credentials),
            audit: Arc::clone(&ports.audit),
            tokens: Some(Arc::new(tokens)),
            passwords: Arc::clone(&ports.passwords),
            clock: Arc::clone(&ports.clock),
            ids: Arc::clone(&ports.ids),
        }));
        let maintenance = Arc::new(Maintenance::new(MaintenanceParts {
            authentication: Arc::clone(&authentication),
            directory: Arc::clone(&directory),
            tenants: Arc::clone(&ports.tenants),
            audit: Arc::clone(&ports.audit),
            audit_retention: ports.audit_retention,
            clock: Arc::clone(&ports.clock),
        }));
        let listeners: [Arc<dyn ChangeListener>; 4] =
            [directory.clone(), authentication.clone(), maintenance.clone(), keys];
        for listener in &listeners {
            ports.notices.subscribe(Arc::clone(listener));
        }
        let clock = Arc::clone(&ports.clock);
        let rate_limits = Arc::new(RateLimits::new(ports.rate_limit));
        let oauth = OauthServer::new(access_tokens, Arc::clone(&authentication), Arc::clone(&ports.clock));
        let administered = AdministrationPorts {
            tenants: ports.tenants,
            credentials: ports.credentials,
            audit: ports.audit,
            resources: Arc::clone(&ports.resources),
            passwords: Arc::clone(&ports.passwords),
            clock: Arc::clone(&ports.clock),
            ids: Arc::clone(&ports.ids),
            listeners: listeners.into(),
            status: ports.status,
            operator_tenant,
        };
        let administration = Administration::new(administered, Arc::clone(&authentication));
        let orchestrator = ResourceOrchestrator {
            resources: Arc::clone(&ports.resources),
            passwords: ports.passwords,
            clock: ports.clock,
            ids: ports.ids,
            cursors: Arc::new(CursorSealer::new(ports.cursor_key)),
        };
        Self {
            authentication: Arc::clone(&authentication),
            administration,
            maintenance,
            _notices: ports.notices,
            repository: ports.resources,
            bulk: BulkProcessor::new(orchestrator.clone()),
            discovery: Discovery::new(DiscoveryParts {
                tenants: directory,
                authentication,
                rate_limits: Arc::clone(&rate_limits),
                clock: Arc::clone(&clock),
            }),
            orchestrator,
            oauth,
            rate_limits,
            clock,
        }
    }

    /// Authenticates a request. `base_url` is the mount that it was sent to, as the client knows it.
    ///
    /// # Errors
    /// See [`Authentication::authenticate`]; 403 for a tenant that is not active; 429 for a credential
    /// that makes more requests than its tenant's `rateLimit`, or else the one that it inherits, allows.
    pub async fn authenticate(
        &self,
        attempt: Attempt<'_>,
        base_url: String,
    ) -> Result<RequestContext, ServiceError> {
        let principal = self.authentication.authenticate(attempt).await?.of_active_tenant()?;
        self.rate_limits.admit(&principal, self.clock.now())?;
        let origin = Origin {
            actor: principal.actor.clone(),
            request_id: attempt.request_id.to_owned(),
            client_address: attempt.client_address,
        };
        Ok(RequestContext { principal, base_url, origin: Arc::new(origin) })
    }

    /// The use cases of the operator.
    pub fn administration(&self) -> &Administration {
        &self.administration
    }

    /// What the host has to let run beside the requests.
    pub fn maintenance(&self) -> &Arc<Maintenance> {
        &self.maintenance
    }

    /// The authorization server.
    pub fn oauth(&self) -> &OauthServer {
        &self.oauth
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
