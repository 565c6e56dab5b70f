//! The store as a whole: its pools, its migrations, its repositories.

use std::time::{Duration, Instant};

use scim_ports::RepositoryError;

use crate::error::Failure;
use crate::migrate;
use crate::pool::{Pool, PoolStatus};
use crate::replica::Replica;
use crate::repository::PostgresResources;
use crate::settings::{PostgresSettings, SettingsError};
use crate::tenants::PostgresTenants;

/// A PostgreSQL database.
#[derive(Clone)]
pub struct PostgresStore {
    pool: Pool,
    replica: Option<Replica>,
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
        let (began, mut pause) = (Instant::now(), Duration::from_millis(50));
        while let Err(error) = pool.warm(settings.min_connections.max(1)).await {
            if began.elapsed().saturating_add(pause) > settings.acquire_timeout {
                let waited = settings.acquire_timeout;
                return Err(OpenError::Unreachable { waited, error: error.into() });
            }
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(Duration::from_secs(1));
        }
        Ok(Self { pool, replica })
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
        if !matches!(pending, Err(Failure::Unavailable(_))) {
            lease.give_back();
        }
        Ok(pending?)
    }

    /// The version of the newest migration that is applied; `None` where none is.
    ///
    /// # Errors
    /// As [`migrate`](Self::migrate).
    pub async fn newest_migration(&self) -> Result<Option<String>, RepositoryError> {
        let lease = self.pool.lease().await?;
        let newest = migrate::newest(lease.connection()?).await;
        if !matches!(newest, Err(Failure::Unavailable(_))) {
            lease.give_back();
        }
        Ok(newest?)
    }

    /// The resources.
    pub fn resources(&self) -> PostgresResources {
        PostgresResources::new(self.pool.clone(), self.replica.clone())
    }

    /// The registry of tenants.
    pub fn tenants(&self) -> PostgresTenants {
        PostgresTenants::new(self.pool.clone())
    }

    /// The figures of the pool.
    pub fn pool_status(&self) -> PoolStatus {
        self.pool.status()
    }
}
