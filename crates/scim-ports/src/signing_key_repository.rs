//! The keys that sign access tokens, sealed.

use async_trait::async_trait;
use scim_domain::identifier::Timestamp;

use crate::RepositoryError;

/// Keeps the keys of the whole deployment.
#[async_trait]
pub trait SigningKeyRepository: Send + Sync {
    /// Every key, the newest first.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn signing_keys(&self) -> Result<Vec<StoredSigningKey>, RepositoryError>;

    /// Stores a key, if the newest that is there is the one named (`None`: there is none yet);
    /// answers whether it did. Of several replicas that rotate at once exactly one succeeds. Sends a
    /// [`ChangeNotice::SigningKeys`](crate::ChangeNotice::SigningKeys).
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn signing_key_add(
        &self,
        key: StoredSigningKey,
        newest: Option<&str>,
    ) -> Result<bool, RepositoryError>;

    /// Removes the keys that expired before `now`.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn signing_keys_prune(&self, now: Timestamp) -> Result<(), RepositoryError>;
}

/// A key, as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredSigningKey {
    /// Its id (`kid`).
    pub id: String,
    /// The algorithm that it is for (RFC 7518 §3.1, RFC 8037).
    pub algorithm: String,
    /// The private key, sealed.
    pub sealed: Vec<u8>,
    /// The public key as a JWK (RFC 7517), in JSON.
    pub public_jwk: String,
    /// From when on it signs.
    pub created_at: Timestamp,
    /// From when on nothing that it signed is good.
    pub expires_at: Timestamp,
}
