//! What the process knows of itself.

use async_trait::async_trait;
use scim_ports::RepositoryError;
use serde_json::{Value, json};

use super::{AdminError, Administration};

/// Which server this is, and what it runs on.
#[derive(Debug, Clone)]
pub struct ServerStatus {
    /// The version of the program.
    pub version: &'static str,
    /// The commit that it was built from, where that was known.
    pub commit: Option<&'static str>,
    /// Where resources are kept, as `PERSISTENCE_BACKEND` has it.
    pub persistence_backend: &'static str,
    /// The connections to the database, where there is one.
    pub pool: Option<PoolFigures>,
    /// The newest migration that is applied, where there is a database.
    pub migration: Option<String>,
}

/// How a pool of connections stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolFigures {
    /// The most connections.
    pub max: usize,
    /// Those that are open.
    pub open: usize,
    /// Those of them that nobody uses.
    pub idle: usize,
    /// How many wait for one.
    pub waiting: usize,
}

/// Tells what the process knows of itself; the server does.
#[async_trait]
pub trait StatusProvider: Send + Sync {
    /// What is known now.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn status(&self) -> Result<ServerStatus, RepositoryError>;
}

impl Administration {
    /// The version of the server, and what it runs on.
    ///
    /// # Errors
    /// 503 where the store is out of reach.
    pub async fn version(&self) -> Result<Value, AdminError> {
        let status = self.ports.status.status().await?;
        Ok(json!({
            "version": status.version,
            "commit": status.commit,
            "persistenceBackend": status.persistence_backend,
            "pool": status.pool.map(|pool| json!({
                "max": pool.max,
                "open": pool.open,
                "idle": pool.idle,
                "waiting": pool.waiting,
            })),
            "migration": status.migration,
        }))
    }
}
