//! The conformance kit of `scim-ports`, run against this adapter.

use std::sync::Arc;

use async_trait::async_trait;
use scim_domain::tenant::Tenant;
use scim_ports::conformance::{BoxFuture, Harness, Stores};

use crate::support::{block_on, register, shared_store};

pub(crate) struct Postgres;

#[async_trait]
impl Harness for Postgres {
    async fn stores(&self, tenants: &[Arc<Tenant>]) -> Stores {
        let store = shared_store().await;
        register(&store, tenants).await;
        Stores { resources: Arc::new(store.resources()), tenants: Arc::new(store.tenants()) }
    }

    fn spawn(&self, task: BoxFuture<'static>) -> BoxFuture<'static> {
        let task = tokio::spawn(task);
        Box::pin(async move { task.await.expect("the task ends well") })
    }
}

scim_ports::conformance_tests!(Postgres, block_on);
