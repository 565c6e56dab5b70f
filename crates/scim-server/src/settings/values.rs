//! What each setting takes.

use std::fmt;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use actix_web::http::Uri;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use secrecy::{SecretBox, SecretString};
use tracing_subscriber::EnvFilter;

/// The fewest characters of the operator's secret.
const MIN_SECRET: usize = 32;
/// The most threads that serve requests.
const MAX_THREADS: usize = 1024;
/// The most connections to a database.
const MAX_CONNECTIONS: usize = 10_000;
/// The most connections of clients.
const MAX_CLIENT_CONNECTIONS: usize = 1_000_000;
/// The most requests that may be worked on at once.
pub(super) const MAX_REQUESTS: usize = 100_000;
/// The longest time limit, in seconds.
const MAX_SECONDS: u64 = 3600;
/// The longest time that the audit log may be kept, in days.
const MAX_DAYS: u64 = 36_500;
/// How many seconds a day has.
pub(super) const SECONDS_A_DAY: u64 = 24 * 60 * 60;
/// The largest body that may be allowed, in bytes.
const MAX_SIZE: usize = 1024 * 1024 * 1024;

/// Where resources are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backend {
    /// In memory.
    InMemory,
    /// In PostgreSQL.
    Postgres,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InMemory => "inmemory",
            Self::Postgres => "postgres",
        })
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

pub(super) const BACKEND: &str = "inmemory or postgres";

pub(super) fn backend(text: &str) -> Option<Backend> {
    [Backend::InMemory, Backend::Postgres].into_iter().find(|backend| backend.to_string() == text)
}

pub(super) const DATABASE_URL: &str = "postgresql://user:password@host:port/database?sslmode=…";

/// The URL of a database, as far as can be told without its adapter.
pub(super) fn database_url(text: &str) -> Option<SecretString> {
    let is_url = text.starts_with("postgresql://") || text.starts_with("postgres://");
    is_url.then(|| SecretString::from(text))
}

/// A database URL without the passwords in it.
pub(super) fn masked_url(url: &str) -> String {
    let (base, query) = url.split_once('?').unwrap_or((url, ""));
    let (scheme, rest) = base.split_once("://").unwrap_or(("", base));
    let (credentials, place) = rest.rsplit_once('@').unwrap_or(("", rest));
    let mut masked = format!("{scheme}://");
    if let Some((user, _password)) = credentials.split_once(':') {
        masked.push_str(user);
        masked.push_str(":***@");
    } else if !credentials.is_empty() {
        masked.push_str(credentials);
        masked.push('@');
    }
    masked.push_str(place);
    for (index, pair) in query.split('&').filter(|pair| !pair.is_empty()).enumerate() {
        masked.push(if index == 0 { '?' } else { '&' });
        // Only what is known not to be a secret: a password with a question mark in it ends up here.
        let is_shown = ["sslmode=", "sslrootcert=", "application_name=", "connect_timeout=", "options="]
            .iter()
            .any(|name| pair.starts_with(name) && !pair.contains('@'));
        masked.push_str(if is_shown { pair } else { "***" });
    }
    masked
}

/// The number that the text is, if it is in this range.
pub(super) fn number_in<N: FromStr + PartialOrd>(range: &RangeInclusive<N>, text: &str) -> Option<N> {
    text.parse().ok().filter(|number| range.contains(number))
}

pub(super) const CONNECTIONS: &str = "a number of connections, 1 to 10000";

pub(super) fn connections(text: &str) -> Option<usize> {
    number_in(&(1..=MAX_CONNECTIONS), text)
}

pub(super) const IDLE_CONNECTIONS: &str = "a number of connections, 0 to 10000";

pub(super) fn idle_connections(text: &str) -> Option<usize> {
    number_in(&(0..=MAX_CONNECTIONS), text)
}

pub(super) const CLIENT_CONNECTIONS: &str = "a number of connections, 1 to 1000000";

pub(super) fn client_connections(text: &str) -> Option<usize> {
    number_in(&(1..=MAX_CLIENT_CONNECTIONS), text)
}

pub(super) const REQUESTS: &str = "a number of requests, 1 to 100000";

pub(super) fn requests(text: &str) -> Option<usize> {
    number_in(&(1..=MAX_REQUESTS), text)
}

pub(super) const SWITCH: &str = "true or false";

pub(super) fn switch(text: &str) -> Option<bool> {
    text.parse().ok()
}

pub(super) const SECRET: &str = "at least 32 visible ASCII characters";

pub(super) const ENCRYPTION_KEY: &str = "32 bytes, in base64 or in hex";

pub(super) fn encryption_key(text: &str) -> Option<SecretBox<[u8; 32]>> {
    let bytes = if text.len() == 64 {
        let digits = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        text.bytes().all(|byte| byte.is_ascii_hexdigit()).then_some(())?;
        text.as_bytes().chunks(2).map(digits).collect::<Option<Vec<u8>>>()?
    } else {
        let text = text.trim_end_matches('=');
        STANDARD_NO_PAD.decode(text).or_else(|_other| URL_SAFE_NO_PAD.decode(text)).ok()?
    };
    Some(SecretBox::new(Box::new(bytes.try_into().ok()?)))
}

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

pub(super) const PATH: &str = "the path of a file";

pub(super) fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty()).then(|| PathBuf::from(text))
}

pub(super) const SIZE: &str = "a number of bytes, 1 to 1073741824";

pub(super) fn size(text: &str) -> Option<usize> {
    number_in(&(1..=MAX_SIZE), text)
}

pub(super) const THREADS: &str = "a number, 1 to 1024";

pub(super) fn threads(text: &str) -> Option<usize> {
    number_in(&(1..=MAX_THREADS), text)
}

pub(super) const SECONDS: &str = "a number of seconds, 1 to 3600";

pub(super) fn seconds(text: &str) -> Option<Duration> {
    number_in(&(1..=MAX_SECONDS), text).map(Duration::from_secs)
}

pub(super) const DELAY: &str = "a number of seconds, 0 to 3600";

pub(super) fn delay(text: &str) -> Option<Duration> {
    number_in(&(0..=MAX_SECONDS), text).map(Duration::from_secs)
}

pub(super) const DAYS: &str = "a number of days, 1 to 36500";

pub(super) fn days(text: &str) -> Option<Duration> {
    let days = number_in(&(1..=MAX_DAYS), text)?;
    Some(Duration::from_secs(SECONDS_A_DAY.checked_mul(days)?))
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
    use secrecy::ExposeSecret;

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

    #[track_caller]
    fn check_masked(url: &str, expected: &str) {
        assert_eq!(masked_url(url), expected);
    }

    #[test]
    fn a_database_url_is_shown_without_its_password() {
        check_masked("postgresql://u:p@h:1/d", "postgresql://u:***@h:1/d");
        check_masked("postgres://u:p@h/d?sslmode=require", "postgres://u:***@h/d?sslmode=require");
        check_masked("postgres://u@h/d", "postgres://u@h/d");
        check_masked("postgres:///d", "postgres:///d");
        check_masked("postgres://u:a@b:c@h/d", "postgres://u:***@h/d");
        check_masked("postgres://h/d?password=p&sslmode=disable", "postgres://h/d?***&sslmode=disable");
        check_masked("postgres://u:a?b@h/d", "postgres://u:a?***");
    }

    #[test]
    fn an_encryption_key_has_32_bytes() {
        let bytes = |text: &str| encryption_key(text).map(|key| *key.expose_secret());
        assert_eq!(bytes(&"0a".repeat(32)), Some([10; 32]));
        assert_eq!(bytes("//////////////////////////////////////////8="), Some([255; 32]));
        assert_eq!(bytes("__________________________________________8"), Some([255; 32]));
        for wrong in ["", "00", "////", &"0g".repeat(32), &"é".repeat(32), &"0a".repeat(33)] {
            assert_eq!(bytes(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_long_and_can_be_sent() {
        assert!(secret(&"x".repeat(32)).is_some());
        assert!(secret(&"x".repeat(31)).is_none());
        assert!(secret(&" ".repeat(32)).is_none());
        assert!(secret(&"é".repeat(32)).is_none());
    }
}
