//! Where rows are: numbered slots, so that indexes refer to a row by four bytes.

use std::sync::Arc;

use crate::row::Row;

/// The number of a slot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(u32);

impl Slot {
    pub(crate) const MIN: Self = Self(0);
    pub(crate) const MAX: Self = Self(u32::MAX);

    #[cfg(test)]
    pub(crate) const fn new(number: u32) -> Self {
        Self(number)
    }

    fn index(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

/// Rows by slot. A slot that was left is used again.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    rows: Vec<Option<Arc<Row>>>,
    free: Vec<Slot>,
}

impl Slots {
    /// Whether `count` more rows fit.
    pub(crate) fn has_room_for(&self, count: usize) -> bool {
        u32::try_from(self.rows.len().saturating_add(count)).is_ok()
    }

    /// A slot that no row is in. [`put`](Self::put) has to follow before the next one is asked for.
    pub(crate) fn vacant(&self) -> Slot {
        let next = || Slot(u32::try_from(self.rows.len()).unwrap_or(u32::MAX));
        self.free.last().copied().unwrap_or_else(next)
    }

    /// Puts a row into its slot, whatever was there.
    pub(crate) fn put(&mut self, row: Arc<Row>) {
        let slot = row.slot;
        if self.free.last() == Some(&slot) {
            self.free.pop();
        }
        match self.rows.get_mut(slot.index()) {
            Some(place) => *place = Some(row),
            None => self.rows.push(Some(row)),
        }
    }

    /// The row in this slot.
    pub(crate) fn get(&self, slot: Slot) -> Option<&Arc<Row>> {
        self.rows.get(slot.index())?.as_ref()
    }

    /// Takes the row out of this slot.
    pub(crate) fn take(&mut self, slot: Slot) -> Option<Arc<Row>> {
        let row = self.rows.get_mut(slot.index())?.take()?;
        self.free.push(slot);
        Some(row)
    }
}
