//! The image by itself: how it is built, how large it is, how soon it answers, and that it serves where it may
//! do next to nothing.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::docker::{self, Containers};
use crate::process;
use crate::server::{free_address, is_healthy};

/// What the image is built from.
const DOCKERFILE: &str = "deploy/docker/Dockerfile";
/// How much larger than its base it may be, in bytes.
const LARGEST: u64 = 40_000_000;
/// How long after its start it may give its first answer.
const LATEST: Duration = Duration::from_millis(200);
/// How often it is started to measure that; what counts is the median.
const STARTS: usize = 5;
/// How long one start is waited for.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// What a contained container may do.
const CONTAINED: &str = "--read-only --cap-drop ALL --security-opt no-new-privileges --user 65532 --memory 256m --memory-swap 256m";

/// Builds the image under this name.
///
/// # Errors
/// When it does not build.
pub(super) fn build(image: &str) -> Result<()> {
    let commit = process::output(&mut process::command("git", ["rev-parse", "HEAD"])).unwrap_or_default();
    let commit = format!("GIT_COMMIT={}", commit.trim());
    let version = concat!("VERSION=", env!("CARGO_PKG_VERSION"));
    process::run(&mut docker::docker([
        "build",
        "--file",
        DOCKERFILE,
        "--tag",
        image,
        "--build-arg",
        &commit,
        "--build-arg",
        version,
        ".",
    ]))
}

/// Checks how much larger the image is than its base.
///
/// # Errors
/// When it is too large.
pub(super) fn size(image: &str) -> Result<()> {
    let dockerfile = fs::read_to_string(process::root().join(DOCKERFILE)).context("no Dockerfile")?;
    let base = base(&dockerfile)?;
    if docker::inspect(base).is_err() {
        process::run(&mut docker::docker(["pull", "--quiet", base]))?;
    }
    let bytes = |name: &str| -> Result<u64> {
        docker::inspect(name)?.get("Size").and_then(Value::as_u64).context("an image without a size")
    };
    let above = bytes(image)?.checked_sub(bytes(base)?).context("the image is smaller than its base")?;
    println!("image: {} above {base} (at most {})", megabytes(above), megabytes(LARGEST));
    ensure!(above <= LARGEST, "the image is too large");
    Ok(())
}

/// The image that the last stage is based on, by default.
fn base(dockerfile: &str) -> Result<&str> {
    let line = dockerfile.lines().find_map(|line| line.strip_prefix("ARG RUNTIME_IMAGE="));
    line.with_context(|| format!("{DOCKERFILE} has no `ARG RUNTIME_IMAGE=`"))
}

fn megabytes(bytes: u64) -> String {
    let tenths = bytes.saturating_add(50_000) / 100_000;
    format!("{}.{} MB", tenths / 10, tenths % 10)
}

/// Checks how soon after its start a container gives its first answer.
///
/// # Errors
/// When it does not answer, or too late.
pub(super) fn start_up(image: &str) -> Result<()> {
    let mut measured = (0..STARTS).map(|_| start(image)).collect::<Result<Vec<Start>>>()?;
    measured.sort_by_key(|start| start.after_start);
    let shown: Vec<String> = measured.iter().map(|start| start.after_start.as_millis().to_string()).collect();
    let median = measured.get(STARTS / 2).context("nothing was measured")?;
    println!(
        "first answer: {} ms after the start (at most {}; {STARTS} starts: {}); {} ms with what `docker start` takes",
        median.after_start.as_millis(),
        LATEST.as_millis(),
        shown.join(", "),
        median.after_command.as_millis()
    );
    ensure!(median.after_start <= LATEST, "the first answer came too late");
    Ok(())
}

/// When one container gave its first answer.
struct Start {
    /// After the moment at which Docker says that it had started it.
    after_start: Duration,
    /// After the moment at which Docker was told to start it.
    after_command: Duration,
}

fn start(image: &str) -> Result<Start> {
    let containers = Containers::of("start");
    let address = free_address()?;
    let port = format!("{address}:8080");
    let id = docker::output(["create", "--label", &containers.label, "--publish", &port, image])?;
    let told = Instant::now();
    let answered = thread::scope(|scope| {
        let waiting = scope.spawn(move || {
            while !is_healthy(address) {
                if told.elapsed() > START_TIMEOUT {
                    bail!("the image did not answer GET /health with 200 in {START_TIMEOUT:?}");
                }
                thread::sleep(Duration::from_millis(1));
            }
            Ok((Instant::now(), SystemTime::now()))
        });
        docker::output(["start", &id])?;
        waiting.join().ok().context("the thread that waits panicked")?
    });
    let (instant, wall) = answered.with_context(|| logs(&id))?;
    let state = docker::inspect(&id)?;
    let started =
        state.pointer("/State/StartedAt").and_then(Value::as_str).context("no time of its start")?;
    let started = SystemTime::from(OffsetDateTime::parse(started, &Rfc3339)?);
    containers.remove()?;
    Ok(Start {
        // Docker notes the time when the start is done, and the first answer may have come by then.
        after_start: wall.duration_since(started).unwrap_or_default(),
        after_command: instant.duration_since(told),
    })
}

/// What a container printed, for a message.
fn logs(id: &str) -> String {
    let printed = process::errors(&mut docker::docker(["logs", id])).unwrap_or_default();
    format!("the container printed: {}", printed.trim())
}

/// Runs the load bench against containers of the image that may do next to nothing.
///
/// The bench starts its servers itself: in their place it gets a script that starts containers.
///
/// # Errors
/// When the bench cannot be built, an answer is wrong, or a container did not survive it.
pub(super) fn contained(image: &str, work: &Path) -> Result<()> {
    process::cargo(&["build", "--release", "-p", "scim-bench"])?;
    let bench = process::target_directory()?.join("release").join("scim-bench");
    let containers = Containers::of("bench");
    let script = work.join("contained-server.sh");
    let text = format!(
        "#!/bin/sh\nexec docker run --label '{}' --network host {CONTAINED} --env SERVER_HOST --env SERVER_PORT \
         --env PERSISTENCE_BACKEND --env SCIM_SHARED_SECRET '{image}'\n",
        containers.label
    );
    write_program(&script, &text)?;
    let arguments = ["--quick", "--store", "memory", "--server", &script.to_string_lossy()];
    let printed = process::output(&mut process::command(&bench.to_string_lossy(), arguments))?;
    let log = work.join("bench.log");
    fs::write(&log, &printed).with_context(|| format!("cannot write {}", log.display()))?;

    // The bench ends the program that it started, Docker's client; the container serves on.
    let ids = containers.ids()?;
    ensure!(ids.len() == 2, "the bench started {} containers, not 2", ids.len());
    let mut memory = Vec::new();
    for id in &ids {
        let state = docker::inspect(id)?;
        let flag = |name: &str| state.pointer(&format!("/State/{name}")).and_then(Value::as_bool);
        ensure!(
            flag("Running") == Some(true) && flag("OOMKilled") == Some(false),
            "a container did not survive the bench; {}",
            logs(id)
        );
        memory.push(docker::output(["stats", "--no-stream", "--format", "{{.MemUsage}}", id])?);
    }
    println!("contained: the bench passes with {CONTAINED}; memory at its end: {}", memory.join(" and "));
    println!("contained: its figures are in {}", log.display());
    Ok(())
}

fn write_program(path: &Path, text: &str) -> Result<()> {
    let mut options = fs::OpenOptions::new();
    let opened = options.write(true).create(true).truncate(true).mode(0o755).open(path);
    opened
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_shown_in_megabytes() {
        assert_eq!(megabytes(39_949_999), "39.9 MB");
        assert_eq!(megabytes(39_950_000), "40.0 MB");
        assert_eq!(megabytes(0), "0.0 MB");
    }

    #[test]
    fn the_base_is_the_default_of_the_dockerfile() {
        let dockerfile = fs::read_to_string(process::root().join(DOCKERFILE)).expect("the Dockerfile");
        assert_eq!(base(&dockerfile).expect("a base"), "gcr.io/distroless/cc-debian12:nonroot");
        assert!(base("FROM x\n").is_err());
    }
}
