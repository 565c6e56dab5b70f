//! `cargo xtask bench`: the load bench, built as the server is shipped (profile `dist`).

use anyhow::Result;

use crate::process;

/// What `cargo xtask bench` takes.
#[derive(Debug, Default, clap::Args)]
pub struct Arguments {
    /// Passed on to the bench; `--help` lists it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    pub rest: Vec<String>,
}

/// Builds the server and the bench, and runs the bench.
///
/// # Errors
/// When something does not build, an answer is wrong, or a figure falls short.
pub fn run(arguments: &Arguments) -> Result<()> {
    process::cargo(&["build", "--profile", "dist", "-p", "scim-server", "-p", "scim-bench"])?;
    let program = process::target_directory()?.join("dist").join("scim-bench");
    process::run(&mut process::command(&program.to_string_lossy(), &arguments.rest))
}
