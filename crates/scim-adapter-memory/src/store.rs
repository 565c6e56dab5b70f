//! The store as a whole: what is shared by the repositories that it offers.

use std::sync::Arc;

use parking_lot::RwLock;

use crate::audit::MemoryAudit;
use crate::credentials::MemoryCredentials;
use crate::notices::MemoryNotices;
use crate::registry::Registry;
use crate::resources::MemoryResources;
use crate::signing_keys::MemorySigningKeys;
use crate::tenants::MemoryTenants;

/// Everything that a server keeps, in memory. It lasts as long as this value, or one that it gave out.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    resources: Arc<MemoryResources>,
    tenants: Arc<MemoryTenants>,
    credentials: Arc<MemoryCredentials>,
    audit: Arc<MemoryAudit>,
    signing_keys: Arc<MemorySigningKeys>,
    notices: Arc<MemoryNotices>,
}

impl Default for MemoryStore {
    fn default() -> Self {
        let registry: Arc<RwLock<Registry>> = Arc::default();
        let audit: Arc<MemoryAudit> = Arc::default();
        let notices: Arc<MemoryNotices> = Arc::default();
        Self {
            resources: Arc::new(MemoryResources::new(Arc::clone(&registry))),
            tenants: Arc::new(MemoryTenants::new(
                Arc::clone(&registry),
                Arc::clone(&audit),
                Arc::clone(&notices),
            )),
            credentials: Arc::new(MemoryCredentials::new(registry, Arc::clone(&notices))),
            audit,
            signing_keys: Arc::new(MemorySigningKeys::new(Arc::clone(&notices))),
            notices,
        }
    }
}

impl MemoryStore {
    /// A store without any tenant.
    pub fn new() -> Self {
        Self::default()
    }

    /// The resources.
    pub fn resources(&self) -> Arc<MemoryResources> {
        Arc::clone(&self.resources)
    }

    /// The registry of tenants.
    pub fn tenants(&self) -> Arc<MemoryTenants> {
        Arc::clone(&self.tenants)
    }

    /// The credentials of tenants.
    pub fn credentials(&self) -> Arc<MemoryCredentials> {
        Arc::clone(&self.credentials)
    }

    /// The audit log.
    pub fn audit(&self) -> Arc<MemoryAudit> {
        Arc::clone(&self.audit)
    }

    /// The keys that sign access tokens.
    pub fn signing_keys(&self) -> Arc<MemorySigningKeys> {
        Arc::clone(&self.signing_keys)
    }

    /// How changes are learnt of.
    pub fn notices(&self) -> Arc<MemoryNotices> {
        Arc::clone(&self.notices)
    }
}
