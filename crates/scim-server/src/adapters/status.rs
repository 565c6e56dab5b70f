//! What the process knows of itself.

use std::sync::Arc;

use async_trait::async_trait;
use scim_adapter_postgres::PostgresStore;
use scim_application::{PoolFigures, ServerStatus, StatusProvider};
use scim_ports::RepositoryError;

use crate::metrics::PoolSource;

/// The status of a server on the embedded store.
pub struct MemoryStatus;

/// The status of a server on PostgreSQL.
pub struct PostgresStatus(pub PostgresStore);

/// Tells the figures of the connections of `store`.
pub(crate) fn pool_figures(store: PostgresStore) -> PoolSource {
    Arc::new(move || figures(&store))
}

fn figures(store: &PostgresStore) -> PoolFigures {
    let pool = store.pool_status();
    PoolFigures { max: pool.max, open: pool.open, idle: pool.idle, waiting: pool.waiting }
}

/// This program, on some store.
fn on(persistence_backend: &'static str) -> ServerStatus {
    ServerStatus {
        version: env!("CARGO_PKG_VERSION"),
        commit: option_env!("SCIM_SERVER_COMMIT"),
        persistence_backend,
        pool: None,
        migration: None,
    }
}

#[async_trait]
impl StatusProvider for MemoryStatus {
    async fn status(&self) -> Result<ServerStatus, RepositoryError> {
        Ok(on("inmemory"))
    }
}

#[async_trait]
impl StatusProvider for PostgresStatus {
    async fn status(&self) -> Result<ServerStatus, RepositoryError> {
        let migration = self.0.newest_migration().await?;
        Ok(ServerStatus { pool: Some(figures(&self.0)), migration, ..on("postgres") })
    }
}
