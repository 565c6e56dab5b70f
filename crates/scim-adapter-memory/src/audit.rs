//! The audit log: the newest records of each tenant, for as long as the process lasts.

mod record;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::{Mutex, RwLock};
use scim_domain::audit::AuditEvent;
use scim_domain::identifier::{AuditEventId, TenantId, Timestamp, Version};
use scim_ports::{AuditQuery, AuditRepository, RepositoryError};

use crate::search::yield_now;

use record::Record;

pub(crate) use record::{Entry, Target};

/// The most records of one tenant: the older ones give way, as those do that outlive
/// `AUDIT_RETENTION_DAYS` on a database. At some 400 bytes each, 40 MB.
const MOST: usize = 100_000;
/// How many records are looked at before writers of the tenant get their turn.
const STRIDE: usize = 512;

/// The audit logs of all tenants, in memory. Of each tenant the newest 100,000 records are kept.
#[derive(Debug, Default)]
pub struct MemoryAudit {
    logs: RwLock<HashMap<TenantId, Arc<TenantLog>>>,
}

/// The audit log of one tenant. Its lock is the last one taken, and held for moments only.
#[derive(Debug)]
pub(crate) struct TenantLog {
    tenant: TenantId,
    /// Ascending by id.
    records: Mutex<VecDeque<Record>>,
}

impl MemoryAudit {
    /// The log of a tenant; an empty one where there was none.
    pub(crate) fn log(&self, tenant: TenantId) -> Arc<TenantLog> {
        if let Some(log) = self.logs.read().get(&tenant) {
            return Arc::clone(log);
        }
        let new = || Arc::new(TenantLog { tenant, records: Mutex::default() });
        Arc::clone(self.logs.write().entry(tenant).or_insert_with(new))
    }
}

impl TenantLog {
    /// Writes down a change that was made. The caller holds the lock of what was changed.
    pub(crate) fn note(
        &self,
        entry: Entry,
        at: Timestamp,
        target: Target,
        before: Option<Version>,
        after: Option<Version>,
    ) {
        self.add(entry.record(at, target, before, after));
    }

    fn add(&self, record: Record) {
        let mut records = self.records.lock();
        // Ids come nearly in order: two writers may have theirs the other way round.
        let place = match records.back() {
            Some(last) if last.id > record.id => records.partition_point(|other| other.id <= record.id),
            _ => records.len(),
        };
        if records.len() < MOST {
            records.insert(place, record);
        } else if let Some(place) = place.checked_sub(1) {
            records.pop_front();
            records.insert(place, record);
        }
    }

    /// Up to [`STRIDE`] of the newest records whose id is less than `before`, descending.
    fn newest(&self, before: Option<AuditEventId>) -> Vec<Record> {
        let records = self.records.lock();
        let end = before.map_or(records.len(), |before| records.partition_point(|other| other.id < before));
        records.range(..end).rev().take(STRIDE).cloned().collect()
    }

    /// Removes up to `limit` records that are older than `before`; answers how many.
    fn prune(&self, before: Timestamp, limit: usize) -> usize {
        let mut removed = 0_usize;
        self.records.lock().retain(|record| {
            let goes = removed < limit && record.at < before;
            removed = removed.saturating_add(usize::from(goes));
            !goes
        });
        removed
    }
}

#[async_trait]
impl AuditRepository for MemoryAudit {
    async fn audit_append(&self, events: Vec<AuditEvent>) -> Result<(), RepositoryError> {
        for event in events {
            self.log(event.tenant).add(Record::from(event));
        }
        Ok(())
    }

    async fn audit_page(
        &self,
        tenant: TenantId,
        query: &AuditQuery,
    ) -> Result<Vec<AuditEvent>, RepositoryError> {
        let mut page = Vec::new();
        let Some(log) = self.logs.read().get(&tenant).cloned() else { return Ok(page) };
        let mut before = query.before;
        while page.len() < query.limit {
            // Filters are evaluated on copies: a writer waits for the copying alone.
            let records = log.newest(before);
            let Some(last) = records.last() else { break };
            before = Some(last.id);
            for record in records {
                let event = record.into_event(log.tenant);
                if page.len() < query.limit && query.filter.as_ref().is_none_or(|it| it.matches(&event)) {
                    page.push(event);
                }
            }
            yield_now().await;
        }
        Ok(page)
    }

    async fn audit_prune(&self, before: Timestamp, limit: usize) -> Result<usize, RepositoryError> {
        let logs: Vec<Arc<TenantLog>> = self.logs.read().values().cloned().collect();
        let mut removed = 0_usize;
        for log in logs {
            removed = removed.saturating_add(log.prune(before, limit.saturating_sub(removed)));
            if removed >= limit {
                break;
            }
            yield_now().await;
        }
        // What nobody else has is the log of a tenant that is gone.
        self.logs.write().retain(|_, log| Arc::strong_count(log) > 1 || !log.records.lock().is_empty());
        Ok(removed)
    }
}

#[cfg(test)]
mod tests {
    use scim_domain::audit::{Actor, AuditEntry, AuditOperation, Origin};
    use scim_domain::identifier::ResourceId;
    use uuid::Uuid;

    use super::*;

    fn add(log: &TenantLog, number: usize) {
        let origin = Origin { actor: Actor::Service, request_id: String::new(), client_address: None };
        let entry = AuditEntry {
            id: id(number),
            origin: Arc::new(origin),
            operation: AuditOperation::Create,
            attributes: Vec::new(),
        };
        let target = Target::other("User", ResourceId::new(Uuid::nil()));
        log.note(Entry::from(&entry), at(number), target, None, None);
    }

    fn id(number: usize) -> AuditEventId {
        AuditEventId::new(Uuid::from_u128(u128::try_from(number).expect("it fits")))
    }

    fn at(number: usize) -> Timestamp {
        let seconds = u64::try_from(number).expect("it fits");
        Timestamp::new((std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds)).into())
    }

    fn log() -> TenantLog {
        TenantLog { tenant: TenantId::new(Uuid::nil()), records: Mutex::default() }
    }

    #[track_caller]
    fn check(log: &TenantLog, expected: impl Iterator<Item = usize>) {
        assert!(log.records.lock().iter().map(|record| record.id).eq(expected.map(id)));
    }

    #[test]
    fn records_are_kept_in_the_order_of_their_ids() {
        let log = log();
        for number in [2, 1, 5, 3, 4, 0] {
            add(&log, number);
        }
        check(&log, 0..6);
        assert_eq!(
            log.newest(Some(id(3))).iter().map(|record| record.id).collect::<Vec<_>>(),
            [2, 1, 0].map(id)
        );
    }

    #[test]
    fn the_newest_are_kept() {
        let log = log();
        for number in 1..MOST {
            add(&log, number);
        }
        // There is room for one more; then each new one takes the place of the oldest.
        add(&log, 0);
        check(&log, 0..MOST);
        add(&log, MOST + 2);
        add(&log, MOST + 1);
        check(&log, (2..MOST).chain([MOST + 1, MOST + 2]));
        // What is older than all of them comes too late.
        add(&log, 1);
        check(&log, (2..MOST).chain([MOST + 1, MOST + 2]));
    }

    #[test]
    fn a_record_takes_little_space() {
        // With its names in JSON and its share of the request's origin, some 400 bytes.
        assert!(size_of::<Record>() <= 160, "{}", size_of::<Record>());
    }

    #[test]
    fn the_log_of_a_tenant_that_is_gone_goes_with_its_last_record() {
        let audit = MemoryAudit::default();
        let (kept, gone) = (TenantId::new(Uuid::from_u128(1)), TenantId::new(Uuid::from_u128(2)));
        let log = audit.log(kept);
        for tenant in [kept, gone] {
            add(&audit.log(tenant), 1);
        }
        assert_eq!(log.prune(at(9), 9), 1);
        let tenants = || audit.logs.read().keys().copied().collect::<std::collections::BTreeSet<_>>();
        let prune = |before: usize| {
            let mut pruned = std::pin::pin!(audit.audit_prune(at(before), 9));
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            loop {
                if let std::task::Poll::Ready(pruned) = pruned.as_mut().poll(&mut context) {
                    return pruned.expect("it is pruned");
                }
            }
        };
        assert_eq!((prune(1), tenants()), (0, [kept, gone].into()));
        assert_eq!((prune(2), tenants()), (1, [kept].into()));
    }
}
