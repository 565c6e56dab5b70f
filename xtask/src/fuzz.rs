//! `cargo xtask fuzz`: every fuzz target for a while, from the corpus in `fuzz/corpus`.

use std::fs;

use anyhow::{Context, Result, ensure};

use crate::process;

/// What `cargo xtask fuzz` takes.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// How long each target runs
    #[arg(long, default_value_t = 30)]
    pub seconds: u32,
    /// Only this target
    #[arg(long)]
    pub target: Option<String>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self { seconds: 30, target: None }
    }
}

/// Runs the targets one after the other. New inputs go to `fuzz/target/corpus`, so that a run
/// leaves no trace in the checked-in corpus; an input that fails stays in `fuzz/artifacts`.
///
/// # Errors
/// When cargo-fuzz is missing, a target does not build, or an input fails.
pub fn run(arguments: &Arguments) -> Result<()> {
    let targets = match &arguments.target {
        Some(target) => vec![target.clone()],
        None => targets()?,
    };
    ensure!(!targets.is_empty(), "there is no fuzz target in fuzz/fuzz_targets");
    process::output(&mut process::command("cargo", ["fuzz", "--version"]))
        .context("cargo-fuzz is missing: cargo install --locked cargo-fuzz")?;
    // The code is safe Rust throughout, so the address sanitizer would find nothing and halve the
    // speed; without it the stable toolchain is enough.
    process::cargo(&["fuzz", "build", "--sanitizer", "none"])?;
    for target in &targets {
        let found = format!("fuzz/target/corpus/{target}");
        fs::create_dir_all(process::root().join(&found)).context("cannot make a directory for new inputs")?;
        let seeds = format!("fuzz/corpus/{target}");
        let time = format!("-max_total_time={}", arguments.seconds);
        let cargo = ["fuzz", "run", "--sanitizer", "none", target, &found, &seeds, "--"];
        let libfuzzer =
            [&time, "-timeout=10", "-rss_limit_mb=2048", "-max_len=16384", "-print_final_stats=1"];
        let report = process::errors(&mut process::command("cargo", cargo.into_iter().chain(libfuzzer)))?;
        // It prints a line for every input that it keeps: only the figures at the end are of interest.
        let figures = report.lines().filter_map(|line| line.strip_prefix("stat::"));
        println!("{target}: {}", figures.map(squeeze).collect::<Vec<_>>().join(", "));
    }
    Ok(())
}

fn squeeze(line: &str) -> String {
    line.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// The names of the fuzz targets, in order.
fn targets() -> Result<Vec<String>> {
    let directory = process::root().join("fuzz/fuzz_targets");
    let mut targets = Vec::new();
    for entry in fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let name = path.file_stem().context("a fuzz target without a name")?;
            targets.push(name.to_string_lossy().into_owned());
        }
    }
    targets.sort();
    Ok(targets)
}
