//! How often somebody may be wrong before their tokens are not looked at any more.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::{IpAddr, Ipv6Addr};

use parking_lot::Mutex;
use scim_domain::identifier::Timestamp;

/// Attempts on one credential from one network: five, and then one in ten seconds.
const PAIR: Rate = Rate { burst: 5, interval: 10 * SECOND };
/// Attempts from one network, on whatever credentials: twenty, and then one a second.
const NETWORK: Rate = Rate { burst: 20, interval: SECOND };
/// Attempts on one credential, from wherever: forty, and then one in two seconds.
const TARGET: Rate = Rate { burst: 40, interval: 2 * SECOND };
/// The most buckets of each kind.
const BUCKETS: usize = 50_000;

const SECOND: i128 = 1_000_000_000;

/// A bucket that holds `burst` attempts, and gets another one every `interval` nanoseconds.
#[derive(Debug, Clone, Copy)]
struct Rate {
    burst: i128,
    interval: i128,
}

/// Counts attempts that cost a hash, by what they are on (a credential) and where they come from.
///
/// An attempt takes from three buckets: that of the credential and the client's network, that of the
/// network, and that of the credential. One that turns out right is given back to all of them.
pub(crate) struct Attempts<T> {
    state: Mutex<State<T>>,
}

struct State<T> {
    pairs: Buckets<(T, Option<IpAddr>)>,
    networks: Buckets<Option<IpAddr>>,
    targets: Buckets<T>,
}

impl<T: Hash + Eq + Copy> Attempts<T> {
    pub(crate) fn new() -> Self {
        let state = State {
            pairs: Buckets::new(PAIR),
            networks: Buckets::new(NETWORK),
            targets: Buckets::new(TARGET),
        };
        Self { state: Mutex::new(state) }
    }

    /// Whether one more attempt may be made; it is counted then.
    pub(crate) fn admit(&self, target: T, address: Option<IpAddr>, now: Timestamp) -> bool {
        let (network, now) = (address.map(network), now.date_time().unix_timestamp_nanos());
        let mut state = self.state.lock();
        let admitted = state.pairs.has_room(&(target, network), now)
            && state.networks.has_room(&network, now)
            && state.targets.has_room(&target, now);
        if admitted {
            state.pairs.take((target, network), now);
            state.networks.take(network, now);
            state.targets.take(target, now);
        }
        admitted
    }

    /// The attempt is not to count.
    pub(crate) fn give_back(&self, target: T, address: Option<IpAddr>) {
        let network = address.map(network);
        let mut state = self.state.lock();
        state.pairs.give_back(&(target, network));
        state.networks.give_back(&network);
        state.targets.give_back(&target);
    }
}

/// What one client has at its disposal: an IPv4 address, or a /64 of IPv6 addresses.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        },
    }
}

/// Buckets by what they are for. Of each is kept when it will be full, and none that is full.
struct Buckets<K> {
    rate: Rate,
    full_at: HashMap<K, i128>,
}

impl<K: Hash + Eq> Buckets<K> {
    fn new(rate: Rate) -> Self {
        Self { rate, full_at: HashMap::new() }
    }

    /// How many nanoseconds it is until the bucket of `key` is full; where the clock was put back, no
    /// more than an empty one needs.
    fn lacks(&self, key: &K, now: i128) -> i128 {
        let full_at = self.full_at.get(key).copied().unwrap_or(now);
        full_at.saturating_sub(now).clamp(0, self.rate.burst.saturating_mul(self.rate.interval))
    }

    fn has_room(&self, key: &K, now: i128) -> bool {
        let Rate { burst, interval } = self.rate;
        self.lacks(key, now) <= burst.saturating_sub(1).saturating_mul(interval)
    }

    fn take(&mut self, key: K, now: i128) {
        if self.full_at.len() >= BUCKETS {
            self.full_at.retain(|_, full_at| *full_at > now);
            // So many clients at once are not held up by this, and it must not cost more than they do.
            if self.full_at.len() > BUCKETS / 2 {
                self.full_at.clear();
            }
        }
        let lacks = self.lacks(&key, now).saturating_add(self.rate.interval);
        self.full_at.insert(key, now.saturating_add(lacks));
    }

    fn give_back(&mut self, key: &K) {
        if let Some(full_at) = self.full_at.get_mut(key) {
            *full_at = full_at.saturating_sub(self.rate.interval);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::at;

    const HERE: &str = "192.0.2.1";

    fn address(text: &str) -> Option<IpAddr> {
        Some(text.parse().expect("an address"))
    }

    fn admitted(attempts: &Attempts<u32>, target: u32, from: &str, seconds: i64, tries: usize) -> usize {
        (0..tries).filter(|_| attempts.admit(target, address(from), at(seconds))).count()
    }

    #[test]
    fn five_at_once_and_then_one_in_ten_seconds() {
        let attempts = Attempts::new();
        assert_eq!(admitted(&attempts, 1, HERE, 0, 100), 5);
        assert_eq!(admitted(&attempts, 1, HERE, 9, 100), 0);
        assert_eq!(admitted(&attempts, 1, HERE, 10, 100), 1);
        assert_eq!(admitted(&attempts, 1, HERE, 40, 100), 3);
        assert_eq!(admitted(&attempts, 1, HERE, 1000, 100), 5);
        assert_eq!(admitted(&attempts, 1, HERE, 0, 100), 0, "while the clock is back nothing comes in");
        assert_eq!(
            admitted(&attempts, 1, HERE, 20, 100),
            0,
            "nothing is forgotten where the clock goes back"
        );
    }

    #[test]
    fn another_client_is_not_held_up() {
        let attempts = Attempts::new();
        assert_eq!(admitted(&attempts, 1, HERE, 0, 100), 5);
        assert_eq!(admitted(&attempts, 1, "192.0.2.2", 0, 1), 1);
        assert_eq!(admitted(&attempts, 2, HERE, 0, 1), 1);
    }

    #[test]
    fn one_network_and_one_credential_have_bounds_of_their_own() {
        let attempts = Attempts::new();
        let by_one: usize = (0..100).map(|target| admitted(&attempts, target, HERE, 0, 5)).sum();
        assert_eq!(by_one, 20);
        let attempts = Attempts::new();
        let on_one: usize =
            (0..100).map(|host| admitted(&attempts, 1, &format!("198.51.100.{host}"), 0, 5)).sum();
        assert_eq!(on_one, 40);
    }

    #[test]
    fn neighbours_in_ipv6_are_one() {
        let attempts = Attempts::new();
        assert_eq!(admitted(&attempts, 1, "2001:db8::1", 0, 100), 5);
        assert_eq!(admitted(&attempts, 1, "2001:db8::ffff:2", 0, 100), 0);
        assert_eq!(admitted(&attempts, 1, "2001:db8:0:1::1", 0, 100), 5);
        assert_eq!(admitted(&attempts, 2, "::ffff:192.0.2.1", 0, 100), 5);
        assert_eq!(admitted(&attempts, 2, HERE, 0, 100), 0);
    }

    #[test]
    fn who_is_right_uses_nothing_up() {
        let attempts = Attempts::new();
        for _ in 0..1000 {
            assert!(attempts.admit(1, address(HERE), at(0)));
            attempts.give_back(1, address(HERE));
        }
        assert!(attempts.admit(1, None, at(0)));
    }

    #[test]
    fn buckets_are_bounded() {
        let mut buckets = Buckets::new(PAIR);
        for key in 0..BUCKETS * 3 {
            buckets.take(key, 0);
            assert!(buckets.full_at.len() <= BUCKETS);
        }
    }
}
