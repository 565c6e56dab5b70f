//! Log lines, on stderr: stdout is for what the program answers.

use std::io::{IsTerminal, stderr};

use anyhow::{Context, anyhow};
use tracing_subscriber::EnvFilter;

use crate::settings::{LogFormat, Settings};

/// Sends what is logged from now on, and what panics say, to stderr.
pub(crate) fn start(settings: &Settings) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(&settings.rust_log).context("RUST_LOG")?;
    let on_terminal = stderr().is_terminal();
    let format = settings.log_format.unwrap_or(if on_terminal { LogFormat::Pretty } else { LogFormat::Json });
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    let started = match format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(false).try_init(),
        LogFormat::Pretty => lines.with_ansi(on_terminal).try_init(),
    };
    started.map_err(|error| anyhow!("logging could not be started: {error}"))?;
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        tracing::error!(location, message = panic.payload_as_str().unwrap_or("no message"), "a panic");
    }));
    Ok(())
}
