//! What a process remembers, in a bounded number.

pub(crate) mod flights;
pub(crate) mod remembered;

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use parking_lot::RwLock;
use scim_domain::identifier::Timestamp;

/// How many entries are dropped at a time by [`Cache::sweep`], so that nobody waits for it.
const SWEPT_AT_ONCE: usize = 256;

/// A map that keeps at most so many entries, more or less those that were used last.
///
/// There are two halves. What is new, or is found in the older half, goes to the younger one; where
/// that is full it becomes the older one, and what that held is forgotten. A hit in the younger half
/// takes no more than a shared lock.
pub(crate) struct Cache<K, V> {
    halves: RwLock<Halves<K, V>>,
    half: usize,
}

struct Halves<K, V> {
    young: HashMap<K, Entry<V>>,
    old: HashMap<K, Entry<V>>,
}

#[derive(Clone)]
struct Entry<V> {
    value: V,
    since: Timestamp,
}

impl<K: Hash + Eq + Clone, V: Clone> Cache<K, V> {
    /// At most `capacity` entries, two at least.
    pub(crate) fn new(capacity: usize) -> Self {
        let halves = Halves { young: HashMap::new(), old: HashMap::new() };
        Self { halves: RwLock::new(halves), half: capacity.div_ceil(2).max(1) }
    }

    /// The value of `key`, and since when it is here.
    pub(crate) fn get<Q>(&self, key: &Q) -> Option<(V, Timestamp)>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        {
            let halves = self.halves.read();
            if let Some(entry) = halves.young.get(key) {
                return Some((entry.value.clone(), entry.since));
            }
            if !halves.old.contains_key(key) {
                return None;
            }
        }
        let mut halves = self.halves.write();
        let entry = halves.old.remove(key)?;
        let found = (entry.value.clone(), entry.since);
        let forgotten = halves.insert(key.to_owned(), entry, self.half);
        drop(halves);
        drop(forgotten);
        Some(found)
    }

    /// Remembers `value`, if `is_wanted` says so when nobody else can change what is here.
    pub(crate) fn put_if(&self, key: K, value: V, since: Timestamp, is_wanted: impl FnOnce() -> bool) {
        let mut halves = self.halves.write();
        if !is_wanted() {
            return;
        }
        halves.old.remove(&key);
        let forgotten = halves.insert(key, Entry { value, since }, self.half);
        drop(halves);
        // Thousands of values may end here: nobody is to wait for that.
        drop(forgotten);
    }

    /// Remembers `value`.
    pub(crate) fn put(&self, key: K, value: V, since: Timestamp) {
        self.put_if(key, value, since, || true);
    }

    /// Forgets `key`.
    pub(crate) fn remove<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let mut halves = self.halves.write();
        let forgotten = (halves.young.remove(key), halves.old.remove(key));
        drop(halves);
        drop(forgotten);
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        let mut halves = self.halves.write();
        let forgotten = (std::mem::take(&mut halves.young), std::mem::take(&mut halves.old));
        drop(halves);
        drop(forgotten);
    }

    /// Forgets what has been here for `life` or longer.
    pub(crate) fn sweep(&self, life: Duration, now: Timestamp) {
        let expired: Vec<K> = {
            let halves = self.halves.read();
            let entries = halves.young.iter().chain(&halves.old);
            entries
                .filter(|(_, entry)| !is_within(entry.since, life, now))
                .map(|(key, _)| key.clone())
                .collect()
        };
        for keys in expired.chunks(SWEPT_AT_ONCE) {
            let mut halves = self.halves.write();
            let forgotten: Vec<_> =
                keys.iter().filter_map(|key| halves.remove_expired(key, life, now)).collect();
            drop(halves);
            drop(forgotten);
        }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        let halves = self.halves.read();
        halves.young.len().saturating_add(halves.old.len())
    }
}

impl<K: Hash + Eq, V> Halves<K, V> {
    /// Puts an entry into the younger half; answers what is forgotten for it.
    fn insert(&mut self, key: K, entry: Entry<V>, half: usize) -> HashMap<K, Entry<V>> {
        let mut forgotten = HashMap::new();
        if self.young.len() >= half && !self.young.contains_key(&key) {
            forgotten = std::mem::replace(&mut self.old, std::mem::take(&mut self.young));
        }
        self.young.insert(key, entry);
        forgotten
    }

    fn remove_expired(&mut self, key: &K, life: Duration, now: Timestamp) -> Option<Entry<V>> {
        let half = if self.young.contains_key(key) { &mut self.young } else { &mut self.old };
        let entry = half.get(key)?;
        if is_within(entry.since, life, now) { None } else { half.remove(key) }
    }
}

/// Whether less than `life` has gone by since then. Where the clock was put back it has not: what is
/// from the future is not trusted.
pub(crate) fn is_within(since: Timestamp, life: Duration, now: Timestamp) -> bool {
    let age = now.date_time() - since.date_time();
    Duration::try_from(age).is_ok_and(|age| age < life)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    #[test]
    fn a_cache_keeps_what_is_used() {
        let cache = Cache::new(10);
        for key in 0..1000_u32 {
            cache.put(key, key, at(0));
            cache.put(0, 0, at(0));
            assert!(cache.len() <= 10);
        }
        assert_eq!(cache.get(&0), Some((0, at(0))));
        assert_eq!(cache.get(&999), Some((999, at(0))));
        assert_eq!(cache.get(&500), None);
    }

    #[test]
    fn what_is_read_stays_too() {
        let cache = Cache::new(10);
        cache.put(0, "first", at(0));
        for key in 1..1000_u32 {
            cache.put(key, "other", at(0));
            assert!(cache.get(&0).is_some(), "after {key}");
        }
    }

    #[test]
    fn a_value_is_replaced_and_removed_in_either_half() {
        let cache = Cache::new(4);
        for key in 0..3_u32 {
            cache.put(key, "old", at(0));
        }
        cache.put(0, "new", at(1));
        assert_eq!(cache.get(&0), Some(("new", at(1))));
        cache.put_if(0, "unwanted", at(2), || false);
        assert_eq!(cache.get(&0), Some(("new", at(1))));
        for key in 0..3 {
            cache.remove(&key);
        }
        assert_eq!(cache.len(), 0);
        cache.put(1, "x", at(0));
        cache.clear();
        assert_eq!(cache.len(), 0);
    }

    #[test]
    fn sweeping_drops_what_is_old() {
        let cache = Cache::new(2000);
        for key in 0..1000_i64 {
            cache.put(key, (), at(key));
        }
        cache.sweep(Duration::from_secs(100), at(999));
        assert_eq!(cache.len(), 100);
        assert!(cache.get(&900).is_some() && cache.get(&899).is_none());
    }

    #[test]
    fn what_is_from_the_future_is_not_trusted() {
        let life = Duration::from_secs(10);
        assert!(is_within(at(0), life, at(0)));
        assert!(is_within(at(0), life, at(9)));
        assert!(!is_within(at(0), life, at(10)));
        assert!(!is_within(at(1), life, at(0)));
    }
}
