//! Running statements on a connection, and the transactions that writes are.
//!
//! Statements are pipelined by polling their futures together: they reach the database in the order
//! in which they are first polled, `BEGIN` and `COMMIT` included, since all of them go the same way.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use async_trait::async_trait;
use diesel::deserialize::FromSqlRow;
use diesel::pg::Pg;
use diesel_async::{AsyncConnectionCore, AsyncPgConnection};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesOrdered;
use scim_domain::identifier::TenantId;
use scim_ports::RepositoryError;
use tracing::Instrument;

use crate::error::Failure;
use crate::pool::{Lease, Pool};
use crate::sql::{Rows, Sql};

/// For how many tenants statements are sent in one round trip, where there are some for each.
pub(crate) const TENANTS_AT_A_TIME: usize = 16;

/// Runs a statement for its rows. Nothing is sent before the first poll.
pub(crate) fn load<'a, T, U>(
    connection: &'a AsyncPgConnection,
    sql: Rows<T>,
) -> BoxFuture<'a, Result<Vec<U>, Failure>>
where
    T: Send + 'static,
    U: FromSqlRow<T, Pg> + Send + 'static,
{
    Box::pin(async move {
        let span = sql.span();
        let work = async move {
            let mut connection = connection;
            let mut rows = AsyncConnectionCore::load(&mut connection, sql).await?;
            let mut read = Vec::new();
            while let Some(row) = rows.next().await {
                read.push(U::build_from_row(&row?).map_err(Failure::Undecodable)?);
            }
            Ok(read)
        };
        work.instrument(span).await
    })
}

/// Runs a statement that has no rows. Nothing is sent before the first poll.
pub(crate) fn execute(connection: &AsyncPgConnection, sql: Sql) -> BoxFuture<'_, Result<(), Failure>> {
    Box::pin(async move { affected(connection, sql).await.map(drop) })
}

/// Runs a statement that has no rows; answers how many it wrote. Nothing is sent before the first poll.
pub(crate) fn affected(connection: &AsyncPgConnection, sql: Sql) -> BoxFuture<'_, Result<usize, Failure>> {
    Box::pin(async move {
        let span = sql.span();
        let mut connection = connection;
        let work = AsyncConnectionCore::execute_returning_count(&mut connection, sql);
        Ok(work.instrument(span).await?)
    })
}

/// Runs the statements and commits, in one round trip. The first failure is answered: those after it
/// fail for that alone.
pub(crate) async fn finish(connection: &AsyncPgConnection, statements: Vec<Sql>) -> Result<(), Failure> {
    let commit = Sql::global("COMMIT");
    let mut running: FuturesOrdered<_> =
        statements.into_iter().chain([commit]).map(|sql| execute(connection, sql)).collect();
    let mut outcome = Ok(());
    while let Some(next) = running.next().await {
        outcome = outcome.and(next);
    }
    outcome
}

pub(crate) async fn begin(connection: &AsyncPgConnection) -> Result<(), Failure> {
    execute(connection, Sql::global("BEGIN")).await
}

pub(crate) async fn commit(connection: &AsyncPgConnection) -> Result<(), Failure> {
    execute(connection, Sql::global("COMMIT")).await
}

/// Why a transaction was not committed: the database failed, or it had something to say against it.
#[derive(Debug)]
pub(crate) enum Undone<E> {
    /// The database failed.
    Failed(Failure),
    /// Nothing is to be written, for this reason.
    Refused(E),
}

impl<E> From<Failure> for Undone<E> {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Undone<Self>> for RepositoryError {
    fn from(undone: Undone<Self>) -> Self {
        match undone {
            Undone::Failed(failure) => failure.into(),
            Undone::Refused(error) => error,
        }
    }
}

/// A transaction that is tried again as often as it is worth it.
#[async_trait]
pub(crate) trait Transaction: Sync {
    /// What it answers.
    type Done: Send;

    /// One attempt, from `BEGIN` to `COMMIT`. Where it fails it is rolled back.
    async fn attempt(&self, lease: &Lease) -> Result<Self::Done, Undone<RepositoryError>>;

    /// Runs it, on a connection for the statements of one tenant or on any.
    async fn run(&self, pool: &Pool, tenant: Option<TenantId>) -> Result<Self::Done, RepositoryError> {
        let mut attempts = Attempts::default();
        loop {
            let lease = match tenant {
                Some(tenant) => pool.lease_for(tenant).await?,
                None => pool.lease().await?,
            };
            let outcome = self.attempt(&lease).await;
            if let Some(outcome) = attempts.settle(lease, outcome).await {
                return outcome.map_err(RepositoryError::from);
            }
        }
    }
}

/// How often a transaction is tried.
const MAX_ATTEMPTS: u32 = 8;

/// The attempts at one transaction.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    made: u32,
}

impl Attempts {
    /// Ends an attempt: gives the connection back, rolled back where the transaction is undone.
    /// `None` asks for another attempt, after a pause that keeps rivals from meeting again.
    pub(crate) async fn settle<T, E>(
        &mut self,
        lease: Lease,
        outcome: Result<T, Undone<E>>,
    ) -> Option<Result<T, Undone<E>>> {
        let undone = match outcome {
            Ok(value) => {
                lease.give_back();
                return Some(Ok(value));
            }
            Err(undone) => undone,
        };
        // A connection that cannot be rolled back is closed, which does the same.
        if let Ok(connection) = lease.connection()
            && !matches!(undone, Undone::Failed(Failure::Unavailable(_)))
            && execute(connection, Sql::global("ROLLBACK")).await.is_ok()
        {
            lease.give_back();
        }
        self.made = self.made.saturating_add(1);
        match &undone {
            Undone::Failed(Failure::Conflict(error) | Failure::Dangling(error))
                if self.made < MAX_ATTEMPTS =>
            {
                tracing::debug!(%error, attempt = self.made, "a transaction is tried again");
                tokio::time::sleep(self.pause()).await;
                None
            }
            _ => Some(Err(undone)),
        }
    }

    /// Between nothing and some milliseconds, twice as many at most with each attempt.
    fn pause(&self) -> Duration {
        let most = 2_000_u64 << self.made.min(MAX_ATTEMPTS);
        let random = RandomState::new().build_hasher().finish();
        Duration::from_micros(random.checked_rem(most).unwrap_or(0))
    }
}
