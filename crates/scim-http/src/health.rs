//! What `/health` and `/ready` check: whether the store answers, whether memory runs out, whether the server is ending.
//!
//! Anybody may ask, as often as they like: what was found holds for a moment, so that asking costs next to nothing.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use crate::AppState;

/// For how long it holds that the store answers.
const STORE_HOLDS: Duration = Duration::from_millis(200);
/// How long the store may take to answer.
const STORE_TIMEOUT: Duration = Duration::from_secs(2);
/// For how long it holds how much memory is used.
const MEMORY_HOLDS: Duration = Duration::from_secs(1);
/// Of its limit, how much of the memory may be used, in percent. The kernel ends a process that needs more than all.
const MEMORY_PERCENT: u64 = 95;

/// Tells how much memory the process and what it shares its limit with use.
pub trait MemoryGauge: Send + Sync {
    /// Use and limit; `None` where there is no limit.
    fn memory(&self) -> Option<MemoryUse>;
}

/// How much memory is used, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemoryUse {
    /// What is used, and could not be given back at once.
    pub used: u64,
    /// What may be used.
    pub limit: u64,
}

impl MemoryUse {
    fn is_healthy(self) -> bool {
        u128::from(self.used) * 100 < u128::from(self.limit) * u128::from(MEMORY_PERCENT)
    }
}

/// What was found of late.
pub(crate) struct Health {
    gauge: Arc<dyn MemoryGauge>,
    memory: Mutex<Option<(Instant, Option<MemoryUse>)>>,
    // Held while the store is asked: whoever else asks meanwhile gets the same answer, good or bad.
    store: tokio::sync::Mutex<Option<(Instant, bool)>>,
}

/// One thing that was checked.
pub(crate) struct Check {
    /// Whether it is as it should be.
    pub(crate) healthy: bool,
    document: Value,
}

impl Check {
    fn new(name: &str, healthy: bool) -> Self {
        Self { healthy, document: json!({"name": name, "healthy": healthy}) }
    }
}

impl Health {
    pub(crate) fn new(gauge: Arc<dyn MemoryGauge>) -> Self {
        Self { gauge, memory: Mutex::default(), store: tokio::sync::Mutex::default() }
    }

    /// Whether the store answers.
    pub(crate) async fn store(&self, state: &AppState) -> Check {
        let asked = Instant::now();
        let mut known = self.store.lock().await;
        let healthy = match *known {
            // Whoever waits for the store to come back learns of it at once.
            Some((at, healthy)) if at >= asked || (healthy && at.elapsed() < STORE_HOLDS) => healthy,
            _ => {
                let answered = timeout(STORE_TIMEOUT, state.service.ping()).await;
                let healthy = matches!(answered, Ok(Ok(())));
                *known = Some((Instant::now(), healthy));
                healthy
            }
        };
        Check::new(state.settings.store_name, healthy)
    }

    /// Whether there is memory left. Without a limit there always is, and there are no figures.
    pub(crate) fn memory(&self) -> Check {
        let mut known = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let memory = match *known {
            Some((at, memory)) if at.elapsed() < MEMORY_HOLDS => memory,
            _ => {
                let memory = self.gauge.memory();
                *known = Some((Instant::now(), memory));
                memory
            }
        };
        let mut check = Check::new("memory", memory.is_none_or(MemoryUse::is_healthy));
        if let (Some(MemoryUse { used, limit }), Some(members)) = (memory, check.document.as_object_mut()) {
            members.insert("usedBytes".to_owned(), used.into());
            members.insert("limitBytes".to_owned(), limit.into());
        }
        check
    }
}

/// That the process serves, which who gets this answer knows.
pub(crate) fn process() -> Check {
    Check::new("process", true)
}

/// Whether requests may be sent here from now on.
pub(crate) fn draining(state: &AppState) -> Check {
    Check::new("draining", !state.is_draining())
}

/// The document of what was checked, with a word for the whole.
pub(crate) fn document(state: &AppState, status: &str, checks: Vec<Check>) -> Value {
    json!({
        "status": status,
        "checks": checks.into_iter().map(|check| check.document).collect::<Vec<_>>(),
        "timestamp": state.clock.now().to_string(),
        "version": env!("CARGO_PKG_VERSION"),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Counts how often it is asked; what is used goes by it.
    struct Counting(AtomicU64);

    impl MemoryGauge for Counting {
        fn memory(&self) -> Option<MemoryUse> {
            let used = self.0.fetch_add(1, Ordering::Relaxed);
            Some(MemoryUse { used, limit: 100 })
        }
    }

    #[track_caller]
    fn check(used: u64, limit: u64, expected: bool) {
        assert_eq!(MemoryUse { used, limit }.is_healthy(), expected, "{used} of {limit}");
    }

    #[test]
    fn memory_is_unhealthy_before_it_is_used_up() {
        check(0, 100, true);
        check(94, 100, true);
        check(95, 100, false);
        check(101, 100, false);
        check(0, 0, false);
        check(u64::MAX / 2, u64::MAX, true);
    }

    #[tokio::test(start_paused = true)]
    async fn memory_is_looked_at_once_a_second() {
        let health = Health::new(Arc::new(Counting(AtomicU64::new(1))));
        let used = || health.memory().document["usedBytes"].clone();
        assert_eq!((used(), used()), (json!(1), json!(1)));
        tokio::time::advance(MEMORY_HOLDS).await;
        assert_eq!((used(), used()), (json!(2), json!(2)));
    }

    struct Unlimited;

    impl MemoryGauge for Unlimited {
        fn memory(&self) -> Option<MemoryUse> {
            None
        }
    }

    #[test]
    fn without_a_limit_there_are_no_figures() {
        let check = Health::new(Arc::new(Unlimited)).memory();
        assert!(check.healthy);
        assert_eq!(check.document, json!({"name": "memory", "healthy": true}));
    }
}
