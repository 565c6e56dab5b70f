//! The open connections of clients, so that none is held for ever.
//!
//! The HTTP server knows a time-out for the head of the first request on a connection, and one for a connection on which
//! nothing happens after an answer. A client that sends a second request byte by byte, or never reads an answer, escapes both.
//! Here it is enough that a connection had no whole request for too long: it is closed, whatever it is doing.
//!
//! A connection of HTTP/2 carries many requests at once (RFC 9113 §5.1.2), and the server sets no limit to that; here is one.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::Full;

/// Every open connection.
pub struct Connections {
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    next: AtomicU64,
    epoch: Instant,
    limit: Duration,
    max_requests: usize,
}

/// One connection, kept with it; when this is dropped, it is closed already.
pub struct OpenConnection {
    all: Arc<Connections>,
    number: u64,
    connection: Arc<Connection>,
}

/// A request that is under way on a connection.
pub(crate) struct Busy(Arc<Connection>);

struct Connection {
    close: Box<dyn Fn() + Send + Sync>,
    requests: AtomicUsize,
    /// When the last request ended, in milliseconds since `epoch`.
    idle_since: AtomicU64,
    epoch: Instant,
}

impl Connections {
    /// No connections yet. One is closed when no request was under way on it for `limit`, and carries at most
    /// `max_requests` at once.
    pub fn new(limit: Duration, max_requests: usize) -> Arc<Self> {
        let (open, next, epoch) = (Mutex::default(), AtomicU64::new(0), Instant::now());
        Arc::new(Self { open, next, epoch, limit, max_requests })
    }

    /// Takes a new connection in; `close` is what ends it.
    pub fn opened(self: &Arc<Self>, close: impl Fn() + Send + Sync + 'static) -> OpenConnection {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection {
            close: Box::new(close),
            requests: AtomicUsize::new(0),
            idle_since: AtomicU64::new(milliseconds_since(self.epoch)),
            epoch: self.epoch,
        });
        self.lock().insert(number, Arc::clone(&connection));
        OpenConnection { all: Arc::clone(self), number, connection }
    }

    /// Closes those on which no request was under way for too long; answers how many.
    pub fn close_idle(&self) -> usize {
        self.close_idle_at(milliseconds_since(self.epoch))
    }

    /// How often to look for them.
    pub fn interval(&self) -> Duration {
        (self.limit / 8).max(Duration::from_millis(100))
    }

    fn close_idle_at(&self, now: u64) -> usize {
        let limit = milliseconds(self.limit);
        let is_over = |connection: &&Arc<Connection>| {
            connection.requests.load(Ordering::Acquire) == 0
                && now.saturating_sub(connection.idle_since.load(Ordering::Acquire)) > limit
        };
        let over: Vec<_> = self.lock().values().filter(is_over).map(Arc::clone).collect();
        over.iter().for_each(|connection| (connection.close)());
        over.len()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn milliseconds_since(epoch: Instant) -> u64 {
    milliseconds(epoch.elapsed())
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl OpenConnection {
    /// A request begins on it.
    ///
    /// # Errors
    /// Where as many are under way as it may carry.
    pub(crate) fn begin(&self) -> Result<Busy, Full> {
        let one_more =
            |requests: usize| (requests < self.all.max_requests).then(|| requests.saturating_add(1));
        let begun = self.connection.requests.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        begun.map(|_before| Busy(Arc::clone(&self.connection))).map_err(|_full| Full)
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.all.lock().remove(&self.number);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.idle_since.store(milliseconds_since(self.0.epoch), Ordering::Release);
        self.0.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    /// A connection, and how often it was closed.
    fn opened(connections: &Arc<Connections>) -> (OpenConnection, Arc<AtomicUsize>) {
        let closed = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&closed);
        let close = move || {
            counted.fetch_add(1, Ordering::Relaxed);
        };
        (connections.opened(close), closed)
    }

    #[test]
    fn a_connection_without_a_request_is_closed_in_time_and_no_other() {
        let connections = Connections::new(LIMIT, 2);
        let (idle, idle_closed) = opened(&connections);
        let (busy, busy_closed) = opened(&connections);
        let (gone, gone_closed) = opened(&connections);
        drop(gone);
        let request = busy.begin().expect("there is room");
        let later = milliseconds_since(connections.epoch) + 10_001;
        assert_eq!(connections.close_idle(), 0);
        assert_eq!(connections.close_idle_at(later), 1);
        let closed = [&idle_closed, &busy_closed, &gone_closed].map(|closed| closed.load(Ordering::Relaxed));
        assert_eq!(closed, [1, 0, 0]);
        drop((request, idle));
        assert_eq!(
            connections.close_idle_at(milliseconds_since(connections.epoch) + 9_000),
            0,
            "it was busy until now"
        );
        assert_eq!(connections.close_idle_at(milliseconds_since(connections.epoch) + 10_002), 1);
        drop(busy);
        assert!(connections.lock().is_empty());
    }

    #[test]
    fn a_connection_carries_no_more_requests_than_it_may() {
        let connections = Connections::new(LIMIT, 2);
        let (connection, _) = opened(&connections);
        let (other, _) = opened(&connections);
        let first = connection.begin().expect("there is room");
        let _second = connection.begin().expect("there is room");
        assert!(connection.begin().is_err(), "it is full");
        assert!(other.begin().is_ok(), "another is not");
        drop(first);
        assert!(connection.begin().is_ok(), "there is room again");
    }
}
