//! Refused authentications, on their way into the audit log.
//!
//! Nobody who is refused waits for that: a refusal is put down here, and written with others a
//! second later. A flood leaves a bounded number of records.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use parking_lot::Mutex;
use scim_domain::audit::{Actor, AuditEvent, AuditOperation, AuditOutcome, Origin};
use scim_domain::identifier::{CredentialId, TenantId, Timestamp};
use scim_ports::{AuditRepository, IdGenerator, RepositoryError};
use smol_str::SmolStr;

use crate::TenantDirectory;

/// The most refusals between two flushes of which each gets its own record.
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
    unwritten: tokio::sync::Mutex<Vec<AuditEvent>>,
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
            let kind = Kind { credential: None, client_address: None, ..kind };
            collected.by_tenant.insert(kind.wanted.clone(), refusal(kind));
        } else {
            collected.lost = collected.lost.saturating_add(1);
        }
    }

    /// Writes down what was collected, of those tenants that there are. What cannot be written waits
    /// for the next time.
    ///
    /// # Errors
    /// Those of the stores.
    pub(super) async fn flush(
        &self,
        tenants: &TenantDirectory,
        audit: &dyn AuditRepository,
        ids: &dyn IdGenerator,
    ) -> Result<(), RepositoryError> {
        // One at a time, so that what one failed to write is not lost between two.
        let mut unwritten = self.unwritten.lock().await;
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
            match tenant {
                Ok(Some(tenant)) if unwritten.len() < WAITING => unwritten.push(refusal.record(tenant, ids)),
                Ok(None) => {}
                // While the registry cannot be asked, who was meant cannot be told.
                Ok(Some(_)) | Err(()) => lost = lost.saturating_add(u64::from(refusal.occurrences)),
            }
        }
        if lost > 0 {
            tracing::warn!(lost, "refused authentications could not be written down");
        }
        if !unwritten.is_empty() {
            audit.audit_append(unwritten.clone()).await?;
            unwritten.clear();
        }
        Ok(())
    }
}

impl Refusal {
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
        tenants: TenantDirectory,
        audit: TestAudit,
        ids: TestIds,
    }

    fn world() -> World {
        let stored = TestTenants::default();
        stored.put(tenant(1, "acme"));
        World {
            refusals: Refusals::default(),
            tenants: TenantDirectory::new(Arc::new(stored), Arc::new(TestClock::new())),
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

        async fn flush(&self) -> Result<(), RepositoryError> {
            self.refusals.flush(&self.tenants, &self.audit, &self.ids).await
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
        world.flush().await.expect("written");
        let occurrences = world.occurrences();
        assert_eq!(occurrences.len(), SINGLE + 2);
        assert_eq!(occurrences[SINGLE - 1..], [1, 500, 900]);
    }

    #[tokio::test]
    async fn a_flood_of_many_kinds_is_counted_by_tenant() {
        let world = world();
        for credential in 0..100_000 {
            world.note(at_acme(credential, 1), 1);
        }
        world.flush().await.expect("written");
        let occurrences = world.occurrences();
        assert_eq!(occurrences.len(), SINGLE + KINDS + 1);
        assert_eq!(occurrences.iter().sum::<u32>(), 100_000);
    }

    #[tokio::test]
    async fn what_cannot_be_written_waits() {
        let world = world();
        world.audit.fail(true);
        for _ in 0..100 {
            world.note(at_acme(7, 1), 1000);
            world.flush().await.expect_err("told to fail");
        }
        world.audit.fail(false);
        world.flush().await.expect("written");
        let written = world.audit.events().len();
        assert!((SINGLE..=WAITING).contains(&written), "{written}");
        world.flush().await.expect("nothing to write");
        assert_eq!(world.audit.events().len(), written);
    }
}
