//! The read replica, where there is one: searches go there as long as it answers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use scim_domain::identifier::TenantId;

use crate::pool::{Lease, Pool};

/// For how long a replica that could not be reached is not asked: a host that is silent would have
/// each search wait for it.
const REST: Duration = Duration::from_secs(1);

/// A replica of the database.
#[derive(Clone)]
pub(crate) struct Replica {
    pool: Pool,
    gone_since: Arc<Mutex<Option<Instant>>>,
}

impl Replica {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, gone_since: Arc::default() }
    }

    pub(crate) fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Whether it is worth a try. One that was gone is tried by one caller each time that it has
    /// rested: the others would wait as long.
    fn may_be_asked(&self) -> bool {
        let mut gone_since = self.gone_since.lock();
        let Some(since) = *gone_since else { return true };
        let is_rested = since.elapsed() >= REST;
        if is_rested {
            *gone_since = Some(Instant::now());
        }
        is_rested
    }

    /// A connection to it; `None` where there is none, now or a moment ago.
    pub(crate) async fn lease_for(&self, tenant: TenantId) -> Option<Lease> {
        if !self.may_be_asked() {
            return None;
        }
        match self.pool.lease_for(tenant).await {
            Ok(lease) => {
                *self.gone_since.lock() = None;
                Some(lease)
            }
            Err(failure) => {
                *self.gone_since.lock() = Some(Instant::now());
                tracing::warn!(?failure, "the read replica is gone; searches go to the database itself");
                None
            }
        }
    }
}
