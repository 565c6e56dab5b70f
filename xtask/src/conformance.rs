//! `cargo xtask conformance`: public software against a fresh server on each store: the OAuth client library
//! Authlib, by way of `conformance-oauth.py`, validators of OpenAPI and JSON Schema, by way of
//! `conformance-openapi.py`, and the checker scim2-tester.
//!
//! All of it comes from the Python package index, at the versions of `conformance-requirements.txt`,
//! into a virtual environment under `target/`. The checker prints one line per check, `STATUS title`, and an
//! indented reason. Its exit status is of no use: it is 1 as soon as one check is anything but
//! `SUCCESS`, even one that was skipped. So the lines are read here:
//!
//! | status | here |
//! |---|---|
//! | `SUCCESS`, `COMPLIANT`, `ACCEPTABLE` | passes |
//! | `DEVIATION` (from a SHOULD), `SKIPPED` | is shown and counted, passes |
//! | `ERROR`, `CRITICAL`, anything else | fails |

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use scim_test_postgres::PrivateServer;

use crate::process;
use crate::server::Server;

const REQUIREMENTS: &str = include_str!("../conformance-requirements.txt");

/// What `cargo xtask conformance` takes.
#[derive(Debug, Default, clap::Args)]
pub struct Arguments {
    /// Print what the server sent beside each failed check
    #[arg(long)]
    pub verbose: bool,
    /// Check the server on this store only; without it on both, if there is a PostgreSQL
    #[arg(long, value_enum)]
    pub store: Option<Store>,
}

/// Where the server under test keeps its resources.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Store {
    /// In memory.
    Memory,
    /// In a PostgreSQL of its own, run from the programs on this machine.
    Postgres,
}

/// Builds and starts the server on each store, runs the checker, prints and judges its results.
///
/// # Errors
/// When the checker cannot be installed, the server does not start, or a check fails; or when there is
/// no PostgreSQL and it was asked for.
pub fn run(arguments: &Arguments) -> Result<()> {
    process::cargo(&["build", "-p", "scim-server"])?;
    let target = process::target_directory()?;
    let environment = environment(&target)?;
    if arguments.store != Some(Store::Postgres) {
        check(None, &target, &environment, arguments.verbose).context("on the embedded store")?;
    }
    if arguments.store != Some(Store::Memory) {
        match PrivateServer::start_local() {
            Ok(postgres) => check(Some(postgres.url()), &target, &environment, arguments.verbose)
                .context("on PostgreSQL")?,
            Err(error) if arguments.store.is_some() => return Err(error.into()),
            Err(error) => println!("not checked on PostgreSQL: {error}"),
        }
    }
    Ok(())
}

/// Checks a server on this database, or else on the embedded store.
fn check(database_url: Option<&str>, target: &Path, environment: &Path, verbose: bool) -> Result<()> {
    let store = if database_url.is_some() { "postgres" } else { "memory" };
    let log = target.join(format!("conformance-{store}.log"));
    let program = Command::new(target.join("debug").join("scim-server"));
    let server = Server::start_on(database_url, program, Some(&log))?;
    let reached = Reached { url: &server.url(), secret: server.secret(), certificate: None };
    clients(store, &reached, environment, verbose)
        .with_context(|| format!("the server's log is {}", log.display()))
}

/// A server that runs, as a client sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reached<'a> {
    /// Its URL.
    pub(crate) url: &'a str,
    /// The operator's secret.
    pub(crate) secret: &'a str,
    /// The certificate to trust, where it speaks TLS.
    pub(crate) certificate: Option<&'a Path>,
}

/// Runs both clients against a server, which is called `name` in what is printed.
///
/// # Errors
/// When a client or a check fails.
pub(crate) fn clients(name: &str, server: &Reached<'_>, environment: &Path, verbose: bool) -> Result<()> {
    let python = environment.join("bin/python");
    for script in ["xtask/conformance-oauth.py", "xtask/conformance-openapi.py"] {
        let mut client = process::command(&python.to_string_lossy(), [script]);
        client.env("SERVER_URL", server.url).env("SCIM_SHARED_SECRET", server.secret);
        server.trust(&mut client);
        print!("{}", process::output(&mut client).with_context(|| format!("{script} failed"))?);
    }

    let mut checker = process::command(&environment.join("bin/scim2").to_string_lossy(), ["test"]);
    if verbose {
        checker.arg("--verbose");
    }
    checker
        .env("SCIM_CLI_URL", format!("{}/scim/v2", server.url))
        .env("SCIM_CLI_HEADERS", format!("Authorization: Bearer {}", server.secret));
    server.trust(&mut checker);
    let output = checker.output().context("cannot start the checker")?;

    let printed = String::from_utf8_lossy(&output.stdout);
    println!("{printed}");
    let verdict = Verdict::read(&printed);
    println!("{name}: {}", verdict.summary());
    let errors = String::from_utf8_lossy(&output.stderr);
    ensure!(errors.is_empty(), "the checker itself failed:\n{errors}");
    verdict.judge()
}

impl Reached<'_> {
    /// Lets a program in Python trust the server's certificate, whichever library it has.
    fn trust(&self, command: &mut Command) {
        if let Some(certificate) = self.certificate {
            command.env("SSL_CERT_FILE", certificate).env("REQUESTS_CA_BUNDLE", certificate);
        }
    }
}

/// The virtual environment with the checker, made or made anew when the requirements changed.
///
/// # Errors
/// When there is no Python, or the checker cannot be installed.
pub(crate) fn environment(target: &Path) -> Result<PathBuf> {
    let environment = target.join("conformance-venv");
    let installed = environment.join("installed.txt");
    if fs::read_to_string(&installed).is_ok_and(|text| text == REQUIREMENTS) {
        return Ok(environment);
    }
    let path = environment.to_string_lossy();
    process::run(&mut process::command("python3", ["-m", "venv", "--clear", &path]))
        .context("conformance needs python3 with its venv module (python3-venv on Debian)")?;
    let python = environment.join("bin/python").to_string_lossy().into_owned();
    let requirements = process::root().join("xtask/conformance-requirements.txt");
    process::run(
        process::command(&python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"])
            .arg(requirements),
    )?;
    fs::write(&installed, REQUIREMENTS).context("cannot note what was installed")?;
    Ok(environment)
}

/// The checks by their status, with the titles of those that do not simply pass.
#[derive(Debug, Default)]
struct Verdict {
    counts: BTreeMap<String, usize>,
    failed: Vec<String>,
}

impl Verdict {
    fn read(printed: &str) -> Self {
        let mut verdict = Self::default();
        for line in printed.lines() {
            // Reasons are indented; the headline's first word is not in capitals.
            let (status, title) = line.split_once(' ').unwrap_or((line, ""));
            if status.is_empty() || !status.chars().all(|letter| letter.is_ascii_uppercase()) {
                continue;
            }
            let count = verdict.counts.entry(status.to_owned()).or_default();
            *count = count.saturating_add(1);
            if !matches!(status, "SUCCESS" | "COMPLIANT" | "ACCEPTABLE" | "DEVIATION" | "SKIPPED") {
                verdict.failed.push(format!("{status} {title}"));
            }
        }
        verdict
    }

    fn summary(&self) -> String {
        let mut summary = "conformance:".to_owned();
        for (status, count) in &self.counts {
            // Writing to a string does not fail.
            let _written = write!(summary, " {count} {status}");
        }
        summary
    }

    fn judge(&self) -> Result<()> {
        ensure!(self.counts.contains_key("SUCCESS"), "no check succeeded: the checker did not run");
        if !self.failed.is_empty() {
            bail!("{} checks failed:\n{}", self.failed.len(), self.failed.join("\n"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(printed: &str, expected: Result<&str, &str>) {
        let verdict = Verdict::read(printed);
        match (verdict.judge(), expected) {
            (Ok(()), Ok(summary)) => assert_eq!(verdict.summary(), summary),
            (Err(error), Err(message)) => assert!(error.to_string().contains(message), "{error}"),
            (judged, _) => panic!("{judged:?} for {printed:?}"),
        }
    }

    #[test]
    fn verdicts() {
        let head = "Performing a SCIM compliance check on http://x ...\n";
        let passing = format!("{head}SUCCESS a\n  ERROR is in this reason\nSKIPPED b\nDEVIATION c\n");
        check(&passing, Ok("conformance: 1 DEVIATION 1 SKIPPED 1 SUCCESS"));
        check(&format!("{head}SUCCESS a\nERROR b\n  why\n"), Err("1 checks failed:\nERROR b"));
        check("SUCCESS a\nCRITICAL b\n", Err("CRITICAL b"));
        check("SUCCESS a\nNEWSTATUS b\n", Err("NEWSTATUS b"));
        check(head, Err("no check succeeded"));
        check("SKIPPED a\n", Err("no check succeeded"));
    }
}
