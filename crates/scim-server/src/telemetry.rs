//! What operators are shown: log lines on stderr (stdout is for what the program answers) and in
//! files, what queries take, and traces.

mod json_lines;
mod log_file;
mod log_filter;
pub(crate) mod traces;

use std::convert::Infallible;
use std::io::{IsTerminal, stderr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::level_filters::LevelFilter;
use tracing_appender::non_blocking::{ErrorCounter, WorkerGuard};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::writer::MakeWriterExt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt};

use crate::metrics::{Metrics, QueryDurations};
use crate::settings::{LogFormat, Settings};

use json_lines::{JsonLines, JsonMembers};
use log_file::LogFile;
use log_filter::{LogFilter, TenantLevels};

/// How often it is seen to what changes slowly; longer than a request takes.
const TICK: Duration = Duration::from_secs(60);

/// What is to be seen to while the process runs, and ended when it ends.
pub(crate) struct Telemetry {
    levels: Arc<TenantLevels>,
    dropped: Option<ErrorCounter>,
    provider: Option<SdkTracerProvider>,
    /// The last lines are written when this is dropped.
    _file: Option<WorkerGuard>,
}

/// Sends what a tool logs from now on, and what panics say, to stderr.
pub(crate) fn start_for_tool(settings: &Settings) -> anyhow::Result<()> {
    start_with(settings, None, None, None).map(drop)
}

/// Sends what a server logs from now on, what panics say, and traces, to where the settings say; has queries
/// measured. MUST be called within a Tokio runtime.
pub(crate) fn start(settings: &Settings, metrics: Option<&Metrics>) -> anyhow::Result<Telemetry> {
    let file = settings.telemetry.log_dir.as_deref().map(LogFile::open).transpose()?;
    let provider = settings.telemetry.tracing.as_ref().map(traces::provider).transpose()?;
    start_with(settings, metrics, file, provider)
}

fn start_with(
    settings: &Settings,
    metrics: Option<&Metrics>,
    file: Option<LogFile>,
    provider: Option<SdkTracerProvider>,
) -> anyhow::Result<Telemetry> {
    let levels = Arc::<TenantLevels>::default();
    let filter = EnvFilter::try_new(&settings.rust_log).context("RUST_LOG")?;
    let filter = LogFilter::new(filter, Arc::clone(&levels));
    let queries = metrics.map(|metrics| {
        metrics
            .query_durations()
            .with_filter(filter_fn(QueryDurations::measures).with_max_level_hint(LevelFilter::INFO))
    });
    tracing_subscriber::registry()
        .with(lines(settings, file.as_ref()).with_filter(filter))
        .with(queries)
        .with(provider.as_ref().map(traces::layer))
        .try_init()
        .map_err(|error| anyhow!("logging could not be started: {error}"))?;
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, said = panic.payload_as_str(), "a panic");
    }));
    let (dropped, guard) = file.map(|file| (file.dropped, file.guard)).unzip();
    Ok(Telemetry { levels, dropped, provider, _file: guard })
}

/// Writes the lines that are logged: to stderr in the format of the settings, to the file as JSON.
fn lines(settings: &Settings, file: Option<&LogFile>) -> Box<dyn Layer<Registry> + Send + Sync> {
    let on_terminal = stderr().is_terminal();
    let format = settings.log_format.unwrap_or(if on_terminal { LogFormat::Pretty } else { LogFormat::Json });
    let json = || fmt::layer().fmt_fields(JsonMembers).event_format(JsonLines);
    let pretty = || fmt::layer().with_ansi(on_terminal).with_writer(stderr);
    let writer = file.map(|file| file.writer.clone());
    match (format, writer) {
        (LogFormat::Json, None) => json().with_writer(stderr).boxed(),
        // A line is formatted once.
        (LogFormat::Json, Some(file)) => json().with_writer(stderr.and(file)).boxed(),
        (LogFormat::Pretty, None) => pretty().boxed(),
        (LogFormat::Pretty, Some(file)) => pretty().and_then(json().with_writer(file)).boxed(),
    }
}

impl Telemetry {
    /// Sends the last spans, for as long as `timeout` allows.
    pub(crate) async fn flush(&self, timeout: Duration) {
        let Some(provider) = self.provider.clone() else { return };
        let ended = tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(timeout)).await;
        match ended {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "the last spans were not sent"),
            Err(error) => tracing::warn!(%error, "the last spans were not sent"),
        }
    }

    /// Sees to what changes slowly, for as long as it is polled.
    pub(crate) async fn run(&self) -> Infallible {
        let mut told = 0;
        loop {
            tokio::time::sleep(TICK).await;
            self.levels.settle();
            let dropped = self.dropped.as_ref().map_or(0, ErrorCounter::dropped_lines);
            if dropped > told {
                tracing::warn!(dropped, "lines of the log were not written to LOG_DIR in time");
                told = dropped;
            }
        }
    }
}
