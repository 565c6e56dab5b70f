//! When credentials were last used: collected here, written down every few seconds.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::Mutex;
use scim_domain::identifier::{CredentialId, TenantId, Timestamp};
use scim_ports::{CredentialRepository, RepositoryError};

/// The most credentials whose use waits to be written down.
const WAITING: usize = 100_000;
/// The most uses that are written at a time.
const BATCH: usize = 1000;
/// A use within this many seconds of the last one that was noted is not noted again.
const SECONDS_APART: i64 = 5;

/// The uses that are not written down yet.
#[derive(Default)]
pub(super) struct Uses {
    waiting: Mutex<HashMap<(TenantId, CredentialId), Timestamp>>,
}

/// When a use of one credential was last noted, in seconds since 1970.
#[derive(Default)]
pub(super) struct Noted(AtomicI64);

impl Uses {
    /// Notes a use.
    pub(super) fn note(&self, noted: &Noted, tenant: TenantId, credential: CredentialId, at: Timestamp) {
        let (now, last) = (at.unix_seconds(), noted.0.load(Ordering::Relaxed));
        if now.abs_diff(last) < SECONDS_APART.unsigned_abs() {
            return;
        }
        noted.0.store(now, Ordering::Relaxed);
        keep(&mut self.waiting.lock(), (tenant, credential), at);
    }

    /// Writes down what was collected. What cannot be written waits for the next time.
    ///
    /// # Errors
    /// Those of the repository.
    pub(super) async fn flush(&self, credentials: &dyn CredentialRepository) -> Result<(), RepositoryError> {
        let taken = std::mem::take(&mut *self.waiting.lock());
        let mut uses: Vec<_> = taken.into_iter().map(|((tenant, id), at)| (tenant, id, at)).collect();
        while !uses.is_empty() {
            let batch = uses.split_off(uses.len().saturating_sub(BATCH));
            if let Err(error) = credentials.credential_used(batch.clone()).await {
                let mut waiting = self.waiting.lock();
                for (tenant, id, at) in batch.into_iter().chain(uses) {
                    keep(&mut waiting, (tenant, id), at);
                }
                return Err(error);
            }
        }
        Ok(())
    }
}

fn keep(
    waiting: &mut HashMap<(TenantId, CredentialId), Timestamp>,
    key: (TenantId, CredentialId),
    at: Timestamp,
) {
    if waiting.len() >= WAITING && !waiting.contains_key(&key) {
        return;
    }
    let last = waiting.entry(key).or_insert(at);
    *last = at.max(*last);
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::testing::{TestCredentials, at};

    const TENANT: TenantId = TenantId::new(Uuid::from_u128(1));

    fn id(number: u128) -> CredentialId {
        CredentialId::new(Uuid::from_u128(number))
    }

    #[tokio::test]
    async fn uses_are_written_at_intervals() {
        let (uses, noted, stored) = (Uses::default(), Noted::default(), TestCredentials::default());
        for seconds in 0..12 {
            uses.note(&noted, TENANT, id(1), at(seconds));
        }
        uses.flush(&stored).await.expect("written");
        uses.flush(&stored).await.expect("nothing to write");
        assert_eq!(stored.uses(), [(TENANT, id(1), at(10))]);
    }

    #[tokio::test]
    async fn what_cannot_be_written_waits() {
        let (uses, stored) = (Uses::default(), TestCredentials::default());
        for number in 0..2500 {
            uses.note(&Noted::default(), TENANT, id(number), at(1));
        }
        stored.fail(true);
        uses.flush(&stored).await.expect_err("told to fail");
        uses.note(&Noted::default(), TENANT, id(7), at(9));
        stored.fail(false);
        uses.flush(&stored).await.expect("written");
        let mut written = stored.uses();
        written.sort();
        assert_eq!(written.len(), 2500);
        assert_eq!(written[7], (TENANT, id(7), at(9)));
    }
}
