//! Ports for the tests of this crate: small, in memory, and under the test's control.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use scim_domain::audit::{AuditEntry, AuditEvent};
use scim_domain::credential::Credential;
use scim_domain::identifier::{CredentialId, TenantId, Timestamp, Version};
use scim_domain::schema::TenantSchema;
use scim_domain::tenant::Tenant;
use scim_ports::{
    AuditQuery, AuditRepository, Clock, CredentialRepository, IdGenerator, NewTenant, PasswordError,
    PasswordHasher, RepositoryError, RotateCredential, Statistics, TenantRecord, TenantRegistry,
    TenantRepository, UpdateTenant,
};
use time::Duration;
use tokio::sync::Semaphore;
use uuid::Uuid;

/// A moment, so many seconds after the beginning of the test's time.
pub(crate) fn at(seconds: i64) -> Timestamp {
    let start = time::macros::datetime!(2026-01-31 12:00 UTC);
    Timestamp::new(start.saturating_add(Duration::seconds(seconds)))
}

/// A clock that goes on when it is told to.
pub(crate) struct TestClock(AtomicI64);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(AtomicI64::new(0))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        at(self.0.load(Ordering::SeqCst))
    }
}

/// Lets every other task of the test's runtime go on until it waits.
pub(crate) async fn settle() {
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
}

/// Ids that count up.
#[derive(Default)]
pub(crate) struct TestIds(AtomicU64);

impl IdGenerator for TestIds {
    fn ordered_uuid(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::SeqCst)))
    }

    fn random_uuid(&self) -> Uuid {
        self.ordered_uuid()
    }

    fn nonce(&self) -> [u8; 24] {
        [7; 24]
    }

    fn secret(&self) -> [u8; 32] {
        [9; 32]
    }
}

/// A tenant with the schemas of RFC 7643.
pub(crate) fn tenant(number: u128, slug: &str) -> Tenant {
    Tenant {
        id: TenantId::new(Uuid::from_u128(number)),
        slug: slug.to_owned(),
        active: true,
        config: Arc::default(),
        schema: Arc::new(TenantSchema::rfc7643().expect("compiles")),
    }
}

/// A registry of tenants that counts how often it is asked.
#[derive(Default)]
pub(crate) struct TestTenants {
    tenants: Mutex<Vec<Arc<Tenant>>>,
    asked: AtomicUsize,
    left_behind: AtomicUsize,
    fails: AtomicBool,
}

impl TestTenants {
    /// So many rows were left by tenants that are gone.
    pub(crate) fn leave_behind(&self, rows: usize) {
        self.left_behind.store(rows, Ordering::SeqCst);
    }

    pub(crate) fn left_behind(&self) -> usize {
        self.left_behind.load(Ordering::SeqCst)
    }

    pub(crate) fn put(&self, tenant: Tenant) {
        self.remove(tenant.id);
        self.tenants.lock().push(Arc::new(tenant));
    }

    pub(crate) fn remove(&self, id: TenantId) {
        self.tenants.lock().retain(|tenant| tenant.id != id);
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    fn find(&self, is_it: impl Fn(&Tenant) -> bool) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        failing(&self.fails)?;
        Ok(self.tenants.lock().iter().find(|tenant| is_it(tenant)).cloned())
    }
}

#[async_trait]
impl TenantRepository for TestTenants {
    async fn tenant_by_id(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        self.find(|tenant| tenant.id == id)
    }

    async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        self.find(|tenant| tenant.slug == slug)
    }
}

#[async_trait]
impl TenantRegistry for TestTenants {
    async fn tenant_record(&self, _: TenantId) -> Result<Option<TenantRecord>, RepositoryError> {
        Err(not_for_tests())
    }

    async fn tenant_list(&self, _: Option<TenantId>, _: usize) -> Result<Vec<TenantRecord>, RepositoryError> {
        Err(not_for_tests())
    }

    async fn tenant_create(&self, _: NewTenant) -> Result<(), RepositoryError> {
        Err(not_for_tests())
    }

    async fn tenant_update(&self, _: UpdateTenant) -> Result<TenantRecord, RepositoryError> {
        Err(not_for_tests())
    }

    async fn tenant_delete(
        &self,
        _: TenantId,
        _: Version,
        _: Timestamp,
        _: AuditEntry,
    ) -> Result<(), RepositoryError> {
        Err(not_for_tests())
    }

    async fn tenant_purge(&self, limit: usize) -> Result<usize, RepositoryError> {
        failing(&self.fails)?;
        let purged = self.left_behind().min(limit);
        self.left_behind.fetch_sub(purged, Ordering::SeqCst);
        Ok(purged)
    }

    async fn tenant_statistics(&self, _: TenantId) -> Result<Statistics, RepositoryError> {
        Err(not_for_tests())
    }

    async fn statistics(&self) -> Result<(usize, Statistics), RepositoryError> {
        Err(not_for_tests())
    }
}

/// A registry of credentials that counts how often it is read.
#[derive(Default)]
pub(crate) struct TestCredentials {
    credentials: Mutex<Vec<Credential>>,
    uses: Mutex<Vec<(TenantId, CredentialId, Timestamp)>>,
    read: AtomicUsize,
    fails: AtomicBool,
}

impl TestCredentials {
    pub(crate) fn put(&self, credential: Credential) {
        self.remove(credential.id);
        self.credentials.lock().push(credential);
    }

    pub(crate) fn remove(&self, id: CredentialId) {
        self.credentials.lock().retain(|credential| credential.id != id);
    }

    pub(crate) fn read(&self) -> usize {
        self.read.load(Ordering::SeqCst)
    }

    pub(crate) fn uses(&self) -> Vec<(TenantId, CredentialId, Timestamp)> {
        self.uses.lock().clone()
    }

    pub(crate) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }
}

#[async_trait]
impl CredentialRepository for TestCredentials {
    async fn credential_get(
        &self,
        tenant: TenantId,
        id: CredentialId,
    ) -> Result<Option<Credential>, RepositoryError> {
        self.read.fetch_add(1, Ordering::SeqCst);
        failing(&self.fails)?;
        let credentials = self.credentials.lock();
        Ok(credentials.iter().find(|found| found.id == id && found.tenant == tenant).cloned())
    }

    async fn credential_list(
        &self,
        _: TenantId,
        _: Option<CredentialId>,
        _: usize,
    ) -> Result<Vec<Credential>, RepositoryError> {
        Err(not_for_tests())
    }

    async fn credential_create(&self, _: Credential, _: AuditEntry) -> Result<(), RepositoryError> {
        Err(not_for_tests())
    }

    async fn credential_rotate(&self, _: RotateCredential) -> Result<Credential, RepositoryError> {
        Err(not_for_tests())
    }

    async fn credential_delete(
        &self,
        _: TenantId,
        _: CredentialId,
        _: Timestamp,
        _: AuditEntry,
    ) -> Result<(), RepositoryError> {
        Err(not_for_tests())
    }

    async fn credential_used(
        &self,
        uses: Vec<(TenantId, CredentialId, Timestamp)>,
    ) -> Result<(), RepositoryError> {
        failing(&self.fails)?;
        self.uses.lock().extend(uses);
        Ok(())
    }
}

/// An audit log.
#[derive(Default)]
pub(crate) struct TestAudit {
    events: Mutex<Vec<AuditEvent>>,
    fails: AtomicBool,
}

impl TestAudit {
    pub(crate) fn events(&self) -> Vec<AuditEvent> {
        self.events.lock().clone()
    }

    pub(crate) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }
}

#[async_trait]
impl AuditRepository for TestAudit {
    async fn audit_append(&self, events: Vec<AuditEvent>) -> Result<(), RepositoryError> {
        failing(&self.fails)?;
        self.events.lock().extend(events);
        Ok(())
    }

    async fn audit_page(&self, _: TenantId, _: &AuditQuery) -> Result<Vec<AuditEvent>, RepositoryError> {
        Err(not_for_tests())
    }

    async fn audit_prune(&self, before: Timestamp, limit: usize) -> Result<usize, RepositoryError> {
        failing(&self.fails)?;
        let mut events = self.events.lock();
        let old = events.iter().filter(|event| event.at < before).count().min(limit);
        let mut left = old;
        events.retain(|event| {
            let goes = left > 0 && event.at < before;
            left -= usize::from(goes);
            !goes
        });
        Ok(old)
    }
}

/// Hashes that show what they are of, and how often that was asked.
pub(crate) struct TestPasswords {
    verified: AtomicUsize,
    gate: Semaphore,
    is_busy: AtomicBool,
}

impl TestPasswords {
    /// Answers as long as the gate is open, which it is.
    pub(crate) fn new() -> Self {
        let gate = Semaphore::new(1);
        Self { verified: AtomicUsize::new(0), gate, is_busy: AtomicBool::new(false) }
    }

    /// The hash of a secret; two of the same differ by their salt.
    pub(crate) fn hash(salt: &str, secret: &str) -> String {
        format!("{salt}${secret}")
    }

    pub(crate) fn verified(&self) -> usize {
        self.verified.load(Ordering::SeqCst)
    }

    /// Makes everybody wait until [`open`](Self::open).
    pub(crate) fn shut(&self) {
        self.gate.forget_permits(1);
    }

    pub(crate) fn open(&self) {
        self.gate.add_permits(1);
    }

    pub(crate) fn be_busy(&self, is_busy: bool) {
        self.is_busy.store(is_busy, Ordering::SeqCst);
    }
}

#[async_trait]
impl PasswordHasher for TestPasswords {
    async fn password_hash(&self, password: &str) -> Result<String, PasswordError> {
        Ok(Self::hash("salt", password))
    }

    async fn password_verify(&self, password: &str, hash: &str) -> Result<bool, PasswordError> {
        if self.is_busy.load(Ordering::SeqCst) {
            return Err(PasswordError::Busy);
        }
        self.verified.fetch_add(1, Ordering::SeqCst);
        let _permit = self.gate.acquire().await.expect("never closed");
        Ok(hash.split_once('$').is_some_and(|(_, secret)| secret == password))
    }
}

fn failing(fails: &AtomicBool) -> Result<(), RepositoryError> {
    if fails.load(Ordering::SeqCst) {
        Err(RepositoryError::Unavailable("told to fail".into()))
    } else {
        Ok(())
    }
}

fn not_for_tests() -> RepositoryError {
    RepositoryError::Internal("no test of this crate asks for this".into())
}
