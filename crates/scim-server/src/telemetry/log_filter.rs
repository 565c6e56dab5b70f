//! Which lines are logged: as `RUST_LOG` says, and within a request as its tenant's `logLevel` says.
//!
//! A request's span has a field for the level of its tenant, which is recorded once the tenant is known.
//! As long as no tenant has one, whether a line is logged is decided once for each place in the code, as if
//! there were no such thing. While some tenant has one, each line asks in which request it is.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use scim_domain::tenant::LogLevel;
use scim_ports::SPANS;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::registry::LookupSpan;

/// The span of a request, and its field for the tenant's level (see `scim_http`).
const REQUEST: &str = "request";
const TENANT_LEVEL: &str = "tenant_log_level";
/// How the targets of our own crates begin. Others log what they are given at lower levels, and that may
/// be anything: a tenant's level brings out nothing of them that `RUST_LOG` does not.
const OURS: &str = "scim_";
/// What logs the values of statements, hashes of secrets among them, at `debug`: nothing brings that out.
const TELLS_VALUES: &str = "tokio_postgres";

/// Decides for each line.
pub(super) struct LogFilter {
    everywhere: EnvFilter,
    tenants: Arc<TenantLevels>,
}

/// The levels that requests of tenants were logged at of late.
#[derive(Debug, Default)]
pub(crate) struct TenantLevels {
    /// The one with the most lines, by its place; 0 where there is none.
    most: AtomicU8,
    /// The same, since [`settle`](Self::settle) was called.
    lately: AtomicU8,
}

/// The level of the tenant whose request a span is of.
#[derive(Debug, Clone, Copy)]
struct TenantLevel(LevelFilter);

impl TenantLevels {
    /// Lowers what is listened to where no tenant asks for it any more. To be called now and then, and less often
    /// than a request may take.
    pub(crate) fn settle(&self) {
        let lately = self.lately.swap(0, Ordering::Relaxed);
        if self.most.swap(lately, Ordering::Relaxed) != lately {
            tracing::callsite::rebuild_interest_cache();
        }
    }

    fn note(&self, level: LogLevel) {
        let place = place(level);
        self.lately.fetch_max(place, Ordering::Relaxed);
        if self.most.fetch_max(place, Ordering::Relaxed) < place {
            tracing::callsite::rebuild_interest_cache();
        }
    }

    fn are_in_force(&self) -> bool {
        self.most.load(Ordering::Relaxed) > 0
    }

    /// The level with the most lines that any tenant has.
    fn most(&self) -> LevelFilter {
        let most = self.most.load(Ordering::Relaxed);
        let found = LogLevel::ALL.iter().find(|(_, level)| place(*level) == most);
        found.map_or(LevelFilter::OFF, |(_, level)| filter_of(*level))
    }
}

fn place(level: LogLevel) -> u8 {
    match level {
        LogLevel::Off => 1,
        LogLevel::Error => 2,
        LogLevel::Warn => 3,
        LogLevel::Info => 4,
        LogLevel::Debug => 5,
        LogLevel::Trace => 6,
    }
}

fn filter_of(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}

impl LogFilter {
    /// As `everywhere` says, but for requests of tenants that say otherwise.
    pub(super) fn new(everywhere: EnvFilter, tenants: Arc<TenantLevels>) -> Self {
        Self { everywhere, tenants }
    }
}

/// What is never logged: spans that make up traces, and what tells values.
fn is_no_line(metadata: &Metadata<'_>) -> bool {
    metadata.target() == SPANS
        || (*metadata.level() > LevelFilter::INFO && metadata.target().starts_with(TELLS_VALUES))
}

fn is_request(metadata: &Metadata<'_>) -> bool {
    metadata.is_span() && metadata.name() == REQUEST && metadata.target().starts_with(OURS)
}

/// The level of the tenant whose request this is within.
fn tenant_level<S: Subscriber + for<'a> LookupSpan<'a>>(context: &Context<'_, S>) -> Option<LevelFilter> {
    let mut scope = context.lookup_current()?.scope();
    scope.find_map(|span| span.extensions().get::<TenantLevel>().map(|level| level.0))
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Filter<S> for LogFilter {
    fn enabled(&self, metadata: &Metadata<'_>, context: &Context<'_, S>) -> bool {
        if is_no_line(metadata) || is_request(metadata) {
            return is_request(metadata);
        }
        let is_as_everywhere = || Filter::<S>::enabled(&self.everywhere, metadata, context);
        if !metadata.is_span()
            && self.tenants.are_in_force()
            && let Some(level) = tenant_level(context)
        {
            return *metadata.level() <= level && (metadata.target().starts_with(OURS) || is_as_everywhere());
        }
        is_as_everywhere()
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        // It wants to see every one.
        let everywhere = Filter::<S>::callsite_enabled(&self.everywhere, metadata);
        if is_request(metadata) {
            Interest::always()
        } else if is_no_line(metadata) {
            Interest::never()
        } else if !metadata.is_span() && self.tenants.are_in_force() {
            Interest::sometimes()
        } else {
            everywhere
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        // The span of a request is at `error`.
        let least = self.tenants.most().max(LevelFilter::ERROR);
        Filter::<S>::max_level_hint(&self.everywhere).map(|everywhere| everywhere.max(least))
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        Filter::<S>::on_new_span(&self.everywhere, attributes, id, context);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        let mut found = FoundLevel(None);
        values.record(&mut found);
        if let (FoundLevel(Some(level)), Some(span)) = (found, context.span(id)) {
            span.extensions_mut().replace(TenantLevel(filter_of(level)));
            self.tenants.note(level);
        }
        Filter::<S>::on_record(&self.everywhere, id, values, context);
    }

    fn on_enter(&self, id: &Id, context: Context<'_, S>) {
        Filter::<S>::on_enter(&self.everywhere, id, context);
    }

    fn on_exit(&self, id: &Id, context: Context<'_, S>) {
        Filter::<S>::on_exit(&self.everywhere, id, context);
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        Filter::<S>::on_close(&self.everywhere, id, context);
    }
}

/// The tenant's level among the values of a span.
struct FoundLevel(Option<LogLevel>);

impl Visit for FoundLevel {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == TENANT_LEVEL {
            self.0 = value.parse().ok();
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn std::fmt::Debug) {}
}
