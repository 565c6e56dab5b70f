//! The credentials of a tenant: made, listed, rotated and revoked.
//!
//! A token or a client secret is in the answer that makes it and nowhere else: only its hash is kept.

use scim_domain::audit::AuditOperation;
use scim_domain::credential::{BearerToken, Credential, CredentialKind, Secret};
use scim_domain::error::ScimError;
use scim_domain::identifier::{CredentialId, ResourceId, Timestamp};
use scim_domain::scope::{Scope, Scopes};
use scim_domain::tenant::{SubjectAttribute, Tenant};
use scim_ports::{ChangeNotice, RepositoryError, RotateCredential};
use serde_json::{Map, Value, json};
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

use crate::subjects::user_by;

use super::body::{Members, shortened};
use super::page::PageOf;
use super::{AdminContext, AdminError, Administration, Parameters, bad_request, conflict};

/// The longest label, in characters.
const LONGEST_LABEL: usize = 200;
/// The longest that a secret may live on after its rotation: 30 days.
const MAX_GRACE_SECONDS: u64 = 2_592_000;

impl Administration {
    /// The credentials of a tenant in the order in which they were made; nothing in it opens anything.
    ///
    /// # Errors
    /// 404; 400 for parameters that there are not, or a wrong cursor.
    pub async fn credential_list(&self, tenant: &str, parameters: &Parameters) -> Result<Value, AdminError> {
        let page = PageOf::read(parameters, &[])?;
        let after = page.after(CredentialId::parse)?;
        let tenant = self.tenant(tenant).await?;
        let credentials = self.ports.credentials.credential_list(tenant.id, after, page.fetch()).await?;
        let now = self.ports.clock.now();
        let show = |credential: &Credential| Value::Object(show(credential, now));
        Ok(page.answer(credentials, |credential| credential.id.to_string(), show))
    }

    /// Makes a credential: `type` (`bearer` where it is left out), `label`, `scopes`, `subject`, `expiresAt`.
    /// The answer has the token, or the client id and secret, this once.
    ///
    /// # Errors
    /// 404; 400 for a member that there is not or that is wrong.
    pub async fn credential_create(
        &self,
        context: &AdminContext,
        tenant: &str,
        body: &Value,
    ) -> Result<Value, AdminError> {
        let tenant = self.tenant(tenant).await?;
        let now = self.ports.clock.now();
        let mut members = Members::of(body)?;
        let kind = members.take_value("type").map(read_kind).transpose()?.unwrap_or(CredentialKind::Bearer);
        let label = members.take_text("label", LONGEST_LABEL)?.unwrap_or_default();
        let scopes = members.take_value("scopes").map(|scopes| read_scopes(scopes, &tenant)).transpose()?;
        let expires_at = members.take_value("expiresAt").map(|at| read_expiry(at, now)).transpose()?;
        let subject = members.take_value("subject");
        members.finish()?;
        let subject = match subject {
            Some(subject) => Some(self.subject(&tenant, subject).await?),
            None => None,
        };
        let (secret, secret_hash) = self.new_secret().await?;
        let credential = Credential {
            id: self.ports.ids.credential_id(),
            tenant: tenant.id,
            kind,
            label: label.to_owned(),
            scopes: scopes.unwrap_or_default(),
            subject,
            expires_at,
            created_at: now,
            last_used_at: None,
            secret_hash,
            previous: None,
        };
        let names = ["type", "label", "scopes", "subject", "expiresAt"].map(str::to_owned);
        let audit = context.audit(&*self.ports.ids, AuditOperation::Create, names.into());
        let created = self.ports.credentials.credential_create(credential.clone(), audit).await;
        created.map_err(|error| match error {
            RepositoryError::NotFound => super::no_tenant(&tenant.slug),
            error => error.into(),
        })?;
        self.changed(ChangeNotice::Credential(tenant.id, credential.id));
        Ok(show_with_secret(&credential, secret))
    }

    /// Revokes a credential.
    ///
    /// # Errors
    /// 404
    pub async fn credential_delete(
        &self,
        context: &AdminContext,
        tenant: &str,
        credential: &str,
    ) -> Result<(), AdminError> {
        let tenant = self.tenant(tenant).await?;
        let id = CredentialId::parse(credential).ok_or_else(|| no_credential(credential))?;
        let audit = context.audit(&*self.ports.ids, AuditOperation::Delete, Vec::new());
        let now = self.ports.clock.now();
        let deleted = self.ports.credentials.credential_delete(tenant.id, id, now, audit).await;
        deleted.map_err(|error| refused(error, credential))?;
        self.changed(ChangeNotice::Credential(tenant.id, id));
        Ok(())
    }

    /// Gives a credential another secret. The old one lives on for `graceSeconds`; where the client
    /// says nothing it does not. The answer has the new one, this once.
    ///
    /// # Errors
    /// 404; 400 for a member that there is not or that is wrong; 409 for a credential that has expired.
    pub async fn credential_rotate(
        &self,
        context: &AdminContext,
        tenant: &str,
        credential: &str,
        body: Option<&Value>,
    ) -> Result<Value, AdminError> {
        let tenant = self.tenant(tenant).await?;
        let grace = body.map_or(Ok(Duration::ZERO), read_grace)?;
        let id = CredentialId::parse(credential).ok_or_else(|| no_credential(credential))?;
        let current = self.ports.credentials.credential_get(tenant.id, id).await?;
        let current = current.ok_or_else(|| no_credential(credential))?;
        let now = self.ports.clock.now();
        if let Some(expired_at) = current.expires_at.filter(|expires_at| *expires_at <= now) {
            return Err(conflict(format!("the credential expired at {expired_at}: make another one")).into());
        }
        let (secret, secret_hash) = self.new_secret().await?;
        let previous_expires_at = now.date_time().checked_add(grace).map_or(now, Timestamp::new);
        let rotation = RotateCredential {
            tenant: tenant.id,
            id,
            secret_hash,
            previous_expires_at,
            at: now,
            audit: context.audit(&*self.ports.ids, AuditOperation::Rotate, Vec::new()),
        };
        let rotated = self.ports.credentials.credential_rotate(rotation).await;
        let rotated = rotated.map_err(|error| refused(error, credential))?;
        self.changed(ChangeNotice::Credential(tenant.id, id));
        let mut answer = show_with_secret(&rotated, secret);
        if let Some(answer) = answer.as_object_mut()
            && grace > Duration::ZERO
        {
            answer.insert("previousExpiresAt".into(), json!(previous_expires_at.to_string()));
        }
        Ok(answer)
    }

    async fn new_secret(&self) -> Result<(Secret, String), AdminError> {
        let secret = Secret::new(self.ports.ids.secret());
        let hash = self.ports.passwords.password_hash(&secret.text()).await?;
        Ok((secret, hash))
    }

    /// The id of the user that has this `id` or this `userName`.
    async fn subject(&self, tenant: &Tenant, subject: &Value) -> Result<ResourceId, AdminError> {
        let name = subject.as_str().ok_or_else(|| bad_request("subject: expected a string"))?;
        let unknown = || {
            bad_request(format!("subject: there is no user with the id or userName '{}'", shortened(name)))
        };
        for attribute in [SubjectAttribute::Id, SubjectAttribute::UserName] {
            if let Some(user) = user_by(&*self.ports.resources, tenant, attribute, name).await? {
                return Ok(user.id);
            }
        }
        Err(unknown().into())
    }
}

fn read_kind(kind: &Value) -> Result<CredentialKind, ScimError> {
    kind.as_str()
        .and_then(CredentialKind::named)
        .ok_or_else(|| bad_request("type: expected one of 'bearer', 'oauth_client'"))
}

fn read_scopes(scopes: &Value, tenant: &Tenant) -> Result<Scopes, ScimError> {
    let texts: Option<Vec<&str>> =
        scopes.as_array().and_then(|scopes| scopes.iter().map(Value::as_str).collect());
    let texts = texts
        .filter(|texts| !texts.is_empty())
        .ok_or_else(|| bad_request("scopes: expected an array of strings, at least one"))?;
    let scopes = Scopes::parse(texts).map_err(|unknown| {
        bad_request(format!(
            "scopes: '{}' is none; expected read, write, bulk, discovery, or read: or write: with the name \
             of a resource type",
            shortened(&unknown)
        ))
    })?;
    for scope in scopes.iter() {
        if let Scope::Read(Some(name)) | Scope::Write(Some(name)) = scope
            && tenant.schema.resource_type(name).is_none()
        {
            let detail = format!("scopes: '{scope}' names no resource type of this tenant");
            return Err(bad_request(detail));
        }
    }
    Ok(scopes)
}

fn read_expiry(at: &Value, now: Timestamp) -> Result<Timestamp, ScimError> {
    let moment = at.as_str().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok());
    moment
        .map(Timestamp::new)
        .filter(|moment| *moment > now)
        .ok_or_else(|| bad_request("expiresAt: expected a dateTime to come, such as 2031-01-31T12:00:00Z"))
}

fn read_grace(body: &Value) -> Result<Duration, ScimError> {
    let mut members = Members::of(body)?;
    let seconds = members.take_value("graceSeconds");
    members.finish()?;
    let Some(seconds) = seconds else { return Ok(Duration::ZERO) };
    let seconds = seconds.as_u64().filter(|seconds| *seconds <= MAX_GRACE_SECONDS);
    let seconds = seconds.and_then(|seconds| i64::try_from(seconds).ok());
    seconds.map(Duration::seconds).ok_or_else(|| {
        bad_request(format!("graceSeconds: expected a whole number from 0 to {MAX_GRACE_SECONDS}"))
    })
}

/// A credential as lists show it.
fn show(credential: &Credential, now: Timestamp) -> Map<String, Value> {
    let mut shown = show_without_use(credential);
    let text = |at: Timestamp| at.to_string();
    shown.insert("lastUsedAt".into(), json!(credential.last_used_at.map(text)));
    let previous = credential.previous.as_ref().filter(|previous| previous.expires_at > now);
    shown.insert("previousExpiresAt".into(), json!(previous.map(|previous| text(previous.expires_at))));
    if credential.kind == CredentialKind::OauthClient {
        shown.insert("clientId".into(), json!(credential.client_id()));
    }
    shown
}

/// A credential with its secret, as it is shown once.
fn show_with_secret(credential: &Credential, secret: Secret) -> Value {
    let mut shown = show_without_use(credential);
    match credential.kind {
        CredentialKind::Bearer => {
            let token = BearerToken { tenant: credential.tenant, credential: credential.id, secret };
            shown.insert("token".into(), json!(token.text()));
        }
        CredentialKind::OauthClient => {
            shown.insert("clientId".into(), json!(credential.client_id()));
            shown.insert("clientSecret".into(), json!(secret.text()));
        }
    }
    Value::Object(shown)
}

fn show_without_use(credential: &Credential) -> Map<String, Value> {
    let scopes: Vec<String> = credential.scopes.iter().map(ToString::to_string).collect();
    let mut shown = Map::new();
    shown.insert("id".into(), json!(credential.id.to_string()));
    shown.insert("type".into(), json!(credential.kind.as_str()));
    shown.insert("label".into(), json!(credential.label));
    shown.insert("scopes".into(), json!(scopes));
    shown.insert("subject".into(), json!(credential.subject.map(|subject| subject.to_string())));
    shown.insert("expiresAt".into(), json!(credential.expires_at.map(|at| at.to_string())));
    shown.insert("createdAt".into(), json!(credential.created_at.to_string()));
    shown
}

fn no_credential(id: &str) -> ScimError {
    ScimError::not_found(format!("there is no credential '{}' of this tenant", shortened(id)))
}

fn refused(error: RepositoryError, id: &str) -> AdminError {
    match error {
        RepositoryError::NotFound => no_credential(id).into(),
        error => error.into(),
    }
}
