//! The conformance kit of `scim-ports`, run against this adapter.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use scim_domain::tenant::Tenant;
use scim_ports::conformance::administration::{Administration, AdministrationHarness};
use scim_ports::conformance::{BoxFuture, Harness, Stores};
use scim_test_postgres::TestDatabase;

use crate::support::{block_on, own_store, register, shared_store};

pub(crate) struct Postgres;

#[async_trait]
impl Harness for Postgres {
    async fn stores(&self, tenants: &[Arc<Tenant>]) -> Stores {
        let store = shared_store().await;
        register(&store, tenants).await;
        Stores {
            resources: Arc::new(store.resources()),
            tenants: Arc::new(store.tenants()),
            audit: Arc::new(store.audit()),
        }
    }

    fn spawn(&self, task: BoxFuture<'static>) -> BoxFuture<'static> {
        let task = tokio::spawn(task);
        Box::pin(async move { task.await.expect("the task ends well") })
    }
}

#[derive(Default)]
struct Administered {
    databases: Mutex<Vec<TestDatabase>>,
}

#[async_trait]
impl Harness for Administered {
    async fn stores(&self, tenants: &[Arc<Tenant>]) -> Stores {
        Postgres.stores(tenants).await
    }

    fn spawn(&self, task: BoxFuture<'static>) -> BoxFuture<'static> {
        Postgres.spawn(task)
    }
}

#[async_trait]
impl AdministrationHarness for Administered {
    async fn administration(&self) -> Administration {
        let (store, database) = own_store().await;
        self.databases.lock().expect("nobody has failed").push(database);
        Administration {
            resources: Arc::new(store.resources()),
            tenants: Arc::new(store.tenants()),
            credentials: Arc::new(store.credentials()),
            audit: Arc::new(store.audit()),
            signing_keys: Arc::new(store.signing_keys()),
            notices: Arc::new(store.notices()),
        }
    }

    async fn in_time(&self, wait: BoxFuture<'_>) {
        tokio::time::timeout(Duration::from_secs(20), wait).await.expect("it does not take long");
    }
}

scim_ports::conformance_tests!(Postgres, block_on);
scim_ports::administration_tests!(Administered::default(), block_on);
