//! `cargo xtask deploy-test`: the image and the compose stack as they are shipped, on a Docker Engine.
//!
//! It builds the image and measures it; runs the load bench against it without root, capabilities and a
//! file system to write to; brings the stack of `deploy/compose` up under a project name of its own; and,
//! through nginx over TLS, sends it requests of every kind, public clients, and writes while a server is killed
//! and PostgreSQL is restarted. It takes down whatever it started, also when something fails.

mod curl;
mod docker;
mod image;
mod load;
mod smoke;
mod stack;

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use crate::conformance;
use crate::process::{self, step};
use stack::Stack;

/// What the image is called that is built here.
const IMAGE: &str = "scim-server:deploy-test";

/// What `cargo xtask deploy-test` takes.
#[derive(Debug, Default, clap::Args)]
pub struct Arguments {
    /// Test this image; without it one is built
    #[arg(long)]
    pub image: Option<String>,
    /// Leave the stack as it is at the end, to look at it
    #[arg(long)]
    pub keep: bool,
    /// Leave the load bench out, which has to be built
    #[arg(long)]
    pub skip_bench: bool,
}

/// Runs every check and stops at the first that fails.
///
/// # Errors
/// When there is no Docker Engine, Docker Compose, curl, openssl or Python, when nothing can be built, or when a
/// check fails.
pub fn run(arguments: &Arguments) -> Result<()> {
    let work = work_directory()?;
    let compose = docker::compose()?;
    let image = arguments.image.as_deref().unwrap_or(IMAGE);
    if arguments.image.is_none() {
        step("image: build", || image::build(image))?;
    }
    step("image: size", || image::size(image))?;
    step("image: time to the first answer", || image::start_up(image))?;
    if !arguments.skip_bench {
        step("image: under the bench's load, contained", || image::contained(image, &work))?;
    }

    let mut stack = None;
    step("stack: up", || {
        stack = Some(Stack::up(compose, image, &work, arguments.keep)?);
        Ok(())
    })?;
    let stack = stack.context("the stack is up")?;
    step("stack: HTTP smoke through nginx over TLS", || smoke::run(&stack))?;
    step("stack: public clients through nginx over TLS", || {
        let environment = conformance::environment(&process::target_directory()?)?;
        let client = stack.client();
        let server = conformance::Reached {
            url: client.url(),
            secret: client.secret(),
            certificate: Some(client.certificate()),
        };
        conformance::clients("compose", &server, &environment, false)
    })?;
    step("stack: writes while a server is killed and PostgreSQL restarts", || load::run(&stack))?;
    step("stack: down", || stack.down())?;
    println!("\ndeploy-test: all of it holds");
    Ok(())
}

/// Where logs and secrets of a run go.
fn work_directory() -> Result<PathBuf> {
    let directory = process::target_directory()?.join("deploy-test");
    fs::create_dir_all(&directory).with_context(|| format!("cannot make {}", directory.display()))?;
    Ok(directory)
}
