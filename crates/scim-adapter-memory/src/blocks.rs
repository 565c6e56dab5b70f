//! Values by ascending key, in blocks of bounded length: above all the order of creation, in which
//! rows are kept by their ids.
//!
//! A page by position walks over the lengths of blocks, a page by cursor is two binary searches,
//! and a write touches one block. Keys come mostly in order, so inserting is mostly appending. A
//! clone shares all blocks with the original, which copies a block only when it next writes to it:
//! that is how a long scan gets a state of the store that does not move, without holding a lock.

use std::sync::Arc;

/// The most entries in one block.
const CAPACITY: usize = 256;

/// An ordered map.
#[derive(Debug, Clone)]
pub(crate) struct Blocks<K, V> {
    blocks: Vec<Block<K, V>>,
    len: usize,
}

#[derive(Debug, Clone)]
struct Block<K, V> {
    /// The key of its first entry, so that finding a block reads no block.
    first: K,
    /// How many entries it has, for the same reason. Never 0.
    len: usize,
    entries: Arc<Vec<(K, V)>>,
}

impl<K, V> Default for Blocks<K, V> {
    fn default() -> Self {
        Self { blocks: Vec::new(), len: 0 }
    }
}

impl<K: Copy + Ord, V: Clone> Blocks<K, V> {
    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Puts `value` at `key`, and answers what was there.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let index = self.block_of(key);
        let is_last = index.saturating_add(1) >= self.blocks.len();
        let Some(block) = self.blocks.get_mut(index) else {
            self.blocks.push(Block::new(vec![(key, value)], key));
            self.len = self.len.saturating_add(1);
            return None;
        };
        let entries = Arc::make_mut(&mut block.entries);
        match entries.binary_search_by_key(&key, |entry| entry.0) {
            Ok(position) => {
                return entries.get_mut(position).map(|entry| std::mem::replace(&mut entry.1, value));
            }
            // A full last block stays full: keys that come in order fill every block to the brim.
            Err(position) if is_last && position == entries.len() && entries.len() >= CAPACITY => {
                self.blocks.push(Block::new(vec![(key, value)], key));
            }
            Err(position) => {
                entries.insert(position, (key, value));
                let upper = (entries.len() > CAPACITY).then(|| entries.split_off(CAPACITY / 2));
                block.measure();
                if let Some((upper, first)) = upper.and_then(|upper| first_of(upper)) {
                    self.blocks.insert(index.saturating_add(1), Block::new(upper, first));
                }
            }
        }
        self.len = self.len.saturating_add(1);
        None
    }

    /// Takes out what is at `key`.
    pub(crate) fn remove(&mut self, key: K) -> Option<V> {
        let index = self.block_of(key);
        let block = self.blocks.get_mut(index)?;
        let position = block.entries.binary_search_by_key(&key, |entry| entry.0).ok()?;
        let (_, value) = Arc::make_mut(&mut block.entries).remove(position);
        self.len = self.len.saturating_sub(1);
        if block.entries.is_empty() {
            self.blocks.remove(index);
            return Some(value);
        }
        block.measure();
        self.merge_with_next(index);
        if let Some(previous) = index.checked_sub(1) {
            self.merge_with_next(previous);
        }
        Some(value)
    }

    /// What is at `key`.
    #[cfg(test)]
    pub(crate) fn get(&self, key: K) -> Option<&V> {
        let entries = &self.blocks.get(self.block_of(key))?.entries;
        let position = entries.binary_search_by_key(&key, |entry| entry.0).ok()?;
        entries.get(position).map(|entry| &entry.1)
    }

    /// All keys, ascending.
    pub(crate) fn keys(&self) -> impl Iterator<Item = K> {
        self.blocks.iter().flat_map(|block| block.entries.iter().map(|entry| entry.0))
    }

    /// All values but the first `skip`, ascending.
    pub(crate) fn skip(&self, skip: usize) -> impl Iterator<Item = &V> {
        let mut left = skip;
        let index = self.blocks.iter().take_while(|block| skip_block(&mut left, block.len)).count();
        self.forward(index, left)
    }

    /// The values whose key is greater than `key`, ascending.
    pub(crate) fn after(&self, key: K) -> impl Iterator<Item = &V> {
        let index = self.block_of(key);
        let offset =
            self.blocks.get(index).map_or(0, |block| block.entries.partition_point(|entry| entry.0 <= key));
        self.forward(index, offset)
    }

    /// The values whose key is less than `key`, descending; all of them where there is no `key`.
    pub(crate) fn before(&self, key: Option<K>) -> impl Iterator<Item = &V> {
        let (index, end) = match key {
            None => (self.blocks.len(), 0),
            Some(key) => {
                let index = self.block_of(key);
                let end = self
                    .blocks
                    .get(index)
                    .map_or(0, |block| block.entries.partition_point(|entry| entry.0 < key));
                (index, end)
            }
        };
        let partial = self.blocks.get(index).and_then(|block| block.entries.get(..end)).unwrap_or_default();
        let whole = self.blocks.get(..index).unwrap_or_default().iter().rev();
        let whole = whole.flat_map(|block| block.entries.iter().rev());
        partial.iter().rev().chain(whole).map(|entry| &entry.1)
    }

    fn forward(&self, index: usize, offset: usize) -> impl Iterator<Item = &V> {
        let partial =
            self.blocks.get(index).and_then(|block| block.entries.get(offset..)).unwrap_or_default();
        let rest = self.blocks.get(index.saturating_add(1)..).unwrap_or_default().iter();
        partial.iter().chain(rest.flat_map(|block| block.entries.iter())).map(|entry| &entry.1)
    }

    /// The block in which `key` is, or would be: the last one that starts at it or before it.
    fn block_of(&self, key: K) -> usize {
        let last = self.blocks.len().saturating_sub(1);
        if self.blocks.get(last).is_some_and(|block| block.first <= key) {
            return last;
        }
        self.blocks.partition_point(|block| block.first <= key).saturating_sub(1)
    }

    /// Joins a block with the next one where both are small, so that deletions leave no crumbs.
    fn merge_with_next(&mut self, index: usize) {
        let next = index.saturating_add(1);
        let (Some(this), Some(other)) = (self.blocks.get(index), self.blocks.get(next)) else { return };
        if this.len.saturating_add(other.len) > CAPACITY / 2 {
            return;
        }
        let other = self.blocks.remove(next);
        if let Some(this) = self.blocks.get_mut(index) {
            Arc::make_mut(&mut this.entries).extend(other.entries.iter().cloned());
            this.measure();
        }
    }
}

impl<K: Copy, V> Block<K, V> {
    fn new(entries: Vec<(K, V)>, first: K) -> Self {
        Self { first, len: entries.len(), entries: Arc::new(entries) }
    }

    fn measure(&mut self) {
        self.len = self.entries.len();
        if let Some(entry) = self.entries.first() {
            self.first = entry.0;
        }
    }
}

fn first_of<K: Copy, V>(entries: Vec<(K, V)>) -> Option<(Vec<(K, V)>, K)> {
    let first = entries.first()?.0;
    Some((entries, first))
}

/// Whether a block of `len` entries lies whole within those `left` to skip, which it then uses up.
fn skip_block(left: &mut usize, len: usize) -> bool {
    match left.checked_sub(len) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use scim_domain::identifier::ResourceId;
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> ResourceId {
        ResourceId::new(Uuid::from_u128(number))
    }

    #[derive(Debug, Clone)]
    enum Step {
        /// Inserts this many ids in order, from here.
        Run(u16, u16),
        Insert(u16),
        Remove(u16),
        RemoveRange(u16, u16),
        Snapshot,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (0..2000_u16, 1..700_u16).prop_map(|(from, count)| Step::Run(from, count)),
            (0..2000_u16).prop_map(Step::Insert),
            (0..2000_u16).prop_map(Step::Remove),
            (0..2000_u16, 1..600_u16).prop_map(|(from, count)| Step::RemoveRange(from, count)),
            Just(Step::Snapshot),
        ]
    }

    type Model = BTreeMap<ResourceId, u32>;

    fn same(blocks: &Blocks<ResourceId, u32>, model: &Model) {
        assert_eq!(blocks.len(), model.len());
        assert!(blocks.skip(0).eq(model.values()));
        assert!(blocks.keys().eq(model.keys().copied()));
        assert!(blocks.before(None).eq(model.values().rev()));
        assert!(blocks.blocks.iter().all(|block| block.len == block.entries.len() && block.len > 0));
        assert!(blocks.blocks.iter().all(|block| block.len <= CAPACITY));
        let few = model.len() / (CAPACITY / 4) + 2;
        assert!(blocks.blocks.len() <= few, "{} blocks for {}", blocks.blocks.len(), model.len());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn it_does_what_an_ordered_map_does(steps in proptest::collection::vec(step(), 1..40), probes in proptest::collection::vec(0..2100_u16, 8)) {
            let mut blocks = Blocks::default();
            let mut model = Model::new();
            let mut snapshots = Vec::new();
            let mut counter = 0;
            for step in steps {
                let (inserted, removed) = match step {
                    Step::Run(from, count) => (from..from + count, 0..0),
                    Step::Insert(at) => (at..at + 1, 0..0),
                    Step::Remove(at) => (0..0, at..at + 1),
                    Step::RemoveRange(from, count) => (0..0, from..from + count),
                    Step::Snapshot => {
                        snapshots.push((blocks.clone(), model.clone()));
                        continue;
                    }
                };
                for number in inserted {
                    counter += 1;
                    let id = id(number.into());
                    prop_assert_eq!(blocks.insert(id, counter), model.insert(id, counter));
                }
                for number in removed {
                    let id = id(number.into());
                    prop_assert_eq!(blocks.remove(id), model.remove(&id));
                }
            }
            same(&blocks, &model);
            for (blocks, model) in &snapshots {
                same(blocks, model);
            }
            for probe in probes {
                let at = id(probe.into());
                prop_assert_eq!(blocks.get(at), model.get(&at));
                prop_assert!(blocks.skip(probe.into()).eq(model.values().skip(probe.into())));
                let after = (std::ops::Bound::Excluded(at), std::ops::Bound::Unbounded);
                prop_assert!(blocks.after(at).eq(model.range(after).map(|(_, value)| value)));
                prop_assert!(blocks.before(Some(at)).eq(model.range(..at).rev().map(|(_, value)| value)));
            }
        }
    }
}
