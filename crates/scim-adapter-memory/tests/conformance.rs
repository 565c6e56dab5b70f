//! The conformance kit of `scim-ports`, run against this adapter.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]

use std::sync::Arc;

use async_trait::async_trait;
use scim_adapter_memory::MemoryStore;
use scim_domain::tenant::Tenant;
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
        Stores { resources: store.resources(), tenants: store.tenants() }
    }

    fn spawn(&self, task: BoxFuture<'static>) -> BoxFuture<'static> {
        let task = tokio::spawn(task);
        Box::pin(async move { task.await.expect("the task ends well") })
    }
}

fn block_on(test: impl Future<Output = ()>) {
    let runtime = Builder::new_multi_thread().worker_threads(4).build().expect("a runtime");
    runtime.block_on(test);
}

scim_ports::conformance_tests!(Memory, block_on);
