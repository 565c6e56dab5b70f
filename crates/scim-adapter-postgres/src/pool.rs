//! The pools of connections.
//!
//! A connection leaves the pool as a [`Lease`]. Whatever ends before its last answer was read (a
//! request that went away, a transaction that failed half-way) takes its connection with it: the
//! database is told to cancel what it is doing for it and rolls back what was open, and the next
//! caller never meets the rest of another's work.
//!
//! The answers on a connection arrive on the runtime that opened it. A server has one for each of its
//! threads, and to wake another thread costs more than a short statement does: so each runtime has a
//! room of its own, and gets a connection of another's only where no more may be opened.

mod connection;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use deadpool::managed::{self, Object, PoolError, QueueMode};
use diesel_async::AsyncPgConnection;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use scim_domain::identifier::TenantId;
use scim_ports::RepositoryError;
use tokio::runtime;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::error::Failure;
use crate::session::execute;
use crate::settings::{PostgresSettings, SettingsError};
use crate::sql::{Bind, Sql};

use connection::{ConnectError, Manager};

pub(crate) use connection::Plans;

/// A connection that another runtime has not used for this long is closed in favour of one's own, where
/// no more may be opened.
const FORSAKEN: Duration = Duration::from_secs(1);

/// How long it may take at most to take a connection that is idle.
const AT_ONCE: Duration = Duration::from_millis(20);

/// A pool of connections to one database.
#[derive(Clone)]
pub(crate) struct Pool {
    inner: Arc<Inner>,
}

/// The connections that one runtime opened.
type Room = managed::Pool<Manager>;

struct Inner {
    manager: Manager,
    rooms: Mutex<HashMap<Option<runtime::Id>, Room>>,
    /// One for each connection that may be in use: who has one finds a connection that is free, or room
    /// for another.
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    acquire_timeout: Duration,
}

/// A connection taken from the pool.
pub(crate) struct Lease {
    object: Option<Object<Manager>>,
    // Dropped last: whoever gets the permit may count on the connection.
    _permit: OwnedSemaphorePermit,
}

impl Pool {
    /// A pool; nothing is connected yet. MUST be called within a Tokio runtime, where a task closes
    /// connections that have been idle for too long.
    pub(crate) fn new(url: &str, settings: &PostgresSettings) -> Result<Self, SettingsError> {
        let manager = Manager::new(url, settings)?;
        let inner = Arc::new(Inner {
            permits: Arc::new(Semaphore::new(manager.max())),
            manager,
            rooms: Mutex::default(),
            waiting: AtomicUsize::new(0),
            acquire_timeout: settings.acquire_timeout,
        });
        tokio::spawn(close_idle(Arc::downgrade(&inner), settings.idle_timeout, settings.min_connections));
        Ok(Self { inner })
    }

    /// A connection; waits for one for as long as the settings say.
    pub(crate) async fn lease(&self) -> Result<Lease, Failure> {
        let timeout = self.inner.acquire_timeout;
        // Whatever awaits a connection would otherwise have a type as deep as all that opening one awaits.
        let taking: BoxFuture<'_, _> = Box::pin(async {
            let permit = self.inner.permit().await?;
            self.inner.take(permit).await
        });
        tokio::time::timeout(timeout, taking).await.unwrap_or_else(|_elapsed| {
            Err(Failure::Unavailable(
                format!("no connection to the database became free within {timeout:?}").into(),
            ))
        })
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
        let permit = Arc::clone(&self.inner.permits).try_acquire_owned().ok()?;
        let lease = self.inner.take_idle(permit).await?;
        lease.show_only(tenant).await.ok()?;
        Some(lease)
    }

    /// Opens connections until there are `count`.
    pub(crate) async fn warm(&self, count: usize) -> Result<(), Failure> {
        let mut leases = Vec::with_capacity(count);
        for _ in 0..count.min(self.inner.manager.max()) {
            leases.push(self.lease().await?);
        }
        leases.into_iter().for_each(Lease::give_back);
        Ok(())
    }

    /// How many connections have ended so far.
    pub(crate) fn ended(&self) -> usize {
        self.inner.manager.ended()
    }

    /// How many connections there are, and how many of them are idle.
    pub(crate) fn status(&self) -> PoolStatus {
        PoolStatus {
            max: self.inner.manager.max(),
            open: self.inner.manager.open(),
            idle: self.inner.rooms.lock().values().map(|room| room.status().available).sum(),
            waiting: self.inner.waiting.load(Ordering::Relaxed),
        }
    }
}

impl Inner {
    async fn permit(&self) -> Result<OwnedSemaphorePermit, Failure> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _waiting = Counted::new(&self.waiting);
        let permit = Arc::clone(&self.permits).acquire_owned().await;
        permit.map_err(|error| Failure::Internal(Box::new(error)))
    }

    /// A connection for the holder of a permit: one of the caller's runtime, which is opened where none
    /// is idle, or one of another where no more may be opened.
    async fn take(&self, permit: OwnedSemaphorePermit) -> Result<Lease, Failure> {
        let home = home();
        loop {
            if let Some(object) = take_from(&self.room(home)?).await? {
                return Ok(Lease { object: Some(object), _permit: permit });
            }
            for room in self.rooms_of_others(home) {
                if let Some(object) = take_from(&room).await? {
                    return Ok(Lease { object: Some(object), _permit: permit });
                }
            }
            // The one that is free was on its way between two hands.
            tokio::task::yield_now().await;
        }
    }

    /// A connection that is idle, of the caller's runtime where there is one. None is opened for it.
    async fn take_idle(&self, permit: OwnedSemaphorePermit) -> Option<Lease> {
        let home = home();
        let mut rooms: Vec<_> = self.rooms.lock().iter().map(|(of, room)| (*of, room.clone())).collect();
        rooms.sort_by_key(|(of, _)| *of != home);
        for (_, room) in rooms {
            if room.status().available == 0 {
                continue;
            }
            // Somebody else may have been quicker: then the room would open another.
            if let Ok(Ok(Some(object))) = tokio::time::timeout(AT_ONCE, take_from(&room)).await {
                return Some(Lease { object: Some(object), _permit: permit });
            }
        }
        None
    }

    fn room(&self, home: Option<runtime::Id>) -> Result<Room, Failure> {
        let mut rooms = self.rooms.lock();
        if let Some(room) = rooms.get(&home) {
            return Ok(room.clone());
        }
        let room = managed::Pool::builder(self.manager.clone())
            .max_size(self.manager.max())
            // Those that are not needed come to rest.
            .queue_mode(QueueMode::Lifo)
            .build()
            .map_err(|error| Failure::Internal(Box::new(error)))?;
        rooms.insert(home, room.clone());
        Ok(room)
    }

    /// The rooms of other runtimes, without what they have not used for a while, if their connections
    /// are what keeps this one from opening more.
    fn rooms_of_others(&self, home: Option<runtime::Id>) -> Vec<Room> {
        if self.manager.open() < self.manager.max() {
            return Vec::new();
        }
        let mut others = self.rooms.lock().clone();
        others.remove(&home);
        let others: Vec<Room> = others.into_values().collect();
        let mut is_one_closed = false;
        for room in &others {
            room.retain(|_, metrics| {
                let keep = is_one_closed || metrics.last_used() < FORSAKEN;
                is_one_closed |= !keep;
                keep
            });
        }
        others
    }
}

/// The runtime of the caller, if there is one.
fn home() -> Option<runtime::Id> {
    runtime::Handle::try_current().ok().map(|handle| handle.id())
}

/// A connection of a room, which is opened where none is idle; `None` where no more may be opened.
async fn take_from(room: &Room) -> Result<Option<Object<Manager>>, Failure> {
    match room.get().await {
        Ok(object) => Ok(Some(object)),
        Err(PoolError::Backend(ConnectError::Full)) => Ok(None),
        Err(error) => Err(Failure::Unavailable(Box::new(error))),
    }
}

/// One more in a number, for as long as it lives.
struct Counted<'a>(&'a AtomicUsize);

impl<'a> Counted<'a> {
    fn new(number: &'a AtomicUsize) -> Self {
        number.fetch_add(1, Ordering::Relaxed);
        Self(number)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
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

    /// Has the statements planned so from now on.
    pub(crate) async fn plan(&mut self, plans: Plans) -> Result<(), Failure> {
        match &mut self.object {
            Some(object) => object.plan(plans).await,
            None => Ok(()),
        }
    }

    /// Whether it is to one server that has everything, so that what the server says of its transactions
    /// is all there is to say.
    pub(crate) fn is_to_one_server(&self) -> bool {
        self.object.as_ref().is_some_and(|object| object.is_to_one_server)
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
        Ok(self.after_statement(outcome)?)
    }

    /// Gives the connection back after what was no transaction of several statements, unless it is of no more use.
    pub(crate) fn after_statement<T>(self, outcome: Result<T, Failure>) -> Result<T, Failure> {
        if !matches!(outcome, Err(Failure::Unavailable(_))) {
            self.give_back();
        }
        outcome
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

/// Closes connections that were idle for too long, but for `least`, until the pool is gone.
async fn close_idle(pool: Weak<Inner>, idle_timeout: Duration, least: usize) {
    let pause = (idle_timeout / 4).max(Duration::from_millis(100));
    loop {
        tokio::time::sleep(pause).await;
        let Some(pool) = pool.upgrade() else { return };
        let rooms: Vec<Room> = pool.rooms.lock().values().cloned().collect();
        let mut open = pool.manager.open();
        for room in &rooms {
            room.retain(|connection, metrics| {
                let keep = !connection.is_closed() && (open <= least || metrics.last_used() < idle_timeout);
                if !keep {
                    open = open.saturating_sub(1);
                }
                keep
            });
        }
        // A runtime that has ended needs no room.
        pool.rooms.lock().retain(|_, room| room.status().size > 0);
    }
}
