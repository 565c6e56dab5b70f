//! The keys that sign access tokens.

use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::RwLock;
use scim_domain::identifier::Timestamp;
use scim_ports::{ChangeNotice, RepositoryError, SigningKeyRepository, StoredSigningKey};

use crate::notices::MemoryNotices;

/// The signing keys, in memory.
#[derive(Debug)]
pub struct MemorySigningKeys {
    /// The newest first.
    keys: RwLock<Vec<StoredSigningKey>>,
    notices: Arc<MemoryNotices>,
}

impl MemorySigningKeys {
    pub(crate) fn new(notices: Arc<MemoryNotices>) -> Self {
        Self { keys: RwLock::default(), notices }
    }

    fn add(&self, key: StoredSigningKey, newest: Option<&str>) -> bool {
        let mut keys = self.keys.write();
        let is_expected = keys.first().map(|known| known.id.as_str()) == newest;
        if !is_expected || keys.iter().any(|known| known.id == key.id) {
            return false;
        }
        let place = keys.partition_point(|known| known.created_at > key.created_at);
        keys.insert(place, key);
        true
    }
}

#[async_trait]
impl SigningKeyRepository for MemorySigningKeys {
    async fn signing_keys(&self) -> Result<Vec<StoredSigningKey>, RepositoryError> {
        Ok(self.keys.read().clone())
    }

    async fn signing_key_add(
        &self,
        key: StoredSigningKey,
        newest: Option<&str>,
    ) -> Result<bool, RepositoryError> {
        let is_added = self.add(key, newest);
        if is_added {
            self.notices.tell(ChangeNotice::SigningKeys);
        }
        Ok(is_added)
    }

    async fn signing_keys_prune(&self, now: Timestamp) -> Result<(), RepositoryError> {
        self.keys.write().retain(|key| key.expires_at >= now);
        Ok(())
    }
}
