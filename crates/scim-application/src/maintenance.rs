//! What has to be done now and then, whether or not anybody asks for anything.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use scim_domain::identifier::Timestamp;
use scim_ports::{
    AuditRepository, ChangeListener, ChangeNotice, Clock, Observer, RepositoryError, TenantPopulation,
    TenantRegistry,
};

use crate::cache::is_within;
use crate::{Authentication, TenantDirectory};

/// How often what is due is looked for.
const TICK: Duration = Duration::from_secs(1);
/// How often the uses of credentials are written down.
const USES: Duration = Duration::from_secs(5);
/// How often memory is freed of what is good no longer.
const SWEEP: Duration = Duration::from_secs(30);
/// How often records of the audit log that are too old are looked for.
const PRUNE: Duration = Duration::from_secs(60 * 60);
/// How often what deleted tenants left is looked for, where no notice tells that there is some.
const PURGE: Duration = Duration::from_secs(60);
/// The most rows that are removed at a time: a short transaction, which holds up nobody.
const BATCH: usize = 1000;
/// The most batches of one kind in a row, before it is the turn of others.
const BATCHES: usize = 100;
/// How often the users and groups of every tenant are counted, at most.
const COUNT: Duration = Duration::from_secs(15);
/// How much longer than counting takes is rested after it: whatever there is to count, a small part of one
/// connection is all that it costs.
const REST: u32 = 20;
/// How many tenants are read at a time.
const TENANTS: usize = 500;
/// The resource types that are counted.
const COUNTED: [&str; 2] = ["User", "Group"];

/// Writes down what requests leave behind, and removes what is not needed any more.
///
/// A host lets [`run`](Self::run) go on beside its requests, and calls [`flush`](Self::flush) when
/// it ends. Several replicas may do all of it at once.
pub struct Maintenance {
    authentication: Arc<Authentication>,
    directory: Arc<TenantDirectory>,
    tenants: Arc<dyn TenantRegistry>,
    audit: Arc<dyn AuditRepository>,
    audit_retention: Duration,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    last: Mutex<Last>,
    tenants_changed: AtomicBool,
}

/// When each piece of work was last begun.
#[derive(Default)]
struct Last {
    uses: Option<Timestamp>,
    sweep: Option<Timestamp>,
    prune: Option<Timestamp>,
    purge: Option<Timestamp>,
}

/// What maintenance needs.
pub(crate) struct MaintenanceParts {
    pub(crate) authentication: Arc<Authentication>,
    pub(crate) directory: Arc<TenantDirectory>,
    pub(crate) tenants: Arc<dyn TenantRegistry>,
    pub(crate) audit: Arc<dyn AuditRepository>,
    pub(crate) audit_retention: Duration,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Arc<dyn Observer>,
}

impl Maintenance {
    pub(crate) fn new(parts: MaintenanceParts) -> Self {
        let MaintenanceParts { authentication, directory, tenants, audit, audit_retention, clock, observer } =
            parts;
        Self {
            authentication,
            directory,
            tenants,
            audit,
            audit_retention,
            clock,
            observer,
            last: Mutex::default(),
            tenants_changed: AtomicBool::new(false),
        }
    }

    /// Does what is due, for as long as it is polled. Needs the timer of tokio.
    pub async fn run(&self) -> Infallible {
        // What removes much does not hold up what is to be written down within a second.
        let (collecting, tidying) = (self.repeat(|| self.collect()), self.repeat(|| self.tidy()));
        let (never, _, _) = tokio::join!(collecting, tidying, self.repeat(|| self.count_and_rest()));
        never
    }

    async fn count_and_rest(&self) {
        if self.observer.wants_population() {
            let began = tokio::time::Instant::now();
            self.count().await;
            tokio::time::sleep(began.elapsed().saturating_mul(REST).max(COUNT)).await;
        }
    }

    /// Counts the users and groups of every tenant for the observer.
    pub async fn count(&self) {
        if let Some(tenants) = told("the users and groups of tenants", self.population().await) {
            self.observer.population(&tenants);
        }
    }

    async fn population(&self) -> Result<Vec<TenantPopulation>, RepositoryError> {
        let (mut population, mut after) = (Vec::new(), None);
        loop {
            let records = self.tenants.tenant_list(after, TENANTS).await?;
            let is_last = records.len() < TENANTS;
            for record in records {
                let counts = self.tenants.tenant_counts(record.id).await?;
                let [users, groups] = COUNTED.map(|name| counts.get(name).copied().unwrap_or_default());
                population.push(TenantPopulation { tenant: record.slug, users, groups });
                after = Some(record.id);
            }
            if is_last {
                return Ok(population);
            }
        }
    }

    async fn repeat<F: Future<Output = ()>>(&self, work: impl Fn() -> F) -> Infallible {
        loop {
            tokio::time::sleep(TICK).await;
            work().await;
        }
    }

    /// Writes down what was collected: refused authentications each time, uses of credentials when
    /// that is due. Frees memory when that is due.
    pub async fn collect(&self) {
        told("refused authentications", self.authentication.flush_refusals().await);
        if self.is_due(|last| &mut last.uses, USES) {
            told("uses of credentials", self.authentication.flush_uses().await);
        }
        if self.is_due(|last| &mut last.sweep, SWEEP) {
            self.authentication.sweep();
            self.directory.sweep();
        }
    }

    /// Removes, when that is due, records of the audit log that are too old, and what deleted tenants left.
    pub async fn tidy(&self) {
        if self.is_due(|last| &mut last.prune, PRUNE) {
            let more = told("old records of the audit log", self.prune().await) == Some(true);
            if more {
                self.last.lock().prune = None;
            }
        }
        let told_of = self.tenants_changed.swap(false, Ordering::AcqRel);
        if self.is_due(|last| &mut last.purge, PURGE) || told_of {
            let more = told("what deleted tenants left", self.purge().await) == Some(true);
            if more {
                self.tenants_changed.store(true, Ordering::Release);
            }
        }
    }

    /// Writes down everything that was collected.
    pub async fn flush(&self) {
        told("refused authentications", self.authentication.flush_all_refusals().await);
        told("uses of credentials", self.authentication.flush_uses().await);
    }

    /// Whether there may be more.
    async fn prune(&self) -> Result<bool, RepositoryError> {
        let retention = time::Duration::try_from(self.audit_retention).unwrap_or(time::Duration::MAX);
        let Some(before) = self.clock.now().date_time().checked_sub(retention) else { return Ok(false) };
        let before = Timestamp::new(before);
        batches(|| self.audit.audit_prune(before, BATCH)).await
    }

    /// Whether there may be more.
    async fn purge(&self) -> Result<bool, RepositoryError> {
        batches(|| self.tenants.tenant_purge(BATCH)).await
    }

    /// Whether `interval` has gone by since this was last begun; if so, it is begun now.
    fn is_due(&self, which: impl FnOnce(&mut Last) -> &mut Option<Timestamp>, interval: Duration) -> bool {
        let now = self.clock.now();
        let mut last = self.last.lock();
        let last = which(&mut last);
        let is_due = last.is_none_or(|begun| !is_within(begun, interval, now));
        if is_due {
            *last = Some(now);
        }
        is_due
    }
}

impl ChangeListener for Maintenance {
    fn changed(&self, notice: ChangeNotice) {
        if matches!(notice, ChangeNotice::Tenant(_)) {
            // It may be gone.
            self.tenants_changed.store(true, Ordering::Release);
        }
    }

    fn connected(&self, _is_connected: bool) {}
}

/// Removes batch after batch until nothing is left, or it is the turn of others; answers whether
/// there may be more.
async fn batches<F: Future<Output = Result<usize, RepositoryError>>>(
    remove: impl Fn() -> F,
) -> Result<bool, RepositoryError> {
    for _ in 0..BATCHES {
        if remove().await? == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// What came of it; where it failed the log is told, and it is done again the next time.
fn told<T>(what: &str, outcome: Result<T, RepositoryError>) -> Option<T> {
    match outcome {
        Ok(outcome) => Some(outcome),
        Err(error) => {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            tracing::warn!(what, %error, cause, "maintenance failed, and is tried again");
            None
        }
    }
}

#[cfg(test)]
mod tests;
