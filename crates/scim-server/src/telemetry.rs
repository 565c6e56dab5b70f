//! Log lines, on stderr: stdout is for what the program answers.

mod json_lines;

use std::io::{IsTerminal, stderr};

use anyhow::{Context, anyhow};
use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, Settings};

use json_lines::{JsonLines, JsonMembers};

/// Sends what is logged from now on, and what panics say, to stderr.
pub(crate) fn start(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.rust_log).context("RUST_LOG")?;
    let on_terminal = stderr().is_terminal();
    let format = settings.log_format.unwrap_or(if on_terminal { LogFormat::Pretty } else { LogFormat::Json });
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    let started = match format {
        LogFormat::Json => lines.fmt_fields(JsonMembers).event_format(JsonLines).try_init(),
        LogFormat::Pretty => lines.with_ansi(on_terminal).try_init(),
    };
    started.map_err(|error| anyhow!("logging could not be started: {error}"))?;
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, said = panic.payload_as_str(), "a panic");
    }));
    Ok(())
}
