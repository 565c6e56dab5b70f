//! The PostgreSQL that the tests run against: found or made once for a whole run.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use scim_test_postgres::{IMAGE, PrivateServer, URL_VARIABLE};

use crate::process;

/// Where the tests get their databases from.
#[derive(Debug)]
pub enum Postgres {
    /// From the server that the environment names.
    Given,
    /// From containers that the tests start themselves, which takes their feature `docker`.
    Docker,
    /// From this server, which ends with the run.
    Local(PrivateServer),
}

impl Postgres {
    /// The first that there is: the one given, Docker, the programs on this machine, those of Debian's
    /// packages, which are installed when this is root's process.
    ///
    /// # Errors
    /// When there is none, with what to install or to set.
    pub fn find() -> Result<Self> {
        #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the server")]
        let given = std::env::var(URL_VARIABLE);
        if given.is_ok() {
            println!("PostgreSQL: as {URL_VARIABLE} says");
            return Ok(Self::Given);
        }
        if docker_has_image() {
            println!("PostgreSQL: containers of {IMAGE}");
            return Ok(Self::Docker);
        }
        let local = PrivateServer::start_local().or_else(|error| {
            if !can_install() {
                return Err(error.into());
            }
            println!("PostgreSQL: {error}");
            install()?;
            PrivateServer::start_local().map_err(anyhow::Error::from)
        });
        let local = local
            .with_context(|| format!("no PostgreSQL for tests (start Docker, or set {URL_VARIABLE})"))?;
        println!("PostgreSQL: the programs on this machine");
        Ok(Self::Local(local))
    }

    /// Lets the tests that `command` runs know.
    pub fn configure(&self, command: &mut Command) {
        if let Self::Local(server) = self {
            command.env(URL_VARIABLE, server.url());
        }
    }
}

/// Whether a Docker Engine answers and has the image, or can get it: without one a hundred crates
/// would be built in vain.
fn docker_has_image() -> bool {
    let docker = |arguments: &[&str]| {
        let mut command = process::command("docker", arguments);
        command.stdin(Stdio::null()).output().is_ok_and(|output| output.status.success())
    };
    docker(&["info"]) && (docker(&["image", "inspect", IMAGE]) || docker(&["pull", "--quiet", IMAGE]))
}

/// Whether this is root's process on a system with Debian's packages.
fn can_install() -> bool {
    let is_root = process::output(&mut process::command("id", ["-u"])).is_ok_and(|id| id.trim() == "0");
    is_root && Path::new("/usr/bin/apt-get").exists()
}

fn install() -> Result<()> {
    for arguments in
        [&["update", "-qq"][..], &["install", "-y", "-qq", "--no-install-recommends", "postgresql"]]
    {
        process::run(process::command("apt-get", arguments).env("DEBIAN_FRONTEND", "noninteractive"))?;
    }
    Ok(())
}
