//! `cargo xtask test`: the whole test suite.

use anyhow::Result;

use crate::process;

/// What `cargo xtask test` takes.
#[derive(Debug, Default, clap::Args)]
pub struct Arguments {
    /// Passed on to `cargo test` after its own arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<String>,
}

/// Runs every test of every crate with every feature, documentation examples included.
///
/// # Errors
/// When a test fails or nothing can be built.
pub fn run(arguments: &Arguments) -> Result<()> {
    let fixed = ["test", "--workspace", "--all-features", "--no-fail-fast"].map(str::to_owned);
    process::run(&mut process::command("cargo", fixed.iter().chain(&arguments.rest)))
}
