//! The open connections of clients, so that none is held for ever.
//!
//! The HTTP server knows a time-out for the head of the first request on a connection, and one for a connection on which
//! nothing happens after an answer. A client that sends a second request byte by byte, or never reads an answer, escapes both.
//! Here it is enough that a connection had no whole request for too long: it is closed, whatever it is doing.
//!
//! A connection of HTTP/2 carries many requests at once (RFC 9113 §5.1.2), and the server sets no limit to that; here is one. Nor does
//! the server know when such a connection may end: here it is closed when what was begun on it is answered.

use std::collections::HashMap;
use std::convert::Infallible;
use std::error::Error;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::web::Bytes;
use scim_domain::error::{ErrorKind, ScimError};

/// For how long nothing was under way on a connection that is at rest: the last of an answer is on its way by then.
const REST: Duration = Duration::from_millis(100);

/// Every open connection.
pub struct Connections {
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    next: AtomicU64,
    epoch: Instant,
    limit: Duration,
    max_requests: usize,
    is_ending: AtomicBool,
}

/// One connection, kept with it; when this is dropped, it is closed already.
pub struct OpenConnection {
    all: Arc<Connections>,
    number: u64,
    connection: Arc<Connection>,
}

/// A request that is under way on a connection.
pub(crate) struct Busy(Arc<Connection>);

/// Why no request may begin on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// As many are under way as it may carry.
    Full,
    /// What is under way on it is the last.
    Ending,
}

impl From<Refused> for ScimError {
    fn from(refused: Refused) -> Self {
        let detail = match refused {
            Refused::Full => "too many requests are under way on this connection",
            Refused::Ending => "the server is about to end: come back on another connection",
        };
        Self::new(ErrorKind::Unavailable, detail)
    }
}

/// The body of an answer; the request is under way until it was taken.
struct LastOf {
    body: BoxBody,
    _busy: Busy,
}

struct Connection {
    close: Box<dyn Fn() + Send + Sync>,
    is_multiplexed: bool,
    requests: AtomicUsize,
    /// When the last request ended, in milliseconds since `epoch`.
    idle_since: AtomicU64,
    epoch: Instant,
}

impl Connections {
    /// No connections yet. One is closed when no request was under way on it for `limit`, and carries at most
    /// `max_requests` at once.
    pub fn new(limit: Duration, max_requests: usize) -> Arc<Self> {
        Arc::new(Self {
            open: Mutex::default(),
            next: AtomicU64::new(0),
            epoch: Instant::now(),
            limit,
            max_requests,
            is_ending: AtomicBool::new(false),
        })
    }

    /// Takes a new connection in, which carries many requests at once or one after the other; `close` is what ends it.
    pub fn opened(
        self: &Arc<Self>,
        is_multiplexed: bool,
        close: impl Fn() + Send + Sync + 'static,
    ) -> OpenConnection {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let connection = Arc::new(Connection {
            close: Box::new(close),
            is_multiplexed,
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

    /// From now on no request begins on a connection that carries many at once, and each of these is closed when it is at
    /// rest. The server itself sees to the others. Runs until it is dropped.
    pub async fn end(&self) -> Infallible {
        self.is_ending.store(true, Ordering::Release);
        loop {
            tokio::time::sleep(REST).await;
            self.close_resting_at(milliseconds_since(self.epoch));
        }
    }

    fn close_idle_at(&self, now: u64) -> usize {
        self.close(|connection| connection.is_idle(now, self.limit))
    }

    fn close_resting_at(&self, now: u64) -> usize {
        self.close(|connection| connection.is_multiplexed && connection.is_idle(now, REST))
    }

    fn close(&self, is_over: impl Fn(&Connection) -> bool) -> usize {
        let over: Vec<_> =
            self.lock().values().filter(|connection| is_over(connection)).map(Arc::clone).collect();
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

impl Connection {
    /// Whether no request was under way for so long.
    fn is_idle(&self, now: u64, time: Duration) -> bool {
        self.requests.load(Ordering::Acquire) == 0
            && now.saturating_sub(self.idle_since.load(Ordering::Acquire)) > milliseconds(time)
    }
}

impl OpenConnection {
    /// A request begins on it.
    ///
    /// # Errors
    /// Where as many are under way as it may carry, or it is to end.
    pub(crate) fn begin(&self) -> Result<Busy, Refused> {
        if self.connection.is_multiplexed && self.all.is_ending.load(Ordering::Acquire) {
            return Err(Refused::Ending);
        }
        let one_more =
            |requests: usize| (requests < self.all.max_requests).then(|| requests.saturating_add(1));
        let begun = self.connection.requests.fetch_update(Ordering::AcqRel, Ordering::Acquire, one_more);
        begun.map(|_before| Busy(Arc::clone(&self.connection))).map_err(|_full| Refused::Full)
    }
}

impl Busy {
    /// The body of the answer, which the request lasts for where others may end the connection meanwhile.
    pub(crate) fn until_taken(self, body: BoxBody) -> BoxBody {
        if self.0.is_multiplexed { BoxBody::new(LastOf { body, _busy: self }) } else { body }
    }
}

impl MessageBody for LastOf {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
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
    use futures_util::FutureExt;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    /// A connection, and how often it was closed.
    fn opened(connections: &Arc<Connections>, is_multiplexed: bool) -> (OpenConnection, Arc<AtomicUsize>) {
        let closed = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&closed);
        let close = move || {
            counted.fetch_add(1, Ordering::Relaxed);
        };
        (connections.opened(is_multiplexed, close), closed)
    }

    #[test]
    fn a_connection_without_a_request_is_closed_in_time_and_no_other() {
        let connections = Connections::new(LIMIT, 2);
        let (idle, idle_closed) = opened(&connections, true);
        let (busy, busy_closed) = opened(&connections, true);
        let (gone, gone_closed) = opened(&connections, true);
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
        let (connection, _) = opened(&connections, true);
        let (other, _) = opened(&connections, true);
        let first = connection.begin().expect("there is room");
        let _second = connection.begin().expect("there is room");
        assert_eq!(connection.begin().err(), Some(Refused::Full));
        assert!(other.begin().is_ok(), "another is not");
        drop(first);
        assert!(connection.begin().is_ok(), "there is room again");
    }

    #[tokio::test]
    async fn in_the_end_what_carries_many_requests_is_closed_when_the_last_answer_was_taken() {
        let connections = Connections::new(LIMIT, 2);
        let (idle, idle_closed) = opened(&connections, true);
        let (busy, busy_closed) = opened(&connections, true);
        let (serial, serial_closed) = opened(&connections, false);
        let answer = busy.begin().expect("there is room").until_taken(BoxBody::new("{}"));
        assert_eq!(answer.size(), BodySize::Sized(2));
        assert!(connections.end().now_or_never().is_none());
        assert_eq!((idle.begin().err(), busy.begin().err()), (Some(Refused::Ending), Some(Refused::Ending)));
        assert!(serial.begin().is_ok(), "the server knows that it ends");
        let later = || milliseconds_since(connections.epoch) + 101;
        assert_eq!(connections.close_resting_at(later()), 1);
        assert_eq!(actix_web::body::to_bytes(answer).await.expect("a body"), "{}");
        connections.close_resting_at(later());
        let closed =
            [&idle_closed, &busy_closed, &serial_closed].map(|closed| closed.load(Ordering::Relaxed));
        assert_eq!(closed, [2, 1, 0]);
    }
}
