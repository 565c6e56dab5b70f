//! The credentials of a tenant, and the texts by which clients show that they have one.
//!
//! A token carries the ids of its tenant and of its credential, so that one row is looked up, and a
//! random secret of 256 bits, of which only a hash is stored.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::identifier::{CredentialId, ResourceId, TenantId, Timestamp};
use crate::scope::Scopes;

/// What bearer tokens begin with, so that leaked ones are found by scanners.
const TOKEN_PREFIX: &str = "scim_";
/// What client ids begin with.
const CLIENT_PREFIX: &str = "client_";

/// How a credential is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CredentialKind {
    /// A bearer token (RFC 6750), sent with every request.
    Bearer,
    /// A client id and a secret (RFC 6749 §2.3.1), exchanged for short-lived tokens.
    OauthClient,
}

impl CredentialKind {
    /// Its name, as the admin API shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bearer => "bearer",
            Self::OauthClient => "oauth_client",
        }
    }

    /// The kind of this name.
    pub fn named(text: &str) -> Option<Self> {
        [Self::Bearer, Self::OauthClient].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// A credential, as it is stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// Its id.
    pub id: CredentialId,
    /// The tenant that it opens.
    pub tenant: TenantId,
    /// How it is used.
    pub kind: CredentialKind,
    /// What people call it.
    pub label: String,
    /// What it allows.
    pub scopes: Scopes,
    /// The user that `/Me` means.
    pub subject: Option<ResourceId>,
    /// From when on it is refused.
    pub expires_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last used, give or take some seconds.
    pub last_used_at: Option<Timestamp>,
    /// The hash of its secret, with salt and scheme.
    pub secret_hash: String,
    /// The secret before the last rotation, while it lives on.
    pub previous: Option<PreviousSecret>,
}

/// A secret that was rotated out and lives on for a while.
#[derive(Clone, PartialEq, Eq)]
pub struct PreviousSecret {
    /// Its hash.
    pub secret_hash: String,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

impl Credential {
    /// The hashes of the secrets that are good at this time, the newest first.
    pub fn live_hashes(&self, now: Timestamp) -> Vec<&str> {
        if self.expires_at.is_some_and(|expires_at| expires_at <= now) {
            return Vec::new();
        }
        let previous = self.previous.as_ref().filter(|previous| previous.expires_at > now);
        [self.secret_hash.as_str()]
            .into_iter()
            .chain(previous.map(|previous| previous.secret_hash.as_str()))
            .collect()
    }

    /// The client id of an `oauth_client`.
    pub fn client_id(&self) -> String {
        client_id(self.tenant, self.id)
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("id", &self.id)
            .field("tenant", &self.tenant)
            .field("kind", &self.kind)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for PreviousSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreviousSecret").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// A random secret of 256 bits. Never printed by `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; 32]);

impl Secret {
    /// A secret of these bytes, which have to be random.
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Reads a secret from its text; `None` for what is none.
    pub fn parse(text: &str) -> Option<Self> {
        decode(text).map(Self)
    }

    /// The secret as text: what is hashed, and what an OAuth client sends. 43 bytes, which bcrypt takes whole.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// A bearer token of ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BearerToken {
    /// The tenant that it says it opens.
    pub tenant: TenantId,
    /// The credential that it says it is of.
    pub credential: CredentialId,
    /// What proves it.
    pub secret: Secret,
}

impl BearerToken {
    /// Reads a token; `None` for what has not the form of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 64] = decode(text.strip_prefix(TOKEN_PREFIX)?)?;
        let (tenant, rest) = bytes.split_first_chunk::<16>()?;
        let (credential, secret) = rest.split_first_chunk::<16>()?;
        Some(Self {
            tenant: TenantId::new(Uuid::from_bytes(*tenant)),
            credential: CredentialId::new(Uuid::from_bytes(*credential)),
            secret: Secret(secret.try_into().ok()?),
        })
    }

    /// The token as clients send it: 91 bytes.
    pub fn text(&self) -> String {
        let (tenant, credential) = (self.tenant.uuid(), self.credential.uuid());
        let bytes = [tenant.as_bytes().as_slice(), credential.as_bytes(), &self.secret.0].concat();
        format!("{TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
    }
}

/// The client id of a credential (RFC 6749 §2.2): it tells the tenant too, as `/oauth/token` is no tenant's.
pub fn client_id(tenant: TenantId, credential: CredentialId) -> String {
    let bytes = [*tenant.uuid().as_bytes(), *credential.uuid().as_bytes()].concat();
    format!("{CLIENT_PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The tenant and the credential that a client id names; `None` for what is none of ours.
pub fn parse_client_id(text: &str) -> Option<(TenantId, CredentialId)> {
    let bytes: [u8; 32] = decode(text.strip_prefix(CLIENT_PREFIX)?)?;
    let (tenant, credential) = bytes.split_first_chunk::<16>()?;
    let credential: [u8; 16] = credential.try_into().ok()?;
    Some((TenantId::new(Uuid::from_bytes(*tenant)), CredentialId::new(Uuid::from_bytes(credential))))
}

/// Exactly `N` bytes in base64url: each text of ours has one spelling.
fn decode<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn token() -> BearerToken {
        BearerToken {
            tenant: TenantId::new(Uuid::from_bytes([1; 16])),
            credential: CredentialId::new(Uuid::from_bytes([2; 16])),
            secret: Secret([3; 32]),
        }
    }

    #[test]
    fn a_token_is_read_back() {
        let text = token().text();
        assert_eq!((text.len(), BearerToken::parse(&text)), (91, Some(token())));
        assert!(!format!("{:?}", token()).contains("3, 3"));
        assert_eq!(Secret::parse(&token().secret.text()), Some(token().secret));
        assert_eq!(Secret::parse("AAAA"), None);
    }

    #[test]
    fn what_has_not_the_form_of_a_token_is_none() {
        let text = token().text();
        for wrong in
            ["", "scim_", "scim_AAAA", &text[1..], &text[..90], &format!("{text}A"), &format!("{text}=")]
        {
            assert_eq!(BearerToken::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_client_id_is_read_back() {
        let BearerToken { tenant, credential, .. } = token();
        assert_eq!(parse_client_id(&client_id(tenant, credential)), Some((tenant, credential)));
        assert_eq!(parse_client_id(&token().text()), None);
    }

    #[test]
    fn secrets_live_until_they_expire() {
        let moment =
            |hour: u8| Timestamp::new(datetime!(2026-01-31 0:00 UTC) + time::Duration::hours(hour.into()));
        let mut credential = Credential {
            id: token().credential,
            tenant: token().tenant,
            kind: CredentialKind::Bearer,
            label: String::new(),
            scopes: Scopes::default(),
            subject: None,
            expires_at: None,
            created_at: moment(0),
            last_used_at: None,
            secret_hash: "new".into(),
            previous: Some(PreviousSecret { secret_hash: "old".into(), expires_at: moment(2) }),
        };
        assert_eq!(credential.live_hashes(moment(1)), ["new", "old"]);
        assert_eq!(credential.live_hashes(moment(2)), ["new"]);
        credential.expires_at = Some(moment(3));
        assert_eq!(credential.live_hashes(moment(2)), ["new"]);
        assert!(credential.live_hashes(moment(3)).is_empty());
    }
}
