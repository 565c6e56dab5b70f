//! Refused authentications, on their way into the audit log.
//!
//! Nobody who is refused waits for that: a refusal is put down here, and written with others a
//! second later. A flood takes a bounded amount of memory, and leaves a bounded number of records a minute.

mod minutes;

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use scim_domain::audit::{Actor, AuditEvent, AuditOperation, AuditOutcome, Origin};
use scim_domain::identifier::{CredentialId, TenantId, Timestamp};
use scim_ports::{AuditRepository, IdGenerator, RepositoryError};
use smol_str::SmolStr;

use crate::TenantDirectory;
use minutes::{Minutes, Taken};

/// The most refusals between two flushes that are put down one by one.
const SINGLE: usize = 100;
/// The most kinds of refusals beyond those that are told apart.
const KINDS: usize = 400;
/// The most tenants that refusals beyond those are counted for.
const TENANTS: usize = 400;
/// The most records that wait for a store which does not take them.
const WAITING: usize = 5000;

/// The tenant that somebody wanted to get into.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Wanted {
    /// The one that a token names.
    Id(TenantId),
    /// The one that a path names, if there is one.
    Name(SmolStr),
}

/// What is told apart of refusals.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    /// The tenant.
    pub(super) wanted: Wanted,
    /// The credential of this tenant that the token names.
    pub(super) credential: Option<CredentialId>,
    /// Where the request came from.
    pub(super) client_address: Option<IpAddr>,
}

/// One refusal, or several of the same kind: then it is the first.
#[derive(Debug, Clone)]
struct Refusal {
    kind: Kind,
    request_id: String,
    at: Timestamp,
    occurrences: u32,
}

/// Collects refusals.
#[derive(Default)]
pub(super) struct Refusals {
    collected: Mutex<Collected>,
    unwritten: tokio::sync::Mutex<Unwritten>,
}

/// What was collected and is not in the log yet.
#[derive(Default)]
struct Unwritten {
    minutes: Minutes,
    records: Vec<AuditEvent>,
}

#[derive(Default)]
struct Collected {
    single: Vec<Refusal>,
    by_kind: HashMap<Kind, Refusal>,
    by_tenant: HashMap<Wanted, Refusal>,
    lost: u64,
}

impl Refusals {
    /// Puts down a refusal.
    pub(super) fn note(&self, kind: Kind, request_id: &str, at: Timestamp) {
        let mut collected = self.collected.lock();
        let refusal = |kind| Refusal { kind, request_id: request_id.to_owned(), at, occurrences: 1 };
        if collected.single.len() < SINGLE {
            collected.single.push(refusal(kind));
            return;
        }
        if let Some(same) = collected.by_kind.get_mut(&kind) {
            same.occurrences = same.occurrences.saturating_add(1);
            return;
        }
        if collected.by_kind.len() < KINDS {
            collected.by_kind.insert(kind.clone(), refusal(kind));
            return;
        }
        if let Some(same) = collected.by_tenant.get_mut(&kind.wanted) {
            same.occurrences = same.occurrences.saturating_add(1);
        } else if collected.by_tenant.len() < TENANTS {
            collected.by_tenant.insert(kind.wanted.clone(), refusal(kind).of_any_kind());
        } else {
            collected.lost = collected.lost.saturating_add(1);
        }
    }

    /// Writes down what was collected, of those tenants that there are: of each tenant a few refusals
    /// of a minute at once, and counts of the others when `is_over` says of the moment when their minute
    /// began that it is over. What cannot be written waits for the next time.
    ///
    /// # Errors
    /// Those of the stores.
    pub(super) async fn flush(
        &self,
        tenants: &TenantDirectory,
        audit: &dyn AuditRepository,
        ids: &dyn IdGenerator,
        now: Timestamp,
        is_over: impl Fn(Timestamp) -> bool,
    ) -> Result<(), RepositoryError> {
        // One at a time, so that what one failed to write is not lost between two.
        let mut unwritten = self.unwritten.lock().await;
        let Unwritten { minutes, records } = &mut *unwritten;
        // What is told first is what was first.
        let mut told = minutes.end(&is_over);
        let Collected { mut single, by_kind, by_tenant, mut lost } =
            std::mem::take(&mut *self.collected.lock());
        single.extend(by_kind.into_values());
        single.extend(by_tenant.into_values());
        let mut known = HashMap::new();
        for refusal in single {
            let tenant = match known.get(&refusal.kind.wanted) {
                Some(tenant) => *tenant,
                None => {
                    let found = match &refusal.kind.wanted {
                        Wanted::Id(id) => tenants.by_id(*id).await,
                        Wanted::Name(name) => tenants.by_name(name).await,
                    };
                    let tenant = found.map(|tenant| tenant.map(|tenant| tenant.id)).map_err(|_told_below| ());
                    known.insert(refusal.kind.wanted.clone(), tenant);
                    tenant
                }
            };
            let occurrences = u64::from(refusal.occurrences);
            // While the registry cannot be asked, who was meant cannot be told.
            match tenant.map(|tenant| tenant.map(|tenant| (tenant, minutes.take(tenant, refusal, now)))) {
                Ok(Some((tenant, Taken::Single(refusal)))) => told.push((tenant, refusal)),
                Ok(Some((_, Taken::Counted)) | None) => {}
                Ok(Some((_, Taken::Lost))) | Err(()) => lost = lost.saturating_add(occurrences),
            }
        }
        // A minute that has just begun may be over as well, where this is the last time.
        told.extend(minutes.end(is_over));
        for (tenant, refusal) in told {
            if records.len() < WAITING {
                records.push(refusal.record(tenant, ids));
            } else {
                lost = lost.saturating_add(u64::from(refusal.occurrences));
            }
        }
        if lost > 0 {
            tracing::warn!(lost, "refused authentications could not be written down");
        }
        if !records.is_empty() {
            audit.audit_append(records.clone()).await?;
            records.clear();
        }
        Ok(())
    }
}

impl Refusal {
    /// The first of several, of which only the tenant is the same.
    fn of_any_kind(self) -> Self {
        Self { kind: Kind { credential: None, client_address: None, ..self.kind }, ..self }
    }

    fn record(self, tenant: TenantId, ids: &dyn IdGenerator) -> AuditEvent {
        let origin = Origin {
            actor: Actor::Unknown { credential: self.kind.credential },
            request_id: self.request_id,
            client_address: self.kind.client_address,
        };
        AuditEvent {
            id: ids.audit_event_id(),
            at: self.at,
            tenant,
            origin: Arc::new(origin),
            operation: AuditOperation::Authenticate,
            target: None,
            outcome: AuditOutcome::Refused,
            version_before: None,
            version_after: None,
            attributes: Vec::new(),
            occurrences: self.occurrences,
        }
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::testing::{TestAudit, TestClock, TestIds, TestTenants, at, tenant};

    struct World {
        refusals: Refusals,
        stored: Arc<TestTenants>,
        tenants: TenantDirectory,
        audit: TestAudit,
        ids: TestIds,
    }

    fn world() -> World {
        let stored = Arc::new(TestTenants::default());
        stored.put(tenant(1, "acme"));
        let registry: Arc<dyn scim_ports::TenantRepository> = stored.clone();
        World {
            refusals: Refusals::default(),
            tenants: TenantDirectory::new(registry, Arc::new(TestClock::new())),
            stored,
            audit: TestAudit::default(),
            ids: TestIds::default(),
        }
    }

    fn at_acme(credential: u128, host: u8) -> Kind {
        Kind {
            wanted: Wanted::Name("acme".into()),
            credential: Some(CredentialId::new(Uuid::from_u128(credential))),
            client_address: Some(IpAddr::from([192, 0, 2, host])),
        }
    }

    impl World {
        fn note(&self, kind: Kind, times: usize) {
            for _ in 0..times {
                self.refusals.note(kind.clone(), "request", at(0));
            }
        }

        /// A flush in the first minute.
        async fn flush(&self) -> Result<(), RepositoryError> {
            self.refusals.flush(&self.tenants, &self.audit, &self.ids, at(0), |_| false).await
        }

        /// A flush after all minutes.
        async fn flush_all(&self) -> Result<(), RepositoryError> {
            self.refusals.flush(&self.tenants, &self.audit, &self.ids, at(60), |_| true).await
        }

        fn occurrences(&self) -> Vec<u32> {
            let mut occurrences: Vec<u32> =
                self.audit.events().iter().map(|event| event.occurrences).collect();
            occurrences.sort_unstable();
            occurrences
        }
    }

    #[tokio::test]
    async fn a_refusal_becomes_a_record() {
        let world = world();
        world.note(at_acme(7, 1), 1);
        world.note(Kind { wanted: Wanted::Name("nobody".into()), ..at_acme(7, 1) }, 1);
        world.flush().await.expect("written");
        world.flush().await.expect("nothing to write");
        let events = world.audit.events();
        let [event] = events.as_slice() else { panic!("one record: {events:?}") };
        assert_eq!((event.tenant, event.at), (tenant(1, "acme").id, at(0)));
        assert_eq!((event.operation, event.outcome), (AuditOperation::Authenticate, AuditOutcome::Refused));
        let credential = Some(CredentialId::new(Uuid::from_u128(7)));
        assert_eq!(event.origin.actor, Actor::Unknown { credential });
        assert_eq!(event.origin.request_id, "request");
        assert_eq!(event.origin.client_address, Some(IpAddr::from([192, 0, 2, 1])));
    }

    #[tokio::test]
    async fn a_flood_is_counted() {
        let world = world();
        world.note(at_acme(7, 1), 1000);
        world.note(at_acme(7, 2), 500);
        world.flush_all().await.expect("written");
        let occurrences = world.occurrences();
        assert_eq!(occurrences.len(), minutes::SINGLE + 2);
        assert_eq!(occurrences[minutes::SINGLE - 1..], [1, 500, 990]);
    }

    #[tokio::test]
    async fn a_flood_leaves_a_few_records_a_minute() {
        let world = world();
        let clock = TestClock::new();
        let flush = || {
            let now = scim_ports::Clock::now(&clock);
            let is_over = move |begun: Timestamp| now.unix_seconds() >= begun.unix_seconds() + 60;
            world.refusals.flush(&world.tenants, &world.audit, &world.ids, now, is_over)
        };
        for _second in 0..600 {
            world.note(at_acme(7, 1), 100);
            flush().await.expect("written");
            clock.advance(1);
        }
        flush().await.expect("written");
        assert_eq!(world.occurrences().len(), 10 * (minutes::SINGLE + 1), "ten minutes");
        assert_eq!(world.occurrences().iter().sum::<u32>(), 60_000);
    }

    #[tokio::test]
    async fn one_tenant_is_told_of_refusals_while_another_is_flooded() {
        let world = world();
        world.stored.put(tenant(2, "globex"));
        for spelling in ["acme", &tenant(1, "acme").id.to_string()] {
            world.note(Kind { wanted: Wanted::Name(spelling.into()), ..at_acme(7, 1) }, 40);
        }
        world.note(Kind { wanted: Wanted::Name("globex".into()), ..at_acme(7, 1) }, 1);
        world.flush().await.expect("written");
        let of = |number, slug| {
            let id = tenant(number, slug).id;
            world.audit.events().iter().filter(|event| event.tenant == id).count()
        };
        assert_eq!((of(1, "acme"), of(2, "globex")), (minutes::SINGLE, 1));
    }

    #[tokio::test]
    async fn a_flood_of_many_kinds_is_counted_by_tenant() {
        let world = world();
        for credential in 0..100_000 {
            world.note(at_acme(credential, 1), 1);
        }
        world.flush_all().await.expect("written");
        let occurrences = world.occurrences();
        assert_eq!(occurrences.len(), minutes::SINGLE + minutes::KINDS + 1);
        assert_eq!(occurrences.iter().sum::<u32>(), 100_000);
    }

    #[tokio::test]
    async fn what_cannot_be_written_waits() {
        let world = world();
        world.audit.fail(true);
        for _ in 0..1000 {
            world.note(at_acme(7, 1), 1000);
            world.flush_all().await.expect_err("told to fail");
        }
        world.audit.fail(false);
        world.flush_all().await.expect("written");
        let written = world.audit.events().len();
        assert!((SINGLE..=WAITING).contains(&written), "{written}");
        world.flush_all().await.expect("nothing to write");
        assert_eq!(world.audit.events().len(), written);
    }
}
