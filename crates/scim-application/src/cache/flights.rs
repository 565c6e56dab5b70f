//! Work that many ask for at once and that is done once.

use std::collections::HashMap;
use std::future::Future;
use std::hash::Hash;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use parking_lot::Mutex;

/// A piece of work under way. It goes on for as long as anybody waits for it.
pub(crate) type Flight<T> = Shared<BoxFuture<'static, T>>;

/// The work that is under way, by what it is for.
pub(crate) struct Flights<K, T> {
    state: Arc<Mutex<State<K, T>>>,
}

struct State<K, T> {
    flights: HashMap<K, (u64, WeakShared<BoxFuture<'static, T>>)>,
    started: u64,
}

impl<K, T> Flights<K, T>
where
    K: Hash + Eq + Clone + Send + 'static,
    T: Clone + Send + Sync + 'static,
{
    pub(crate) fn new() -> Self {
        Self { state: Arc::new(Mutex::new(State { flights: HashMap::new(), started: 0 })) }
    }

    /// The work for `key` that is under way, or else `work`, which is under way from then on.
    pub(crate) fn join(&self, key: K, work: impl Future<Output = T> + Send + 'static) -> Flight<T> {
        let mut state = self.state.lock();
        match state.under_way(&key) {
            Some(flight) => flight,
            None => self.depart(&mut state, key, work),
        }
    }

    /// The work for `key` that is under way, or else what `start` makes, if it makes any: it is asked only
    /// where there is none, so that what it takes for the work is taken once.
    pub(crate) fn join_or_start<W>(&self, key: K, start: impl FnOnce() -> Option<W>) -> Option<Flight<T>>
    where
        W: Future<Output = T> + Send + 'static,
    {
        let mut state = self.state.lock();
        match state.under_way(&key) {
            Some(flight) => Some(flight),
            None => start().map(|work| self.depart(&mut state, key, work)),
        }
    }

    fn depart(
        &self,
        state: &mut State<K, T>,
        key: K,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Flight<T> {
        state.started = state.started.wrapping_add(1);
        let number = state.started;
        let landing = Landing { state: Arc::clone(&self.state), key: key.clone(), number };
        let flight = async move {
            let _landing = landing;
            work.await
        }
        .boxed()
        .shared();
        if let Some(weak) = flight.downgrade() {
            state.flights.insert(key, (number, weak));
        }
        flight
    }
}

impl<K: Hash + Eq, T> State<K, T> {
    fn under_way(&self, key: &K) -> Option<Flight<T>> {
        self.flights.get(key).and_then(|(_, flight)| flight.upgrade())
    }
}

/// Takes a flight off the list when it is over, or nobody waits for it any longer.
struct Landing<K: Hash + Eq, T> {
    state: Arc<Mutex<State<K, T>>>,
    key: K,
    number: u64,
}

impl<K: Hash + Eq, T> Drop for Landing<K, T> {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        // Another may have started since the last one waiting left.
        if state.flights.get(&self.key).is_some_and(|(number, _)| *number == self.number) {
            state.flights.remove(&self.key);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::Notify;

    use super::*;

    fn is_free<T: Clone + Send + Sync>(flights: &Flights<u32, T>, key: u32) -> bool {
        flights.state.lock().under_way(&key).is_none()
    }

    #[tokio::test]
    async fn work_is_done_once_for_all_who_wait() {
        let flights: Flights<u32, usize> = Flights::new();
        let (gate, count) = (Arc::new(Notify::new()), Arc::new(AtomicUsize::new(0)));
        let work = || {
            let (gate, count) = (Arc::clone(&gate), Arc::clone(&count));
            async move {
                gate.notified().await;
                count.fetch_add(1, Ordering::Relaxed)
            }
        };
        assert!(is_free(&flights, 1));
        let waiting: Vec<_> = (0..10).map(|_| flights.join(1, work())).collect();
        assert!(!is_free(&flights, 1) && is_free(&flights, 2));
        gate.notify_one();
        for flight in waiting {
            assert_eq!(flight.await, 0);
        }
        assert!(flights.state.lock().flights.is_empty());
        gate.notify_one();
        assert_eq!(flights.join(1, work()).await, 1);
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_given_up() {
        let flights: Flights<u32, u32> = Flights::new();
        let first = flights.join(1, std::future::pending());
        let second = first.clone();
        drop(first);
        assert!(!is_free(&flights, 1));
        drop(second);
        assert!(flights.state.lock().flights.is_empty());
        assert_eq!(flights.join(1, async { 7 }).await, 7);
    }

    #[tokio::test]
    async fn who_joins_work_that_is_under_way_starts_none() {
        let flights: Flights<u32, u32> = Flights::new();
        let nothing = flights.join_or_start(1, || None::<std::future::Ready<u32>>);
        assert!(nothing.is_none() && is_free(&flights, 1));
        let mut started = 0;
        let mut start = || {
            started += 1;
            Some(std::future::ready(7))
        };
        let first = flights.join_or_start(1, &mut start).expect("work");
        let second = flights.join_or_start(1, &mut start).expect("the same work");
        assert_eq!((first.await, second.await), (7, 7));
        assert_eq!(started, 1, "what the work takes is taken once");
    }
}
