//! Telling of changes within this process: there is no other one.

use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;
use scim_ports::{ChangeListener, ChangeNotice, ChangeNotices};

/// Tells of every change as soon as it is made, before the write is answered. Nothing is ever lost.
#[derive(Default)]
pub struct MemoryNotices {
    /// They are kept for as long as the store is: whoever listens remembers, and may not miss anything.
    listeners: RwLock<Vec<Arc<dyn ChangeListener>>>,
}

impl MemoryNotices {
    /// Tells of a change that was made. No lock may be held: listeners may ask the store.
    pub(crate) fn tell(&self, notice: ChangeNotice) {
        let listeners = self.listeners.read().clone();
        for listener in listeners {
            listener.changed(notice);
        }
    }
}

impl ChangeNotices for MemoryNotices {
    fn subscribe(&self, listener: Arc<dyn ChangeListener>) {
        self.listeners.write().push(Arc::clone(&listener));
        listener.connected(true);
    }
}

impl fmt::Debug for MemoryNotices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryNotices").field("listeners", &self.listeners.read().len()).finish()
    }
}
