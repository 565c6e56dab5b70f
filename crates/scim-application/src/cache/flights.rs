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

    /// The work for `key` that is under way.
    pub(crate) fn under_way(&self, key: &K) -> Option<Flight<T>> {
        self.state.lock().flights.get(key).and_then(|(_, flight)| flight.upgrade())
    }

    /// The work for `key` that is under way, or else `work`, which is under way from then on.
    pub(crate) fn join(&self, key: K, work: impl Future<Output = T> + Send + 'static) -> Flight<T> {
        let mut state = self.state.lock();
        if let Some(flight) = state.flights.get(&key).and_then(|(_, flight)| flight.upgrade()) {
            return flight;
        }
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
        assert!(flights.under_way(&1).is_none());
        let waiting: Vec<_> = (0..10).map(|_| flights.join(1, work())).collect();
        assert!(flights.under_way(&1).is_some() && flights.under_way(&2).is_none());
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
        assert!(flights.under_way(&1).is_some());
        drop(second);
        assert!(flights.state.lock().flights.is_empty());
        assert_eq!(flights.join(1, async { 7 }).await, 7);
    }
}
