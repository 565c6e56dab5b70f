//! Who asks, and for which tenant (RFC 7644 §2).

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use scim_domain::audit::Actor;
use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::identifier::ResourceId;
use scim_domain::schema::ResourceType;
use scim_domain::scope::Scopes;
use scim_domain::tenant::Tenant;
use scim_ports::TenantRepository;

use crate::{OperatorKey, ServiceError};

/// Where SCIM is served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mount {
    /// `/scim/v2`: the tenant that the credential belongs to.
    Credential,
    /// `/tenants/{tenant}`: the tenant with this id or slug.
    Tenant(String),
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

/// Turns a bearer token into a [`Principal`].
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// The principal whose token this is, if it opens the mount.
    ///
    /// # Errors
    /// 401 for a missing or wrong token, and likewise for a tenant that is not the token's or not
    /// there at all: the answer does not tell which. 503 where the registry is out of reach.
    async fn authenticate(&self, attempt: Attempt<'_>) -> Result<Principal, ServiceError>;
}

/// The operator's secret: opens one tenant, with every right and no subject.
pub struct OperatorSecret {
    key: OperatorKey,
    slug: String,
    tenants: Arc<dyn TenantRepository>,
}

impl OperatorSecret {
    /// The secret opens the tenant with this slug.
    pub fn new(secret: &str, slug: &str, tenants: Arc<dyn TenantRepository>) -> Self {
        Self { key: OperatorKey::new(secret), slug: slug.to_owned(), tenants }
    }
}

#[async_trait]
impl Authenticator for OperatorSecret {
    async fn authenticate(&self, attempt: Attempt<'_>) -> Result<Principal, ServiceError> {
        let Some(token) = attempt.token else {
            return Err(unauthorized("a bearer token is required").into());
        };
        if !self.key.is(token) {
            return Err(refused().into());
        }
        let tenant = self.tenants.tenant_by_slug(&self.slug).await?.ok_or_else(refused)?;
        let opens = match attempt.mount {
            Mount::Credential => true,
            Mount::Tenant(name) => *name == tenant.slug || *name == tenant.id.to_string(),
        };
        if !opens {
            return Err(refused().into());
        }
        Ok(Principal { tenant, actor: Actor::Operator, scopes: Scopes::default(), subject: None })
    }
}

fn unauthorized(detail: &str) -> ScimError {
    ScimError::new(ErrorKind::Unauthorized, detail)
}

fn refused() -> ScimError {
    unauthorized("the bearer token is not one that opens this tenant")
}

#[cfg(test)]
mod tests {
    use scim_domain::identifier::TenantId;
    use scim_domain::schema::TenantSchema;

    use super::*;

    #[test]
    fn a_tenant_that_is_not_active_answers_403() {
        let principal = |active| Principal {
            tenant: Arc::new(Tenant {
                id: TenantId::parse("01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09").expect("an id"),
                slug: "acme".into(),
                active,
                config: Arc::default(),
                schema: Arc::new(TenantSchema::rfc7643().expect("compiles")),
            }),
            actor: Actor::Operator,
            scopes: Scopes::default(),
            subject: None,
        };
        assert!(principal(true).of_active_tenant().is_ok());
        let error = principal(false).of_active_tenant().expect_err("refused");
        assert_eq!(error.kind, ErrorKind::Forbidden);
    }
}
