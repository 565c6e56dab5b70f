//! Tokens of other issuers (RFC 7519) that a tenant trusts: those of its identity provider, say.

use std::sync::Arc;

use jsonwebtoken::Algorithm;
use scim_domain::identifier::Timestamp;
use scim_domain::scope::Scopes;
use scim_domain::tenant::{JwtAlgorithm, SubjectAttribute, Tenant, TrustedIssuer};
use scim_ports::JwksSource;
use serde_json::Value;

use super::issuer_keys::{KeyFinder, KeysUnknown, candidates};
use super::jwt::{self, Claims};
use crate::ServiceError;

/// Verifies the tokens of the issuers that tenants trust.
pub struct TrustedIssuers {
    keys: KeyFinder,
}

/// What a verified token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// Whose it is (`iss`).
    pub issuer: String,
    /// Whom it was made for (`sub`).
    pub name: Option<String>,
    /// The user that it speaks for: by which attribute, and its value. `None` where the tenant's
    /// config maps none.
    pub subject: Option<(SubjectAttribute, String)>,
    /// What it allows.
    pub scopes: Scopes,
    /// Until when it is good, in seconds since 1970.
    pub expires_at: i64,
}

impl TrustedIssuers {
    /// Issuers whose keys come from `source`.
    pub fn new(source: Arc<dyn JwksSource>) -> Self {
        Self { keys: KeyFinder::new(source) }
    }

    /// What the token says; `None` for one that this tenant does not trust, or not now: of another
    /// issuer or audience, with another algorithm, without a claim that is required, without the
    /// claim that names the user where one is mapped, not signed by a key of the issuer, too early or too late.
    ///
    /// # Errors
    /// 503 where that cannot be told, because the issuer's keys are not known and cannot be fetched now.
    pub async fn verify(
        &self,
        tenant: &Tenant,
        token: &str,
        now: Timestamp,
    ) -> Result<Option<IssuedToken>, ServiceError> {
        let Some((issuer, header)) = expected(tenant, token) else { return Ok(None) };
        let id = header.key_id.as_deref();
        let keys = self.keys.keys(&issuer.keys, id).await.map_err(|KeysUnknown| {
            ServiceError::unavailable("the keys of the token's issuer cannot be fetched", None)
        })?;
        let claims = candidates(&keys, id, header.algorithm)
            .find_map(|key| jwt::verify(token, &key.verifies, header.algorithm));
        Ok(claims.and_then(|claims| read(issuer, &claims, now)))
    }
}

/// The issuer that the token says it is of, if the tenant trusts it, with an algorithm of that issuer.
fn expected<'t>(tenant: &'t Tenant, token: &str) -> Option<(&'t TrustedIssuer, jwt::Header)> {
    if tenant.config.trusted_issuers.is_empty() {
        return None;
    }
    let header = jwt::header(token)?;
    let issuer = issuer_of(tenant, &jwt::claims_unverified(token)?)?;
    let is_allowed = issuer.algorithms.iter().any(|one| library_name(*one) == header.algorithm);
    is_allowed.then_some((issuer, header))
}

fn issuer_of<'t>(tenant: &'t Tenant, claims: &Claims) -> Option<&'t TrustedIssuer> {
    let name = claims.get("iss")?.as_str()?;
    tenant.config.trusted_issuers.iter().find(|issuer| issuer.issuer == name)
}

fn read(issuer: &TrustedIssuer, claims: &Claims, now: Timestamp) -> Option<IssuedToken> {
    let expires_at = jwt::live_until(claims, now)?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is_for_us = issuer.audiences.iter().any(|audience| jwt::is_for(claims, audience));
    if text("iss") != Some(&issuer.issuer) || !is_for_us || issuer.missing_claim(claims).is_some() {
        return None;
    }
    let subject = match &issuer.subject {
        None => None,
        Some(mapping) => Some((mapping.attribute, text(&mapping.claim)?.to_owned())),
    };
    Some(IssuedToken {
        issuer: issuer.issuer.clone(),
        name: text("sub").map(str::to_owned),
        subject,
        scopes: issuer.scopes.clone(),
        expires_at,
    })
}

fn library_name(algorithm: JwtAlgorithm) -> Algorithm {
    match algorithm {
        JwtAlgorithm::Rs256 => Algorithm::RS256,
        JwtAlgorithm::Rs384 => Algorithm::RS384,
        JwtAlgorithm::Rs512 => Algorithm::RS512,
        JwtAlgorithm::Ps256 => Algorithm::PS256,
        JwtAlgorithm::Es256 => Algorithm::ES256,
        JwtAlgorithm::Es384 => Algorithm::ES384,
        JwtAlgorithm::EdDsa => Algorithm::EdDSA,
    }
}
