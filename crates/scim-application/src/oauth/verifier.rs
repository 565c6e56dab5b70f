//! Whom a signed token was made for: a client of ours, or somebody whom an issuer knows that the
//! tenant trusts.

use std::sync::Arc;

use async_trait::async_trait;
use scim_domain::audit::Actor;
use scim_domain::identifier::{ResourceId, Timestamp};
use scim_domain::resource::StoredResource;
use scim_domain::tenant::Tenant;
use scim_ports::{Clock, ResourceRepository};
use serde_json::Value;
use time::OffsetDateTime;

use crate::subjects::user_by;
use crate::{Mount, ServiceError, TenantDirectory, TokenRefusal, TokenVerifier, VerifiedToken};

use super::{AccessTokens, IssuedToken, TrustedIssuers};

/// Reads access tokens of our own, and those of issuers that tenants trust. At `/scim/v2`, where no
/// tenant is named, an issuer has to be trusted by the tenant that `default_tenant` names.
pub(crate) struct SignedTokens {
    pub(crate) access_tokens: Arc<AccessTokens>,
    pub(crate) issuers: TrustedIssuers,
    pub(crate) resources: Arc<dyn ResourceRepository>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) default_tenant: String,
}

#[async_trait]
impl TokenVerifier for SignedTokens {
    async fn token_verify(
        &self,
        token: &str,
        mount: &Mount,
        tenants: &TenantDirectory,
    ) -> Result<VerifiedToken, TokenRefusal> {
        let now = self.clock.now();
        if let Some(read) = self.access_tokens.verify(token, now).await.map_err(TokenRefusal::Failed)? {
            return Ok(VerifiedToken {
                tenant: read.tenant,
                actor: Actor::Credential { id: read.credential, subject: None },
                scopes: read.scopes,
                subject: None,
                expires_at: seconds(read.expires_at)?,
                client: Some(read.credential),
            });
        }
        let tenant = match mount {
            Mount::Credential => tenants.by_slug(&self.default_tenant).await,
            Mount::Tenant(name) => tenants.by_name(name).await,
        };
        let tenant = tenant.map_err(|error| TokenRefusal::Failed(error.into()))?.ok_or(REFUSED)?;
        let refused = TokenRefusal::Refused { tenant: Some(tenant.id), credential: None };
        let read = self.issuers.verify(&tenant, token, now).await.map_err(TokenRefusal::Failed)?;
        let Some(read) = read else { return Err(refused) };
        let Some(subject) = self.subject(&tenant, &read).await.map_err(TokenRefusal::Failed)? else {
            return Err(refused);
        };
        Ok(VerifiedToken {
            tenant: tenant.id,
            actor: Actor::Issuer { issuer: read.issuer, name: read.name, subject },
            scopes: read.scopes,
            subject,
            expires_at: seconds(read.expires_at)?,
            client: None,
        })
    }
}

impl SignedTokens {
    /// The user that a token speaks for: `Some(None)` where the tenant's config maps none, and `None`
    /// where it does and there is no such user, or one that is not active: whoever left has no access
    /// by a token either.
    async fn subject(
        &self,
        tenant: &Tenant,
        token: &IssuedToken,
    ) -> Result<Option<Option<ResourceId>>, ServiceError> {
        let Some((attribute, value)) = &token.subject else { return Ok(Some(None)) };
        let user = user_by(&*self.resources, tenant, *attribute, value).await?;
        let Some(user) = user.map(StoredResource::read).transpose()? else { return Ok(None) };
        let is_active = user.attributes.get("active") != Some(&Value::Bool(false));
        Ok(is_active.then_some(Some(user.id)))
    }
}

const REFUSED: TokenRefusal = TokenRefusal::Refused { tenant: None, credential: None };

/// A time in seconds since 1970. One that no calendar has is no time that a token is good until.
fn seconds(seconds: i64) -> Result<Timestamp, TokenRefusal> {
    match OffsetDateTime::from_unix_timestamp(seconds) {
        Ok(moment) => Ok(Timestamp::new(moment)),
        Err(_out_of_range) => Err(REFUSED),
    }
}
