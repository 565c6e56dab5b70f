//! The pools of connections.
//!
//! A connection leaves the pool as a [`Lease`]. Whatever ends before its last answer was read (a
//! request that went away, a transaction that failed half-way) takes its connection with it: the
//! database is told to cancel what it is doing for it and rolls back what was open, and the next
//! caller never meets the rest of another's work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use deadpool::managed::{self, Metrics, Object, PoolError, RecycleError, RecycleResult, WeakPool};
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};
use scim_domain::identifier::TenantId;
use scim_ports::RepositoryError;

use crate::connector::{Cancel, Connector, NoConnection};
use crate::error::Failure;
use crate::session::{execute, load};
use crate::settings::{ConnectionUrl, PostgresSettings, SettingsError};
use crate::sql::{Bind, Sql};

/// A pool of connections to one database.
#[derive(Clone)]
pub(crate) struct Pool {
    inner: managed::Pool<Manager>,
    acquire_timeout: Duration,
}

/// A connection taken from the pool.
pub(crate) struct Lease {
    object: Option<Object<Manager>>,
}

impl Pool {
    /// A pool; nothing is connected yet. MUST be called within a Tokio runtime, where a task closes
    /// connections that have been idle for too long.
    pub(crate) fn new(url: &str, settings: &PostgresSettings) -> Result<Self, SettingsError> {
        let url = ConnectionUrl::parse(url)?;
        let manager = Manager {
            connector: Connector::new(url)?,
            max_lifetime: settings.max_lifetime,
            statement_timeout: settings.statement_timeout,
        };
        let inner = managed::Pool::builder(manager)
            .max_size(settings.max_connections.max(1))
            .build()
            .map_err(|error| SettingsError::Tls(Box::new(error)))?;
        tokio::spawn(close_idle(inner.weak(), settings.idle_timeout, settings.min_connections));
        Ok(Self { inner, acquire_timeout: settings.acquire_timeout })
    }

    /// A connection; waits for one for as long as the settings say.
    pub(crate) async fn lease(&self) -> Result<Lease, Failure> {
        match tokio::time::timeout(self.acquire_timeout, self.inner.get()).await {
            Ok(Ok(object)) => Ok(Lease { object: Some(object) }),
            Ok(Err(PoolError::Backend(error))) => Err(Failure::Unavailable(Box::new(error))),
            Ok(Err(error)) => Err(Failure::Unavailable(Box::new(error))),
            Err(_elapsed) => Err(Failure::Unavailable(
                format!("no connection to the database became free within {:?}", self.acquire_timeout).into(),
            )),
        }
    }

    /// A connection for the statements of one tenant.
    pub(crate) async fn lease_for(&self, tenant: TenantId) -> Result<Lease, Failure> {
        let lease = self.lease().await?;
        lease.show_only(tenant).await?;
        Ok(lease)
    }

    /// A connection for the statements of one tenant, if one is idle. For what can be done on another
    /// one as well.
    pub(crate) async fn lease_idle_for(&self, tenant: TenantId) -> Option<Lease> {
        if self.inner.status().available == 0 {
            return None;
        }
        let timeouts = managed::Timeouts { wait: Some(Duration::ZERO), ..managed::Timeouts::default() };
        let object = self.inner.timeout_get(&timeouts).await.ok()?;
        let lease = Lease { object: Some(object) };
        lease.show_only(tenant).await.ok()?;
        Some(lease)
    }

    /// Opens connections until there are `count`.
    pub(crate) async fn warm(&self, count: usize) -> Result<(), Failure> {
        let mut leases = Vec::with_capacity(count);
        for _ in 0..count.min(self.inner.status().max_size) {
            leases.push(self.lease().await?);
        }
        leases.into_iter().for_each(Lease::give_back);
        Ok(())
    }

    /// How many connections there are, and how many of them are idle.
    pub(crate) fn status(&self) -> PoolStatus {
        let status = self.inner.status();
        PoolStatus {
            max: status.max_size,
            open: status.size,
            idle: status.available,
            waiting: status.waiting,
        }
    }
}

/// The figures of a pool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PoolStatus {
    /// The most connections that it opens.
    pub max: usize,
    /// The connections that are open.
    pub open: usize,
    /// The open connections that nobody uses.
    pub idle: usize,
    /// The calls that wait for a connection.
    pub waiting: usize,
}

impl Lease {
    /// The connection. Statements that are polled together are sent together, in the order of their
    /// first poll.
    pub(crate) fn connection(&self) -> Result<&AsyncPgConnection, Failure> {
        match &self.object {
            Some(object) => Ok(&object.inner),
            None => Err(Failure::Internal("the connection was given back".into())),
        }
    }

    /// Tells the database whose rows this connection may see, where row-level security is in force for
    /// its role (see `deploy/postgres/rls.sql`).
    pub(crate) async fn show_only(&self, tenant: TenantId) -> Result<(), Failure> {
        if !self.object.as_ref().is_some_and(|object| object.is_guarded) {
            return Ok(());
        }
        let sql = Sql::global("SELECT set_config('scim.tenant_id', ");
        execute(self.connection()?, sql.with(Bind::text(tenant.to_string()), ", FALSE)")).await
    }

    /// Gives the connection back after a read, unless it is of no more use.
    pub(crate) fn after_read<T>(self, outcome: Result<T, Failure>) -> Result<T, RepositoryError> {
        if !matches!(outcome, Err(Failure::Unavailable(_))) {
            self.give_back();
        }
        Ok(outcome?)
    }

    /// Gives the connection back: every answer was read and no transaction is open.
    pub(crate) fn give_back(mut self) {
        drop(self.object.take());
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(object) = self.object.take() {
            Object::take(object).give_up();
        }
    }
}

/// Whether row-level security is in force for the role of the connection.
const GUARDED: &str = "SELECT COALESCE(row_security_active(to_regclass('scim_resource')), FALSE)";

/// Opens connections and looks after them.
struct Manager {
    connector: Connector,
    max_lifetime: Duration,
    statement_timeout: Duration,
}

/// An open connection.
struct Connection {
    inner: AsyncPgConnection,
    cancel: Cancel,
    is_closed: Arc<AtomicBool>,
    is_guarded: bool,
    opened: Instant,
}

impl Connection {
    /// Closes it. Closing alone would let a statement that runs go on until its end: the driver waits for its answer.
    fn give_up(self) {
        let Self { inner, cancel, is_closed, .. } = self;
        drop(inner);
        if !is_closed.load(Ordering::Acquire) {
            cancel.send();
        }
    }
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = ConnectError;

    async fn create(&self) -> Result<Connection, ConnectError> {
        let (client, driver) = self.connector.connect().await?;
        let is_closed = Arc::new(AtomicBool::new(false));
        let closed = Arc::clone(&is_closed);
        tokio::spawn(async move {
            if let Err(error) = driver.await {
                tracing::debug!(%error, "a connection to the database ended");
            }
            closed.store(true, Ordering::Release);
        });
        let cancel = self.connector.cancel(&client);
        let mut inner = AsyncPgConnection::try_from(client).await.map_err(ConnectError::Setup)?;
        inner.batch_execute(&self.setup()).await.map_err(ConnectError::Session)?;
        let guarded = Sql::global(GUARDED).rows::<Bool>();
        let guarded: Vec<bool> = load(&inner, guarded).await.map_err(ConnectError::Role)?;
        let is_guarded = guarded.contains(&true);
        Ok(Connection { inner, cancel, is_closed, is_guarded, opened: Instant::now() })
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<ConnectError> {
        if connection.is_closed.load(Ordering::Acquire) {
            return Err(RecycleError::message("closed by the database"));
        }
        if connection.opened.elapsed() > self.max_lifetime {
            return Err(RecycleError::message("at the end of its life"));
        }
        Ok(())
    }
}

impl Manager {
    /// What every session is told. Compiling a plan costs more than any of our statements; messages
    /// in English are what errors are told apart by, where the role may ask for them.
    fn setup(&self) -> String {
        format!(
            "SET jit = off; SET statement_timeout = {}; SET idle_in_transaction_session_timeout = 60000; \
             DO $$ BEGIN SET lc_messages = 'C'; EXCEPTION WHEN insufficient_privilege THEN NULL; END $$",
            self.statement_timeout.as_millis().clamp(1, 2_147_483_647)
        )
    }
}

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// There is none.
    #[error(transparent)]
    Connect(#[from] NoConnection),
    /// The connection broke while it was set up.
    #[error("the connection to the database could not be set up")]
    Setup(#[source] diesel::ConnectionError),
    /// The session's settings were refused.
    #[error("the settings of the session were refused")]
    Session(#[source] diesel::result::Error),
    /// It could not be found out what the role may see.
    #[error("the database does not say what the role may see: {0:?}")]
    Role(Failure),
}

/// Closes connections that were idle for too long, but for `least`, until the pool is gone.
async fn close_idle(pool: WeakPool<Manager>, idle_timeout: Duration, least: usize) {
    let pause = (idle_timeout / 4).max(Duration::from_millis(100));
    loop {
        tokio::time::sleep(pause).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut open = pool.status().size;
        pool.retain(|connection, metrics| {
            let is_closed = connection.is_closed.load(Ordering::Acquire);
            let keep = !is_closed && (open <= least || metrics.last_used() < idle_timeout);
            if !keep {
                open = open.saturating_sub(1);
            }
            keep
        });
    }
}
