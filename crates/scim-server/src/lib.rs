//! The process: configuration, wiring, command line.
//!
//! The one crate that knows every adapter; `wiring` is the one module that chooses among them.

pub mod adapters;
mod banner;
mod cli;
mod clients;
mod healthcheck;
pub mod metrics;
mod migrate;
mod operate;
mod secret;
mod serve;
pub mod settings;
mod shutdown;
mod telemetry;
mod tls;
pub mod wiring;

use std::ffi::OsString;
use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use cli::{Cli, Command};
use settings::{Environment, Purpose, Settings};

/// The exit status for settings that are wrong.
const WRONG_SETTINGS: u8 = 2;

/// Runs the program: the command line and the environment in, the exit status out.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    environment: impl IntoIterator<Item = (OsString, OsString)>,
) -> ExitCode {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(refused_or_help) => refused_or_help.exit(),
    };
    let command = cli.command.unwrap_or(Command::Serve);
    // Whoever asks for the settings in force wants to know whether a server could be started with them.
    let purpose = match command {
        Command::Serve | Command::Config => Purpose::Serving,
        _ => Purpose::Tool,
    };
    let settings = match Settings::read(&cli.flags, &Environment::new(environment), purpose) {
        Ok(settings) => settings,
        Err(faults) => {
            for fault in faults {
                complain(&fault);
            }
            return ExitCode::from(WRONG_SETTINGS);
        }
    };
    let outcome = match &command {
        Command::Serve => serve::run(&settings),
        Command::Migrate { down, yes: _ } => migrate::run(&settings, *down),
        Command::Tenant { place, command } => operate::tenant(&settings, place, command),
        Command::Credential { place, command } => operate::credential(&settings, place, command),
        Command::Healthcheck => healthcheck::run(&settings),
        Command::Config => settings.print(&mut std::io::stdout().lock()),
        Command::Openapi => {
            let text = scim_http::openapi_text(settings.public_base_url.as_deref());
            std::io::stdout().write_all(text.as_bytes()).context("cannot print the document")
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format_args!("{error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// One line on stderr; where that is closed there is nobody to tell.
fn complain(what: &dyn std::fmt::Display) {
    let _closed = writeln!(std::io::stderr(), "scim-server: {what}");
}
