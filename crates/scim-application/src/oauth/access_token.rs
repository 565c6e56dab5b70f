//! Access tokens (RFC 9068): made for OAuth clients, verified with every request.

use std::sync::Arc;

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use scim_domain::credential::{client_id, parse_client_id};
use scim_domain::identifier::{CredentialId, TenantId, Timestamp};
use scim_domain::scope::Scopes;
use scim_ports::IdGenerator;
use serde_json::{Value, json};

use crate::ServiceError;

use super::{SigningKeys, jwt};

/// How long a token lives, in seconds.
pub(super) const LIFETIME_SECONDS: i64 = 3600;
/// The media type of access tokens (RFC 9068 §2.1).
const MEDIA_TYPE: &str = "at+jwt";
/// Whom the tokens are for: a key that other services know as well makes no token for us by accident.
const AUDIENCE: &str = "urn:ietf:params:scim:api";

/// Makes and verifies access tokens.
pub struct AccessTokens {
    keys: Keys,
    ids: Arc<dyn IdGenerator>,
}

enum Keys {
    /// HS256 with a secret that was configured (`JWT_SECRET`).
    Shared { signs: EncodingKey, verifies: DecodingKey },
    /// Asymmetric keys of our own.
    Own(Arc<SigningKeys>),
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessToken {
    /// The tenant that it opens.
    pub tenant: TenantId,
    /// The OAuth client that it was made for.
    pub credential: CredentialId,
    /// What it allows, at most what its client may.
    pub scopes: Scopes,
    /// Until when it is good, in seconds since 1970.
    pub expires_at: i64,
}

impl AccessTokens {
    /// Tokens signed with HS256 and this secret.
    pub fn with_secret(secret: &[u8], ids: Arc<dyn IdGenerator>) -> Self {
        let (signs, verifies) = (EncodingKey::from_secret(secret), DecodingKey::from_secret(secret));
        Self { keys: Keys::Shared { signs, verifies }, ids }
    }

    /// Tokens signed with keys of our own.
    pub fn with_keys(keys: Arc<SigningKeys>, ids: Arc<dyn IdGenerator>) -> Self {
        Self { keys: Keys::Own(keys), ids }
    }

    /// A token for an OAuth client of a tenant, and after how many seconds it expires. `issuer` is the
    /// base URL of this server.
    pub(super) async fn issue(
        &self,
        issuer: &str,
        (tenant, credential): (TenantId, CredentialId),
        scopes: &Scopes,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<(String, i64), ServiceError> {
        let left = until.map(|until| until.unix_seconds().saturating_sub(now.unix_seconds()));
        let lifetime = left.unwrap_or(LIFETIME_SECONDS).min(LIFETIME_SECONDS);
        let client = client_id(tenant, credential);
        let claims = json!({
            "iss": issuer,
            "aud": AUDIENCE,
            "sub": client,
            "client_id": client,
            "scope": scopes.to_string(),
            "iat": now.unix_seconds(),
            "exp": now.unix_seconds().saturating_add(lifetime),
            "jti": self.ids.random_uuid().to_string(),
        });
        let token = match &self.keys {
            Keys::Shared { signs, .. } => sign(Algorithm::HS256, None, &claims, signs)?,
            Keys::Own(keys) => {
                let keys = keys.signing(now).await?;
                let key = keys.usable.first().ok_or_else(no_key)?;
                sign(Algorithm::EdDSA, Some(&key.id), &claims, &key.signs)?
            }
        };
        Ok((token, lifetime))
    }

    /// What the token says; `None` for one that is not ours, or not good now. Whether its client is
    /// still there is not looked at.
    ///
    /// # Errors
    /// 503 where the keys are out of reach.
    pub async fn verify(&self, token: &str, now: Timestamp) -> Result<Option<AccessToken>, ServiceError> {
        let Some(header) = jwt::header(token) else { return Ok(None) };
        if !header.media_type.is_some_and(|name| name.eq_ignore_ascii_case(MEDIA_TYPE)) {
            return Ok(None);
        }
        // The algorithm is the key's, never the token's: else a public key could pass for a secret.
        let claims = match &self.keys {
            Keys::Shared { verifies, .. } => jwt::verify(token, verifies, Algorithm::HS256),
            Keys::Own(keys) => {
                let Some(id) = header.key_id else { return Ok(None) };
                let keys = keys.verifying(&id).await?;
                let key = keys.usable.iter().find(|key| key.id == id);
                key.and_then(|key| jwt::verify(token, &key.verifies, Algorithm::EdDSA))
            }
        };
        Ok(claims.and_then(|claims| read(&claims, now)))
    }

    /// The public keys (RFC 7517 §5): none where a secret is shared.
    ///
    /// # Errors
    /// 503 where the keys are out of reach.
    pub async fn jwks(&self, now: Timestamp) -> Result<Value, ServiceError> {
        match &self.keys {
            Keys::Shared { .. } => Ok(json!({"keys": []})),
            Keys::Own(keys) => keys.jwks(now).await,
        }
    }
}

fn sign(
    algorithm: Algorithm,
    key_id: Option<&str>,
    claims: &Value,
    key: &EncodingKey,
) -> Result<String, ServiceError> {
    let mut header = Header::new(algorithm);
    header.typ = Some(MEDIA_TYPE.to_owned());
    header.kid = key_id.map(str::to_owned);
    jsonwebtoken::encode(&header, claims, key)
        .map_err(|error| ServiceError::unavailable("the token could not be signed", Some(error.into())))
}

fn read(claims: &jwt::Claims, now: Timestamp) -> Option<AccessToken> {
    let expires_at = jwt::live_until(claims, now)?;
    if !jwt::is_for(claims, AUDIENCE) {
        return None;
    }
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let (tenant, credential) = parse_client_id(text("client_id")?)?;
    let scopes = Scopes::parse(text("scope")?.split_ascii_whitespace()).ok()?;
    Some(AccessToken { tenant, credential, scopes, expires_at })
}

fn no_key() -> ServiceError {
    ServiceError::unavailable("there is no key to sign tokens with", None)
}
