//! Ids that are version 7 UUIDs (RFC 9562 §5.7), each greater than the last.

use std::sync::Arc;

use parking_lot::Mutex;
use scim_ports::{Clock, IdGenerator};
use uuid::{Builder, Uuid};

use super::random_bytes::random_bytes;

/// The bits of a UUID beside time, version and variant.
const RANDOM_BITS: u32 = 74;

/// Makes ids by a clock.
///
/// Within a millisecond, and while the clock stands or goes back, ids count up by random steps from
/// a random start (RFC 9562 §6.2, method 2): they stay in order, and cannot be guessed.
pub struct UuidV7Ids {
    clock: Arc<dyn Clock>,
    last: Mutex<Moment>,
}

/// What the last id was made of.
#[derive(Debug, Clone, Copy)]
struct Moment {
    /// Milliseconds since 1970.
    milliseconds: u64,
    /// The lower [`RANDOM_BITS`] bits.
    counter: u128,
}

impl UuidV7Ids {
    /// A generator whose ids tell the time of `clock`.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, last: Mutex::new(Moment { milliseconds: 0, counter: 0 }) }
    }

    fn next(&self) -> Moment {
        let now = self.clock.now().date_time().unix_timestamp_nanos() / 1_000_000;
        let now = u64::try_from(now).unwrap_or(0);
        let random = u128::from_be_bytes(random_bytes());
        let mut last = self.last.lock();
        let step = last.counter.saturating_add((random >> (128 - 32)).saturating_add(1));
        *last = if now > last.milliseconds {
            Moment { milliseconds: now, counter: start(random) }
        } else if step >> RANDOM_BITS == 0 {
            Moment { milliseconds: last.milliseconds, counter: step }
        } else {
            Moment { milliseconds: last.milliseconds.saturating_add(1), counter: start(random) }
        };
        *last
    }
}

/// Where counting starts: anywhere in the lower half, so that there is room above.
fn start(random: u128) -> u128 {
    random >> (128 - RANDOM_BITS + 1)
}

impl IdGenerator for UuidV7Ids {
    fn ordered_uuid(&self) -> Uuid {
        let Moment { milliseconds, counter } = self.next();
        // 12 bits stand before the variant, 62 after it; the builder sets version and variant themselves.
        let bits = ((counter >> 62) << 64) | (counter & ((1 << 62) - 1));
        let [_, _, _, _, _, _, rest @ ..] = bits.to_be_bytes();
        Builder::from_unix_timestamp_millis(milliseconds, &rest).into_uuid()
    }

    fn random_uuid(&self) -> Uuid {
        Builder::from_random_bytes(random_bytes()).into_uuid()
    }

    fn nonce(&self) -> [u8; 24] {
        random_bytes()
    }

    fn secret(&self) -> [u8; 32] {
        random_bytes()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};
    use std::thread;

    use scim_domain::identifier::{ResourceId, Timestamp};
    use time::OffsetDateTime;

    use super::*;

    /// A clock that shows what it is told, in seconds.
    struct Told(AtomicI64);

    impl Clock for Told {
        fn now(&self) -> Timestamp {
            let seconds = self.0.load(Ordering::Relaxed);
            Timestamp::new(OffsetDateTime::from_unix_timestamp(seconds).expect("in range"))
        }
    }

    #[test]
    fn ids_grow_while_the_clock_stands_goes_on_and_goes_back() {
        let clock = Arc::new(Told(AtomicI64::new(1_700_000_000)));
        let ids = UuidV7Ids::new(clock.clone());
        let mut made = Vec::new();
        for seconds in [1_700_000_000, 1_700_000_001, 1_600_000_000, 1_700_000_002] {
            clock.0.store(seconds, Ordering::Relaxed);
            made.extend((0..1000).map(|_| ids.resource_id()));
        }
        assert!(made.is_sorted_by(|left, right| left < right));
        assert!(made.iter().all(|id| id.uuid().get_version_num() == 7));
        assert!(made.iter().all(|id| id.uuid().get_variant() == uuid::Variant::RFC4122));
    }

    #[test]
    fn a_counter_that_is_full_borrows_a_millisecond() {
        let ids = UuidV7Ids::new(Arc::new(Told(AtomicI64::new(1))));
        let before = ids.resource_id();
        ids.last.lock().counter = (1 << RANDOM_BITS) - 1;
        let after = ids.resource_id();
        assert!(before < after);
        assert_eq!(ids.last.lock().milliseconds, 1001);
    }

    #[test]
    fn threads_never_get_the_same_id() {
        let ids = UuidV7Ids::new(Arc::new(Told(AtomicI64::new(1))));
        let mut made: Vec<ResourceId> = thread::scope(|scope| {
            let make = || (0..2000).map(|_| ids.resource_id()).collect::<Vec<_>>();
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(make)).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("made")).collect()
        });
        made.sort();
        made.dedup();
        assert_eq!(made.len(), 8000);
    }

    #[test]
    fn a_random_uuid_is_version_4() {
        let ids = UuidV7Ids::new(Arc::new(Told(AtomicI64::new(1))));
        assert_eq!(ids.random_uuid().get_version_num(), 4);
        assert_ne!(ids.random_uuid(), ids.random_uuid());
        assert_ne!(ids.nonce(), ids.nonce());
    }
}
