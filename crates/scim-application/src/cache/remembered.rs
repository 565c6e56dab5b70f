//! What was read from the store and may be used for a while without asking again.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use scim_domain::identifier::Timestamp;
use scim_ports::{CacheOutcome, Clock, Observer, RepositoryError, Unobserved};

use super::flights::Flights;
use super::{Cache, is_within};

/// How long a value is good while notices of changes arrive.
const LIFE: Duration = Duration::from_secs(60);
/// How long it is remembered that there is none, while notices arrive.
const LIFE_OF_NOTHING: Duration = Duration::from_secs(5);
/// How long either is good while no notices arrive.
const LIFE_UNNOTICED: Duration = Duration::from_secs(1);

/// Values of the store by their keys, and keys that have none.
///
/// A value that was read before a change, and comes in after the notice of it, is handed to whoever
/// asked before, and not remembered: every notice begins another generation, and only what was asked
/// for in the present one is kept.
pub(crate) struct Remembered<K, V> {
    inner: Arc<Inner<K, V>>,
    loads: Flights<(K, u64), Loaded<V>>,
    observer: Arc<dyn Observer>,
}

type Loaded<V> = Result<Option<V>, Arc<RepositoryError>>;

struct Inner<K, V> {
    known: Cache<K, V>,
    unknown: Cache<K, ()>,
    generation: AtomicU64,
    is_connected: AtomicBool,
    clock: Arc<dyn Clock>,
}

impl<K, V> Remembered<K, V>
where
    K: Hash + Eq + Clone + Send + Sync + 'static,
    V: Clone + Send + Sync + 'static,
{
    /// Remembers at most `known` values, and `unknown` keys that have none. Until [`connected`](Self::connected)
    /// says otherwise no notices arrive.
    pub(crate) fn new(clock: Arc<dyn Clock>, known: usize, unknown: usize) -> Self {
        let inner = Inner {
            known: Cache::new(known),
            unknown: Cache::new(unknown),
            generation: AtomicU64::new(0),
            is_connected: AtomicBool::new(false),
            clock,
        };
        Self { inner: Arc::new(inner), loads: Flights::new(), observer: Arc::new(Unobserved) }
    }

    /// Tells `observer` how often the store is spared.
    pub(crate) fn observed_by(self, observer: Arc<dyn Observer>) -> Self {
        Self { observer, ..self }
    }

    /// The value that is remembered of `key`.
    pub(crate) fn peek(&self, key: &K) -> Option<V> {
        let (value, since) = self.inner.known.get(key)?;
        is_within(since, self.inner.life(LIFE), self.inner.clock.now()).then_some(value)
    }

    /// The value of `key`: the one that is remembered, or what `load` finds. Of several that ask at
    /// once one loads.
    ///
    /// # Errors
    /// Those of `load`.
    pub(crate) async fn get<F>(&self, key: &K, load: impl FnOnce() -> F) -> Result<Option<V>, RepositoryError>
    where
        F: Future<Output = Result<Option<V>, RepositoryError>> + Send + 'static,
    {
        if let Some(value) = self.peek(key) {
            self.observer.cache(CacheOutcome::Hit);
            return Ok(Some(value));
        }
        let inner = &self.inner;
        if let Some(((), since)) = inner.unknown.get(key)
            && is_within(since, inner.life(LIFE_OF_NOTHING), inner.clock.now())
        {
            self.observer.cache(CacheOutcome::Hit);
            return Ok(None);
        }
        self.observer.cache(CacheOutcome::Miss);
        let generation = self.generation();
        let (inner, owned, work) = (Arc::clone(inner), key.clone(), load());
        let load = async move {
            let loaded = work.await.map_err(Arc::new)?;
            inner.keep(owned, loaded.clone(), generation);
            Ok(loaded)
        };
        // Who asks after a notice does not wait for what was begun before it.
        self.loads.join((key.clone(), generation), load).await.map_err(|error| again(&error))
    }

    /// What [`keep`](Self::keep) is to be told of a value that is being read from now on.
    pub(crate) fn generation(&self) -> u64 {
        self.inner.generation.load(Ordering::SeqCst)
    }

    /// Remembers a value that was read elsewhere, since `generation`.
    pub(crate) fn keep(&self, key: K, value: V, generation: u64) {
        self.inner.keep(key, Some(value), generation);
    }

    /// Forgets `key`, which changed.
    pub(crate) fn forget(&self, key: &K) {
        self.inner.next_generation();
        self.inner.known.remove(key);
        self.inner.unknown.remove(key);
    }

    /// Forgets which keys have no value: some may have one now.
    pub(crate) fn forget_unknown(&self) {
        self.inner.next_generation();
        self.inner.unknown.clear();
    }

    /// Forgets everything: notices arrive from now on, or no longer.
    pub(crate) fn connected(&self, is_connected: bool) {
        let inner = &self.inner;
        inner.is_connected.store(false, Ordering::SeqCst);
        inner.next_generation();
        inner.known.clear();
        inner.unknown.clear();
        inner.is_connected.store(is_connected, Ordering::SeqCst);
    }

    /// Frees the memory of what is good no longer.
    pub(crate) fn sweep(&self) {
        let now = self.inner.clock.now();
        self.inner.known.sweep(self.inner.life(LIFE), now);
        self.inner.unknown.sweep(self.inner.life(LIFE_OF_NOTHING), now);
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Inner<K, V> {
    fn life(&self, with_notices: Duration) -> Duration {
        if self.is_connected.load(Ordering::Relaxed) { with_notices } else { LIFE_UNNOTICED }
    }

    fn next_generation(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    fn keep(&self, key: K, value: Option<V>, generation: u64) {
        let now: Timestamp = self.clock.now();
        // A notice begins its generation first and forgets then, so one of both sees the other.
        let is_present = || self.generation.load(Ordering::SeqCst) == generation;
        match value {
            Some(value) => self.known.put_if(key, value, now, is_present),
            None => self.unknown.put_if(key, (), now, is_present),
        }
    }
}

/// The same error once more, for another who waited for it.
fn again(error: &Arc<RepositoryError>) -> RepositoryError {
    let cause = Box::new(SharedError(Arc::clone(error)));
    match **error {
        RepositoryError::Unavailable(_) => RepositoryError::Unavailable(cause),
        _ => RepositoryError::Internal(cause),
    }
}

/// An error that several were told of.
#[derive(Debug)]
struct SharedError(Arc<RepositoryError>);

impl fmt::Display for SharedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.source() {
            Some(cause) => write!(f, "{cause}"),
            None => write!(f, "{}", self.0),
        }
    }
}

impl Error for SharedError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source().and_then(Error::source)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use tokio::sync::Notify;

    use super::*;
    use crate::testing::{TestClock, settle};

    struct World {
        clock: Arc<TestClock>,
        remembered: Arc<Remembered<u32, &'static str>>,
        loads: Arc<AtomicUsize>,
    }

    fn world() -> World {
        let clock = Arc::new(TestClock::new());
        let remembered = Arc::new(Remembered::new(clock.clone(), 10, 10));
        remembered.connected(true);
        World { clock, remembered, loads: Arc::default() }
    }

    impl World {
        async fn get(&self, key: u32, stored: Option<&'static str>) -> Option<&'static str> {
            let loads = Arc::clone(&self.loads);
            let load = || async move {
                loads.fetch_add(1, Ordering::Relaxed);
                Ok(stored)
            };
            self.remembered.get(&key, load).await.expect("loaded")
        }

        #[track_caller]
        fn loaded(&self, times: usize) {
            assert_eq!(self.loads.load(Ordering::Relaxed), times);
        }
    }

    #[tokio::test]
    async fn a_value_is_loaded_once_in_its_life() {
        let world = world();
        for _ in 0..3 {
            assert_eq!(world.get(1, Some("a")).await, Some("a"));
        }
        world.loaded(1);
        world.clock.advance(59);
        world.get(1, Some("a")).await;
        world.loaded(1);
        world.clock.advance(1);
        world.get(1, Some("a")).await;
        world.loaded(2);
    }

    #[tokio::test]
    async fn that_there_is_nothing_is_remembered_for_less() {
        let world = world();
        for (seconds, loads) in [(0, 1), (4, 1), (1, 2)] {
            world.clock.advance(seconds);
            assert_eq!(world.get(1, None).await, None);
            world.loaded(loads);
        }
        world.remembered.forget_unknown();
        assert_eq!(world.get(1, Some("a")).await, Some("a"));
    }

    #[tokio::test]
    async fn without_notices_everything_is_read_again_after_a_second() {
        let world = world();
        world.get(1, Some("a")).await;
        world.remembered.connected(false);
        world.get(1, Some("b")).await;
        world.get(2, None).await;
        world.loaded(3);
        world.get(1, Some("b")).await;
        world.get(2, None).await;
        world.loaded(3);
        world.clock.advance(1);
        world.get(1, Some("b")).await;
        world.get(2, None).await;
        world.loaded(5);
        world.remembered.connected(true);
        world.get(1, Some("c")).await;
        world.loaded(6);
    }

    #[tokio::test]
    async fn a_change_is_seen_at_once() {
        let world = world();
        world.get(1, Some("a")).await;
        world.get(2, None).await;
        world.get(3, Some("c")).await;
        world.remembered.forget(&1);
        world.remembered.forget(&2);
        assert_eq!(world.get(1, None).await, None);
        assert_eq!(world.get(2, Some("b")).await, Some("b"));
        assert_eq!(world.get(3, None).await, Some("c"), "what did not change stays");
    }

    #[tokio::test]
    async fn what_was_read_before_a_change_is_not_kept() {
        for change in [0, 1, 2] {
            let world = world();
            let gate = Arc::new(Notify::new());
            let (remembered, opened) = (Arc::clone(&world.remembered), Arc::clone(&gate));
            let slow = tokio::spawn(async move {
                let load = || async move {
                    opened.notified().await;
                    Ok(Some("stale"))
                };
                remembered.get(&1, load).await
            });
            settle().await;
            match change {
                0 => world.remembered.forget(&1),
                1 => world.remembered.forget_unknown(),
                _ => world.remembered.connected(true),
            }
            assert_eq!(world.get(1, Some("fresh")).await, Some("fresh"), "nobody waits for the stale one");
            gate.notify_one();
            assert_eq!(slow.await.expect("no panic").expect("loaded"), Some("stale"));
            assert_eq!(world.get(1, None).await, Some("fresh"));
        }
    }

    #[tokio::test]
    async fn all_who_ask_at_once_get_what_one_loads() {
        let world = world();
        let gate = Arc::new(Notify::new());
        let load = || {
            let (gate, loads) = (Arc::clone(&gate), Arc::clone(&world.loads));
            async move {
                loads.fetch_add(1, Ordering::Relaxed);
                gate.notified().await;
                Err(RepositoryError::Unavailable("the cable is cut".into()))
            }
        };
        let (first, second) = (world.remembered.get(&1, load), world.remembered.get(&1, load));
        let open = async {
            settle().await;
            gate.notify_one();
        };
        let (first, second, ()) = tokio::join!(first, second, open);
        world.loaded(1);
        for error in [first, second].map(|failed| failed.expect_err("it failed")) {
            assert!(
                matches!(&error, RepositoryError::Unavailable(cause) if cause.to_string() == "the cable is cut")
            );
        }
        assert_eq!(world.get(1, Some("a")).await, Some("a"), "failures are not remembered");
    }

    #[tokio::test]
    async fn memory_is_freed() {
        let world = world();
        world.get(1, Some("a")).await;
        world.get(2, None).await;
        world.clock.advance(5);
        world.remembered.sweep();
        assert_eq!((world.remembered.inner.known.len(), world.remembered.inner.unknown.len()), (1, 0));
        world.clock.advance(55);
        world.remembered.sweep();
        assert_eq!(world.remembered.inner.known.len(), 0);
    }
}
