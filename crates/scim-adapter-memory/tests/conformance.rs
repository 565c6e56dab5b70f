//! The conformance kit of `scim-ports`, run against this adapter.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]

use std::sync::Arc;

use async_trait::async_trait;
use scim_adapter_memory::{MemoryResources, MemoryTenants};
use scim_domain::tenant::Tenant;
use scim_ports::conformance::{BoxFuture, Harness, Stores};
use tokio::runtime::Builder;

struct Memory;

#[async_trait]
impl Harness for Memory {
    async fn stores(&self, tenants: &[Arc<Tenant>]) -> Stores {
        let tenants = tenants.iter().map(|tenant| Tenant::clone(tenant)).collect();
        Stores { resources: Arc::new(MemoryResources::new()), tenants: Arc::new(MemoryTenants::new(tenants)) }
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
