//! The conformance kit of `scim-ports`, run against this adapter.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use scim_adapter_memory::MemoryStore;
use scim_domain::tenant::Tenant;
use scim_ports::conformance::administration::{Administration, AdministrationHarness};
use scim_ports::conformance::{BoxFuture, Harness, Stores, new_tenant};
use tokio::runtime::Builder;

struct Memory;

#[async_trait]
impl Harness for Memory {
    async fn stores(&self, tenants: &[Arc<Tenant>]) -> Stores {
        let store = MemoryStore::new();
        for tenant in tenants {
            store.tenants().create(new_tenant(tenant)).expect("the tenant is new");
        }
        Stores { resources: store.resources(), tenants: store.tenants(), audit: store.audit() }
    }

    fn spawn(&self, task: BoxFuture<'static>) -> BoxFuture<'static> {
        let task = tokio::spawn(task);
        Box::pin(async move { task.await.expect("the task ends well") })
    }
}

#[async_trait]
impl AdministrationHarness for Memory {
    async fn administration(&self) -> Administration {
        let store = MemoryStore::new();
        Administration {
            resources: store.resources(),
            tenants: store.tenants(),
            credentials: store.credentials(),
            audit: store.audit(),
            signing_keys: store.signing_keys(),
            notices: store.notices(),
        }
    }

    async fn in_time(&self, wait: BoxFuture<'_>) {
        tokio::time::timeout(Duration::from_secs(10), wait).await.expect("it does not take long");
    }
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime");
    runtime.block_on(test);
}

scim_ports::conformance_tests!(Memory, block_on);
scim_ports::administration_tests!(Memory, block_on);
