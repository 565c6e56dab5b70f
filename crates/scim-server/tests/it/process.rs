//! Starts the built binary on a free port of the loopback interface, and ends it by its id.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};

use crate::storm::Http;

/// A running server, and what its banner said.
pub(crate) struct ServerProcess {
    child: Child,
    log: Receiver<String>,
    /// The banner's `curl` line.
    pub(crate) curl_line: String,
}

impl ServerProcess {
    /// Starts the server with no configuration but its port, and reads its banner up to the `curl` line, which is the last thing it prints.
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with variables.
    pub(crate) fn start_with(variables: &[(&str, &str)]) -> Self {
        let mut server = Self::begin(variables);
        let stdout = BufReader::new(server.child.stdout.take().expect("its output"));
        let mut lines = stdout.lines().map(|line| line.expect("text"));
        let curl_line = lines.find(|line| line.trim_start().starts_with("curl ")).expect("a curl line");
        server.curl_line = curl_line.trim().to_owned();
        server
    }

    /// Starts it with variables and waits for nothing: there is no `curl` line yet.
    pub(crate) fn begin(variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_scim-server"))
            .env_clear()
            .env("SERVER_PORT", "0")
            .env("RUST_LOG", "warn")
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the server starts");
        // Read to its end, whoever asks: a server whose log nobody reads would come to a stand.
        let stderr = BufReader::new(child.stderr.take().expect("its log"));
        let (sender, log) = channel();
        std::thread::spawn(move || {
            for line in stderr.split(b'\n') {
                // Nobody may be left to read it.
                let _unread = sender.send(text(&line.expect("its log")));
            }
        });
        Self { child, log, curl_line: String::new() }
    }

    /// Waits for the next line of the log that has `what` in it.
    pub(crate) fn log_line(&mut self, what: &str) -> String {
        self.log.iter().find(|line| line.contains(what)).expect("such a line")
    }

    /// The base URL in the `curl` line, up to and with `/scim/v2`.
    pub(crate) fn base_url(&self) -> &str {
        let start = self.curl_line.find(" http").expect("a URL") + 1;
        let end = self.curl_line.find("/scim/v2").expect("the mount") + "/scim/v2".len();
        &self.curl_line[start..end]
    }

    /// The port in the `curl` line.
    pub(crate) fn port(&self) -> String {
        let (_, after) = self.curl_line.split_once("://127.0.0.1:").expect("a URL");
        after.split('/').next().expect("a port").to_owned()
    }

    /// The id of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to end, waits until it has, and answers what it logged but for what was waited for.
    pub(crate) fn end(mut self) -> String {
        shell("kill -TERM \"$PID\"", &[("PID", &self.pid().to_string())]);
        self.ended()
    }

    /// Waits until it has ended in order, and answers what it logged but for what was waited for.
    pub(crate) fn ended(&mut self) -> String {
        assert_eq!(self.wait().code(), Some(0));
        self.log.iter().map(|line| line + "\n").collect()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("its end")
    }

    /// The secret in the `curl` line.
    pub(crate) fn secret(&self) -> &str {
        let (_, after) = self.curl_line.split_once("Bearer ").expect("a token");
        after.split(['"', '\'']).next().expect("a token")
    }
}

impl Drop for ServerProcess {
    fn drop(&mut self) {
        // It may have ended by itself, which the test that cares about it has noticed.
        let _already_over = self.child.kill();
        let _status = self.child.wait();
    }
}

/// Waits until the server closes a connection, without another answer.
#[track_caller]
pub(crate) fn expect_end(mut http: Http) {
    assert!(http.answer().is_none(), "the connection is closed without another answer");
}

/// Runs the binary to its end.
pub(crate) fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scim-server"));
    command.env_clear().args(arguments).envs(variables.iter().copied());
    command.output().expect("it runs")
}

/// What was printed.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Runs a shell script and answers what it printed on both streams; fails the test if it fails.
#[track_caller]
pub(crate) fn shell(script: &str, variables: &[(&str, &str)]) -> String {
    let mut child = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &format!("exec 2>&1\n{script}")])
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .spawn()
        .expect("bash");
    let mut output = String::new();
    child.stdout.take().expect("its output").read_to_string(&mut output).expect("text");
    let status = child.wait().expect("its end");
    assert!(status.success(), "{script}\nended with {status} and printed\n{output}");
    output
}
