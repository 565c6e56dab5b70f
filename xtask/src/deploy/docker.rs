//! Docker's command line.

use std::ffi::OsStr;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process;

/// `docker` with these arguments.
pub(super) fn docker<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Command {
    process::command("docker", arguments)
}

/// Runs `docker` and gives what it prints, without the white space around it.
///
/// # Errors
/// When it fails.
pub(super) fn output<S: AsRef<OsStr>>(arguments: impl IntoIterator<Item = S>) -> Result<String> {
    Ok(process::output(&mut docker(arguments))?.trim().to_owned())
}

/// How Docker Compose is called on this machine: as a part of Docker, or as the older program.
///
/// # Errors
/// When there is no Docker Engine or no Docker Compose.
pub(super) fn compose() -> Result<&'static [&'static str]> {
    output(["version", "--format", "{{.Server.Version}}"]).context("deploy-test needs a Docker Engine")?;
    let candidates: [&'static [&'static str]; 2] = [&["docker", "compose"], &["docker-compose"]];
    for words in candidates {
        if let [program, rest @ ..] = words
            && process::output(process::command(program, rest).arg("version")).is_ok()
        {
            return Ok(words);
        }
    }
    bail!("deploy-test needs Docker Compose")
}

/// What Docker knows of a container or an image.
///
/// # Errors
/// When there is none of that name.
pub(super) fn inspect(name: &str) -> Result<Value> {
    let text = output(["inspect", name])?;
    let mut found: Vec<Value> = serde_json::from_str(&text).context("`docker inspect` printed no JSON")?;
    found.pop().with_context(|| format!("Docker knows no {name}"))
}

/// Containers that are removed when this is dropped.
#[derive(Debug)]
pub(super) struct Containers {
    /// Every one of them has this label.
    pub(super) label: String,
}

impl Containers {
    /// Those of this process with this purpose.
    pub(super) fn of(purpose: &str) -> Self {
        Self { label: format!("scim-deploy-test={purpose}-{}", std::process::id()) }
    }

    /// Their ids.
    ///
    /// # Errors
    /// When Docker fails.
    pub(super) fn ids(&self) -> Result<Vec<String>> {
        let filter = format!("label={}", self.label);
        let listed = output(["ps", "--all", "--quiet", "--no-trunc", "--filter", &filter])?;
        Ok(listed.lines().map(str::to_owned).collect())
    }

    /// Removes them.
    ///
    /// # Errors
    /// When Docker fails.
    pub(super) fn remove(&self) -> Result<()> {
        let ids = self.ids()?;
        if !ids.is_empty() {
            let fixed = ["rm", "--force", "--volumes"].map(str::to_owned);
            output(fixed.iter().chain(&ids))?;
        }
        Ok(())
    }
}

impl Drop for Containers {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            println!("containers with the label {} are left: {error:#}", self.label);
        }
    }
}
