//! How many records refusals leave in the log of one tenant, minute by minute.
//!
//! The log keeps so many records and no more, and whoever is refused shows nothing. So that nobody
//! pushes out what happened before, the first refusals of a minute have records of their own, and all
//! others of that minute are counted.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;

use scim_domain::identifier::{CredentialId, TenantId, Timestamp};

use super::Refusal;

/// The most refusals of a tenant and a minute of which each gets its own record.
pub(super) const SINGLE: usize = 10;
/// The most kinds of refusals of a tenant and a minute beyond those that are told apart.
pub(super) const KINDS: usize = 20;
/// The most counts that wait for the end of their minutes, of all tenants.
const WAITING: usize = 5000;

/// The minutes of all tenants that have had a refusal in theirs.
#[derive(Default)]
pub(super) struct Minutes {
    by_tenant: HashMap<TenantId, Minute>,
    waiting: usize,
}

/// What is told apart of the refusals of a tenant that are counted.
type CountedKind = (Option<CredentialId>, Option<IpAddr>);

/// A minute that begins with a refusal.
struct Minute {
    begun: Timestamp,
    single: usize,
    counted: HashMap<CountedKind, Refusal>,
    others: Option<Refusal>,
}

/// What became of a refusal.
pub(super) enum Taken {
    /// It is to be written down now.
    Single(Refusal),
    /// It is written down with others, when its minute is over.
    Counted,
    /// There is no room for it.
    Lost,
}

impl Minutes {
    /// Takes a refusal that this tenant is told of.
    pub(super) fn take(&mut self, tenant: TenantId, refusal: Refusal, now: Timestamp) -> Taken {
        let new = || Minute { begun: now, single: 0, counted: HashMap::new(), others: None };
        let minute = self.by_tenant.entry(tenant).or_insert_with(new);
        if minute.single < SINGLE {
            minute.single = minute.single.saturating_add(1);
            return Taken::Single(refusal);
        }
        let are_all_told_apart = minute.counted.len() < KINDS;
        let kind = (refusal.kind.credential, refusal.kind.client_address);
        match minute.counted.entry(kind) {
            Entry::Occupied(same) => same.into_mut().count(&refusal),
            Entry::Vacant(_) if self.waiting >= WAITING && minute.others.is_none() => return Taken::Lost,
            Entry::Vacant(place) if are_all_told_apart && self.waiting < WAITING => {
                place.insert(refusal);
                self.waiting = self.waiting.saturating_add(1);
            }
            Entry::Vacant(_) => match &mut minute.others {
                Some(others) => others.count(&refusal),
                None => {
                    minute.others = Some(refusal.of_any_kind());
                    self.waiting = self.waiting.saturating_add(1);
                }
            },
        }
        Taken::Counted
    }

    /// What was counted in the minutes that are over, those of which `is_over` says so by when they began.
    pub(super) fn end(&mut self, is_over: impl Fn(Timestamp) -> bool) -> Vec<(TenantId, Refusal)> {
        let mut counted = Vec::new();
        for (tenant, minute) in self.by_tenant.extract_if(|_, minute| is_over(minute.begun)) {
            let refusals = minute.counted.into_values().chain(minute.others);
            counted.extend(refusals.map(|refusal| (tenant, refusal)));
        }
        self.waiting = self.waiting.saturating_sub(counted.len());
        counted
    }
}

impl Refusal {
    /// Counts another one in.
    fn count(&mut self, other: &Self) {
        self.occurrences = self.occurrences.saturating_add(other.occurrences);
    }
}
