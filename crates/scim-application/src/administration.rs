//! What operators do: tenants, their credentials, their schemas and resource types, their figures
//! and their activity.
//!
//! Requests and answers are the JSON of the admin API. A tenant is named by its id or by its slug.
//! Every change is written down in the audit log of its tenant, and this process knows of it when
//! the change is answered.

mod activity;
mod body;
mod credentials;
mod definitions;
mod error;
mod page;
mod parameters;
mod statistics;
mod tenants;
mod version;

use std::net::IpAddr;
use std::sync::Arc;

use scim_domain::audit::{Actor, AuditEntry, AuditOperation, Origin};
use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::identifier::TenantId;
use scim_domain::tenant::Tenant;
use scim_ports::{
    AuditRepository, ChangeListener, ChangeNotice, Clock, CredentialRepository, IdGenerator, PasswordHasher,
    ResourceRepository, TenantRecord, TenantRegistry,
};

use crate::{Authentication, ServiceError};

pub use definitions::DefinitionAnswer;
pub use error::AdminError;
pub use parameters::Parameters;
pub use tenants::TenantAnswer;
pub use version::{PoolFigures, ServerStatus, StatusProvider};

/// What administration needs.
pub struct AdministrationPorts {
    /// The registry of tenants: the store's own, with nothing remembered between.
    pub tenants: Arc<dyn TenantRegistry>,
    /// The credentials of tenants.
    pub credentials: Arc<dyn CredentialRepository>,
    /// The audit log.
    pub audit: Arc<dyn AuditRepository>,
    /// The store of resources.
    pub resources: Arc<dyn ResourceRepository>,
    /// Hashes secrets.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes ids.
    pub ids: Arc<dyn IdGenerator>,
    /// What this process remembers by: told of each change before the change is answered, however long
    /// notices take.
    pub listeners: Vec<Arc<dyn ChangeListener>>,
    /// What the process knows of itself.
    pub status: Arc<dyn StatusProvider>,
    /// The slug of the tenant that the operator's secret opens, which every deployment has.
    pub operator_tenant: String,
}

/// Administers a deployment.
pub struct Administration {
    ports: AdministrationPorts,
    /// Knows the operator's secret; `None` where nobody is let in by it.
    authentication: Option<Arc<Authentication>>,
}

/// A request of the operator.
#[derive(Debug, Clone)]
pub struct AdminContext {
    origin: Arc<Origin>,
}

impl AdminContext {
    /// What the audit log is to say of a change that this request makes.
    fn audit(&self, ids: &dyn IdGenerator, operation: AuditOperation, attributes: Vec<String>) -> AuditEntry {
        AuditEntry { id: ids.audit_event_id(), origin: Arc::clone(&self.origin), operation, attributes }
    }
}

impl Administration {
    /// Administration over these ports, by those whom `authentication` knows as the operator.
    pub(crate) fn new(ports: AdministrationPorts, authentication: Arc<Authentication>) -> Self {
        Self { ports, authentication: Some(authentication) }
    }

    /// Administration at the store itself, for a command line that serves nobody: with the one context
    /// that it has. Nobody else is let in.
    pub fn direct(ports: AdministrationPorts) -> (Self, AdminContext) {
        let origin = Origin { actor: Actor::CommandLine, request_id: String::new(), client_address: None };
        (Self { ports, authentication: None }, AdminContext { origin: Arc::new(origin) })
    }

    /// Lets the operator in: by the operator's secret, and by nothing else.
    ///
    /// # Errors
    /// 401
    pub fn authenticate(
        &self,
        token: Option<&str>,
        request_id: &str,
        client_address: Option<IpAddr>,
    ) -> Result<AdminContext, AdminError> {
        let refused = match token {
            Some(token) if self.is_operator(token) => None,
            Some(_) => Some("the bearer token is not the operator's secret"),
            None => Some("the operator's secret is required, as a bearer token"),
        };
        if let Some(detail) = refused {
            tracing::warn!(
                client_address = client_address.map(tracing::field::display),
                "an operator was refused"
            );
            return Err(ScimError::new(ErrorKind::Unauthorized, detail).into());
        }
        let origin = Origin { actor: Actor::Operator, request_id: request_id.to_owned(), client_address };
        Ok(AdminContext { origin: Arc::new(origin) })
    }

    fn is_operator(&self, token: &str) -> bool {
        self.authentication.as_ref().is_some_and(|authentication| authentication.is_operator(token))
    }

    /// The record of the tenant with this id or slug, or 404.
    async fn record(&self, name: &str) -> Result<TenantRecord, AdminError> {
        let id = match TenantId::parse(name) {
            Some(id) => Some(id),
            None => self.ports.tenants.tenant_by_slug(name).await?.map(|tenant| tenant.id),
        };
        let record = match id {
            Some(id) => self.ports.tenants.tenant_record(id).await?,
            None => None,
        };
        record.ok_or_else(|| no_tenant(name))
    }

    /// The tenant with this id or slug, or 404.
    async fn tenant(&self, name: &str) -> Result<Arc<Tenant>, AdminError> {
        let tenant = match TenantId::parse(name) {
            Some(id) => self.ports.tenants.tenant_by_id(id).await?,
            None => self.ports.tenants.tenant_by_slug(name).await?,
        };
        tenant.ok_or_else(|| no_tenant(name))
    }

    /// Whatever this process remembers of it is to be forgotten.
    fn changed(&self, notice: ChangeNotice) {
        for listener in &self.ports.listeners {
            listener.changed(notice);
        }
    }
}

fn no_tenant(name: &str) -> AdminError {
    ScimError::not_found(format!("there is no tenant '{name}'")).into()
}

fn bad_request(detail: impl Into<String>) -> ScimError {
    ScimError::new(ErrorKind::BadRequest, detail)
}

fn conflict(detail: impl Into<String>) -> ScimError {
    ScimError::new(ErrorKind::Conflict, detail)
}

/// What a change that lost too many races is answered.
fn too_many_writers() -> AdminError {
    ServiceError::unavailable("too many others are changing this tenant", None).into()
}
