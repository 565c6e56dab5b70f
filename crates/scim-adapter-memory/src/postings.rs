//! An index from hashes to the rows under them.

use std::collections::hash_map::Entry;
use std::hash::{BuildHasherDefault, Hash, Hasher};

use crate::blocks::Blocks;
use crate::sharded::ShardedMap;
use crate::slots::Slot;

/// A hash that is made with a random key, so that nobody can make values whose hashes meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct KeyedHash(u64);

impl KeyedHash {
    pub(crate) const fn new(hash: u64) -> Self {
        Self(hash)
    }
}

impl Hash for KeyedHash {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// Takes a hash as it is.
#[derive(Debug, Default)]
pub(crate) struct AsItIs(u64);

impl Hasher for AsItIs {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

/// The rows under one hash: for most hashes, one.
#[derive(Debug)]
enum Rows {
    One(Slot),
    /// In a box, for the sake of the others.
    Many(Box<Blocks<Slot, ()>>),
}

/// Which rows are under which hash.
#[derive(Debug, Default)]
pub(crate) struct Postings {
    rows: ShardedMap<KeyedHash, Rows, BuildHasherDefault<AsItIs>>,
}

impl Postings {
    pub(crate) fn insert(&mut self, hash: KeyedHash, slot: Slot) {
        match self.rows.entry(hash) {
            Some(Entry::Vacant(entry)) => {
                entry.insert(Rows::One(slot));
            }
            Some(Entry::Occupied(mut entry)) => match entry.get_mut() {
                Rows::One(other) if *other == slot => {}
                Rows::One(other) => {
                    let mut both = Blocks::default();
                    both.insert(*other, ());
                    both.insert(slot, ());
                    entry.insert(Rows::Many(Box::new(both)));
                }
                Rows::Many(slots) => {
                    slots.insert(slot, ());
                }
            },
            None => {}
        }
    }

    pub(crate) fn remove(&mut self, hash: KeyedHash, slot: Slot) {
        let Some(Entry::Occupied(mut entry)) = self.rows.entry(hash) else { return };
        let is_left = match entry.get_mut() {
            Rows::One(only) => *only != slot,
            Rows::Many(slots) => {
                slots.remove(slot);
                slots.len() > 0
            }
        };
        if !is_left {
            entry.remove();
        }
    }

    /// How many rows are under `hash`.
    pub(crate) fn count(&self, hash: KeyedHash) -> usize {
        match self.rows.get(&hash) {
            None => 0,
            Some(Rows::One(_)) => 1,
            Some(Rows::Many(slots)) => slots.len(),
        }
    }

    /// The rows under `hash`.
    pub(crate) fn rows(&self, hash: KeyedHash) -> impl Iterator<Item = Slot> {
        let (one, many) = match self.rows.get(&hash) {
            None => (None, None),
            Some(Rows::One(slot)) => (Some(*slot), None),
            Some(Rows::Many(slots)) => (None, Some(slots)),
        };
        one.into_iter().chain(many.into_iter().flat_map(|slots| slots.keys()))
    }

    /// How many hashes have rows.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_does_what_a_set_of_pairs_does(steps in proptest::collection::vec((any::<bool>(), 0..4_u64, 0..5_u32), 1..80)) {
            let mut postings = Postings::default();
            let mut model = BTreeSet::new();
            for (is_insert, hash, slot) in steps {
                if is_insert {
                    postings.insert(KeyedHash::new(hash), Slot::new(slot));
                    model.insert((hash, slot));
                } else {
                    postings.remove(KeyedHash::new(hash), Slot::new(slot));
                    model.remove(&(hash, slot));
                }
                for hash in 0..4 {
                    let expected: Vec<Slot> =
                        model.range((hash, 0)..=(hash, u32::MAX)).map(|(_, slot)| Slot::new(*slot)).collect();
                    prop_assert_eq!(postings.count(KeyedHash::new(hash)), expected.len());
                    prop_assert_eq!(postings.rows(KeyedHash::new(hash)).collect::<Vec<_>>(), expected);
                }
                let hashes: BTreeSet<u64> = model.iter().map(|(hash, _)| *hash).collect();
                prop_assert_eq!(postings.len(), hashes.len());
            }
        }
    }
}
