//! HTTP over TLS by way of `curl`, which speaks HTTP/2 and checks certificates: one process a request.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::process;

/// How long one request may take, in seconds: longer than anything between here and the database waits.
const TIMEOUT: &str = "60";

/// Where the requests go, and with what.
#[derive(Debug, Clone)]
pub(super) struct Client {
    url: String,
    certificate: PathBuf,
    secret: String,
}

/// One request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    /// From the root, with its query.
    pub(super) path: &'a str,
    pub(super) headers: &'a [&'a str],
    pub(super) body: Option<&'a Value>,
    /// Whether the operator's secret goes with it.
    pub(super) is_authorized: bool,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    /// `2` or `1.1`.
    pub(super) version: String,
    pub(super) status: u16,
    headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl<'a> Request<'a> {
    /// With the operator's secret and without a body.
    pub(super) fn new(method: &'a str, path: &'a str) -> Self {
        Self { method, path, headers: &[], body: None, is_authorized: true }
    }

    /// With the operator's secret and this body.
    pub(super) fn with(method: &'a str, path: &'a str, body: &'a Value) -> Self {
        Self { body: Some(body), ..Self::new(method, path) }
    }
}

impl Client {
    /// A client of the server at `url` that trusts `certificate` and has the operator's secret.
    pub(super) fn new(url: String, certificate: PathBuf, secret: String) -> Self {
        Self { url, certificate, secret }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn certificate(&self) -> &Path {
        &self.certificate
    }

    pub(super) fn secret(&self) -> &str {
        &self.secret
    }

    /// Sends a request and reads the answer, whatever its status.
    ///
    /// # Errors
    /// When there is no curl, or no answer.
    pub(super) fn send(&self, request: &Request<'_>) -> Result<Answer> {
        let mut command =
            process::command("curl", ["--silent", "--show-error", "--include", "--max-time", TIMEOUT]);
        command.arg("--cacert").arg(&self.certificate).args(["--config", "-"]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().context("deploy-test needs curl")?;
        // What is secret does not belong on a command line, which everyone on the machine may read.
        child.stdin.take().context("no way to write to curl")?.write_all(self.config(request).as_bytes())?;
        let output = child.wait_with_output()?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.success(),
            "no answer to {} {}: {}",
            request.method,
            request.path,
            errors.trim()
        );
        Answer::read(&String::from_utf8_lossy(&output.stdout))
    }

    /// Sends a request and gives the body of the answer, which has to have this status.
    ///
    /// # Errors
    /// When there is no answer, or it has another status or a body that is not JSON.
    pub(super) fn expect(&self, status: u16, request: &Request<'_>) -> Result<Value> {
        self.send(request)?.expect(status).with_context(|| format!("{} {}", request.method, request.path))
    }

    /// What curl reads as if it stood on its command line.
    fn config(&self, request: &Request<'_>) -> String {
        let mut lines = vec![
            line("url", &format!("{}{}", self.url, request.path)),
            line("request", request.method),
            // Never two requests in the place of one.
            "retry = 0".to_owned(),
        ];
        if request.is_authorized {
            lines.push(line("header", &format!("Authorization: Bearer {}", self.secret)));
        }
        lines.extend(request.headers.iter().map(|header| line("header", header)));
        if let Some(body) = request.body {
            lines.push(line("header", "Content-Type: application/scim+json"));
            lines.push(line("data-binary", &body.to_string()));
        }
        lines.join("\n")
    }
}

fn line(option: &str, value: &str) -> String {
    format!("{option} = \"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""))
}

impl Answer {
    /// Reads what `curl --include` prints.
    fn read(printed: &str) -> Result<Self> {
        let (head, body) = printed.split_once("\r\n\r\n").context("an answer without an end of its head")?;
        let mut lines = head.lines();
        let mut words = lines.next().unwrap_or_default().split(' ');
        let version = words.next().and_then(|word| word.strip_prefix("HTTP/")).context("not HTTP")?;
        let status = words.next().and_then(|word| word.parse().ok()).context("an answer without a status")?;
        let headers = lines.filter_map(|line| line.split_once(':'));
        let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()));
        Ok(Self { version: version.to_owned(), status, headers: headers.collect(), body: body.to_owned() })
    }

    /// The value of a header, which is named in small letters.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The body, when the answer has this status.
    ///
    /// # Errors
    /// When it has another one, or its body is not JSON. No body is null.
    pub(super) fn expect(&self, status: u16) -> Result<Value> {
        ensure!(self.status == status, "expected {status}, got {}: {}", self.status, self.body);
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&self.body).with_context(|| format!("not JSON: {}", self.body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers() {
        let answer =
            Answer::read("HTTP/2 201 \r\nETag: W/\"v1\"\r\nx-a:b\r\n\r\n{\"a\":1}").expect("an answer");
        assert_eq!((answer.version.as_str(), answer.status), ("2", 201));
        assert_eq!((answer.header("etag"), answer.header("x-a")), (Some("W/\"v1\""), Some("b")));
        assert_eq!(answer.expect(201).expect("JSON"), serde_json::json!({"a": 1}));
        assert!(answer.expect(200).is_err());
        let empty = Answer::read("HTTP/1.1 204 No Content\r\n\r\n").expect("an answer");
        assert_eq!(empty.expect(204).expect("nothing"), Value::Null);
        assert!(Answer::read("HTTP/2 200 \r\n").is_err());
        assert!(Answer::read("SSH-2.0\r\n\r\n").is_err());
    }

    #[test]
    fn what_is_quoted_for_curl_is_escaped() {
        assert_eq!(line("data", r#"{"a":"\n"}"#), r#"data = "{\"a\":\"\\n\"}""#);
    }
}
