//! What the cases work with: a store of their own, and short ways to fill it.

use std::sync::Arc;

use scim_domain::audit::{AuditEvent, AuditOperation};
use scim_domain::credential::{Credential, CredentialKind};
use scim_domain::identifier::{CredentialId, TenantId, Timestamp, Version};
use scim_domain::schema::TenantDefinitions;
use scim_domain::scope::Scopes;
use scim_domain::tenant::{Tenant, TenantConfig};

use crate::conformance::Stores;
use crate::conformance::world::{Ticks, World, definitions};
use crate::{
    AuditQuery, NewTenant, RepositoryError, RotateCredential, TenantRecord, TenantRepository, UpdateTenant,
};

use super::{Administration, AdministrationHarness};

/// A store with nothing in it yet.
pub(super) struct Office {
    pub(super) stores: Administration,
    pub(super) ticks: Ticks,
}

impl Office {
    pub(super) async fn new(harness: &dyn AdministrationHarness) -> Arc<Self> {
        Arc::new(Self { stores: harness.administration().await, ticks: Ticks::default() })
    }

    pub(super) fn now(&self) -> Timestamp {
        self.ticks.now()
    }

    pub(super) fn tenant_id(&self) -> TenantId {
        TenantId::new(self.ticks.uuid())
    }

    pub(super) fn credential_id(&self) -> CredentialId {
        CredentialId::new(self.ticks.uuid())
    }

    // Tenants

    /// A tenant to be registered.
    pub(super) fn new_tenant(&self, slug: &str) -> NewTenant {
        let at = self.now();
        NewTenant {
            record: TenantRecord {
                id: self.tenant_id(),
                slug: slug.to_owned(),
                display_name: format!("The tenant {slug}"),
                active: true,
                preset: "rfc".to_owned(),
                config: TenantConfig::default(),
                version: Version::FIRST,
                created_at: at,
                updated_at: at,
            },
            definitions: definitions(),
            audit: self.ticks.audit(AuditOperation::Create, &["slug", "displayName"]),
        }
    }

    /// Registers a tenant.
    pub(super) async fn register(&self, slug: &str) -> TenantRecord {
        let new = self.new_tenant(slug);
        let record = new.record.clone();
        self.stores.tenants.tenant_create(new).await.expect("the tenant is registered");
        record
    }

    /// A change that names nothing yet.
    pub(super) fn update_of(&self, record: &TenantRecord) -> UpdateTenant {
        UpdateTenant {
            id: record.id,
            expected: record.version,
            slug: None,
            display_name: None,
            active: None,
            config: None,
            definitions: None,
            at: self.now(),
            audit: self.ticks.audit(AuditOperation::Modify, &["config.bulk"]),
            audit_target: None,
        }
    }

    pub(super) async fn try_update(&self, update: UpdateTenant) -> Result<TenantRecord, RepositoryError> {
        self.stores.tenants.tenant_update(update).await
    }

    pub(super) async fn update(&self, update: UpdateTenant) -> TenantRecord {
        self.try_update(update).await.expect("the tenant is changed")
    }

    pub(super) async fn try_delete(&self, id: TenantId, expected: Version) -> Result<(), RepositoryError> {
        let audit = self.ticks.audit(AuditOperation::Delete, &[]);
        self.stores.tenants.tenant_delete(id, expected, self.now(), audit).await
    }

    pub(super) async fn delete(&self, record: &TenantRecord) {
        self.try_delete(record.id, record.version).await.expect("the tenant is deleted");
    }

    /// Removes everything that deleted tenants have left.
    pub(super) async fn purge(&self) {
        while self.stores.tenants.tenant_purge(3).await.expect("the store answers") > 0 {}
    }

    pub(super) async fn record(&self, id: TenantId) -> Option<TenantRecord> {
        self.stores.tenants.tenant_record(id).await.expect("the store answers")
    }

    pub(super) async fn tenant(&self, id: TenantId) -> Option<Arc<Tenant>> {
        self.stores.tenants.tenant_by_id(id).await.expect("the store answers")
    }

    pub(super) async fn tenant_called(&self, slug: &str) -> Option<Arc<Tenant>> {
        self.stores.tenants.tenant_by_slug(slug).await.expect("the store answers")
    }

    /// The resources of a tenant that is there.
    pub(super) async fn world(&self, record: &TenantRecord) -> World {
        let tenant = self.tenant(record.id).await.expect("the tenant is there");
        self.world_of(tenant)
    }

    pub(super) fn world_of(&self, tenant: Arc<Tenant>) -> World {
        let tenants: Arc<dyn TenantRepository> = self.stores.tenants.clone();
        let stores = Stores {
            resources: Arc::clone(&self.stores.resources),
            tenants,
            audit: Arc::clone(&self.stores.audit),
        };
        World::of(stores, Arc::clone(&tenant), tenant, self.ticks.clone())
    }

    // Credentials

    /// A bearer token without anything special.
    pub(super) fn new_credential(&self, tenant: TenantId) -> Credential {
        let id = self.credential_id();
        Credential {
            id,
            tenant,
            kind: CredentialKind::Bearer,
            label: "a label".to_owned(),
            scopes: Scopes::default(),
            subject: None,
            expires_at: None,
            created_at: self.now(),
            last_used_at: None,
            secret_hash: format!("$hash${id}"),
            previous: None,
        }
    }

    pub(super) async fn create_credential(&self, tenant: &TenantRecord) -> Credential {
        let credential = self.new_credential(tenant.id);
        self.try_create_credential(&credential).await.expect("the credential is created");
        credential
    }

    pub(super) async fn try_create_credential(&self, credential: &Credential) -> Result<(), RepositoryError> {
        let audit = self.ticks.audit(AuditOperation::Create, &["label", "scopes"]);
        self.stores.credentials.credential_create(credential.clone(), audit).await
    }

    /// A rotation to another secret.
    pub(super) fn rotation_of(&self, credential: &Credential, secret_hash: &str) -> RotateCredential {
        let previous_expires_at = self.now();
        RotateCredential {
            tenant: credential.tenant,
            id: credential.id,
            secret_hash: secret_hash.to_owned(),
            previous_expires_at,
            at: self.now(),
            audit: self.ticks.audit(AuditOperation::Rotate, &[]),
        }
    }

    pub(super) async fn try_delete_credential(
        &self,
        tenant: TenantId,
        id: CredentialId,
    ) -> Result<(), RepositoryError> {
        let audit = self.ticks.audit(AuditOperation::Delete, &[]);
        self.stores.credentials.credential_delete(tenant, id, self.now(), audit).await
    }

    pub(super) async fn credential(&self, tenant: TenantId, id: CredentialId) -> Option<Credential> {
        self.stores.credentials.credential_get(tenant, id).await.expect("the store answers")
    }

    pub(super) async fn credentials(
        &self,
        tenant: TenantId,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Vec<Credential> {
        let list = self.stores.credentials.credential_list(tenant, after, limit).await;
        list.expect("the store answers")
    }

    // The audit log

    /// The records of a tenant, the oldest first.
    pub(super) async fn records(&self, tenant: TenantId) -> Vec<AuditEvent> {
        let mut page = self.page(tenant, &AuditQuery { filter: None, before: None, limit: 1000 }).await;
        page.reverse();
        page
    }

    pub(super) async fn page(&self, tenant: TenantId, query: &AuditQuery) -> Vec<AuditEvent> {
        self.stores.audit.audit_page(tenant, query).await.expect("the store answers")
    }
}

/// Everything about a credential, in a form that compares and prints.
pub(super) fn shown(credential: &Credential) -> String {
    let previous = credential.previous.as_ref();
    let previous = previous.map(|previous| (&previous.secret_hash, previous.expires_at.to_string()));
    let Credential { id, tenant, kind, label, scopes, subject, secret_hash, .. } = credential;
    let text = |time: Option<Timestamp>| time.map(|time| time.to_string());
    let times =
        (text(credential.expires_at), text(credential.last_used_at), credential.created_at.to_string());
    format!("{id} {tenant} {kind:?} {label:?} {scopes} {subject:?} {times:?} {secret_hash} {previous:?}")
}

/// The definitions that a tenant's schema is made of.
pub(super) fn definitions_of(tenant: &Tenant) -> TenantDefinitions {
    TenantDefinitions::of(&tenant.schema)
}

#[track_caller]
pub(super) fn not_found<T: std::fmt::Debug>(outcome: Result<T, RepositoryError>) {
    assert!(matches!(outcome, Err(RepositoryError::NotFound)), "{outcome:?}");
}

#[track_caller]
pub(super) fn slug_taken<T: std::fmt::Debug>(outcome: Result<T, RepositoryError>) {
    let is_taken = matches!(&outcome, Err(RepositoryError::Uniqueness { attribute }) if attribute == "slug");
    assert!(is_taken, "{outcome:?}");
}
