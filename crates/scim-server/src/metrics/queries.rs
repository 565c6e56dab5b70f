//! What the database takes: how long queries last, and what becomes of connections.
//!
//! The adapter shows each query as a span (`query`, of the target [`SPANS`]); this layer measures them.
//! A query is known by the module that it is written in, so there are few names.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use parking_lot::RwLock;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use scim_ports::SPANS;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

use super::PoolSource;

/// The upper bounds of how long queries take, in seconds.
const BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// The most names of queries: should there ever be more, the rest are one.
const MOST_NAMES: usize = 100;
const OTHERS: &str = "_other";

type Durations = Family<[(&'static str, String); 1], Histogram, fn() -> Histogram>;

/// How long queries took, by their names.
#[derive(Clone)]
pub(super) struct Queries {
    family: Durations,
    by_name: Arc<RwLock<HashMap<Box<str>, Histogram>>>,
}

impl Queries {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let family: Durations = Family::new_with_constructor(|| Histogram::new(BUCKETS));
        let help = "How long queries took, from when they were sent until their last row was read";
        registry.register("db_query_duration_seconds", help, family.clone());
        Self { family, by_name: Arc::default() }
    }

    fn histogram(&self, name: &str) -> Histogram {
        if let Some(histogram) = self.by_name.read().get(name) {
            return histogram.clone();
        }
        let mut by_name = self.by_name.write();
        let name = if by_name.len() < MOST_NAMES { name } else { OTHERS };
        let new = || self.family.get_or_create_owned(&[("query", name.to_owned())]);
        by_name.entry(name.into()).or_insert_with(new).clone()
    }
}

/// Measures the spans of queries.
pub struct QueryDurations(Queries);

/// A query that is under way.
struct UnderWay {
    histogram: Histogram,
    began: Instant,
}

impl QueryDurations {
    pub(super) fn new(queries: Queries) -> Self {
        Self(queries)
    }

    /// Whether a span is that of a query.
    pub fn measures(metadata: &Metadata<'_>) -> bool {
        metadata.target() == SPANS && metadata.is_span() && metadata.name() == "query"
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for QueryDurations {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let Some(span) = context.span(id) else { return };
        let mut name = Name(None, &self.0);
        attributes.record(&mut name);
        if let Some(histogram) = name.0 {
            span.extensions_mut().replace(UnderWay { histogram, began: Instant::now() });
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        if let Some(UnderWay { histogram, began }) = span.extensions_mut().remove() {
            histogram.observe(began.elapsed().as_secs_f64());
        }
    }
}

/// The histogram of a span's name.
struct Name<'a>(Option<Histogram>, &'a Queries);

impl Visit for Name<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "db.query.summary" {
            self.0 = Some(self.1.histogram(value));
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}
}

/// The connections of the pool, where there is one.
pub(super) struct Pool(pub(super) Arc<OnceLock<PoolSource>>);

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").finish_non_exhaustive()
    }
}

impl Collector for Pool {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(figures) = self.0.get().map(|figures| figures()) else { return Ok(()) };
        let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let help = "Open connections to the database";
        let mut family = encoder.encode_descriptor("db_pool_connections", help, None, MetricType::Gauge)?;
        for (state, count) in [("idle", figures.idle), ("in_use", figures.open.saturating_sub(figures.idle))]
        {
            family.encode_family(&[("state", state)])?.encode_gauge(&number(count))?;
        }
        let others = [
            ("db_pool_max_connections", "The most connections to the database", figures.max),
            ("db_pool_waiting", "Those who wait for a connection to the database", figures.waiting),
        ];
        for (name, help, count) in others {
            let mut metric = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            metric.encode_gauge(&number(count))?;
        }
        Ok(())
    }
}
