//! Ports for the tests of this crate: small, in memory, and under the test's control.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, AtomicUsize, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use scim_domain::identifier::{TenantId, Timestamp};
use scim_domain::schema::TenantSchema;
use scim_domain::tenant::Tenant;
use scim_ports::{Clock, IdGenerator, RepositoryError, TenantRepository};
use time::Duration;
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
    fails: AtomicBool,
}

impl TestTenants {
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
        if self.fails.load(Ordering::SeqCst) {
            return Err(RepositoryError::Unavailable("told to fail".into()));
        }
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
