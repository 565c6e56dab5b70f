//! A hash map in parts, so that it grows in small steps.
//!
//! A hash map that grows moves all its entries at once: with a million of them, every request of
//! the tenant would wait for a good part of a second. Each of these parts moves only its own.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, Hash};

const PARTS: usize = 256;

/// A map in [`PARTS`] parts.
#[derive(Debug)]
pub(crate) struct ShardedMap<K, V, S> {
    hasher: S,
    parts: Vec<HashMap<K, V, S>>,
}

impl<K, V, S: Default + Clone> Default for ShardedMap<K, V, S> {
    fn default() -> Self {
        let hasher = S::default();
        let parts = (0..PARTS).map(|_| HashMap::with_hasher(hasher.clone())).collect();
        Self { hasher, parts }
    }
}

impl<K: Hash + Eq, V, S: BuildHasher> ShardedMap<K, V, S> {
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.parts.get(self.part_of(key))?.get(key)
    }

    pub(crate) fn contains_key(&self, key: &K) -> bool {
        self.get(key).is_some()
    }

    pub(crate) fn insert(&mut self, key: K, value: V) {
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
        let part = self.part_of(&key);
        Some(self.parts.get_mut(part)?.entry(key))
    }

    /// By bits of the hash that a map of this size does not use itself.
    fn part_of(&self, key: &K) -> usize {
        let [_, part, ..] = self.hasher.hash_one(key).to_be_bytes();
        usize::from(part)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.parts.iter().map(HashMap::len).sum()
    }
}
