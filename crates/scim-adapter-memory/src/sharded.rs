//! A hash map in parts, so that it grows in small steps.
//!
//! A hash map that grows moves all its entries at once: with a million of them, every request of
//! the tenant would wait for a good part of a second. Each of these parts moves only its own. A
//! small map is one part: most tenants are small, and empty parts take kilobytes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, Hash};

/// How many parts a large map has.
const PARTS: usize = 256;
/// The most entries in a small map.
const SMALL: usize = 1024;

/// A map in one part, or in [`PARTS`] parts once it has grown beyond [`SMALL`] entries.
#[derive(Debug)]
pub(crate) struct ShardedMap<K, V, S> {
    hasher: S,
    parts: Vec<HashMap<K, V, S>>,
}

impl<K, V, S: Default + Clone> Default for ShardedMap<K, V, S> {
    fn default() -> Self {
        let hasher = S::default();
        Self { parts: vec![HashMap::with_hasher(hasher.clone())], hasher }
    }
}

impl<K: Hash + Eq, V, S: BuildHasher + Clone> ShardedMap<K, V, S> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.parts.get(self.part_of(key))?.get(key)
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
        self.split_if_full();
        let part = self.part_of(&key);
        if let Some(part) = self.parts.get_mut(part) {
            part.insert(key, value);
        }
    }

    pub(crate) fn remove(&mut self, key: &K) {
        let part = self.part_of(key);
        if let Some(part) = self.parts.get_mut(part) {
            part.remove(key);
        }
    }

    pub(crate) fn entry(&mut self, key: K) -> Option<Entry<'_, K, V>> {
        self.split_if_full();
        let part = self.part_of(&key);
        Some(self.parts.get_mut(part)?.entry(key))
    }

    /// By bits of the hash that a map of this size does not use itself.
    fn part_of(&self, key: &K) -> usize {
        if self.parts.len() == 1 {
            return 0;
        }
        let [_, part, ..] = self.hasher.hash_one(key).to_be_bytes();
        usize::from(part)
    }

    /// Goes from one part to all of them when the one has [`SMALL`] entries.
    fn split_if_full(&mut self) {
        if self.parts.len() > 1 || self.parts.first().is_none_or(|only| only.len() < SMALL) {
            return;
        }
        let parts = (0..PARTS).map(|_| HashMap::with_hasher(self.hasher.clone())).collect();
        let small = std::mem::replace(&mut self.parts, parts);
        for (key, value) in small.into_iter().flatten() {
            let part = self.part_of(&key);
            if let Some(part) = self.parts.get_mut(part) {
                part.insert(key, value);
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.parts.iter().map(HashMap::len).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::hash::RandomState;

    use super::*;

    #[test]
    fn a_map_that_grows_keeps_what_it_has() {
        let mut map: ShardedMap<usize, usize, RandomState> = ShardedMap::default();
        for number in 0..4 * SMALL {
            map.insert(number, number * 2);
            assert_eq!(map.parts.len(), if number < SMALL { 1 } else { PARTS }, "at {number}");
        }
        assert!((0..4 * SMALL).all(|number| map.get(&number) == Some(&(number * 2))));
        (0..4 * SMALL).for_each(|number| map.remove(&number));
        assert_eq!(map.len(), 0);
    }
}
