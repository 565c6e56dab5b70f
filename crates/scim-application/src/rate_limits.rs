//! How many requests a second a credential may make: what its tenant's `rateLimit` says, or else what
//! holds for all of them.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use parking_lot::Mutex;
use scim_domain::audit::Actor;
use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::identifier::{CredentialId, TenantId, Timestamp};
use scim_domain::tenant::RateLimit;

use crate::{Principal, ServiceError};

/// The most callers that are kept.
const MOST_CALLERS: usize = 100_000;
const SECOND: i64 = 1_000_000;

/// Who is limited: each credential by itself, each issuer by its name, the operator.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Caller {
    Credential(CredentialId),
    Issuer(String),
    Operator,
}

/// Holds callers to their limits.
#[derive(Debug, Default)]
pub(crate) struct RateLimits {
    /// What a tenant without a limit of its own inherits.
    inherited: Option<RateLimit>,
    schedules: Mutex<Schedules>,
}

/// When each caller will have used up what it took, in microseconds since 1970: the virtual schedule of
/// the generic cell rate algorithm.
///
/// There are never more than [`MOST_CALLERS`]: when half of them are `recent`, those that have not asked
/// since the last such moment are forgotten. They may begin again with a whole burst, which only matters
/// where tens of thousands of others have asked in between.
#[derive(Debug, Default)]
struct Schedules {
    recent: HashMap<Key, i64>,
    earlier: HashMap<Key, i64>,
}

type Key = (TenantId, Caller);

impl Schedules {
    /// The caller's schedule, which begins `now` if there is none.
    fn of(&mut self, caller: Key, now: i64) -> &mut i64 {
        if !self.recent.contains_key(&caller) && self.recent.len() >= MOST_CALLERS / 2 {
            self.earlier = std::mem::take(&mut self.recent);
        }
        match self.recent.entry(caller) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => {
                let until = self.earlier.remove(place.key()).unwrap_or(now);
                place.insert(until)
            }
        }
    }
}

impl RateLimits {
    /// With what holds where a tenant says nothing else.
    pub(crate) fn new(inherited: Option<RateLimit>) -> Self {
        Self { inherited, schedules: Mutex::default() }
    }

    /// Lets a request through, if the caller is within its limit.
    ///
    /// # Errors
    /// 429, with the seconds after which the next one is let through.
    pub(crate) fn admit(&self, principal: &Principal, now: Timestamp) -> Result<(), ServiceError> {
        let Some(limit) = principal.tenant.config.rate_limit.or(self.inherited) else { return Ok(()) };
        let caller = match &principal.actor {
            Actor::Credential { id, .. } => Caller::Credential(*id),
            Actor::Issuer { issuer, .. } => Caller::Issuer(issuer.clone()),
            Actor::Operator | Actor::CommandLine | Actor::Service | Actor::Unknown { .. } => Caller::Operator,
        };
        let Err(wait) = self.take((principal.tenant.id, caller), &limit, microseconds(now)) else {
            return Ok(());
        };
        let detail = format!("this credential may make {} requests a second", limit.per_second);
        let seconds = wait.saturating_add(SECOND.saturating_sub(1)).checked_div(SECOND).unwrap_or(1);
        Err(ServiceError {
            error: ScimError::new(ErrorKind::TooManyRequests, detail),
            retry_after: Some(u32::try_from(seconds).unwrap_or(u32::MAX).max(1)),
            cause: None,
        })
    }

    /// Takes one request; with an error, the microseconds until the next one.
    fn take(&self, caller: Key, limit: &RateLimit, now: i64) -> Result<(), i64> {
        let step = SECOND.checked_div(i64::from(limit.per_second.max(1))).unwrap_or(SECOND).max(1);
        let most = step.saturating_mul(i64::from(limit.burst().max(1)));
        let mut schedules = self.schedules.lock();
        let until = schedules.of(caller, now);
        let next = (*until).max(now).saturating_add(step);
        let excess = next.saturating_sub(now).saturating_sub(most);
        if excess > 0 {
            return Err(excess);
        }
        *until = next;
        Ok(())
    }
}

fn microseconds(moment: Timestamp) -> i64 {
    i64::try_from(moment.date_time().unix_timestamp_nanos() / 1000).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_burst_is_let_through_and_then_so_many_a_second() {
        let limits = RateLimits::default();
        let limit = RateLimit { per_second: 2, burst: Some(3) };
        let caller = |number| (TenantId::new(Uuid::from_u128(number)), Caller::Operator);
        let take = |number, now| limits.take(caller(number), &limit, now);
        for _ in 0..3 {
            assert_eq!(take(1, 0), Ok(()));
        }
        assert_eq!(take(1, 0), Err(SECOND / 2));
        assert_eq!(take(2, 0), Ok(()), "another tenant");
        assert_eq!(take(1, SECOND / 2), Ok(()));
        assert_eq!(take(1, SECOND / 2), Err(SECOND / 2));
        for _ in 0..3 {
            assert_eq!(take(1, 100 * SECOND), Ok(()), "rest gives back no more than the burst");
        }
        assert_eq!(take(1, 100 * SECOND), Err(SECOND / 2));
    }

    #[test]
    fn callers_are_kept_in_bounds_and_those_who_ask_on_are_kept() {
        let mut schedules = Schedules::default();
        let caller = |number| (TenantId::new(Uuid::from_u128(number)), Caller::Operator);
        *schedules.of(caller(0), 0) = 7;
        for number in 1..=300_000 {
            assert_eq!(*schedules.of(caller(number), 1), 1);
            if number % 40_000 == 0 {
                assert_eq!(*schedules.of(caller(0), 1), 7, "after {number} others");
            }
            assert!(schedules.recent.len() + schedules.earlier.len() <= MOST_CALLERS);
        }
        *schedules.of(caller(300_000), 1) = 9;
        assert_eq!(*schedules.of(caller(1), 2), 2, "it was forgotten");
        assert_eq!(*schedules.of(caller(300_000), 2), 9);
    }
}
