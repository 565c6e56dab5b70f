//! `cargo xtask ci`: everything that has to hold before a merge, each step with its time.

use anyhow::Result;

use crate::{conformance, fuzz, process, test, tidy};

/// What `cargo xtask ci` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Leave the tests out: they have run already
    #[arg(long)]
    pub skip_tests: bool,
    /// Look for known vulnerabilities too, which needs the advisory database from the network
    #[arg(long)]
    pub advisories: bool,
    /// How long each fuzz target runs
    #[arg(long, default_value_t = 30)]
    pub fuzz_seconds: u32,
}

/// Runs the steps, the quick ones first, and stops at the first that fails.
///
/// # Errors
/// That of the step that failed.
pub fn run(arguments: &Arguments) -> Result<()> {
    process::step("format", || process::cargo(&["fmt", "--all", "--", "--check"]))?;
    process::step("tidy", tidy::run)?;
    process::step("dependencies", || dependencies(arguments.advisories))?;
    // Docker's client is a hundred crates more, for one file of test support.
    let features = test::feature_list(false)?;
    process::step("clippy", || {
        let fixed = ["clippy", "--workspace", "--all-targets", "--features", &features];
        process::cargo(&[&fixed[..], &["--", "-D", "warnings"]].concat())
    })?;
    if !arguments.skip_tests {
        process::step("tests", || test::run(&test::Arguments::default()))?;
    }
    process::step("documentation", || documentation(&features))?;
    process::step("conformance", || conformance::run(&conformance::Arguments::default()))?;
    process::step("fuzz", || {
        fuzz::run(&fuzz::Arguments { seconds: arguments.fuzz_seconds, ..fuzz::Arguments::default() })
    })?;
    println!("\nall of it holds");
    Ok(())
}

/// Licences, banned crates and sources by `deny.toml`.
fn dependencies(advisories: bool) -> Result<()> {
    let mut arguments = vec![
        "deny",
        "--workspace",
        "--all-features",
        "check",
        "--hide-inclusion-graph",
        "bans",
        "licenses",
        "sources",
    ];
    if advisories {
        arguments.push("advisories");
    }
    process::cargo(&arguments)
}

fn documentation(features: &str) -> Result<()> {
    let arguments = ["doc", "--workspace", "--features", features, "--no-deps", "--document-private-items"];
    process::run(process::command("cargo", arguments).env("RUSTDOCFLAGS", "-D warnings"))
}
