//! How much is taken on at once.
//!
//! Under more load than it can serve, a server that takes every request on serves none of them in time. A [`Gate`] lets so
//! many in, keeps as many waiting as will have their turn soon, and turns any other away at once, which costs next to
//! nothing: what was let in is served as quickly as ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use scim_domain::error::{ErrorKind, ScimError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};
use tokio::time::timeout;

/// For how long a request waits for its turn unless told otherwise. Those let in are to be answered within a second.
const PATIENCE: Duration = Duration::from_millis(400);
/// For how long a bulk request waits: it takes longer itself, and so do those before it.
const BULK_PATIENCE: Duration = Duration::from_secs(10);
/// Of the requests that may be worked on, how many may be bulk requests: one in so many.
const BULK_SHARE: usize = 4;
/// For each bulk request under way, how many wait.
const BULK_WAITING: usize = 2;
/// The bytes of bodies that are on their way while it is not known who sends them, all together.
const UNVERIFIED_BYTES: usize = 16 * 1024 * 1024;
/// What such a body counts for at least: the request that waits for it takes memory too.
const LEAST_COUNTED: usize = 4 * 1024;
/// The requests that one connection carries at once, at least: a proxy may send on one all that it has.
const REQUESTS_OF_CONNECTION: usize = 128;

/// How much is taken on at once, and how long what is slow is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The requests that are worked on at once; as many again wait for a moment.
    pub max_concurrent_requests: usize,
    /// For how long they wait.
    pub max_wait: Duration,
    /// For how long a body may be on its way, and a second more for each KiB of it that has come.
    pub body_read_timeout: Duration,
}

impl Default for Limits {
    /// Those of a server without settings.
    fn default() -> Self {
        Self { max_concurrent_requests: 64, max_wait: PATIENCE, body_read_timeout: Duration::from_secs(10) }
    }
}

impl Limits {
    /// The gates that go by them.
    pub(crate) fn gates(&self) -> Gates {
        let running = (self.max_concurrent_requests / BULK_SHARE).max(1);
        Gates {
            requests: Arc::new(Gate::new(
                self.max_concurrent_requests,
                self.max_concurrent_requests,
                self.max_wait,
            )),
            bulk: Gate::new(running, running.saturating_mul(BULK_WAITING), BULK_PATIENCE),
            unverified: Budget(Semaphore::new(UNVERIFIED_BYTES)),
        }
    }

    /// The most requests that one connection carries at once: no more than that would have a place, or wait for one.
    pub fn max_requests_of_connection(max_concurrent_requests: usize) -> usize {
        max_concurrent_requests.saturating_mul(2).max(REQUESTS_OF_CONNECTION)
    }
}

/// Lets a number of requests in at a time.
#[derive(Debug)]
pub(crate) struct Gate {
    places: Arc<Semaphore>,
    waiting: AtomicUsize,
    max_waiting: usize,
    patience: Duration,
}

/// A place behind the gate; free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Place(#[expect(dead_code, reason = "held, not read")] OwnedSemaphorePermit);

/// There is no place, and will not be soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl From<Full> for ScimError {
    fn from(_: Full) -> Self {
        Self::new(ErrorKind::Unavailable, "the server has more to do than it gets done")
    }
}

/// The gates of one server.
pub(crate) struct Gates {
    /// That of all requests.
    pub(crate) requests: Arc<Gate>,
    /// That of bulk requests.
    pub(crate) bulk: Gate,
    /// What is set aside for bodies of whom nobody knows.
    pub(crate) unverified: Budget,
}

/// A number of bytes for bodies that come before it is known who sends them.
#[derive(Debug)]
pub(crate) struct Budget(Semaphore);

impl Budget {
    /// Takes what a body of `bytes` counts for, until what this answers is dropped.
    ///
    /// # Errors
    /// Where so much is not left.
    pub(crate) fn take(&self, bytes: usize) -> Result<SemaphorePermit<'_>, Full> {
        let counted = u32::try_from(bytes.max(LEAST_COUNTED)).map_err(|_too_many| Full)?;
        self.0.try_acquire_many(counted).map_err(|_exhausted| Full)
    }
}

impl Gate {
    /// A gate that lets `places` in and has `max_waiting` wait, for no longer than `patience`.
    fn new(places: usize, max_waiting: usize, patience: Duration) -> Self {
        let places = Arc::new(Semaphore::new(places.min(Semaphore::MAX_PERMITS)));
        Self { places, waiting: AtomicUsize::new(0), max_waiting, patience }
    }

    /// Takes a place; waits for one, first come, first served.
    ///
    /// # Errors
    /// At once where too many wait already, and in the end where none became free in time.
    pub(crate) async fn enter(&self) -> Result<Place, Full> {
        if let Ok(permit) = Arc::clone(&self.places).try_acquire_owned() {
            return Ok(Place(permit));
        }
        let _counted = Waiting::count(&self.waiting, self.max_waiting).ok_or(Full)?;
        match timeout(self.patience, Arc::clone(&self.places).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(Place(permit)),
            Ok(Err(_)) | Err(_) => Err(Full),
        }
    }
}

/// One that waits.
struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    /// Counts one more, unless there are `max` of them.
    fn count(waiting: &'a AtomicUsize, max: usize) -> Option<Self> {
        let one_more = |count: usize| (count < max).then(|| count.saturating_add(1));
        waiting.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).ok().map(|_| Self(waiting))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::time::Instant;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_place_that_becomes_free_goes_to_who_has_waited_longest() {
        let gate = Gate::new(1, 2, SECOND);
        let first = gate.enter().await.expect("a place");
        let mut second = Box::pin(gate.enter());
        let mut third = Box::pin(gate.enter());
        assert!((&mut second).now_or_never().is_none() && (&mut third).now_or_never().is_none());
        drop(first);
        assert!((&mut third).now_or_never().is_none(), "the second is before it");
        let second = second.await.expect("a place");
        drop(second);
        third.await.expect("a place");
        gate.enter().await.expect("all places are free again");
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_too_late_is_turned_away_at_once_and_who_waits_too_long_in_the_end() {
        let gate = Gate::new(1, 1, SECOND);
        let place = gate.enter().await.expect("a place");
        let began = Instant::now();
        let mut waiting = Box::pin(gate.enter());
        assert!((&mut waiting).now_or_never().is_none());
        assert_eq!(gate.enter().now_or_never().expect("at once").expect_err("full"), Full);
        assert_eq!(waiting.await.expect_err("no place became free"), Full);
        assert_eq!(began.elapsed(), SECOND);
        // Nobody waits any longer: one may again.
        let mut waiting = Box::pin(gate.enter());
        assert!((&mut waiting).now_or_never().is_none());
        drop(place);
        waiting.await.expect("a place");
    }

    #[tokio::test(start_paused = true)]
    async fn who_goes_away_while_waiting_leaves_its_turn_to_the_next() {
        let gate = Gate::new(1, 1, SECOND);
        let place = gate.enter().await.expect("a place");
        let mut gone = Box::pin(gate.enter());
        assert!((&mut gone).now_or_never().is_none());
        drop(gone);
        let mut waiting = Box::pin(gate.enter());
        assert!((&mut waiting).now_or_never().is_none(), "it may wait");
        drop(place);
        waiting.await.expect("a place");
    }

    #[test]
    fn there_is_always_one_place_for_bulk() {
        let bulk = |max_concurrent_requests| {
            let gate = Limits { max_concurrent_requests, ..Limits::default() }.gates().bulk;
            (gate.places.available_permits(), gate.max_waiting)
        };
        assert_eq!((bulk(1), bulk(3), bulk(64)), ((1, 2), (1, 2), (16, 32)));
    }

    #[test]
    fn a_connection_carries_what_may_have_a_place_or_wait() {
        let carried = Limits::max_requests_of_connection;
        assert_eq!((carried(1), carried(64), carried(1000)), (128, 128, 2000));
    }

    #[test]
    fn bodies_of_nobody_known_are_bounded_by_their_bytes_and_their_number() {
        let Gates { unverified, .. } = Limits::default().gates();
        let taken: Vec<_> = std::iter::from_fn(|| unverified.take(64 * 1024).ok()).collect();
        assert_eq!(taken.len(), 256);
        assert_eq!(unverified.take(1).expect_err("exhausted"), Full);
        drop(taken);
        assert_eq!(std::iter::from_fn(|| unverified.take(1).ok().map(SemaphorePermit::forget)).count(), 4096);
    }
}
