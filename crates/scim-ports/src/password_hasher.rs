//! Hashing of the `password` attribute (RFC 7643 §4.1.1, RFC 7644 §7.6) and of the secrets of credentials.

use async_trait::async_trait;

/// Turns passwords and secrets into hashes that are safe to store.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// The hash of `password`, with its salt and scheme. MUST NOT hold up the caller's thread: a
    /// hash that is slow by design is computed elsewhere.
    ///
    /// # Errors
    /// [`PasswordError::TooLong`] where the scheme would cut the password off;
    /// [`PasswordError::Busy`] where more hashes are waiting than the implementation takes on.
    async fn password_hash(&self, password: &str) -> Result<String, PasswordError>;

    /// Whether `hash`, which [`password_hash`](Self::password_hash) made, is of `password`. MUST NOT hold
    /// up the caller's thread either, nor tell by its time where the two differ.
    ///
    /// # Errors
    /// [`PasswordError::Busy`]
    async fn password_verify(&self, password: &str, hash: &str) -> Result<bool, PasswordError>;
}

/// Why a password could not be hashed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// More bytes than the scheme takes into account.
    #[error("a password may have at most {limit} bytes")]
    TooLong {
        /// The most bytes.
        limit: usize,
    },
    /// Too many hashes are waiting.
    #[error("too many passwords are being hashed")]
    Busy,
}
