//! The credentials of tenants.

use async_trait::async_trait;
use scim_domain::audit::AuditEntry;
use scim_domain::credential::Credential;
use scim_domain::identifier::{CredentialId, TenantId, Timestamp};

use crate::RepositoryError;

/// Keeps the credentials of all tenants. Every write sends a
/// [`ChangeNotice::Credential`](crate::ChangeNotice::Credential) and writes its audit record, in one transaction.
#[async_trait]
pub trait CredentialRepository: Send + Sync {
    /// The credential with this id.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn credential_get(
        &self,
        tenant: TenantId,
        id: CredentialId,
    ) -> Result<Option<Credential>, RepositoryError>;

    /// Up to `limit` credentials in the order of their ids, those after `after`.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn credential_list(
        &self,
        tenant: TenantId,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Result<Vec<Credential>, RepositoryError>;

    /// Stores a new credential.
    ///
    /// # Errors
    /// MUST return [`RepositoryError::NotFound`] where there is no such tenant.
    async fn credential_create(
        &self,
        credential: Credential,
        audit: AuditEntry,
    ) -> Result<(), RepositoryError>;

    /// Puts another secret in place of the one that a credential has, which lives on until `previous_expires_at`;
    /// one that was rotated out before is forgotten. Answers the credential as it is now.
    ///
    /// # Errors
    /// MUST return [`RepositoryError::NotFound`]
    async fn credential_rotate(&self, rotation: RotateCredential) -> Result<Credential, RepositoryError>;

    /// Removes a credential.
    ///
    /// # Errors
    /// MUST return [`RepositoryError::NotFound`]
    async fn credential_delete(
        &self,
        tenant: TenantId,
        id: CredentialId,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<(), RepositoryError>;

    /// Notes when credentials were last used, later than was noted before. Those that are gone are
    /// left out. This is no change: there is no notice and no audit record of it.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn credential_used(
        &self,
        uses: Vec<(TenantId, CredentialId, Timestamp)>,
    ) -> Result<(), RepositoryError>;
}

/// A rotation of a credential's secret.
#[derive(Debug, Clone)]
pub struct RotateCredential {
    /// The tenant.
    pub tenant: TenantId,
    /// The credential.
    pub id: CredentialId,
    /// The hash of the new secret.
    pub secret_hash: String,
    /// Until when the old one is good.
    pub previous_expires_at: Timestamp,
    /// When.
    pub at: Timestamp,
    /// What is written down of it.
    pub audit: AuditEntry,
}
