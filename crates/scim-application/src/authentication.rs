//! Who asks, and for which tenant (RFC 7644 §2, RFC 6750).
//!
//! A token of ours names its tenant and its credential. Both are looked up, always in this order, and
//! only then is it seen whether the tenant is the mount's and the secret the credential's. So a token
//! of another tenant costs what a token of a credential that is not there costs, be it right or wrong;
//! and as the name in the path is compared with the token's tenant, and never looked up, it takes as
//! long for a tenant that is there as for one that is not. What the time does tell: whether the ids in
//! a token are those of a tenant and of a credential that may be used at this mount (then bcrypt runs,
//! for as long as [`attempts`] allow it). Both are random, and are told to nobody but their tenant.

mod attempts;
mod principal;
mod proofs;
mod refusals;
mod uses;
mod verifier;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use scim_domain::audit::Actor;
use scim_domain::credential::{BearerToken, Credential, CredentialKind};
use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::identifier::{CredentialId, ResourceId, TenantId};
use scim_domain::scope::Scopes;
use scim_domain::tenant::Tenant;
use scim_ports::{
    AuditRepository, CacheOutcome, ChangeListener, ChangeNotice, Clock, CredentialRepository, IdGenerator,
    Observer, Outcome, PasswordHasher, RepositoryError,
};
use smol_str::SmolStr;
use tracing::Instrument;

use crate::cache::is_within;
use crate::cache::remembered::Remembered;
use crate::oauth::is_jwt;
use crate::observe::span_called;
use crate::subjects::SUBJECT_TYPE;
use crate::{OperatorKey, ServiceError, TenantDirectory};

use proofs::{Claim, Proofs};
use refusals::{Kind, Refusals, Wanted};
use uses::{Noted, Uses};

pub use principal::{Attempt, Mount, Principal, Subject};
pub use verifier::{TokenRefusal, TokenVerifier, VerifiedToken};

/// The most credentials that are remembered.
const CREDENTIALS: usize = 50_000;
/// The most ids that are remembered to be no credential's.
const UNKNOWN_CREDENTIALS: usize = 50_000;
/// No tenant has a longer name: such a path is not kept for the audit log.
const LONGEST_NAME: usize = 256;
/// For how long refusals are counted before they are written down.
const COUNTED_FOR: Duration = Duration::from_secs(60);

/// The operator's secret, and what it opens.
pub struct OperatorAccess {
    /// The secret.
    pub secret: String,
    /// The slug of the tenant that it opens, with every right and no subject.
    pub tenant: String,
    /// Whether it opens every tenant at `/tenants/{tenant}`.
    pub opens_every_tenant: bool,
}

/// What authentication needs from outside.
pub(crate) struct AuthenticationPorts {
    pub(crate) operator: OperatorAccess,
    pub(crate) tenants: Arc<TenantDirectory>,
    pub(crate) credentials: Arc<dyn CredentialRepository>,
    pub(crate) audit: Arc<dyn AuditRepository>,
    pub(crate) tokens: Option<Arc<dyn TokenVerifier>>,
    pub(crate) passwords: Arc<dyn PasswordHasher>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdGenerator>,
    pub(crate) observer: Arc<dyn Observer>,
}

/// Turns bearer tokens into [`Principal`]s.
pub struct Authentication {
    operator: Operator,
    tenants: Arc<TenantDirectory>,
    credentials: Arc<dyn CredentialRepository>,
    remembered: Remembered<(TenantId, CredentialId), Arc<Known>>,
    proofs: Proofs,
    tokens: Option<Arc<dyn TokenVerifier>>,
    audit: Arc<dyn AuditRepository>,
    refusals: Refusals,
    uses: Uses,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdGenerator>,
    observer: Arc<dyn Observer>,
}

/// A credential that is remembered.
struct Known {
    credential: Credential,
    noted: Noted,
}

/// Why a token does not let its bearer in.
enum Denial {
    /// It does not open the mount. What the audit log is to be told of it, where a tenant is named.
    Refused(Option<(Wanted, Option<CredentialId>)>),
    /// Whether it does cannot be found out.
    Failed(ServiceError),
}

impl<E: Into<ServiceError>> From<E> for Denial {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Authentication {
    pub(crate) fn new(ports: AuthenticationPorts) -> Self {
        let AuthenticationPorts {
            operator,
            tenants,
            credentials,
            audit,
            tokens,
            passwords,
            clock,
            ids,
            observer,
        } = ports;
        let remembered = Remembered::new(Arc::clone(&clock), CREDENTIALS, UNKNOWN_CREDENTIALS);
        Self {
            operator: Operator::new(operator),
            tenants,
            credentials,
            remembered: remembered.observed_by(Arc::clone(&observer)),
            proofs: Proofs::new(passwords, &*ids, Arc::clone(&clock), Arc::clone(&observer)),
            tokens,
            audit,
            refusals: Refusals::default(),
            uses: Uses::default(),
            clock,
            ids,
            observer,
        }
    }

    /// The principal whose token this is, if it opens the mount.
    ///
    /// # Errors
    /// 401 for a missing or wrong token, and likewise for a tenant that is not the token's or not
    /// there at all: the answer does not tell which, nor whether the token was looked at, which it is
    /// not where there were too many wrong ones. 503 where the stores are out of reach, or too many
    /// tokens are being verified.
    pub async fn authenticate(&self, attempt: Attempt<'_>) -> Result<Principal, ServiceError> {
        let decided = self.decide(attempt).instrument(span_called("authenticate")).await;
        self.observer.authentication(match &decided {
            Ok(_) => Outcome::Success,
            Err(Denial::Refused(_)) => Outcome::Refused,
            Err(Denial::Failed(error)) => error.outcome(),
        });
        match decided {
            Ok(principal) => Ok(principal),
            Err(Denial::Failed(error)) => Err(error),
            Err(Denial::Refused(named)) => {
                if let Some((wanted, credential)) = named {
                    let kind = Kind { wanted, credential, client_address: attempt.client_address };
                    self.refusals.note(kind, attempt.request_id, self.clock.now());
                }
                let detail = match attempt.token {
                    None => "a bearer token is required",
                    Some(_) => "the bearer token is not one that opens this tenant",
                };
                Err(ScimError::new(ErrorKind::Unauthorized, detail).into())
            }
        }
    }

    /// Whether this is the operator's secret, shown to administer.
    pub(crate) fn is_operator(&self, token: &str) -> bool {
        let is_operator = self.operator.key.is(token);
        self.observer.authentication(if is_operator { Outcome::Success } else { Outcome::Refused });
        is_operator
    }

    /// Writes down what was collected of refusals; counts of them when their minute is over.
    pub(crate) async fn flush_refusals(&self) -> Result<(), RepositoryError> {
        let now = self.clock.now();
        let is_over = |begun| !is_within(begun, COUNTED_FOR, now);
        self.refusals.flush(&self.tenants, &*self.audit, &*self.ids, now, is_over).await
    }

    /// Writes down what was collected of refusals, whether or not their minute is over.
    pub(crate) async fn flush_all_refusals(&self) -> Result<(), RepositoryError> {
        self.refusals.flush(&self.tenants, &*self.audit, &*self.ids, self.clock.now(), |_| true).await
    }

    /// Writes down what was collected of uses.
    pub(crate) async fn flush_uses(&self) -> Result<(), RepositoryError> {
        self.uses.flush(&*self.credentials).await
    }

    /// Frees the memory of what is good no longer.
    pub(crate) fn sweep(&self) {
        self.remembered.sweep();
    }

    async fn decide(&self, attempt: Attempt<'_>) -> Result<Principal, Denial> {
        let Some(token) = attempt.token else { return Err(refused(attempt.mount, None)) };
        match BearerToken::parse(token) {
            Some(ours) if !self.operator.looks_like_ours => self.by_credential(attempt, token, &ours).await,
            _ if self.operator.key.is(token) => self.by_operator(attempt.mount).await,
            Some(ours) => self.by_credential(attempt, token, &ours).await,
            None => self.by_signature(attempt.mount, token).await,
        }
    }

    async fn by_operator(&self, mount: &Mount) -> Result<Principal, Denial> {
        let own = self.tenants.by_slug(&self.operator.tenant).await?;
        let tenant = match (mount, own) {
            (Mount::Tenant(name), _) if self.operator.opens_every_tenant => {
                self.tenants.by_name(name).await?
            }
            (mount, own) => own.filter(|tenant| mount.is_open_to(tenant)),
        };
        let tenant = tenant.ok_or_else(|| refused(mount, None))?;
        Ok(Principal { tenant, actor: Actor::Operator, scopes: Scopes::default(), subject: None })
    }

    async fn by_credential(
        &self,
        attempt: Attempt<'_>,
        text: &str,
        token: &BearerToken,
    ) -> Result<Principal, Denial> {
        let Attempt { mount, client_address, .. } = attempt;
        let (tenant_id, id) = (token.tenant, token.credential);
        let tenant = self.tenants.by_id(tenant_id).await?.ok_or_else(|| refused(mount, None))?;
        let known = self.credential(tenant_id, id).await?;
        if !mount.is_open_to(&tenant) {
            return Err(refused(mount, None));
        }
        let claim = Claim { text, token, client_address };
        let known = self.prove(known, CredentialKind::Bearer, claim).await?;
        let known = known.ok_or(Denial::Refused(Some((Wanted::Id(tenant_id), Some(id)))))?;
        let Credential { subject, ref scopes, .. } = known.credential;
        Ok(principal(tenant, Actor::Credential { id, subject }, scopes.clone(), subject))
    }

    /// The OAuth client whose secret this is, of a tenant that may be used (RFC 6749 §2.3.1); `None`
    /// where there is none, whatever the reason, after which the attempt is written down.
    ///
    /// # Errors
    /// 503 where the stores are out of reach, or too many secrets are being verified.
    pub(crate) async fn client(
        &self,
        shown: &BearerToken,
        request_id: &str,
        client_address: Option<IpAddr>,
    ) -> Result<Option<Credential>, ServiceError> {
        let (tenant_id, id) = (shown.tenant, shown.credential);
        let tenant = self.tenants.by_id(tenant_id).await?;
        let known = self.credential(tenant_id, id).await?;
        let claim = Claim { text: &shown.text(), token: shown, client_address };
        let known = self.prove(known, CredentialKind::OauthClient, claim).await.inspect_err(|error| {
            self.observer.authentication(error.outcome());
        })?;
        let known = known.filter(|_| tenant.is_some_and(|tenant| tenant.active));
        self.observer.authentication(if known.is_some() { Outcome::Success } else { Outcome::Refused });
        if known.is_none() {
            let kind = Kind { wanted: Wanted::Id(tenant_id), credential: Some(id), client_address };
            self.refusals.note(kind, request_id, self.clock.now());
        }
        Ok(known.map(|known| known.credential.clone()))
    }

    /// The credential, if it is of this kind and the claim's secret is its own.
    async fn prove(
        &self,
        known: Option<Arc<Known>>,
        kind: CredentialKind,
        claim: Claim<'_>,
    ) -> Result<Option<Arc<Known>>, ServiceError> {
        let (tenant, id) = (claim.token.tenant, claim.token.credential);
        let Some(mut known) = known.filter(|known| known.credential.kind == kind) else { return Ok(None) };
        let mut is_right = self.known_secret(&known, claim);
        let outcome = if is_right.is_some() { CacheOutcome::Hit } else { CacheOutcome::Miss };
        self.observer.credential_cache(outcome);
        if is_right.is_none() {
            let Some(hash) = self.verified_hash(&known, claim).await? else { return Ok(None) };
            // Much may have happened in the meantime.
            let Some(now) = self.credential(tenant, id).await? else { return Ok(None) };
            is_right = Some(now.credential.live_hashes(self.clock.now()).contains(&hash.as_str()));
            known = now;
        }
        if is_right != Some(true) {
            return Ok(None);
        }
        self.uses.note(&known.noted, tenant, id, self.clock.now());
        Ok(Some(known))
    }

    /// Whether the token's secret is that of the credential, where it takes no hashing to tell.
    fn known_secret(&self, known: &Known, claim: Claim<'_>) -> Option<bool> {
        let mut answer = Some(false);
        for hash in known.credential.live_hashes(self.clock.now()) {
            match self.proofs.known(claim, hash) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => answer = None,
            }
        }
        answer
    }

    /// The hash of the credential that is of the token's secret.
    async fn verified_hash(&self, known: &Known, claim: Claim<'_>) -> Result<Option<String>, ServiceError> {
        for hash in known.credential.live_hashes(self.clock.now()) {
            let is_right = self.proofs.verify(claim, hash).await;
            let busy = |_| ServiceError::unavailable("too many tokens are being verified", None);
            if is_right.map_err(busy)? {
                return Ok(Some(hash.to_owned()));
            }
        }
        Ok(None)
    }

    async fn by_signature(&self, mount: &Mount, token: &str) -> Result<Principal, Denial> {
        let tokens = self.tokens.as_ref().filter(|_| is_jwt(token));
        let Some(tokens) = tokens else { return Err(refused(mount, None)) };
        let verified = tokens.token_verify(token, mount, &self.tenants).await;
        let VerifiedToken { tenant: tenant_id, actor, scopes, subject, expires_at, client } = verified
            .map_err(|refusal| match refusal {
                TokenRefusal::Failed(error) => Denial::Failed(error),
                TokenRefusal::Refused { tenant, credential } => {
                    refused(mount, tenant.map(|tenant| (tenant, credential)))
                }
            })?;
        let tenant = self.tenants.by_id(tenant_id).await?.ok_or_else(|| refused(mount, None))?;
        let known = match client {
            Some(client) => self.credential(tenant_id, client).await?,
            None => None,
        };
        if !mount.is_open_to(&tenant) {
            return Err(refused(mount, None));
        }
        let now = self.clock.now();
        let client_is_live = match (client, &known) {
            (None, _) => true,
            (Some(_), Some(known)) => {
                let Credential { kind, .. } = known.credential;
                kind == CredentialKind::OauthClient && !known.credential.live_hashes(now).is_empty()
            }
            (Some(_), None) => false,
        };
        if expires_at <= now || !client_is_live {
            return Err(Denial::Refused(Some((Wanted::Id(tenant_id), client))));
        }
        if let (Some(client), Some(known)) = (client, &known) {
            self.uses.note(&known.noted, tenant_id, client, now);
        }
        Ok(principal(tenant, actor, scopes, subject))
    }

    async fn credential(
        &self,
        tenant: TenantId,
        id: CredentialId,
    ) -> Result<Option<Arc<Known>>, RepositoryError> {
        let load = || {
            let credentials = Arc::clone(&self.credentials);
            async move {
                let found = credentials.credential_get(tenant, id).await?;
                Ok(found.map(|credential| Arc::new(Known { credential, noted: Noted::default() })))
            }
        };
        self.remembered.get(&(tenant, id), load).await
    }
}

impl ChangeListener for Authentication {
    fn changed(&self, notice: ChangeNotice) {
        if let ChangeNotice::Credential(tenant, id) = notice {
            self.remembered.forget(&(tenant, id));
        }
    }

    fn connected(&self, is_connected: bool) {
        self.remembered.connected(is_connected);
    }
}

/// A refusal as the audit log is told of it: in the tenant that the path names, or else in that which
/// the token names. A credential is told only to its own tenant.
fn refused(mount: &Mount, by_token: Option<(TenantId, Option<CredentialId>)>) -> Denial {
    Denial::Refused(match mount {
        Mount::Tenant(name) if name.len() <= LONGEST_NAME => Some((Wanted::Name(SmolStr::new(name)), None)),
        Mount::Tenant(_) => None,
        Mount::Credential => by_token.map(|(tenant, credential)| (Wanted::Id(tenant), credential)),
    })
}

fn principal(tenant: Arc<Tenant>, actor: Actor, scopes: Scopes, subject: Option<ResourceId>) -> Principal {
    let users = tenant.schema.resource_type(SUBJECT_TYPE);
    let subject = subject.zip(users).map(|(id, users)| Subject { resource_type: Arc::clone(users), id });
    Principal { tenant, actor, scopes, subject }
}

/// The operator's secret, hashed.
struct Operator {
    key: OperatorKey,
    tenant: String,
    opens_every_tenant: bool,
    looks_like_ours: bool,
}

impl Operator {
    fn new(access: OperatorAccess) -> Self {
        Self {
            key: OperatorKey::new(&access.secret),
            tenant: access.tenant,
            opens_every_tenant: access.opens_every_tenant,
            looks_like_ours: BearerToken::parse(&access.secret).is_some(),
        }
    }
}

#[cfg(test)]
mod tests;
