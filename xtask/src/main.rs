//! `cargo xtask`: reads the command line and runs one command.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{bench, ci, conformance, deploy, fuzz, test, tidy};

/// The project's own commands.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the whole test suite
    Test(test::Arguments),
    /// Run everything that has to hold before a merge
    Ci(ci::Arguments),
    /// Check the rules on crates and files that the compiler does not know
    Tidy,
    /// Start the server and run the public checker scim2-tester against it
    Conformance(conformance::Arguments),
    /// Measure the server over HTTP beside an empty handler
    Bench(bench::Arguments),
    /// Build the image and try it and the compose stack on a Docker Engine
    DeployTest(deploy::Arguments),
    /// Run every fuzz target for a while
    Fuzz(fuzz::Arguments),
}

fn main() -> ExitCode {
    let result = match Arguments::parse().command {
        Command::Test(arguments) => test::run(&arguments),
        Command::Ci(arguments) => ci::run(&arguments),
        Command::Tidy => tidy::run(),
        Command::Conformance(arguments) => conformance::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::DeployTest(arguments) => deploy::run(&arguments),
        Command::Fuzz(arguments) => fuzz::run(&arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "where a command line tool reports its failure")]
            {
                eprintln!("error: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}
