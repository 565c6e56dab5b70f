//! Connections: how they are opened, how many there may be, and when one has had its day.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use crate::connector::{Cancel, Connector, NoConnection};
use crate::error::Failure;
use crate::session::{execute, load};
use crate::settings::{ConnectionUrl, PostgresSettings, SettingsError};
use crate::sql::Sql;

/// How the database plans the statements that are kept on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Plans {
    /// As it sees fit: those that come often are planned once.
    Kept,
    /// Each time for the values that are bound, which takes longer than many a statement.
    ForValues,
}

impl Plans {
    fn statement(self) -> Sql {
        Sql::global(match self {
            Self::Kept => "SET plan_cache_mode = auto",
            Self::ForValues => "SET plan_cache_mode = force_custom_plan",
        })
    }
}

/// Whether row-level security is in force for the role of the connection, and whether everything is on
/// the one server that it is to. Where there is no table yet, there may be one with policies soon.
const SITUATION: &str = "SELECT COALESCE(row_security_active(to_regclass('scim_resource')), TRUE), \
     version() NOT LIKE '%-YB-%' AND NOT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus')";

/// Opens connections for all rooms of a pool, and counts them.
#[derive(Clone)]
pub(super) struct Manager(Arc<Opener>);

struct Opener {
    connector: Connector,
    statement_timeout: Duration,
    max_lifetime: Duration,
    max: usize,
    open: AtomicUsize,
    ended: Arc<AtomicUsize>,
}

/// An open connection.
pub(super) struct Connection {
    pub(super) inner: AsyncPgConnection,
    cancel: Cancel,
    is_closed: Arc<AtomicBool>,
    pub(super) is_guarded: bool,
    pub(super) is_to_one_server: bool,
    plans: Plans,
    opened: Instant,
    // Dropped last: there is room for another when this one is closed.
    _place: Place,
}

/// The place of a connection among those that may be open.
struct Place(Arc<Opener>);

impl Place {
    fn take(opener: &Arc<Opener>) -> Option<Self> {
        let more = |open: usize| (open < opener.max).then_some(open.saturating_add(1));
        let taken = opener.open.fetch_update(Ordering::AcqRel, Ordering::Acquire, more);
        taken.is_ok().then(|| Self(Arc::clone(opener)))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Connection {
    /// Has statements planned so from now on.
    pub(super) async fn plan(&mut self, plans: Plans) -> Result<(), Failure> {
        if self.plans != plans {
            execute(&self.inner, plans.statement()).await?;
            self.plans = plans;
        }
        Ok(())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// Closes it. Closing alone would let a statement that runs go on until its end: the driver waits for its answer.
    pub(super) fn give_up(self) {
        let is_closed = self.is_closed();
        let Self { inner, cancel, .. } = self;
        drop(inner);
        if !is_closed {
            cancel.send();
        }
    }
}

impl Manager {
    pub(super) fn new(url: &str, settings: &PostgresSettings) -> Result<Self, SettingsError> {
        Ok(Self(Arc::new(Opener {
            connector: Connector::new(ConnectionUrl::parse(url)?)?,
            statement_timeout: settings.statement_timeout,
            max_lifetime: settings.max_lifetime,
            max: settings.max_connections.max(1),
            open: AtomicUsize::new(0),
            ended: Arc::default(),
        })))
    }

    /// The most connections that may be open.
    pub(super) fn max(&self) -> usize {
        self.0.max
    }

    /// How many connections are open, or are being opened.
    pub(super) fn open(&self) -> usize {
        self.0.open.load(Ordering::Acquire)
    }

    /// How many connections have ended so far.
    pub(super) fn ended(&self) -> usize {
        self.0.ended.load(Ordering::Acquire)
    }
}

impl managed::Manager for Manager {
    type Type = Connection;
    type Error = ConnectError;

    async fn create(&self) -> Result<Connection, ConnectError> {
        let place = Place::take(&self.0).ok_or(ConnectError::Full)?;
        let (client, driver) = self.0.connector.connect().await?;
        let is_closed = Arc::new(AtomicBool::new(false));
        // Told also where the runtime ends and the driver with it.
        let end = End { is_closed: Arc::clone(&is_closed), ended: Arc::clone(&self.0.ended) };
        tokio::spawn(async move {
            let _end = end;
            if let Err(error) = driver.await {
                tracing::debug!(%error, "a connection to the database ended");
            }
        });
        let cancel = self.0.connector.cancel(&client);
        let mut inner = AsyncPgConnection::try_from(client).await.map_err(ConnectError::Setup)?;
        inner.batch_execute(&self.0.setup()).await.map_err(ConnectError::Session)?;
        let situation = Sql::global(SITUATION).rows::<(Bool, Bool)>();
        let situation: Vec<(bool, bool)> = load(&inner, situation).await.map_err(ConnectError::Role)?;
        let (is_guarded, is_to_one_server) = situation.first().copied().unwrap_or((true, false));
        Ok(Connection {
            inner,
            cancel,
            is_closed,
            is_guarded,
            is_to_one_server,
            plans: Plans::Kept,
            opened: Instant::now(),
            _place: place,
        })
    }

    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<ConnectError> {
        if connection.is_closed() {
            return Err(RecycleError::message("closed by the database"));
        }
        if connection.opened.elapsed() > self.0.max_lifetime {
            return Err(RecycleError::message("at the end of its life"));
        }
        Ok(())
    }
}

impl Opener {
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

/// Tells of the end of a connection when it is dropped.
struct End {
    is_closed: Arc<AtomicBool>,
    ended: Arc<AtomicUsize>,
}

impl Drop for End {
    fn drop(&mut self) {
        self.ended.fetch_add(1, Ordering::AcqRel);
        self.is_closed.store(true, Ordering::Release);
    }
}

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConnectError {
    /// There are as many as there may be.
    #[error("no more connections may be opened")]
    Full,
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
