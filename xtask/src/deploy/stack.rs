//! The compose stack under a project name of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::curl::{Client, Request};
use super::docker;
use crate::process;
use crate::server::free_address;

/// The name of the project: not the one that a stack of the same directory gets by itself.
const PROJECT: &str = "scim-deploy-test";
const FILE: &str = "deploy/compose/docker-compose.yml";
const SECRETS: &str = "deploy/compose/make-secrets.sh";
/// The network of nginx and the servers, beside that of a stack that somebody runs already. A setting of the
/// same name in the environment comes first.
const NETWORK: (&str, &str) = ("SCIM_NETWORK", "10.213.8");
/// How long the stack may take until it is ready.
const READY_TIMEOUT: Duration = Duration::from_secs(120);
/// How long to wait between two questions.
const INTERVAL: Duration = Duration::from_millis(200);

/// A stack that runs. It is taken down when this is dropped, unless it is to be kept.
#[derive(Debug)]
pub(super) struct Stack {
    compose: &'static [&'static str],
    image: String,
    work: PathBuf,
    listen: String,
    client: Client,
    keep: bool,
    is_down: bool,
}

impl Stack {
    /// Makes secrets, brings the stack up and waits until it is ready. What an earlier run left is removed first.
    ///
    /// # Errors
    /// When it does not come up.
    pub(super) fn up(compose: &'static [&'static str], image: &str, work: &Path, keep: bool) -> Result<Self> {
        let secrets = work.join("secrets");
        let listen = free_address()?.to_string();
        let mut stack = Self {
            compose,
            image: image.to_owned(),
            work: work.to_owned(),
            client: Client::new(format!("https://{listen}"), secrets.join("tls.crt"), String::new()),
            listen,
            keep,
            is_down: false,
        };
        // Compose reads the files that it names even to take something down.
        if !secrets.exists() {
            stack.make_secrets(&secrets)?;
        }
        process::output(&mut stack.compose(["down", "--volumes", "--remove-orphans"]))?;
        fs::remove_dir_all(&secrets).context("cannot remove the secrets of the run before")?;
        stack.make_secrets(&secrets)?;
        let secret = fs::read_to_string(secrets.join("scim_shared_secret"))?;
        let url = stack.client.url().to_owned();
        stack.client = Client::new(url, stack.client.certificate().to_owned(), secret.trim().to_owned());

        let start = Instant::now();
        process::errors(&mut stack.compose(["up", "--detach", "--no-build"]))?;
        stack.wait_until_ready()?;
        println!("stack: ready at {} after {:.1} s", stack.client.url(), start.elapsed().as_secs_f64());
        Ok(stack)
    }

    fn make_secrets(&self, directory: &Path) -> Result<()> {
        let script = process::root().join(SECRETS);
        process::output(&mut process::command(&script.to_string_lossy(), [directory]))
            .context("making secrets needs openssl")?;
        ensure!(self.client.certificate().exists(), "{SECRETS} made no certificate");
        Ok(())
    }

    /// A client of nginx.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Waits until a server behind nginx says that it is ready.
    ///
    /// # Errors
    /// When none does in time.
    pub(super) fn wait_until_ready(&self) -> Result<()> {
        let mut last = String::new();
        wait(READY_TIMEOUT, || {
            match self.client.send(&Request { is_authorized: false, ..Request::new("GET", "/ready") }) {
                Ok(answer) if answer.status == 200 => return Ok(true),
                Ok(answer) => last = answer.body,
                Err(error) => last = format!("{error:#}"),
            }
            Ok(false)
        })
        .with_context(|| format!("the stack is not ready: {last}"))
    }

    /// Waits until Docker says that a service is healthy.
    ///
    /// # Errors
    /// When it is not in time.
    pub(super) fn wait_until_healthy(&self, service: &str) -> Result<()> {
        let id = self.container(service)?;
        wait(READY_TIMEOUT, || {
            Ok(docker::output(["inspect", "--format", "{{.State.Health.Status}}", &id])? == "healthy")
        })
        .with_context(|| format!("{service} is not healthy"))
    }

    /// The id of a service's container.
    ///
    /// # Errors
    /// When there is none.
    pub(super) fn container(&self, service: &str) -> Result<String> {
        let listed = process::output(&mut self.compose(["ps", "--quiet", "--all", service]))?;
        let id = listed.lines().next().map(str::trim).filter(|id| !id.is_empty());
        Ok(id.with_context(|| format!("{service} has no container"))?.to_owned())
    }

    /// What a service has printed.
    ///
    /// # Errors
    /// When Docker fails.
    pub(super) fn printed(&self, service: &str) -> Result<String> {
        process::output(&mut self.compose(["logs", "--no-color", service]))
    }

    /// Docker Compose on this project.
    fn compose<'a>(&self, arguments: impl IntoIterator<Item = &'a str>) -> Command {
        let (program, first) =
            self.compose.split_first().map_or(("docker", &[][..]), |(first, rest)| (*first, rest));
        let fixed = ["--project-name", PROJECT, "--file", FILE];
        let mut command = process::command(program, first.iter().copied().chain(fixed).chain(arguments));
        command
            .env("SCIM_IMAGE", &self.image)
            .env("SCIM_SECRETS", self.work.join("secrets"))
            .env("SCIM_LISTEN", &self.listen);
        let (name, value) = NETWORK;
        if std::env::var_os(name).is_none() {
            command.env(name, value);
        }
        command
    }

    /// Takes the stack down, its volume too; or says how to reach it, if it is to be kept.
    ///
    /// # Errors
    /// When Docker fails.
    pub(super) fn down(mut self) -> Result<()> {
        self.is_down = true;
        self.take_down()
    }

    fn take_down(&self) -> Result<()> {
        if self.keep {
            println!(
                "the stack is kept: {} (secrets in {}); `docker compose --project-name {PROJECT} …` reaches it",
                self.client.url(),
                self.work.join("secrets").display()
            );
            return Ok(());
        }
        process::errors(&mut self.compose(["down", "--volumes", "--remove-orphans"]))?;
        println!("stack: removed");
        Ok(())
    }

    /// Keeps what the containers printed and how they are.
    fn save_logs(&self) -> Result<PathBuf> {
        let path = self.work.join("stack.log");
        let mut text = process::output(&mut self.compose(["ps"])).unwrap_or_default();
        text.push_str(&process::output(&mut self.compose(["logs", "--no-color", "--timestamps"]))?);
        fs::write(&path, text)?;
        Ok(path)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if self.is_down {
            return;
        }
        match self.save_logs() {
            Ok(path) => println!("what the containers printed is in {}", path.display()),
            Err(error) => println!("the logs cannot be had: {error:#}"),
        }
        if let Err(error) = self.take_down() {
            println!("the stack is left: {error:#}");
        }
    }
}

/// Asks again and again.
///
/// # Errors
/// When the answer is an error, or not yes in time.
pub(super) fn wait(timeout: Duration, mut is_done: impl FnMut() -> Result<bool>) -> Result<()> {
    let start = Instant::now();
    while !is_done()? {
        ensure!(start.elapsed() < timeout, "not in {timeout:?}");
        thread::sleep(INTERVAL);
    }
    Ok(())
}
