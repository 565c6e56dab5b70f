//! Who asks, before and after that is shown.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use scim_domain::audit::Actor;
use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::identifier::{ResourceId, TenantId};
use scim_domain::schema::ResourceType;
use scim_domain::scope::{Access, Scopes};
use scim_domain::tenant::Tenant;

/// Where SCIM is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mount {
    /// `/scim/v2`: the tenant that the credential belongs to.
    Credential,
    /// `/tenants/{tenant}`: the tenant with this id or slug.
    Tenant(String),
}

impl Mount {
    /// Whether a credential of this tenant opens it.
    pub(super) fn is_open_to(&self, tenant: &Tenant) -> bool {
        match self {
            Self::Credential => true,
            Self::Tenant(name) => *name == tenant.slug || TenantId::parse(name) == Some(tenant.id),
        }
    }
}

/// A request of somebody who wants to be let in.
#[derive(Clone, Copy)]
pub struct Attempt<'a> {
    /// Where it was sent to.
    pub mount: &'a Mount,
    /// The bearer token in it.
    pub token: Option<&'a str>,
    /// Its id.
    pub request_id: &'a str,
    /// Where it came from.
    pub client_address: Option<IpAddr>,
}

/// A caller whose credential was verified.
#[derive(Clone)]
pub struct Principal {
    /// The tenant that the credential opens.
    pub tenant: Arc<Tenant>,
    /// Who it is, as the audit log knows it.
    pub actor: Actor,
    /// What the credential allows.
    pub scopes: Scopes,
    /// The resource that the credential speaks for, `/Me` (RFC 7644 §3.11).
    pub subject: Option<Subject>,
}

impl Principal {
    /// The same principal, where its tenant may be used.
    ///
    /// # Errors
    /// 403 for a tenant that is not active. The credential was good, so it may be told.
    pub(crate) fn of_active_tenant(self) -> Result<Self, ScimError> {
        if self.tenant.active {
            Ok(self)
        } else {
            Err(ScimError::new(ErrorKind::Forbidden, "this tenant is not active"))
        }
    }

    /// Demands that the credential's scopes allow this.
    ///
    /// # Errors
    /// 403, with the scopes of which one is needed.
    pub(crate) fn require(&self, access: Access<'_>) -> Result<(), ScimError> {
        if self.scopes.allow(access) {
            return Ok(());
        }
        let needed = match access {
            Access::Read(name) => format!("'read' or 'read:{name}'"),
            Access::Write(name) => format!("'write' or 'write:{name}'"),
            Access::Bulk => "'bulk'".to_owned(),
            Access::Discovery => "'discovery' or any other".to_owned(),
        };
        let detail = format!("the credential of this request lacks the scope for it: {needed} is needed");
        Err(ScimError::new(ErrorKind::Forbidden, detail))
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Principal")
            .field("tenant", &self.tenant.slug)
            .field("actor", &self.actor)
            .field("scopes", &self.scopes)
            .finish()
    }
}

/// The resource that a credential speaks for.
#[derive(Debug, Clone)]
pub struct Subject {
    /// Its type.
    pub resource_type: Arc<ResourceType>,
    /// Its id.
    pub id: ResourceId,
}
