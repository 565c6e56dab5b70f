//! A cluster of PostgreSQL in a temporary directory, run from the programs on this machine.

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

mod binaries;
mod directory;
mod user;

use self::directory::Directory;
use self::user::User;
use crate::watch::Watch;
use crate::{Error, Shutdown, random};

/// The superuser of the cluster.
const ROLE: &str = "scim_test";
/// How often another port is tried when somebody takes the chosen one.
const PORTS: usize = 8;
/// How long `pg_ctl` waits for the server to come or go, in seconds.
const PATIENCE: &str = "60";
/// How long to wait for what a killed server leaves behind.
const REMAINS: Duration = Duration::from_secs(30);

/// Stops the cluster of `$2` with the `pg_ctl` at `$1`, and removes `$3`.
const CLEAN_UP: &str = r#""$1" stop -D "$2" -m immediate -w -t 60; cd /; rm -rf "$3""#;

/// Everything but the port. The cluster lasts as long as a test, so it need not survive the machine;
/// what a commit promises is left as it is in production. A database cannot be dropped while somebody
/// who went away in the middle of logging in to it is waited for.
const SETTINGS: &str = "\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 300
fsync = off
full_page_writes = off
authentication_timeout = 10s
password_encryption = 'scram-sha-256'
";

/// A cluster of its own. Dropping it stops it and removes its data.
#[derive(Debug)]
pub(crate) struct Cluster {
    // Dropped first: it stops the server, then removes the directory.
    _watch: Watch,
    directory: Directory,
    user: User,
    programs: PathBuf,
    url: String,
    password: String,
}

impl Cluster {
    /// Makes a cluster and starts it: in `place`, or else where temporary files are, and with more
    /// `settings`, which come last and so win. Clusters that dead processes left are removed before.
    ///
    /// # Errors
    /// When the server's programs are missing or one of them fails, in its own words.
    pub(crate) fn start(place: Option<&Path>, settings: &str) -> Result<Self, Error> {
        let mut cluster = Self::empty(place)?;
        let password = random::hexadecimal::<16>()?;
        cluster.initialise(&password, settings)?;
        cluster.start_somewhere(&password)?;
        Ok(cluster)
    }

    /// Makes a cluster that follows this one, and starts it.
    ///
    /// # Errors
    /// As [`Cluster::start`].
    pub(crate) fn start_replica(&self) -> Result<Self, Error> {
        let mut replica = Self::empty(None)?;
        let mut command = replica.command("pg_basebackup");
        command.args(["--dbname", &self.url]).arg("--pgdata").arg(replica.data());
        // Without waiting for a checkpoint of its own time.
        command.args(["--write-recovery-conf", "--checkpoint=fast", "--no-sync"]);
        run(&mut command)?;
        replica.start_somewhere(&self.password)?;
        Ok(replica)
    }

    /// A directory, and nothing in it.
    fn empty(place: Option<&Path>) -> Result<Self, Error> {
        let programs = binaries::find()?;
        let user = User::for_server()?;
        let pg_ctl = programs.join("pg_ctl");
        for path in directory::abandoned(place, &user) {
            // Best effort: the next one tries again.
            drop(watch(&user, &pg_ctl, &path));
        }
        let directory = Directory::create(place, &user)?;
        let watch = watch(&user, &pg_ctl, directory.path())?;
        let (url, password) = (String::new(), String::new());
        Ok(Self { _watch: watch, directory, user, programs, url, password })
    }

    /// Starts it on a port that is free.
    fn start_somewhere(&mut self, password: &str) -> Result<(), Error> {
        self.password = password.to_owned();
        let mut result = Err(Error::new("no port is free"));
        for _attempt in 0..PORTS {
            let port = random::port()?;
            self.write("data/port.conf", &format!("port = {port}\n"))?;
            self.url = format!("postgres://{ROLE}:{password}@127.0.0.1:{port}/postgres");
            result = self.start_once();
            if result.is_ok() || !self.log().contains("could not bind") {
                break;
            }
        }
        result
    }

    /// The URL of its database `postgres`, for its superuser.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Starts it again, on the same port. Nothing happens when it runs.
    ///
    /// # Errors
    /// When it does not come up.
    pub(crate) fn start_again(&self) -> Result<(), Error> {
        if self.is_running() {
            return Ok(());
        }
        let start = Instant::now();
        loop {
            let result = self.start_once();
            // The processes of a killed server take a moment to notice that it is gone.
            let remains = result.is_err() && self.log().contains("still in use");
            if !remains || start.elapsed() > REMAINS {
                return result;
            }
        }
    }

    /// Stops it and waits until it is gone. Nothing happens when it does not run.
    ///
    /// # Errors
    /// When it does not end.
    pub(crate) fn stop(&self, how: Shutdown) -> Result<(), Error> {
        if !self.is_running() {
            return Ok(());
        }
        let mode = match how {
            Shutdown::Fast => "fast",
            Shutdown::Immediate => "immediate",
            Shutdown::Kill => return self.kill(),
        };
        run(self.pg_ctl("stop").args(["-w", "-t", PATIENCE, "-m", mode]))
    }

    /// Writes a file into the directory of its data. What is in `more.conf` is part of its settings.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn write_file(&self, name: &str, text: &str) -> Result<(), Error> {
        self.write(&format!("data/{name}"), text)
    }

    fn kill(&self) -> Result<(), Error> {
        let file = self.data().join("postmaster.pid");
        let text = fs::read_to_string(&file).map_err(|error| Error::at(&file, error))?;
        let id = text.lines().next().unwrap_or_default();
        run(self.command("pg_ctl").args(["kill", "KILL", id]))?;
        let start = Instant::now();
        while self.is_running() {
            if start.elapsed() > REMAINS {
                return Err(Error::new("the server survives SIGKILL"));
            }
        }
        Ok(())
    }

    fn is_running(&self) -> bool {
        self.pg_ctl("status").output().is_ok_and(|output| output.status.success())
    }

    fn initialise(&self, password: &str, settings: &str) -> Result<(), Error> {
        self.write("password", password)?;
        let initdb = |locale: &str| {
            let mut command = self.command("initdb");
            command.arg("--pgdata").arg(self.data()).arg("--pwfile").arg(self.path("password"));
            command.args(["--username", ROLE, "--auth", "scram-sha-256", "--encoding", "UTF8"]);
            command.args(["--locale", locale, "--no-sync", "--no-instructions"]);
            run(&mut command)
        };
        // Some systems lack the first; both know letters beyond ASCII.
        initdb("C.UTF-8").or_else(|error| initdb("en_US.UTF-8").map_err(|_same| error))?;
        self.write("data/test.conf", &format!("{SETTINGS}{settings}"))?;
        let file = self.data().join("postgresql.conf");
        let mut settings = fs::read_to_string(&file).map_err(|error| Error::at(&file, error))?;
        settings.push_str("include 'test.conf'\ninclude 'port.conf'\ninclude_if_exists 'more.conf'\n");
        self.write("data/postgresql.conf", &settings)
    }

    fn start_once(&self) -> Result<(), Error> {
        self.write("log", "")?;
        let mut command = self.pg_ctl("start");
        command.args(["-w", "-t", PATIENCE, "-l"]).arg(self.path("log"));
        run(&mut command).map_err(|error| {
            let mut message = error.to_string();
            for line in self.log().lines() {
                // Writing to a string does not fail.
                let _written = write!(message, "; {line}");
            }
            Error::new(message)
        })
    }

    fn log(&self) -> String {
        fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// Writes a file that the server's user owns and nobody else reads.
    fn write(&self, name: &str, text: &str) -> Result<(), Error> {
        let path = self.path(name);
        fs::write(&path, text)
            .and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o600)))
            .and_then(|()| chown(&path, Some(self.user.id()), Some(self.user.group())))
            .map_err(|error| Error::at(&path, error))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.path("data")
    }

    fn command(&self, program: &str) -> Command {
        self.user.command(&self.programs.join(program), self.directory.path())
    }

    fn pg_ctl(&self, action: &str) -> Command {
        let mut command = self.command("pg_ctl");
        command.args([action, "-D"]).arg(self.data());
        command
    }
}

/// Has the cluster in `directory` stopped and removed when this process ends or the watch is dropped.
fn watch(user: &User, pg_ctl: &Path, directory: &Path) -> Result<Watch, Error> {
    let data = directory.join("data");
    let arguments = [pg_ctl, &data, directory].map(|path| path.to_string_lossy().into_owned());
    Watch::start(
        user.command(Path::new("sh"), directory),
        CLEAN_UP,
        &arguments.each_ref().map(String::as_str),
    )
}

/// Runs a program to its end. A server that it starts writes nothing to what it prints.
fn run(command: &mut Command) -> Result<(), Error> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| Error::because(format!("cannot start {name}"), error))?;
    if output.status.success() {
        return Ok(());
    }
    let mut words = String::from_utf8_lossy(&output.stderr).into_owned();
    words.push_str(&String::from_utf8_lossy(&output.stdout));
    let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    Err(Error::because(format!("{name} failed ({})", output.status), words))
}
