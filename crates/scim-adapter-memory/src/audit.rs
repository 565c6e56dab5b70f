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
