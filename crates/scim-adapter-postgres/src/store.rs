//! The store as a whole: its pools, its migrations, its repositories.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scim_ports::RepositoryError;

use crate::audit::PostgresAudit;
use crate::compiled::CompiledSchemas;
use crate::credentials::PostgresCredentials;
use crate::migrate;
use crate::notices::{self, PostgresNotices};
use crate::pool::{Pool, PoolStatus};
use crate::replica::Replica;
use crate::repository::PostgresResources;
use crate::settings::{PostgresSettings, SettingsError};
use crate::signing_keys::PostgresSigningKeys;
use crate::tenants::PostgresTenants;

/// A PostgreSQL database.
#[derive(Clone)]
pub struct PostgresStore {
    pool: Pool,
    replica: Option<Replica>,
    schemas: Arc<CompiledSchemas>,
    notices: Arc<notices::Shared>,
}

/// Why the store cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The database could not be reached in time.
    #[error("the database could not be reached within {waited:?}")]
    Unreachable {
        /// For how long it was tried.
        waited: Duration,
        /// What came of the last attempt.
        #[source]
        error: RepositoryError,
    },
}

impl PostgresStore {
    /// Connects to the database; tries again until the acquire timeout is over.
    ///
    /// MUST be called within a Tokio runtime.
    ///
    /// # Errors
    /// [`OpenError`]
    pub async fn open(settings: &PostgresSettings) -> Result<Self, OpenError> {
        let pool = Pool::new(&settings.url, settings)?;
        let replica = settings.read_url.as_deref().map(|url| Pool::new(url, settings)).transpose()?;
        let replica = replica.map(Replica::new);
        let notices = Arc::new(notices::Shared::new(&settings.url)?);
        let (began, mut pause) = (Instant::now(), Duration::from_millis(50));
        while let Err(error) = pool.warm(settings.min_connections.max(1)).await {
            if began.elapsed().saturating_add(pause) > settings.acquire_timeout {
                let waited = settings.acquire_timeout;
                return Err(OpenError::Unreachable { waited, error: error.into() });
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(Duration::from_secs(1));
        }
        Ok(Self { pool, replica, schemas: Arc::default(), notices })
    }

    /// Applies the migrations that are not applied yet; answers their versions.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]; then those before the one that
    /// failed are applied.
    pub async fn migrate(&self) -> Result<Vec<&'static str>, RepositoryError> {
        Ok(migrate::up(&self.pool).await?)
    }

    /// Takes back all migrations, and with them everything that is stored.
    ///
    /// # Errors
    /// As [`migrate`](Self::migrate).
    pub async fn revert(&self) -> Result<(), RepositoryError> {
        Ok(migrate::down(&self.pool).await?)
    }

    /// The versions of the migrations that are not applied yet.
    ///
    /// # Errors
    /// As [`migrate`](Self::migrate).
    pub async fn pending_migrations(&self) -> Result<Vec<&'static str>, RepositoryError> {
        let lease = self.pool.lease().await?;
        let pending = migrate::pending(lease.connection()?).await;
        lease.after_read(pending)
    }

    /// The version of the newest migration that is applied; `None` where none is.
    ///
    /// # Errors
    /// As [`migrate`](Self::migrate).
    pub async fn newest_migration(&self) -> Result<Option<String>, RepositoryError> {
        let lease = self.pool.lease().await?;
        let newest = migrate::newest(lease.connection()?).await;
        lease.after_read(newest)
    }

    /// The resources.
    pub fn resources(&self) -> PostgresResources {
        PostgresResources::new(self.pool.clone(), self.replica.clone())
    }

    /// The registry of tenants.
    pub fn tenants(&self) -> PostgresTenants {
        PostgresTenants::new(self.pool.clone(), Arc::clone(&self.schemas))
    }

    /// The credentials of tenants.
    pub fn credentials(&self) -> PostgresCredentials {
        PostgresCredentials::new(self.pool.clone())
    }

    /// The audit log.
    pub fn audit(&self) -> PostgresAudit {
        PostgresAudit::new(self.pool.clone())
    }

    /// The keys that sign tokens.
    pub fn signing_keys(&self) -> PostgresSigningKeys {
        PostgresSigningKeys::new(self.pool.clone())
    }

    /// The notices of changes. The first call opens a connection for them, which is closed with the last
    /// clone of the store and of what this answers.
    ///
    /// MUST be called within a Tokio runtime.
    pub fn notices(&self) -> PostgresNotices {
        self.notices.started()
    }

    /// The figures of the pool.
    pub fn pool_status(&self) -> PoolStatus {
        self.pool.status()
    }
}
