//! Signed tokens (RFC 7519): who reads them is chosen by the host.

use async_trait::async_trait;
use scim_domain::audit::Actor;
use scim_domain::identifier::{CredentialId, ResourceId, TenantId, Timestamp};
use scim_domain::scope::Scopes;

use crate::{Mount, ServiceError, TenantDirectory};

/// Verifies tokens in the compact form of RFC 7515 §3.1: those that have two dots in them.
///
/// What it answers is checked further: that the tenant is there and is the mount's, that the token
/// has not expired, and that the credential which it was made for has not been revoked.
#[async_trait]
pub trait TokenVerifier: Send + Sync {
    /// Whom the token was made for.
    ///
    /// # Errors
    /// [`TokenRefusal::Refused`] for a token that is not good: for whatever reason, and after a time that
    /// does not tell which. [`TokenRefusal::Failed`] where that cannot be found out now.
    async fn token_verify(
        &self,
        token: &str,
        mount: &Mount,
        tenants: &TenantDirectory,
    ) -> Result<VerifiedToken, TokenRefusal>;
}

/// A token whose signature and claims are good.
#[derive(Debug, Clone)]
pub struct VerifiedToken {
    /// The tenant that it opens.
    pub tenant: TenantId,
    /// Who it is, as the audit log knows it.
    pub actor: Actor,
    /// What it allows.
    pub scopes: Scopes,
    /// The user that it speaks for.
    pub subject: Option<ResourceId>,
    /// From when on it is refused.
    pub expires_at: Timestamp,
    /// The `oauth_client` that it was made for, of the same tenant: it ends with it.
    pub client: Option<CredentialId>,
}

/// Why a token is not accepted.
#[derive(Debug)]
pub enum TokenRefusal {
    /// It is not good.
    Refused {
        /// The tenant that it says it opens, for the audit log.
        tenant: Option<TenantId>,
        /// The credential that it says it was made for.
        credential: Option<CredentialId>,
    },
    /// It cannot be verified now.
    Failed(ServiceError),
}
