//! What each setting takes.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use actix_web::http::Uri;
use secrecy::SecretString;
use tracing_subscriber::EnvFilter;

/// The fewest characters of the operator's secret.
const MIN_SECRET: usize = 32;
/// The most threads that serve requests.
const MAX_THREADS: usize = 1024;
/// The longest time limit, in seconds.
const MAX_SECONDS: u64 = 3600;
/// The largest body that may be allowed, in bytes.
const MAX_SIZE: usize = 1024 * 1024 * 1024;

/// Where resources are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backend {
    /// In memory.
    InMemory,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("inmemory")
    }
}

/// What log lines look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

impl fmt::Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::Pretty => "pretty",
        })
    }
}

pub(super) const HOST: &str = "an IP address or a host name";

pub(super) fn host(text: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:%".contains(&byte);
    (!text.is_empty() && text.bytes().all(allowed)).then(|| text.to_owned())
}

pub(super) const PORT: &str = "a port number, 0 to 65535";

pub(super) fn port(text: &str) -> Option<u16> {
    text.parse().ok()
}

pub(super) const BACKEND: &str = "inmemory (postgres is not built in)";

pub(super) fn backend(text: &str) -> Option<Backend> {
    (text == "inmemory").then_some(Backend::InMemory)
}

pub(super) const SECRET: &str = "at least 32 visible ASCII characters";

/// A secret that a header can carry.
pub(super) fn secret(text: &str) -> Option<SecretString> {
    let fits = text.len() >= MIN_SECRET && text.bytes().all(|byte| byte.is_ascii_graphic());
    fits.then(|| SecretString::from(text))
}

pub(super) const URL: &str = "an http or https URL without query and fragment";

/// A base URL, without a slash at its end.
pub(super) fn url(text: &str) -> Option<String> {
    if text.contains(['#', '?', '"', '\\', '<', '>', '@']) {
        return None;
    }
    let uri = Uri::from_str(text).ok()?;
    let is_web = matches!(uri.scheme_str(), Some("http" | "https"));
    (is_web && uri.host().is_some_and(|host| !host.is_empty())).then(|| text.trim_end_matches('/').to_owned())
}

pub(super) const SIZE: &str = "a number of bytes, 1 to 1073741824";

pub(super) fn size(text: &str) -> Option<usize> {
    text.parse().ok().filter(|size| (1..=MAX_SIZE).contains(size))
}

pub(super) const THREADS: &str = "a number, 1 to 1024";

pub(super) fn threads(text: &str) -> Option<usize> {
    text.parse().ok().filter(|threads| (1..=MAX_THREADS).contains(threads))
}

pub(super) const SECONDS: &str = "a number of seconds, 1 to 3600";

pub(super) fn seconds(text: &str) -> Option<Duration> {
    text.parse().ok().filter(|seconds| (1..=MAX_SECONDS).contains(seconds)).map(Duration::from_secs)
}

pub(super) const LOG_FILTER: &str = "a filter such as info or warn,scim_http=debug";

pub(super) fn log_filter(text: &str) -> Option<String> {
    (!text.is_empty() && EnvFilter::try_new(text).is_ok()).then(|| text.to_owned())
}

pub(super) const LOG_FORMAT: &str = "json or pretty";

pub(super) fn log_format(text: &str) -> Option<LogFormat> {
    [LogFormat::Json, LogFormat::Pretty].into_iter().find(|format| format.to_string() == text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_url(text: &str, expected: Option<&str>) {
        assert_eq!(url(text).as_deref(), expected, "{text}");
    }

    #[test]
    fn base_urls() {
        check_url("https://scim.example", Some("https://scim.example"));
        check_url("https://scim.example/gate/", Some("https://scim.example/gate"));
        check_url("http://[::1]:8080", Some("http://[::1]:8080"));
        check_url("https://scim.example?x=1", None);
        check_url("https://scim.example#x", None);
        check_url("https://user@scim.example", None);
        check_url("ftp://scim.example", None);
        check_url("/scim", None);
        check_url("https://", None);
        check_url("", None);
    }

    #[test]
    fn a_secret_is_long_and_can_be_sent() {
        assert!(secret(&"x".repeat(32)).is_some());
        assert!(secret(&"x".repeat(31)).is_none());
        assert!(secret(&" ".repeat(32)).is_none());
        assert!(secret(&"é".repeat(32)).is_none());
    }
}
