//! Random bytes of the system, fetched in bulk: one call for what many requests need.

use std::cell::RefCell;

/// How many bytes are fetched at a time.
const POOL: usize = 4096;

struct Pool {
    bytes: [u8; POOL],
    used: usize,
}

thread_local! {
    // Each thread has its own, so that nobody waits and no byte is given out twice.
    static BYTES: RefCell<Pool> = const { RefCell::new(Pool { bytes: [0; POOL], used: POOL }) };
}

/// `N` random bytes, `N` being at most [`POOL`]; each byte is given out once and wiped.
///
/// Where the system has no random numbers, there is nothing safe to go on with: this panics, and
/// the request it was for is answered 500.
pub(super) fn random_bytes<const N: usize>() -> [u8; N] {
    BYTES.with_borrow_mut(|pool| {
        let mut taken = [0; N];
        if pool.used.saturating_add(N) > POOL {
            fill(&mut pool.bytes);
            pool.used = 0;
        }
        for (to, from) in taken.iter_mut().zip(pool.bytes.iter_mut().skip(pool.used)) {
            *to = std::mem::take(from);
        }
        pool.used = pool.used.saturating_add(N);
        taken
    })
}

#[expect(clippy::expect_used, reason = "an id that is not random would be worse than no answer")]
fn fill(bytes: &mut [u8]) {
    getrandom::fill(bytes).expect("the system has random numbers");
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_bytes_come_twice() {
        let taken: HashSet<[u8; 16]> = (0..1000).map(|_| random_bytes()).collect();
        assert_eq!(taken.len(), 1000);
        assert!(!taken.contains(&[0; 16]));
    }
}
