//! Where the database is and how it is connected to.

use std::time::Duration;

use percent_encoding::percent_decode_str;
use tokio_postgres::config::Host;

use crate::tls;

/// How to reach the database, and how many connections to hold.
#[derive(Debug, Clone)]
pub struct PostgresSettings {
    /// `postgresql://user:password@host:port/database?sslmode=…&sslrootcert=…`
    pub url: String,
    /// A read replica for searches, as a URL of the same form.
    pub read_url: Option<String>,
    /// The most connections of each pool.
    pub max_connections: usize,
    /// The connections that are kept open while idle.
    pub min_connections: usize,
    /// How long a call waits for a connection, and a start for the database.
    pub acquire_timeout: Duration,
    /// A connection that was idle for longer is closed.
    pub idle_timeout: Duration,
    /// A connection that is older is closed when it is idle.
    pub max_lifetime: Duration,
    /// The database cancels a statement that takes longer.
    pub statement_timeout: Duration,
}

impl PostgresSettings {
    /// The settings of `contract`'s defaults for the database at `url`.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            read_url: None,
            max_connections: 20,
            min_connections: 5,
            acquire_timeout: Duration::from_secs(5),
            idle_timeout: Duration::from_secs(600),
            max_lifetime: Duration::from_secs(1800),
            statement_timeout: Duration::from_secs(30),
        }
    }

    /// Whether a URL can be used: its form, its `sslmode`, and the certificates that it names. Nothing
    /// is connected to.
    ///
    /// # Errors
    /// [`SettingsError`], which repeats nothing of the URL but these two parameters.
    pub fn check_url(url: &str) -> Result<(), SettingsError> {
        tls::connector(&ConnectionUrl::parse(url)?).map(drop)
    }
}

/// Why the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The URL is not one of a PostgreSQL database.
    #[error("the database URL cannot be read: {0}")]
    Url(#[source] tokio_postgres::Error),
    /// `sslmode` has a value that there is none of.
    #[error("sslmode is {found:?}: expected disable, prefer, require, verify-ca or verify-full")]
    SslMode {
        /// The value.
        found: String,
    },
    /// The authorities of the system are to be trusted, and the host is not to be checked: anybody can
    /// have a certificate of theirs.
    #[error("sslrootcert=system takes sslmode=verify-full, not {mode}")]
    WeakMode {
        /// The `sslmode`.
        mode: &'static str,
    },
    /// The certificates to trust cannot be had.
    #[error("sslrootcert {path:?} cannot be used: {reason}")]
    RootCertificates {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// `sslmode`, as libpq means it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SslMode {
    /// No TLS.
    Disable,
    /// TLS where the server has it, with whatever certificate.
    Prefer,
    /// TLS, with whatever certificate; with an `sslrootcert`, as [`SslMode::VerifyCa`].
    Require,
    /// TLS with a certificate that a trusted authority has signed, for whatever host.
    VerifyCa,
    /// TLS with a certificate that a trusted authority has signed for this host.
    VerifyFull,
}

/// A database URL taken apart.
#[derive(Debug, Clone)]
pub(crate) struct ConnectionUrl {
    pub(crate) config: tokio_postgres::Config,
    pub(crate) ssl_mode: SslMode,
    pub(crate) ssl_root_cert: Option<String>,
}

/// What `sslrootcert` is for the authorities that the system trusts.
pub(crate) const SYSTEM: &str = "system";

impl ConnectionUrl {
    /// Reads a URL. `sslmode` and `sslrootcert` are taken out, since `tokio-postgres` knows the
    /// former in part and the latter not at all.
    pub(crate) fn parse(url: &str) -> Result<Self, SettingsError> {
        let (base, query) = url.split_once('?').unwrap_or((url, ""));
        let (mut ssl_mode, mut ssl_root_cert, mut rest) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = percent_decode_str(value).decode_utf8_lossy();
            match name {
                "sslmode" => ssl_mode = Some(SslMode::parse(&value)?),
                "sslrootcert" => ssl_root_cert = Some(value.into_owned()),
                _ => rest.push(pair),
            }
        }
        let mut url = base.to_owned();
        if !rest.is_empty() {
            url = format!("{url}?{}", rest.join("&"));
        }
        let mut config: tokio_postgres::Config = url.parse().map_err(SettingsError::Url)?;
        let is_local = config.get_hosts().iter().all(|host| !matches!(host, Host::Tcp(_)));
        let is_system = ssl_root_cert.as_deref() == Some(SYSTEM);
        let ssl_mode = match ssl_mode {
            // There is no TLS on the sockets of a machine, and none is missed.
            _ if is_local && config.get_hostaddrs().is_empty() => SslMode::Disable,
            None if is_system => SslMode::VerifyFull,
            Some(mode) if is_system && mode != SslMode::VerifyFull => {
                return Err(SettingsError::WeakMode { mode: mode.name() });
            }
            mode => mode.unwrap_or(SslMode::Prefer),
        };
        config.ssl_mode(match ssl_mode {
            SslMode::Disable => tokio_postgres::config::SslMode::Disable,
            SslMode::Prefer => tokio_postgres::config::SslMode::Prefer,
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => {
                tokio_postgres::config::SslMode::Require
            }
        });
        if config.get_application_name().is_none() {
            config.application_name("scim-server");
        }
        notice_silence(&mut config);
        Ok(Self { config, ssl_mode, ssl_root_cert })
    }
}

/// How long a host may take to accept a connection; then the next one of the URL has its turn.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long what was sent may be without an acknowledgement until the host counts as gone.
const SILENCE: Duration = Duration::from_secs(10);
/// How long nothing is sent on a connection until the host is asked whether it is there, how long after that
/// again, and how often.
const KEEPALIVE: (Duration, Duration, u32) = (Duration::from_secs(30), Duration::from_secs(5), 3);
/// What the driver takes for the first where a URL says nothing.
const DRIVERS_KEEPALIVE: Duration = Duration::from_secs(2 * 60 * 60);

/// Sees to it that a host which goes silent, as one that loses its power does, is noticed. What the URL says
/// itself stays. By default a system takes a quarter of an hour.
fn notice_silence(config: &mut tokio_postgres::Config) {
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_TIMEOUT);
    }
    if config.get_tcp_user_timeout().is_none() {
        config.tcp_user_timeout(SILENCE);
    }
    let (idle, interval, retries) = KEEPALIVE;
    if config.get_keepalives_idle() == DRIVERS_KEEPALIVE {
        config.keepalives_idle(idle);
    }
    if config.get_keepalives_interval().is_none() {
        config.keepalives_interval(interval);
    }
    if config.get_keepalives_retries().is_none() {
        config.keepalives_retries(retries);
    }
}

impl SslMode {
    /// As it is written in a URL.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    fn parse(text: &str) -> Result<Self, SettingsError> {
        [Self::Disable, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull]
            .into_iter()
            .find(|mode| mode.name() == text)
            .ok_or_else(|| SettingsError::SslMode { found: text.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_libpq_knows_is_taken_out_of_the_url() {
        let url = "postgresql://u:p@h:5433/d?sslmode=verify-full&connect_timeout=3&sslrootcert=%2Fa%20b.pem";
        let url = ConnectionUrl::parse(url).expect("a URL");
        assert_eq!(url.ssl_mode, SslMode::VerifyFull);
        assert_eq!(url.ssl_root_cert.as_deref(), Some("/a b.pem"));
        assert_eq!(url.config.get_connect_timeout(), Some(&Duration::from_secs(3)));
        assert_eq!(url.config.get_ssl_mode(), tokio_postgres::config::SslMode::Require);
        assert_eq!(url.config.get_ports(), [5433]);
    }

    #[test]
    fn a_silent_host_is_noticed_unless_the_url_says_otherwise() {
        let limits = |query: &str| {
            let url = ConnectionUrl::parse(&format!("postgresql://a,b/d?{query}")).expect("a URL");
            let seconds = |time: Option<&Duration>| time.map(Duration::as_secs);
            let config = url.config;
            let idle = config.get_keepalives_idle().as_secs();
            (seconds(config.get_connect_timeout()), seconds(config.get_tcp_user_timeout()), idle)
        };
        assert_eq!(limits(""), (Some(2), Some(10), 30));
        let own = "connect_timeout=7&tcp_user_timeout=8&keepalives_idle=9";
        assert_eq!(limits(own), (Some(7), Some(8), 9));
    }

    #[track_caller]
    fn check_mode(url: &str, expected: SslMode) {
        assert_eq!(ConnectionUrl::parse(url).expect("a URL").ssl_mode, expected, "{url}");
    }

    #[test]
    fn the_mode_is_what_libpq_makes_of_the_url() {
        check_mode("postgresql://h/d", SslMode::Prefer);
        check_mode("postgresql://h/d?sslmode=disable", SslMode::Disable);
        check_mode("postgresql://h/d?sslmode=verify-ca", SslMode::VerifyCa);
        check_mode("postgresql://h/d?sslrootcert=/a.pem", SslMode::Prefer);
        check_mode("postgresql://h/d?sslrootcert=system", SslMode::VerifyFull);
        check_mode("postgresql://h/d?sslrootcert=system&sslmode=verify-full", SslMode::VerifyFull);
        check_mode("postgresql://%2Frun%2Fpostgresql/d?sslmode=require", SslMode::Disable);
    }

    #[test]
    fn what_cannot_be_read_is_refused() {
        for url in [
            "postgresql://h/d?sslmode=maybe",
            "postgresql://h/d?sslmode=require&sslrootcert=system",
            "postgresql://h/d?nothing=1",
            "mysql://h",
        ] {
            assert!(ConnectionUrl::parse(url).is_err(), "{url}");
        }
    }
}
