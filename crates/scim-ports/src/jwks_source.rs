//! Where the keys of other issuers come from.

use std::error::Error;

use async_trait::async_trait;

/// Fetches JWK Sets (RFC 7517 §5).
#[async_trait]
pub trait JwksSource: Send + Sync {
    /// The text at this URL, which comes from a tenant's config. MUST ask this URL alone, follow no
    /// redirection, and give up on what takes too long or is too large.
    ///
    /// # Errors
    /// Why there is none; for the log.
    async fn jwks_fetch(&self, uri: &str) -> Result<String, Box<dyn Error + Send + Sync>>;
}
