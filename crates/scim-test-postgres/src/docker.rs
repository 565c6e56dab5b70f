//! A PostgreSQL in a container.

use std::process::Command;
use std::time::Duration;

use testcontainers::core::IntoContainerPort;
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};
use tokio::time::{sleep, timeout};
use tokio_postgres::NoTls;

use crate::blocking::Blocking;
use crate::watch::Watch;
use crate::{Error, IMAGE, Shutdown, random};

/// The superuser of the server.
const ROLE: &str = "scim_test";
/// The port inside the container.
const PORT: u16 = 5432;
/// How often another port is tried when the host has given the chosen one away.
const PORTS: usize = 8;
/// What Docker says then.
const PORT_IS_TAKEN: [&str; 2] = ["port is already allocated", "address already in use"];
/// How long a server may take to answer.
const READY_TIMEOUT: Duration = Duration::from_secs(60);
/// How long to wait between two attempts to reach it.
const READY_INTERVAL: Duration = Duration::from_millis(50);

/// Removes the container `$1` with its data.
const CLEAN_UP: &str = r#"docker rm --force --volumes "$1""#;

/// As for a cluster outside of a container: quick, and it need not survive the machine.
const ARGUMENTS: [&str; 7] =
    ["postgres", "-c", "max_connections=300", "-c", "fsync=off", "-c", "full_page_writes=off"];

/// Whether a Docker Engine answers.
pub(crate) fn answers() -> bool {
    Command::new("docker").arg("info").output().is_ok_and(|output| output.status.success())
}

/// A server in a container. Dropping it removes it with its data.
#[derive(Debug)]
pub(crate) struct Container {
    // Some until it is dropped.
    container: Option<ContainerAsync<GenericImage>>,
    _watch: Watch,
    blocking: Blocking,
    name: String,
    url: String,
}

impl Container {
    /// Starts one.
    ///
    /// # Errors
    /// When the image is neither there nor to be had, or the server does not answer.
    pub(crate) fn start() -> Result<Self, Error> {
        let mut result = Self::start_on(random::port()?);
        for _attempt in 1..PORTS {
            match &result {
                Err(error) if PORT_IS_TAKEN.iter().any(|words| error.to_string().contains(words)) => {
                    result = Self::start_on(random::port()?);
                }
                _ => break,
            }
        }
        result
    }

    /// A port that is chosen here stays the same when the container starts again.
    fn start_on(port: u16) -> Result<Self, Error> {
        let (image, tag) = IMAGE.split_once(':').unwrap_or((IMAGE, "latest"));
        let name = format!("scim-test-postgres-{}", random::hexadecimal::<8>()?);
        let password = random::hexadecimal::<16>()?;
        let request = GenericImage::new(image, tag)
            .with_container_name(&name)
            .with_env_var("POSTGRES_USER", ROLE)
            .with_env_var("POSTGRES_PASSWORD", &password)
            .with_env_var("POSTGRES_DB", "postgres")
            .with_cmd(ARGUMENTS)
            .with_mapped_port(port, PORT.tcp());
        let watch = Watch::start(Command::new("sh"), CLEAN_UP, &[&name])?;
        let blocking = Blocking::start()?;
        let (container, host) = blocking.wait(async move {
            let container = request.start().await.map_err(explain)?;
            let host = container.get_host().await.map_err(explain)?;
            Ok((container, host))
        })?;
        let url = format!("postgres://{ROLE}:{password}@{host}:{port}/postgres");
        let container = Self { container: Some(container), _watch: watch, blocking, name, url };
        container.wait_until_ready()?;
        Ok(container)
    }

    /// The URL of its database `postgres`, for its superuser.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Starts it again, on the same port. Nothing happens when it runs.
    ///
    /// # Errors
    /// When it does not answer.
    pub(crate) fn start_again(&self) -> Result<(), Error> {
        docker(&["start", &self.name])?;
        self.wait_until_ready()
    }

    /// Stops it and waits until it is gone. Nothing happens when it does not run.
    ///
    /// # Errors
    /// When Docker refuses.
    pub(crate) fn stop(&self, how: Shutdown) -> Result<(), Error> {
        let signal = match how {
            Shutdown::Fast => "INT",
            Shutdown::Immediate => "QUIT",
            Shutdown::Kill => "KILL",
        };
        if docker(&["inspect", "--format", "{{.State.Running}}", &self.name])? == "true" {
            docker(&["kill", "--signal", signal, &self.name])?;
            docker(&["wait", &self.name])?;
        }
        Ok(())
    }

    fn wait_until_ready(&self) -> Result<(), Error> {
        let url = self.url.clone();
        let ready = self.blocking.wait(async move {
            let answered = async {
                while tokio_postgres::connect(&url, NoTls).await.is_err() {
                    sleep(READY_INTERVAL).await;
                }
            };
            timeout(READY_TIMEOUT, answered).await.map_err(|error| Error::because("PostgreSQL", error))
        });
        ready.map_err(|error| {
            let log = docker(&["logs", "--tail", "20", &self.name]).unwrap_or_default();
            Error::because(format!("no answer in container {}", self.name), format!("{error} {log}"))
        })
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if let Some(container) = self.container.take() {
            // What fails here is done by the watch.
            let _removed = self.blocking.wait(async move { container.rm().await.map_err(explain) });
        }
    }
}

/// Runs the command line of Docker and gives what it prints.
fn docker(arguments: &[&str]) -> Result<String, Error> {
    let what = format!("docker {}", arguments.join(" "));
    let output = Command::new("docker").args(arguments).output();
    let output = output.map_err(|error| Error::because(&what, error))?;
    if !output.status.success() {
        return Err(Error::because(what, String::from_utf8_lossy(&output.stderr).trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The crate's own message is short; the reasons are in its sources.
fn explain(error: testcontainers::TestcontainersError) -> Error {
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(error) = source {
        let words = error.to_string();
        if !message.contains(&words) {
            message = format!("{message}: {words}");
        }
        source = error.source();
    }
    Error::because("Docker", message)
}
