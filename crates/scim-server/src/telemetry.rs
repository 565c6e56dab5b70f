//! Log lines, on stderr: stdout is for what the program answers.

mod json_lines;

use std::io::{IsTerminal, stderr};

use anyhow::{Context, anyhow};
use scim_ports::SPANS;
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use crate::metrics::{Metrics, QueryDurations};
use crate::settings::{LogFormat, Settings};

use json_lines::{JsonLines, JsonMembers};

/// Sends what is logged from now on, and what panics say, to stderr; has queries measured.
pub(crate) fn start(settings: &Settings, metrics: Option<&Metrics>) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.rust_log).context("RUST_LOG")?;
    let is_logged = filter_fn(|metadata| metadata.target() != SPANS).and(filter);
    let on_terminal = stderr().is_terminal();
    let format = settings.log_format.unwrap_or(if on_terminal { LogFormat::Pretty } else { LogFormat::Json });
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr);
    let lines = match format {
        LogFormat::Json => lines.fmt_fields(JsonMembers).event_format(JsonLines).boxed(),
        LogFormat::Pretty => lines.with_ansi(on_terminal).boxed(),
    };
    let queries =
        metrics.map(|metrics| metrics.query_durations().with_filter(filter_fn(QueryDurations::measures)));
    let started = tracing_subscriber::registry().with(lines.with_filter(is_logged)).with(queries).try_init();
    started.map_err(|error| anyhow!("logging could not be started: {error}"))?;
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, said = panic.payload_as_str(), "a panic");
    }));
    Ok(())
}
