//! Running other programs, and where things are.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;

/// The directory of the workspace.
pub fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().unwrap_or(here)
}

/// A program to be run in the workspace's directory.
pub fn command<S: AsRef<OsStr>>(program: &str, arguments: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Runs `cargo` with `arguments`, showing what it prints.
///
/// # Errors
/// When it cannot be started or fails.
pub fn cargo(arguments: &[&str]) -> Result<()> {
    run(&mut command("cargo", arguments))
}

/// Runs a command, showing what it prints.
///
/// # Errors
/// When it cannot be started or fails.
pub fn run(command: &mut Command) -> Result<()> {
    let shown = show(command);
    println!("$ {shown}");
    let status = command.status().with_context(|| format!("cannot start `{shown}`"))?;
    ensure!(status.success(), "`{shown}` failed ({status})");
    Ok(())
}

/// Runs a command and gives what it prints on its standard output.
///
/// # Errors
/// When it cannot be started or fails, with what it prints on its standard error; or when it prints
/// what is not UTF-8.
pub fn output(command: &mut Command) -> Result<String> {
    let output = finished(command)?;
    String::from_utf8(output.stdout).with_context(|| format!("`{}` printed what is not UTF-8", show(command)))
}

/// Runs a command and gives what it prints on its standard error.
///
/// # Errors
/// When it cannot be started or fails, with what it prints on its standard error.
pub fn errors(command: &mut Command) -> Result<String> {
    Ok(String::from_utf8_lossy(&finished(command)?.stderr).into_owned())
}

fn finished(command: &mut Command) -> Result<Output> {
    let shown = show(command);
    let output = command.output().with_context(|| format!("cannot start `{shown}`"))?;
    if !output.status.success() {
        bail!("`{shown}` failed ({}):\n{}", output.status, end_of(&String::from_utf8_lossy(&output.stderr)));
    }
    Ok(output)
}

/// What `cargo metadata` says of the workspace's own packages.
///
/// # Errors
/// When cargo fails.
pub fn metadata() -> Result<Value> {
    let arguments = ["metadata", "--no-deps", "--format-version", "1"];
    let text = output(&mut command("cargo", arguments))?;
    serde_json::from_str(&text).context("`cargo metadata` printed what is not JSON")
}

/// Where cargo puts what it builds.
///
/// # Errors
/// When cargo fails.
pub fn target_directory() -> Result<PathBuf> {
    let metadata = metadata()?;
    let directory = metadata.get("target_directory").and_then(Value::as_str);
    Ok(PathBuf::from(directory.context("`cargo metadata` names no target directory")?))
}

/// Runs one step of a longer run, with a headline and its time.
///
/// # Errors
/// Those of the step, under its name.
pub fn step(name: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    println!("\n=== {name}");
    let start = Instant::now();
    work().with_context(|| format!("{name} failed after {:.1} s", start.elapsed().as_secs_f64()))?;
    println!("=== {name}: ok in {:.1} s", start.elapsed().as_secs_f64());
    Ok(())
}

/// The last lines of what a program printed, none of them longer than a screen is wide.
fn end_of(printed: &str) -> String {
    const LINES: usize = 60;
    const CHARACTERS: usize = 400;
    let lines: Vec<&str> = printed.trim_end().lines().collect();
    let skipped = lines.len().saturating_sub(LINES);
    let short = lines.into_iter().skip(skipped).map(|line| line.chars().take(CHARACTERS).collect::<String>());
    short.collect::<Vec<_>>().join("\n")
}

fn show(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_shows_the_end_of_what_was_printed() {
        let error = output(&mut command("sh", ["-c", "seq 1 100 >&2; exit 3"])).expect_err("it fails");
        let message = error.to_string();
        assert!(message.contains("exit status: 3") && message.ends_with("\n100"), "{message}");
        assert!(message.contains("\n41\n") && !message.contains("\n40\n"), "{message}");
        assert_eq!(end_of(&"x".repeat(1000)).len(), 400);
    }

    #[test]
    fn what_a_program_prints_is_given() {
        assert_eq!(output(&mut command("echo", ["a"])).expect("it runs"), "a\n");
        assert_eq!(errors(&mut command("sh", ["-c", "echo b >&2"])).expect("it runs"), "b\n");
        assert!(output(&mut command("no-such-program", ["a"])).is_err());
    }
}
