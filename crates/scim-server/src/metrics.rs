//! What is measured, for Prometheus.
//!
//! Every label is one of a bounded set: a route is its pattern, a method one of HTTP's, and of tenants
//! the first [`MOST_TENANTS`] have names of their own (see `tenants`). Nothing is counted when it is asked
//! for: what an answer shows was written down before.

mod exposition;
mod process;
mod queries;
mod tenants;

use std::fmt;
use std::sync::{Arc, OnceLock};

use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use scim_application::PoolFigures;
use scim_http::{Answered, RoutePattern};
use scim_ports::{CacheOutcome, Observer, Operation, Outcome, TenantPopulation};

use process::ProcessFigures;
use tenants::Tenants;

pub use queries::QueryDurations;
pub use tenants::{MOST_TENANTS, OTHERS};

/// The upper bounds of how long requests take, in seconds.
const REQUEST_BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// The route of a request that goes nowhere.
const UNMATCHED: &str = "unmatched";

/// Tells the figures of a pool of connections.
pub type PoolSource = Arc<dyn Fn() -> PoolFigures + Send + Sync>;

/// Everything that is measured.
pub struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<DurationLabels, Histogram, fn() -> Histogram>,
    connections: Gauge,
    tenants: Tenants,
    authentications: Counters<3>,
    credential_cache: Counters<2>,
    credentials_cached: Gauge,
    caches: Counters<2>,
    bulk_operations: Counters<3>,
    queries: queries::Queries,
    pool: Arc<OnceLock<PoolSource>>,
}

impl Metrics {
    /// Nothing measured yet.
    pub fn new() -> Arc<Self> {
        let mut registry = Registry::default();
        let registry_of = &mut registry;
        let requests = Family::default();
        let durations: Family<_, _, fn() -> Histogram> =
            Family::new_with_constructor(|| Histogram::new(REQUEST_BUCKETS));
        let (connections, credentials_cached, tenants) =
            (Gauge::default(), Gauge::default(), Tenants::default());
        registry_of.register("http_requests", "Requests that were answered", requests.clone());
        registry_of.register(
            "http_request_duration_seconds",
            "How long requests took, from their head to their answer",
            durations.clone(),
        );
        registry_of.register("active_connections", "Open connections of clients", connections.clone());
        registry_of.register_collector(Box::new(tenants.clone()));
        let authentications = outcomes(registry_of, "auth_attempts", "Attempts to be let in");
        let credential_cache = hits(
            registry_of,
            "credential_cache_requests",
            "Secrets that were looked for among those already verified: a miss costs a hash",
        );
        registry_of.register(
            "credential_cache_entries",
            "Secrets that are known to be right or wrong",
            credentials_cached.clone(),
        );
        let caches = hits(
            registry_of,
            "cache_requests",
            "Tenants and credentials that were looked for in memory: a miss costs a query",
        );
        let bulk_operations = outcomes(registry_of, "bulk_operations", "Operations of bulk requests");
        let queries = queries::Queries::register(registry_of);
        let pool = Arc::new(OnceLock::new());
        registry_of.register_collector(Box::new(queries::Pool(Arc::clone(&pool))));
        registry_of.register_collector(Box::new(ProcessFigures::now()));
        registry_of.register("build", "What is running", Info::new(build()));
        Arc::new(Self {
            registry,
            requests,
            durations,
            connections,
            tenants,
            authentications,
            credential_cache,
            credentials_cached,
            caches,
            bulk_operations,
            queries,
            pool,
        })
    }

    /// Shows the figures of this pool from now on. The first one that is named stays.
    pub fn watch_pool(&self, pool: PoolSource) {
        // Whoever wires a process names one.
        let _first = self.pool.set(pool);
    }

    /// A request was answered.
    pub fn answered(&self, answered: &Answered) {
        let Answered { method, route, status, took } = *answered;
        let route = RouteLabel(route);
        self.requests.get_or_create(&RequestLabels { method, route, status }).inc();
        self.durations.get_or_create(&DurationLabels { method, route }).observe(took.as_secs_f64());
    }

    /// A connection was opened; it is closed when what this answers is dropped.
    pub fn connection(&self) -> OpenConnection {
        self.connections.inc();
        OpenConnection(self.connections.clone())
    }

    /// Measures queries by their spans, as a layer of the subscriber.
    pub fn query_durations(&self) -> QueryDurations {
        QueryDurations::new(self.queries.clone())
    }

    /// Everything, in the text format of Prometheus.
    pub fn exposition(&self) -> String {
        exposition::text(&self.registry)
    }
}

impl Observer for Metrics {
    fn operation(&self, tenant: &str, resource_type: &str, operation: Operation, outcome: Outcome) {
        self.tenants.operation(tenant, resource_type, operation, outcome);
    }

    fn authentication(&self, outcome: Outcome) {
        self.authentications.count(outcome);
    }

    fn credential_cache(&self, outcome: CacheOutcome) {
        self.credential_cache.count(outcome);
    }

    fn credentials_cached(&self, count: usize) {
        self.credentials_cached.set(i64::try_from(count).unwrap_or(i64::MAX));
    }

    fn cache(&self, outcome: CacheOutcome) {
        self.caches.count(outcome);
    }

    fn bulk_operation(&self, outcome: Outcome) {
        self.bulk_operations.count(outcome);
    }

    fn wants_population(&self) -> bool {
        true
    }

    fn population(&self, tenants: &[TenantPopulation]) {
        self.tenants.population(tenants);
    }
}

/// A connection that is counted for as long as this is there.
pub struct OpenConnection(Gauge);

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: &'static str,
    route: RouteLabel,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct DurationLabels {
    method: &'static str,
    route: RouteLabel,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct RouteLabel(Option<RoutePattern>);

impl EncodeLabelValue for RouteLabel {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        match self.0 {
            Some(RoutePattern { mount, pattern }) => {
                EncodeLabelValue::encode(&mount, encoder)?;
                EncodeLabelValue::encode(&pattern, encoder)
            }
            None => EncodeLabelValue::encode(&UNMATCHED, encoder),
        }
    }
}

/// One counter for each outcome, found without a look-up.
struct Counters<const N: usize>([Counter; N]);

/// What has a place among counters.
trait Place {
    fn place(self) -> usize;
}

impl Place for Outcome {
    fn place(self) -> usize {
        match self {
            Self::Success => 0,
            Self::Refused => 1,
            Self::Failed => 2,
        }
    }
}

impl Place for CacheOutcome {
    fn place(self) -> usize {
        match self {
            Self::Hit => 0,
            Self::Miss => 1,
        }
    }
}

impl<const N: usize> Counters<N> {
    fn register(registry: &mut Registry, name: &str, help: &str, outcomes: [&'static str; N]) -> Self {
        let family = Family::<[(&'static str, &'static str); 1], Counter>::default();
        registry.register(name, help, family.clone());
        Self(outcomes.map(|outcome| family.get_or_create_owned(&[("outcome", outcome)])))
    }

    fn count(&self, outcome: impl Place) {
        if let Some(counter) = self.0.get(outcome.place()) {
            counter.inc();
        }
    }
}

fn outcomes(registry: &mut Registry, name: &str, help: &str) -> Counters<3> {
    Counters::register(registry, name, help, Outcome::ALL.map(Outcome::as_str))
}

fn hits(registry: &mut Registry, name: &str, help: &str) -> Counters<2> {
    Counters::register(registry, name, help, CacheOutcome::ALL.map(CacheOutcome::as_str))
}

fn build() -> [(&'static str, &'static str); 2] {
    [
        ("version", env!("CARGO_PKG_VERSION")),
        ("commit", option_env!("SCIM_SERVER_COMMIT").unwrap_or("unknown")),
    ]
}

#[cfg(test)]
mod tests;
