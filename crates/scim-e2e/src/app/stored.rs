//! What tests put into the store of a server, or read from it, without a request.

use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use scim_domain::audit::{Actor, AuditEntry, AuditEvent, AuditOperation, Origin};
use scim_domain::credential::{BearerToken, Credential, CredentialKind, Secret};
use scim_domain::identifier::{CredentialId, TenantId, Version};
use scim_domain::schema::TenantDefinitions;
use scim_domain::scope::Scopes;
use scim_domain::tenant::TenantConfig;
use scim_ports::{AuditQuery, Clock, IdGenerator, NewTenant, TenantRecord, UpdateTenant};
use scim_server::adapters::SystemClock;

use super::{Backend, TestApp};

/// A credential of a tenant, and its token.
#[derive(Debug, Clone)]
pub struct TestCredential {
    /// The tenant.
    pub tenant: TenantId,
    /// Its id.
    pub id: CredentialId,
    /// What is sent.
    pub token: String,
}

impl<B: Backend> TestApp<B> {
    /// A new tenant with the schemas of RFC 7643.
    ///
    /// # Errors
    /// Where the store does not take it.
    pub async fn create_tenant(&self, slug: &str) -> Result<TenantId> {
        let (id, at) = (self.ids.tenant_id(), SystemClock.now());
        let tenant = NewTenant {
            record: TenantRecord {
                id,
                slug: slug.to_owned(),
                display_name: slug.to_owned(),
                active: true,
                preset: "rfc".to_owned(),
                config: TenantConfig::default(),
                version: Version::FIRST,
                created_at: at,
                updated_at: at,
            },
            definitions: TenantDefinitions::rfc7643(),
            audit: self.audit_entry(AuditOperation::Create),
        };
        self.tenants.tenant_create(tenant).await?;
        Ok(id)
    }

    /// The id of the tenant `default`.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn default_tenant(&self) -> Result<TenantId> {
        Ok(self.tenants.tenant_by_slug("default").await?.context("no tenant default")?.id)
    }

    /// Makes a tenant unusable.
    ///
    /// # Errors
    /// Where there is no such tenant.
    pub async fn deactivate_tenant(&self, id: TenantId) -> Result<()> {
        let record = self.tenants.tenant_record(id).await?.context("no such tenant")?;
        let update = UpdateTenant {
            id,
            expected: record.version,
            slug: None,
            display_name: None,
            active: Some(false),
            config: None,
            definitions: None,
            at: SystemClock.now(),
            audit: self.audit_entry(AuditOperation::Modify),
            audit_target: None,
        };
        self.tenants.tenant_update(update).await?;
        Ok(())
    }

    /// A new bearer token of a tenant with these scopes, separated by spaces.
    ///
    /// # Errors
    /// Where the store does not take it.
    pub async fn create_credential(&self, tenant: TenantId, scopes: &str) -> Result<TestCredential> {
        self.create_credential_with(tenant, scopes, |_| {}).await
    }

    /// A new credential, changed before it is stored.
    ///
    /// # Errors
    /// Where the store does not take it.
    pub async fn create_credential_with(
        &self,
        tenant: TenantId,
        scopes: &str,
        change: impl FnOnce(&mut Credential) + Send,
    ) -> Result<TestCredential> {
        let (id, secret) = (self.ids.credential_id(), Secret::new(self.ids.secret()));
        let token = BearerToken { tenant, credential: id, secret };
        let scopes =
            Scopes::parse(scopes.split_whitespace()).map_err(|wrong| anyhow!("no scope: {wrong}"))?;
        let mut credential = Credential {
            id,
            tenant,
            kind: CredentialKind::Bearer,
            label: "made by a test".to_owned(),
            scopes,
            subject: None,
            expires_at: None,
            created_at: SystemClock.now(),
            last_used_at: None,
            secret_hash: self.passwords.password_hash(&token.secret.text()).await?,
            previous: None,
        };
        change(&mut credential);
        self.credentials.credential_create(credential, self.audit_entry(AuditOperation::Create)).await?;
        Ok(TestCredential { tenant, id, token: token.text() })
    }

    /// Revokes a credential.
    ///
    /// # Errors
    /// Where there is no such credential.
    pub async fn revoke(&self, credential: &TestCredential) -> Result<()> {
        let (at, audit) = (SystemClock.now(), self.audit_entry(AuditOperation::Delete));
        Ok(self.credentials.credential_delete(credential.tenant, credential.id, at, audit).await?)
    }

    /// A credential as it is stored.
    ///
    /// # Errors
    /// Where there is no such credential.
    pub async fn credential(&self, credential: &TestCredential) -> Result<Credential> {
        let stored = self.credentials.credential_get(credential.tenant, credential.id).await?;
        stored.context("no such credential")
    }

    /// The newest records of a tenant's audit log, after everything that is collected was written down.
    ///
    /// # Errors
    /// Where the store does not answer.
    pub async fn audit_log(&self, tenant: TenantId) -> Result<Vec<AuditEvent>> {
        self.state.service.maintenance().flush().await;
        let query = AuditQuery { filter: None, before: None, limit: 1000 };
        Ok(self.audit.audit_page(tenant, &query).await?)
    }

    fn audit_entry(&self, operation: AuditOperation) -> AuditEntry {
        let origin = Origin { actor: Actor::Operator, request_id: "test".to_owned(), client_address: None };
        AuditEntry {
            id: self.ids.audit_event_id(),
            origin: Arc::new(origin),
            operation,
            attributes: Vec::new(),
        }
    }
}
