//! The keys that sign access tokens: made here, sealed in the store, rotated, shared by all replicas.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{DecodingKey, EncodingKey};
use parking_lot::RwLock;
use scim_domain::identifier::Timestamp;
use scim_ports::{ChangeListener, ChangeNotice, IdGenerator, SigningKeyRepository, StoredSigningKey};
use serde_json::{Value, json};

use crate::ServiceError;

use super::Sealer;

/// For how long a key signs before the next one takes over.
const SIGNS_FOR: time::Duration = time::Duration::days(30);
/// For how long after that it still verifies: longer than any token lives.
const VERIFIES_FOR: time::Duration = time::Duration::days(1);
/// For how long keys are remembered without being looked up again.
const REMEMBERED: Duration = Duration::from_secs(60);
/// How soon an unknown key may make us look again.
const LOOK_AGAIN: Duration = Duration::from_secs(1);
/// What the keys are for (RFC 8037 §3.1).
const ALGORITHM: &str = "EdDSA";

/// The keys of a deployment.
pub struct SigningKeys {
    repository: Arc<dyn SigningKeyRepository>,
    sealer: Sealer,
    ids: Arc<dyn IdGenerator>,
    remembered: RwLock<Option<Remembered>>,
}

#[derive(Clone)]
struct Remembered {
    keys: Keys,
    at: Instant,
}

/// The keys that can be used, the newest first.
#[derive(Clone)]
pub(super) struct Keys {
    pub(super) usable: Arc<Vec<SigningKey>>,
    /// The newest of all, whether or not it can be used.
    newest: Option<String>,
}

/// A key that can be used.
pub(super) struct SigningKey {
    pub(super) id: String,
    pub(super) signs: EncodingKey,
    pub(super) verifies: DecodingKey,
    public_jwk: Value,
    created_at: Timestamp,
    expires_at: Timestamp,
}

impl SigningKeys {
    /// The keys in `repository`, sealed by `sealer`.
    pub fn new(repository: Arc<dyn SigningKeyRepository>, sealer: Sealer, ids: Arc<dyn IdGenerator>) -> Self {
        Self { repository, sealer, ids, remembered: RwLock::new(None) }
    }

    /// The key that signs now: the newest, or a new one where that is too old or there is none.
    pub(super) async fn signing(&self, now: Timestamp) -> Result<Keys, ServiceError> {
        let is_fresh =
            |key: &SigningKey| now.date_time() < key.created_at.date_time().saturating_add(SIGNS_FOR);
        let keys = self.keys(REMEMBERED).await?;
        if keys.usable.first().is_some_and(is_fresh) {
            return Ok(keys);
        }
        // Another replica may have made one meanwhile, or make one now: exactly one is kept.
        let keys = self.keys(Duration::ZERO).await?;
        if keys.usable.first().is_some_and(is_fresh) {
            return Ok(keys);
        }
        let key = self.make(now)?;
        self.repository.signing_key_add(key, keys.newest.as_deref()).await?;
        self.repository.signing_keys_prune(now).await?;
        let keys = self.keys(Duration::ZERO).await?;
        if keys.usable.is_empty() {
            return Err(ServiceError::unavailable("the keys that sign tokens cannot be read", None));
        }
        Ok(keys)
    }

    /// The keys among which one of this id is, if there is one.
    pub(super) async fn verifying(&self, id: &str) -> Result<Keys, ServiceError> {
        let keys = self.keys(REMEMBERED).await?;
        if keys.usable.iter().any(|key| key.id == id) { Ok(keys) } else { self.keys(LOOK_AGAIN).await }
    }

    /// The public keys as a JWK Set (RFC 7517 §5).
    pub(super) async fn jwks(&self, now: Timestamp) -> Result<Value, ServiceError> {
        let keys = self.signing(now).await?;
        let live = keys.usable.iter().filter(|key| key.expires_at > now);
        Ok(json!({"keys": live.map(|key| &key.public_jwk).collect::<Vec<_>>()}))
    }

    /// The keys, looked up where what is remembered is older than `at_most`.
    async fn keys(&self, at_most: Duration) -> Result<Keys, ServiceError> {
        if let Some(remembered) = &*self.remembered.read()
            && remembered.at.elapsed() < at_most
        {
            return Ok(remembered.keys.clone());
        }
        let at = Instant::now();
        let stored = self.repository.signing_keys().await?;
        let opened = stored.iter().filter_map(|key| {
            let opened = self.open(key);
            if opened.is_none() {
                tracing::error!(kid = key.id, "a signing key cannot be opened: was ENCRYPTION_KEY changed?");
            }
            opened
        });
        let keys =
            Keys { usable: Arc::new(opened.collect()), newest: stored.first().map(|key| key.id.clone()) };
        *self.remembered.write() = Some(Remembered { keys: keys.clone(), at });
        Ok(keys)
    }

    fn open(&self, stored: &StoredSigningKey) -> Option<SigningKey> {
        let private = self.sealer.open(&stored.id, &stored.sealed)?;
        let pair = Ed25519KeyPair::from_pkcs8(&private).ok()?;
        Some(SigningKey {
            id: stored.id.clone(),
            signs: EncodingKey::from_ed_der(&private),
            verifies: DecodingKey::from_ed_der(pair.public_key().as_ref()),
            public_jwk: serde_json::from_str(&stored.public_jwk).ok()?,
            created_at: stored.created_at,
            expires_at: stored.expires_at,
        })
    }

    fn make(&self, now: Timestamp) -> Result<StoredSigningKey, ServiceError> {
        let failed = || ServiceError::unavailable("no key could be made to sign tokens", None);
        let pair = Ed25519KeyPair::generate().map_err(|_unspecified| failed())?;
        let private = pair.to_pkcs8().map_err(|_unspecified| failed())?;
        let id = self.ids.random_uuid().to_string();
        let public = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        let public_jwk =
            json!({"kty": "OKP", "crv": "Ed25519", "x": public, "use": "sig", "alg": ALGORITHM, "kid": id});
        let sealed = self.sealer.seal(&id, private.as_ref(), self.ids.nonce()).ok_or_else(failed)?;
        let lifetime = SIGNS_FOR.saturating_add(VERIFIES_FOR);
        Ok(StoredSigningKey {
            id,
            algorithm: ALGORITHM.to_owned(),
            sealed,
            public_jwk: public_jwk.to_string(),
            created_at: now,
            expires_at: Timestamp::new(now.date_time().saturating_add(lifetime)),
        })
    }
}

impl ChangeListener for SigningKeys {
    fn changed(&self, notice: ChangeNotice) {
        if notice == ChangeNotice::SigningKeys {
            *self.remembered.write() = None;
        }
    }

    fn connected(&self, _is_connected: bool) {
        *self.remembered.write() = None;
    }
}
