//! What has to be done now and then, whether or not anybody asks for anything.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use scim_domain::identifier::Timestamp;
use scim_ports::{AuditRepository, ChangeListener, ChangeNotice, Clock, RepositoryError, TenantRegistry};

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
}

impl Maintenance {
    pub(crate) fn new(parts: MaintenanceParts) -> Self {
        let MaintenanceParts { authentication, directory, tenants, audit, audit_retention, clock } = parts;
        Self {
            authentication,
            directory,
            tenants,
            audit,
            audit_retention,
            clock,
            last: Mutex::default(),
            tenants_changed: AtomicBool::new(false),
        }
    }

    /// Does what is due, for as long as it is polled. Needs the timer of tokio.
    pub async fn run(&self) -> Infallible {
        // What removes much does not hold up what is to be written down within a second.
        let (never, _) = tokio::join!(self.repeat(|| self.collect()), self.repeat(|| self.tidy()));
        never
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
        told("refused authentications", self.authentication.flush_refusals().await);
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
