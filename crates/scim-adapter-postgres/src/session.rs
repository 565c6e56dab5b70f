//! Running statements on a connection, and the transactions that writes are.
//!
//! Statements are pipelined by polling their futures together: they reach the database in the order
//! in which they are first polled, `BEGIN` and `COMMIT` included, since all of them go the same way.

use std::collections::hash_map::RandomState;
use std::hash::{BuildHasher, Hasher};
use std::time::Duration;

use diesel::deserialize::FromSqlRow;
use diesel::pg::Pg;
use diesel_async::{AsyncConnectionCore, AsyncPgConnection};
use futures_util::StreamExt;
use futures_util::future::BoxFuture;

use crate::error::Failure;
use crate::pool::Lease;
use crate::sql::{Rows, Sql};

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
        let mut connection = connection;
        let mut rows = AsyncConnectionCore::load(&mut connection, sql).await?;
        let mut read = Vec::new();
        while let Some(row) = rows.next().await {
            read.push(U::build_from_row(&row?).map_err(Failure::Internal)?);
        }
        Ok(read)
    })
}

/// Runs a statement that has no rows. Nothing is sent before the first poll.
pub(crate) fn execute(connection: &AsyncPgConnection, sql: Sql) -> BoxFuture<'_, Result<(), Failure>> {
    Box::pin(async move {
        let mut connection = connection;
        AsyncConnectionCore::execute_returning_count(&mut connection, sql).await?;
        Ok(())
    })
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
