//! The public keys of other issuers: fetched from where a tenant's config says, and remembered.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::lock::Mutex;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use scim_domain::tenant::IssuerKeys;
use scim_ports::JwksSource;
use serde_json::Value;

/// After this long keys are fetched again, so that one that was withdrawn is not trusted for ever.
const FRESH: Duration = Duration::from_secs(600);
/// For how long keys are used while they cannot be fetched again.
const USABLE: Duration = Duration::from_secs(24 * 3600);
/// A key that is not known, or a source that fails, makes us ask again no sooner than this.
const ASK_AGAIN: Duration = Duration::from_secs(30);
/// The most sources that are remembered.
const MOST_SOURCES: usize = 10_000;

/// A public key of an issuer.
pub(super) struct IssuerKey {
    id: Option<String>,
    algorithm: Option<String>,
    pub(super) verifies: DecodingKey,
}

/// What is known of one source. Whoever fetches holds it, so that all others wait for one answer.
#[derive(Default)]
struct Source {
    keys: Arc<Vec<IssuerKey>>,
    fetched: Option<Instant>,
    asked: Option<Instant>,
    /// Whether it did not answer when it was asked last.
    has_failed: bool,
}

/// The keys that a token may have been signed with are not known, and cannot be fetched now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct KeysUnknown;

/// Finds the keys of issuers.
pub(super) struct KeyFinder {
    source: Arc<dyn JwksSource>,
    sources: parking_lot::Mutex<HashMap<String, Arc<Mutex<Source>>>>,
}

impl KeyFinder {
    pub(super) fn new(source: Arc<dyn JwksSource>) -> Self {
        Self { source, sources: parking_lot::Mutex::default() }
    }

    /// The keys of an issuer; of those that are fetched, as they are now if none has this id.
    ///
    /// # Errors
    /// [`KeysUnknown`] where there are none that may be used, or none with this id, and the source does not
    /// answer.
    pub(super) async fn keys(
        &self,
        keys: &IssuerKeys,
        id: Option<&str>,
    ) -> Result<Arc<Vec<IssuerKey>>, KeysUnknown> {
        match keys {
            IssuerKeys::Set(set) => Ok(Arc::new(read(set))),
            IssuerKeys::Uri(uri) => self.fetched(uri, id).await,
        }
    }

    async fn fetched(&self, uri: &str, id: Option<&str>) -> Result<Arc<Vec<IssuerKey>>, KeysUnknown> {
        let source = self.source_of(uri);
        let mut source = source.lock().await;
        let is_older = |at: Option<Instant>, than: Duration| at.is_none_or(|at| at.elapsed() >= than);
        let has =
            |source: &Source| id.is_none_or(|id| source.keys.iter().any(|key| key.id.as_deref() == Some(id)));
        let is_wanted = is_older(source.fetched, FRESH) || !has(&source);
        if is_wanted && is_older(source.asked, ASK_AGAIN) {
            let answer = self.fetch(uri).await;
            // Only now, so that a request which is given up leaves the source to be asked by the next one.
            source.asked = Some(Instant::now());
            source.has_failed = answer.is_err();
            match answer {
                Ok(keys) => {
                    source.keys = Arc::new(keys);
                    source.fetched = source.asked;
                }
                Err(error) => tracing::warn!(uri, %error, "the keys of an issuer cannot be fetched"),
            }
        }
        if is_older(source.fetched, USABLE) || (source.has_failed && !has(&source)) {
            return Err(KeysUnknown);
        }
        Ok(Arc::clone(&source.keys))
    }

    async fn fetch(&self, uri: &str) -> Result<Vec<IssuerKey>, Box<dyn std::error::Error + Send + Sync>> {
        let text = self.source.jwks_fetch(uri).await?;
        Ok(read(&serde_json::from_str(&text)?))
    }

    fn source_of(&self, uri: &str) -> Arc<Mutex<Source>> {
        let mut sources = self.sources.lock();
        if sources.len() >= MOST_SOURCES && !sources.contains_key(uri) {
            // Whichever it is, it is fetched again when it is needed.
            if let Some(other) = sources.keys().next().cloned() {
                sources.remove(&other);
            }
        }
        Arc::clone(sources.entry(uri.to_owned()).or_default())
    }
}

/// The keys of a JWK Set that may check signatures. What is not understood is left out (RFC 7517 §5).
fn read(set: &Value) -> Vec<IssuerKey> {
    let keys = set.get("keys").and_then(Value::as_array);
    let read = |key: &Value| {
        let jwk: Jwk = serde_json::from_value(key.clone()).ok()?;
        if jwk.common.public_key_use.as_ref().is_some_and(|purpose| *purpose != PublicKeyUse::Signature) {
            return None;
        }
        // A key that also signs is no public key.
        if matches!(jwk.algorithm, jsonwebtoken::jwk::AlgorithmParameters::OctetKey(_)) {
            return None;
        }
        Some(IssuerKey {
            id: jwk.common.key_id.clone(),
            algorithm: key.get("alg").and_then(Value::as_str).map(str::to_owned),
            verifies: DecodingKey::from_jwk(&jwk).ok()?,
        })
    };
    keys.into_iter().flatten().filter_map(read).collect()
}

/// The keys that a token with this header may have been signed with: those of its key id, or, where
/// it names none, all. A key that names an algorithm is for that one alone (RFC 7517 §4.4).
pub(super) fn candidates<'k>(
    keys: &'k [IssuerKey],
    id: Option<&str>,
    algorithm: Algorithm,
) -> impl Iterator<Item = &'k IssuerKey> {
    let name = format!("{algorithm:?}");
    let id = id.map(str::to_owned);
    keys.iter()
        .filter(move |key| id.is_none() || key.id == id)
        .filter(move |key| key.algorithm.as_ref().is_none_or(|own| *own == name))
        .filter(move |key| key.verifies.family() == algorithm.family())
}
