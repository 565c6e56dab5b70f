//! What the process is told: flags, environment variables and a TOML file, in this order of
//! precedence. This is the one place that reads the environment.
//!
//! Every setting has one name in three spellings: `SERVER_PORT`, `--server-port`, `server_port`.
//! Whatever is wrong is told at once, one fault a line. Nothing is accepted and then ignored:
//! settings of features that this build does not have are refused by name.

mod database;
pub(crate) mod keys;
mod limits;
mod protection;
mod reader;
mod telemetry;
mod tls;
mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::time::Duration;

use secrecy::{SecretBox, SecretString};

pub use crate::cli::Flags;
pub use database::DatabaseSettings;
pub use limits::LimitSettings;
pub use protection::ProtectionSettings;
pub use reader::Fault;
use reader::Reader;
pub use telemetry::{OtlpProtocol, TelemetrySettings, TracesSampler, TracingSettings};
pub use tls::TlsSettings;
pub use values::LogFormat;

/// The settings in force.
#[derive(Debug)]
pub struct Settings {
    /// `SERVER_HOST`
    pub server_host: String,
    /// `SERVER_PORT`; 0 takes a free one.
    pub server_port: u16,
    /// The database, where `PERSISTENCE_BACKEND` is `postgres`.
    pub database: Option<DatabaseSettings>,
    /// `SCIM_SHARED_SECRET`; without it one is made up, in memory.
    pub scim_shared_secret: Option<SecretString>,
    /// `SCIM_SHARED_SECRET_FALLBACK`: whether the operator's secret opens every tenant.
    pub scim_shared_secret_fallback: bool,
    /// `JWT_SECRET`: what access tokens are signed with; without it, keys are made.
    pub jwt_secret: Option<SecretString>,
    /// `ENCRYPTION_KEY`: what seals stored secrets that have to be read back.
    pub encryption_key: Option<SecretBox<[u8; 32]>>,
    /// `PUBLIC_BASE_URL`, without a slash at its end.
    pub public_base_url: Option<String>,
    /// How often clients may ask, and who is believed.
    pub protection: ProtectionSettings,
    /// What HTTPS is served with, where it is.
    pub tls: Option<TlsSettings>,
    /// `MAX_REQUEST_SIZE`, in bytes.
    pub max_request_size: usize,
    /// `WORKER_THREADS`
    pub worker_threads: usize,
    /// `REQUEST_TIMEOUT`
    pub request_timeout: Duration,
    /// What protects the server.
    pub limits: LimitSettings,
    /// `AUDIT_RETENTION_DAYS`
    pub audit_retention: Duration,
    /// `RUST_LOG`
    pub rust_log: String,
    /// `LOG_FORMAT`; without it the terminal decides.
    pub log_format: Option<LogFormat>,
    /// What operators are shown beside the log.
    pub telemetry: TelemetrySettings,
    effective: Vec<Effective>,
}

/// One setting as `config` prints it.
#[derive(Debug)]
struct Effective {
    key: &'static str,
    value: String,
    source: String,
}

/// The variables of the environment that are UTF-8; no setting can be taken from any other.
#[derive(Debug, Default)]
pub struct Environment(BTreeMap<String, String>);

impl Environment {
    /// What the process was started with. A value that is not UTF-8 is kept with marks in the place
    /// of what is wrong, so that a setting which has one is refused, not overlooked.
    pub fn new(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let text = |text: OsString| text.to_string_lossy().into_owned();
        Self(variables.into_iter().map(|(name, value)| (text(name), text(value))).collect())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// What settings are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Serving, which takes all of them, or telling whether they are fit for that.
    Serving,
    /// Anything else, which takes no secret.
    Tool,
}

const DEFAULT_HOST: &str = "127.0.0.1";
const DEFAULT_PORT: u16 = 8080;
const DEFAULT_REQUEST_SIZE: usize = 1024 * 1024;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);
const DEFAULT_AUDIT_RETENTION: Duration = Duration::from_secs(90 * values::SECONDS_A_DAY);
const DEFAULT_LOG: &str = "info";

impl Settings {
    /// Reads every setting.
    ///
    /// # Errors
    /// Every fault that there is: never one at a time.
    pub fn read(flags: &Flags, environment: &Environment, purpose: Purpose) -> Result<Self, Vec<Fault>> {
        let mut reader = Reader::new(flags, environment);
        let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let masked = |_: &SecretString| "***".to_owned();
        let seconds = |timeout: &Duration| timeout.as_secs().to_string();

        let server_host =
            reader.or_default(&keys::SERVER_HOST, values::HOST, values::host, DEFAULT_HOST.to_owned());
        let server_port = reader.or_default(&keys::SERVER_PORT, values::PORT, values::port, DEFAULT_PORT);
        let (backend, database) = database::read(&mut reader);
        let on_postgres = backend == values::Backend::Postgres;
        let scim_shared_secret = reader.optional(
            &keys::SCIM_SHARED_SECRET,
            values::SECRET,
            values::secret,
            masked,
            if on_postgres { "none" } else { "a random one" },
        );
        let has_own_secret = reader.is_given(&keys::SCIM_SHARED_SECRET);
        if purpose == Purpose::Serving && on_postgres && !has_own_secret {
            reader.fault(format!("SCIM_SHARED_SECRET: not set; on postgres it has to be {}", values::SECRET));
        }
        let scim_shared_secret_fallback =
            reader.or_default(&keys::SCIM_SHARED_SECRET_FALLBACK, values::SWITCH, values::switch, false);
        let jwt_secret =
            reader.optional(&keys::JWT_SECRET, values::SECRET, values::secret, masked, "none: keys are made");
        let encryption_key = reader.optional(
            &keys::ENCRYPTION_KEY,
            values::ENCRYPTION_KEY,
            values::encryption_key,
            |_| "***".to_owned(),
            if has_own_secret {
                "derived from SCIM_SHARED_SECRET"
            } else {
                "derived from a random SCIM_SHARED_SECRET"
            },
        );
        let public_base_url = reader.optional(
            &keys::PUBLIC_BASE_URL,
            values::URL,
            values::url,
            String::clone,
            "from the request",
        );
        let protection = protection::read(&mut reader);
        let tls = tls::read(&mut reader, purpose);
        let max_request_size =
            reader.or_default(&keys::MAX_REQUEST_SIZE, values::SIZE, values::size, DEFAULT_REQUEST_SIZE);
        let worker_threads =
            reader.or_default(&keys::WORKER_THREADS, values::THREADS, values::threads, processors);
        let request_timeout = reader.or_default_shown(
            &keys::REQUEST_TIMEOUT,
            values::SECONDS,
            values::seconds,
            DEFAULT_TIMEOUT,
            seconds,
        );
        let limits = limits::read(&mut reader, database.as_ref());
        let audit_retention = reader.or_default_shown(
            &keys::AUDIT_RETENTION_DAYS,
            values::DAYS,
            values::days,
            DEFAULT_AUDIT_RETENTION,
            |retention| (retention.as_secs() / values::SECONDS_A_DAY).to_string(),
        );
        let rust_log = reader.or_default(
            &keys::RUST_LOG,
            values::LOG_FILTER,
            values::log_filter,
            DEFAULT_LOG.to_owned(),
        );
        let log_format = reader.optional(
            &keys::LOG_FORMAT,
            values::LOG_FORMAT,
            values::log_format,
            ToString::to_string,
            "pretty on a terminal, else json",
        );
        let telemetry = telemetry::read(&mut reader, purpose);
        let effective = reader.finish()?;
        Ok(Self {
            server_host,
            server_port,
            database,
            scim_shared_secret,
            scim_shared_secret_fallback,
            jwt_secret,
            encryption_key,
            public_base_url,
            protection,
            tls,
            max_request_size,
            worker_threads,
            request_timeout,
            limits,
            audit_retention,
            rust_log,
            log_format,
            telemetry,
            effective,
        })
    }

    /// Prints every setting and where it comes from, as a TOML file could say it; secrets masked.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn print(&self, out: &mut impl Write) -> anyhow::Result<()> {
        for Effective { key, value, source } in &self.effective {
            writeln!(out, "{key} = {value:?}  # {source}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
