//! The server as a process under test: started on a free port of the loopback interface, waited for,
//! and ended when it is dropped.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// How long a server may take until it answers.
const START_TIMEOUT: Duration = Duration::from_secs(30);
/// How long one question for its health may take.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(1);
/// How long to wait between two of them.
const HEALTH_INTERVAL: Duration = Duration::from_millis(20);

/// Settings that a developer's shell may hold and that would make another server of it.
const FOREIGN_SETTINGS: [&str; 13] = [
    "PORT",
    "DATABASE_URL",
    "DATABASE_READ_URL",
    "DATABASE_MAX_CONNECTIONS",
    "DATABASE_MIN_CONNECTIONS",
    "AUTO_MIGRATE",
    "JWT_SECRET",
    "REDIS_URL",
    "TLS_CERT_PATH",
    "TLS_KEY_PATH",
    "PUBLIC_BASE_URL",
    "RATE_LIMIT_PER_SECOND",
    "MAX_REQUEST_SIZE",
];

/// A running server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    address: SocketAddr,
    secret: String,
}

impl Server {
    /// Starts a command that takes the server's environment, on the embedded store and with a secret
    /// of its own, and waits until it says that it is healthy. What it prints goes to `log`, or nowhere.
    ///
    /// # Errors
    /// When it cannot be started, ends, or does not answer in time.
    pub fn start(command: Command, log: Option<&Path>) -> Result<Self> {
        Self::start_on(None, command, log)
    }

    /// The same on the database that the URL names, or else on the embedded store.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_on(database_url: Option<&str>, mut command: Command, log: Option<&Path>) -> Result<Self> {
        let secret = random_secret()?;
        let address = free_address()?;
        for name in FOREIGN_SETTINGS {
            command.env_remove(name);
        }
        command
            .env("SERVER_HOST", address.ip().to_string())
            .env("SERVER_PORT", address.port().to_string())
            .env("PERSISTENCE_BACKEND", if database_url.is_some() { "postgres" } else { "inmemory" })
            .env("SCIM_SHARED_SECRET", &secret)
            .envs(database_url.map(|url| ("DATABASE_URL", url)));
        let child = spawn(&mut command, log)?;
        let mut server = Self { child, address, secret };
        server.wait_until_healthy(log)?;
        Ok(server)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base URL of its SCIM mount.
    pub fn base_url(&self) -> String {
        format!("{}/scim/v2", self.url())
    }

    /// The operator's secret.
    pub fn secret(&self) -> &str {
        &self.secret
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_healthy(&mut self, log: Option<&Path>) -> Result<()> {
        let deadline = Instant::now().checked_add(START_TIMEOUT).context("the clock is at its end")?;
        let hint = log.map(|log| format!("; see {}", log.display())).unwrap_or_default();
        loop {
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended before it answered ({status}){hint}");
            }
            if is_healthy(self.address) {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("the server did not answer GET /health with 200 in {START_TIMEOUT:?}{hint}");
            }
            thread::sleep(HEALTH_INTERVAL);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only for a process that has ended already.
        let _ended = self.child.kill();
        let _collected = self.child.wait();
    }
}

/// Starts a program whose output goes to `log`, or nowhere.
fn spawn(command: &mut Command, log: Option<&Path>) -> Result<Child> {
    match log {
        Some(log) => {
            let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
            command.stderr(file.try_clone()?).stdout(file);
        }
        None => {
            command.stdout(Stdio::null()).stderr(Stdio::null());
        }
    }
    let program = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::null()).spawn().with_context(|| format!("cannot start {program}"))
}

/// A port of the loopback interface that nobody listens on at this moment.
///
/// # Errors
/// When there is none.
pub fn free_address() -> Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port")?;
    Ok(listener.local_addr()?)
}

/// Whether `GET /health` is answered with 200.
pub fn is_healthy(address: SocketAddr) -> bool {
    health_status(address).is_ok_and(|line| line.starts_with("HTTP/1.1 200 "))
}

fn health_status(address: SocketAddr) -> Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, HEALTH_TIMEOUT)?;
    stream.set_read_timeout(Some(HEALTH_TIMEOUT))?;
    stream.set_write_timeout(Some(HEALTH_TIMEOUT))?;
    // In one piece: whoever answers the first of several and closes the connection resets it.
    let request = format!("GET /health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(64 * 1024).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// 256 random bits in hexadecimal.
fn random_secret() -> Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).context("no random numbers from the system")?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Answers one connection with `answer`.
    fn answering(answer: &'static str) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut request = [0_u8; 1024];
            let _length = stream.read(&mut request).expect("a request");
            stream.write_all(answer.as_bytes()).expect("written");
        });
        address
    }

    #[test]
    fn only_200_is_healthy() {
        assert!(is_healthy(answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")));
        assert!(!is_healthy(answering("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n")));
        assert!(!is_healthy(free_address().expect("a port")), "nobody listens");
    }

    #[test]
    fn secrets_are_long_and_differ() {
        let (one, other) = (random_secret().expect("random"), random_secret().expect("random"));
        assert_eq!(one.len(), 64);
        assert_ne!(one, other);
    }

    #[test]
    fn a_program_that_ends_is_reported() {
        let error = Server::start(Command::new("false"), None).expect_err("it does not serve");
        assert!(error.to_string().contains("ended before it answered"), "{error}");
    }
}
