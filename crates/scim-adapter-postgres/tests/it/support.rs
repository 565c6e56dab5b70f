//! What the tests work with.

use std::sync::{Arc, OnceLock};

use scim_adapter_postgres::{PostgresSettings, PostgresStore};
use scim_domain::identifier::Timestamp;
use scim_domain::tenant::Tenant;
use scim_test_postgres::{TestDatabase, TestServer};
use time::macros::datetime;

/// Runs a test on a runtime of its own.
pub(crate) fn block_on<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.expect("a runtime").block_on(test)
}

/// An empty database.
pub(crate) fn database() -> TestDatabase {
    let server = TestServer::get().unwrap_or_else(|error| panic!("{error}"));
    server.create_database().expect("a database")
}

/// Settings for a database, with few connections.
pub(crate) fn settings(url: &str) -> PostgresSettings {
    PostgresSettings { max_connections: 8, min_connections: 1, ..PostgresSettings::new(url) }
}

/// A store on a migrated database that other tests use as well.
pub(crate) async fn shared_store() -> PostgresStore {
    static SHARED: OnceLock<TestDatabase> = OnceLock::new();
    let url = SHARED.get_or_init(database).url();
    let store = PostgresStore::open(&settings(url)).await.expect("the database is there");
    store.migrate().await.expect("the migrations apply");
    store
}

/// Registers tenants.
pub(crate) async fn register(store: &PostgresStore, tenants: &[Arc<Tenant>]) {
    for tenant in tenants {
        let at = Timestamp::new(datetime!(2026-01-01 00:00 UTC));
        let registered = store.tenants().tenant_register(tenant, "A test's", at).await;
        assert!(registered.expect("the store answers"), "the tenant is new");
    }
}
