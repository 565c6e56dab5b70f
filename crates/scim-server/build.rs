//! Tells the program which commit it is built from: `GIT_COMMIT`, or else, for a release, what git says.
//! Other builds would have to be made again after every commit.

use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=GIT_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let is_release = std::env::var_os("PROFILE").is_some_and(|profile| profile == "release");
    let given = std::env::var_os("GIT_COMMIT").and_then(|commit| commit.into_string().ok());
    let known = given.or_else(|| if is_release { from_git() } else { None });
    if let Some(commit) = known.filter(|commit| !commit.is_empty()) {
        println!("cargo::rustc-env=SCIM_SERVER_COMMIT={commit}");
    }
}

/// The commit that is checked out, where this is a checkout.
fn from_git() -> Option<String> {
    for file in ["HEAD", "logs/HEAD"] {
        println!("cargo::rerun-if-changed={}", git(&["rev-parse", "--git-path", file])?);
    }
    git(&["rev-parse", "HEAD"])
}

fn git(arguments: &[&str]) -> Option<String> {
    let output =
        Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim().to_owned())
}
