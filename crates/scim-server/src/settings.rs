//! What the process is told: flags, environment variables and a TOML file, in this order of
//! precedence. This is the one place that reads the environment.
//!
//! Every setting has one name in three spellings: `SERVER_PORT`, `--server-port`, `server_port`.
//! Whatever is wrong is told at once, one fault a line. Nothing is accepted and then ignored:
//! settings of features that this build does not have are refused by name.

mod database;
mod reader;
mod telemetry;
mod values;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::time::Duration;

use secrecy::{SecretBox, SecretString};

pub use crate::cli::Flags;
pub use database::DatabaseSettings;
pub use reader::Fault;
use reader::Reader;
pub use telemetry::{OtlpProtocol, TelemetrySettings, TracesSampler, TracingSettings};
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
    /// `MAX_REQUEST_SIZE`, in bytes.
    pub max_request_size: usize,
    /// `WORKER_THREADS`
    pub worker_threads: usize,
    /// `REQUEST_TIMEOUT`
    pub request_timeout: Duration,
    /// `SHUTDOWN_TIMEOUT`
    pub shutdown_timeout: Duration,
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

/// A setting: its name in the environment, and what is special about it.
pub(crate) struct Key {
    /// Its name in the environment.
    pub(crate) name: &'static str,
    /// Its key in a file; its flag is the same with hyphens.
    pub(crate) key: &'static str,
    /// Another name in the environment that is read where the first is not set.
    pub(crate) alias: Option<&'static str>,
    /// Whether its value must not be shown.
    pub(crate) is_secret: bool,
}

/// What settings are read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Serving, which takes all of them.
    Serving,
    /// Anything else, which takes no secret.
    Tool,
}

const fn key(name: &'static str, key: &'static str) -> Key {
    Key { name, key, alias: None, is_secret: false }
}

const fn secret(name: &'static str, key: &'static str) -> Key {
    Key { name, key, alias: None, is_secret: true }
}

/// Every setting that there is.
pub(crate) mod keys {
    use super::{Key, key, secret};

    pub(crate) const SERVER_HOST: Key = key("SERVER_HOST", "server_host");
    pub(crate) const SERVER_PORT: Key = Key { alias: Some("PORT"), ..key("SERVER_PORT", "server_port") };
    pub(crate) const PERSISTENCE_BACKEND: Key = key("PERSISTENCE_BACKEND", "persistence_backend");
    pub(crate) const DATABASE_URL: Key = secret("DATABASE_URL", "database_url");
    pub(crate) const DATABASE_READ_URL: Key = secret("DATABASE_READ_URL", "database_read_url");
    pub(crate) const DATABASE_MAX_CONNECTIONS: Key =
        key("DATABASE_MAX_CONNECTIONS", "database_max_connections");
    pub(crate) const DATABASE_MIN_CONNECTIONS: Key =
        key("DATABASE_MIN_CONNECTIONS", "database_min_connections");
    pub(crate) const DATABASE_ACQUIRE_TIMEOUT: Key =
        key("DATABASE_ACQUIRE_TIMEOUT", "database_acquire_timeout");
    pub(crate) const DATABASE_IDLE_TIMEOUT: Key = key("DATABASE_IDLE_TIMEOUT", "database_idle_timeout");
    pub(crate) const DATABASE_MAX_LIFETIME: Key = key("DATABASE_MAX_LIFETIME", "database_max_lifetime");
    pub(crate) const AUTO_MIGRATE: Key = key("AUTO_MIGRATE", "auto_migrate");
    pub(crate) const SCIM_SHARED_SECRET: Key = secret("SCIM_SHARED_SECRET", "scim_shared_secret");
    pub(crate) const SCIM_SHARED_SECRET_FALLBACK: Key =
        key("SCIM_SHARED_SECRET_FALLBACK", "scim_shared_secret_fallback");
    pub(crate) const JWT_SECRET: Key = secret("JWT_SECRET", "jwt_secret");
    pub(crate) const ENCRYPTION_KEY: Key =
        Key { alias: Some("CREDENTIAL_ENCRYPTION_KEY"), ..secret("ENCRYPTION_KEY", "encryption_key") };
    pub(crate) const PUBLIC_BASE_URL: Key = key("PUBLIC_BASE_URL", "public_base_url");
    pub(crate) const MAX_REQUEST_SIZE: Key = key("MAX_REQUEST_SIZE", "max_request_size");
    pub(crate) const WORKER_THREADS: Key = key("WORKER_THREADS", "worker_threads");
    pub(crate) const REQUEST_TIMEOUT: Key = key("REQUEST_TIMEOUT", "request_timeout");
    pub(crate) const SHUTDOWN_TIMEOUT: Key = key("SHUTDOWN_TIMEOUT", "shutdown_timeout");
    pub(crate) const AUDIT_RETENTION_DAYS: Key = key("AUDIT_RETENTION_DAYS", "audit_retention_days");
    pub(crate) const RUST_LOG: Key = key("RUST_LOG", "rust_log");
    pub(crate) const LOG_FORMAT: Key = key("LOG_FORMAT", "log_format");
    pub(crate) const LOG_DIR: Key = key("LOG_DIR", "log_dir");
    pub(crate) const METRICS_ENABLED: Key = key("METRICS_ENABLED", "metrics_enabled");
    pub(crate) const TRACING_ENABLED: Key = key("TRACING_ENABLED", "tracing_enabled");
    pub(crate) const OTEL_EXPORTER_OTLP_ENDPOINT: Key = Key {
        alias: Some("JAEGER_ENDPOINT"),
        ..key("OTEL_EXPORTER_OTLP_ENDPOINT", "otel_exporter_otlp_endpoint")
    };
    pub(crate) const OTEL_EXPORTER_OTLP_PROTOCOL: Key =
        key("OTEL_EXPORTER_OTLP_PROTOCOL", "otel_exporter_otlp_protocol");
    pub(crate) const OTEL_SERVICE_NAME: Key = key("OTEL_SERVICE_NAME", "otel_service_name");
    pub(crate) const OTEL_TRACES_SAMPLER: Key = key("OTEL_TRACES_SAMPLER", "otel_traces_sampler");
    pub(crate) const OTEL_TRACES_SAMPLER_ARG: Key = key("OTEL_TRACES_SAMPLER_ARG", "otel_traces_sampler_arg");

    /// All of them.
    pub(crate) const ALL: [&Key; 31] = [
        &SERVER_HOST,
        &SERVER_PORT,
        &PERSISTENCE_BACKEND,
        &DATABASE_URL,
        &DATABASE_READ_URL,
        &DATABASE_MAX_CONNECTIONS,
        &DATABASE_MIN_CONNECTIONS,
        &DATABASE_ACQUIRE_TIMEOUT,
        &DATABASE_IDLE_TIMEOUT,
        &DATABASE_MAX_LIFETIME,
        &AUTO_MIGRATE,
        &SCIM_SHARED_SECRET,
        &SCIM_SHARED_SECRET_FALLBACK,
        &JWT_SECRET,
        &ENCRYPTION_KEY,
        &PUBLIC_BASE_URL,
        &MAX_REQUEST_SIZE,
        &WORKER_THREADS,
        &REQUEST_TIMEOUT,
        &SHUTDOWN_TIMEOUT,
        &AUDIT_RETENTION_DAYS,
        &RUST_LOG,
        &LOG_FORMAT,
        &LOG_DIR,
        &METRICS_ENABLED,
        &TRACING_ENABLED,
        &OTEL_EXPORTER_OTLP_ENDPOINT,
        &OTEL_EXPORTER_OTLP_PROTOCOL,
        &OTEL_SERVICE_NAME,
        &OTEL_TRACES_SAMPLER,
        &OTEL_TRACES_SAMPLER_ARG,
    ];
}

/// Settings of features that this build does not have.
pub(crate) const NOT_BUILT_IN: [&str; 9] = [
    "CACHE_TTL",
    "CORS_ALLOWED_ORIGINS",
    "RATE_LIMIT_BURST",
    "RATE_LIMIT_PER_SECOND",
    "REDIS_MAX_CONNECTIONS",
    "REDIS_URL",
    "TLS_CERT_PATH",
    "TLS_KEY_PATH",
    "TRUSTED_PROXIES",
];

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
        if purpose == Purpose::Serving && on_postgres && !reader.is_given(&keys::SCIM_SHARED_SECRET) {
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
            if on_postgres { "derived from SCIM_SHARED_SECRET" } else { "a random one" },
        );
        let public_base_url = reader.optional(
            &keys::PUBLIC_BASE_URL,
            values::URL,
            values::url,
            String::clone,
            "from the request",
        );
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
        let shutdown_timeout = reader.or_default_shown(
            &keys::SHUTDOWN_TIMEOUT,
            values::SECONDS,
            values::seconds,
            DEFAULT_TIMEOUT,
            seconds,
        );
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
            max_request_size,
            worker_threads,
            request_timeout,
            shutdown_timeout,
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
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment(variables.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    fn read(variables: &[(&str, &str)]) -> Result<Settings, String> {
        let told = |faults: Vec<Fault>| faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n");
        Settings::read(&Flags::default(), &environment(variables), Purpose::Serving).map_err(told)
    }

    #[test]
    fn nothing_at_all_is_enough() {
        let settings = read(&[]).expect("valid");
        assert_eq!((settings.server_host.as_str(), settings.server_port), ("127.0.0.1", 8080));
        assert_eq!((settings.max_request_size, settings.request_timeout.as_secs()), (1_048_576, 30));
        assert!(settings.scim_shared_secret.is_none() && settings.worker_threads >= 1);
        assert!(!settings.scim_shared_secret_fallback);
        assert_eq!(settings.audit_retention, Duration::from_secs(90 * 24 * 60 * 60));
    }

    #[test]
    fn the_fallback_and_the_retention_are_read() {
        let variables = [("SCIM_SHARED_SECRET_FALLBACK", "true"), ("AUDIT_RETENTION_DAYS", "7")];
        let settings = read(&variables).expect("valid");
        assert!(settings.scim_shared_secret_fallback);
        assert_eq!(settings.audit_retention, Duration::from_secs(7 * 24 * 60 * 60));
        let mut printed = Vec::new();
        settings.print(&mut printed).expect("printed");
        let printed = String::from_utf8(printed).expect("UTF-8");
        assert!(printed.contains("audit_retention_days = \"7\""), "{printed}");
    }

    #[test]
    fn every_setting_has_a_flag() {
        let keys: Vec<&str> = keys::ALL.iter().map(|key| key.key).collect();
        assert_eq!(keys, Flags::KEYS);
        assert!(keys::ALL.iter().all(|key| key.name.to_lowercase() == key.key));
    }

    #[test]
    fn flag_environment_file() {
        let file = std::env::temp_dir().join(format!("scim-settings-{}.toml", std::process::id()));
        std::fs::write(&file, "server_port = 1\nserver_host = \"::1\"\nworker_threads = \"3\"\n")
            .expect("written");
        let flags = Flags { config: Some(file.clone()), server_port: Some("3".into()), ..Flags::default() };
        let variables = environment(&[("SERVER_PORT", "2"), ("PORT", "4"), ("SERVER_HOST", "localhost")]);
        let settings = Settings::read(&flags, &variables, Purpose::Serving).expect("valid");
        std::fs::remove_file(file).expect("removed");
        assert_eq!(settings.server_port, 3);
        assert_eq!(settings.server_host, "localhost");
        assert_eq!(settings.worker_threads, 3);
        assert_eq!(read(&[("PORT", "4")]).map(|settings| settings.server_port), Ok(4));
        assert_eq!(read(&[("PORT", "4"), ("SERVER_PORT", "5")]).map(|settings| settings.server_port), Ok(5));
    }

    #[track_caller]
    fn check(name: &str, value: &str, fault: &str) {
        assert_eq!(read(&[(name, value)]).expect_err("refused"), fault);
    }

    #[test]
    fn a_fault_names_the_variable_what_it_held_and_what_it_takes() {
        check(
            "SERVER_PORT",
            "70000",
            "SERVER_PORT: got '70000' from the environment; expected a port number, 0 to 65535",
        );
        check("PORT", "", "PORT: got '' from the environment; expected a port number, 0 to 65535");
        check(
            "SERVER_HOST",
            "a b",
            "SERVER_HOST: got 'a b' from the environment; expected an IP address or a host name",
        );
        check(
            "PERSISTENCE_BACKEND",
            "mysql",
            "PERSISTENCE_BACKEND: got 'mysql' from the environment; expected inmemory or postgres",
        );
        check(
            "SCIM_SHARED_SECRET",
            "too short",
            "SCIM_SHARED_SECRET: got '***' from the environment; expected at least 32 visible ASCII characters",
        );
        check(
            "JWT_SECRET",
            "short",
            "JWT_SECRET: got '***' from the environment; expected at least 32 visible ASCII characters",
        );
        for name in ["ENCRYPTION_KEY", "CREDENTIAL_ENCRYPTION_KEY"] {
            check(
                name,
                "00ff",
                &format!("{name}: got '***' from the environment; expected 32 bytes, in base64 or in hex"),
            );
        }
        check(
            "PUBLIC_BASE_URL",
            "scim.example",
            "PUBLIC_BASE_URL: got 'scim.example' from the environment; expected an http or https URL without query and fragment",
        );
        check(
            "WORKER_THREADS",
            "0",
            "WORKER_THREADS: got '0' from the environment; expected a number, 1 to 1024",
        );
        check(
            "REQUEST_TIMEOUT",
            "-1",
            "REQUEST_TIMEOUT: got '-1' from the environment; expected a number of seconds, 1 to 3600",
        );
        check(
            "SCIM_SHARED_SECRET_FALLBACK",
            "yes",
            "SCIM_SHARED_SECRET_FALLBACK: got 'yes' from the environment; expected true or false",
        );
        check(
            "AUDIT_RETENTION_DAYS",
            "0",
            "AUDIT_RETENTION_DAYS: got '0' from the environment; expected a number of days, 1 to 36500",
        );
        check("LOG_FORMAT", "xml", "LOG_FORMAT: got 'xml' from the environment; expected json or pretty");
        check(
            "RUST_LOG",
            "scim=nonsense",
            "RUST_LOG: got 'scim=nonsense' from the environment; expected a filter such as info or warn,scim_http=debug",
        );
        check(
            "MAX_REQUEST_SIZE",
            "1MiB",
            "MAX_REQUEST_SIZE: got '1MiB' from the environment; expected a number of bytes, 1 to 1073741824",
        );
        check(
            "REDIS_URL",
            "redis://x",
            "REDIS_URL: set in the environment; what it configures is not built in",
        );
    }

    const URL: &str = "postgresql://scim:hunter2@db.example/scim?sslmode=disable";
    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    #[track_caller]
    fn check_database(more: &[(&str, &str)], fault: &str) {
        let mut variables = vec![("DATABASE_URL", URL), ("SCIM_SHARED_SECRET", SECRET)];
        variables.extend(more);
        let told = read(&variables).expect_err("refused");
        assert!(told.contains(fault) && !told.contains("hunter"), "{told}");
    }

    #[test]
    fn faults_of_the_database() {
        check_database(
            &[("DATABASE_URL", "mysql://scim:hunter2@db")],
            "DATABASE_URL: got '***' from the environment; expected postgresql://user:password@host",
        );
        check_database(
            &[("DATABASE_READ_URL", "postgres://scim:hunter2@db/scim?sslmode=maybe")],
            "DATABASE_READ_URL: sslmode is \"maybe\": expected disable, prefer, require",
        );
        check_database(
            &[(
                "DATABASE_URL",
                "postgres://scim:hunter2@db/scim?sslrootcert=/nonexistent.pem&sslmode=verify-full",
            )],
            "DATABASE_URL: sslrootcert \"/nonexistent.pem\" cannot be used: ",
        );
        check_database(
            &[("DATABASE_URL", "postgres://scim:hunter2@db:hunter/scim")],
            "DATABASE_URL: the database URL cannot be read: ",
        );
        check_database(
            &[("DATABASE_MAX_CONNECTIONS", "0")],
            "DATABASE_MAX_CONNECTIONS: got '0' from the environment; expected a number of connections, 1 to 10000",
        );
        check_database(
            &[("DATABASE_MAX_CONNECTIONS", "3"), ("DATABASE_MIN_CONNECTIONS", "4")],
            "DATABASE_MIN_CONNECTIONS: got '4'; expected DATABASE_MAX_CONNECTIONS, 3, at most",
        );
        check_database(
            &[("AUTO_MIGRATE", "yes")],
            "AUTO_MIGRATE: got 'yes' from the environment; expected true or false",
        );
    }

    #[test]
    fn on_postgres_there_is_a_url_and_a_secret() {
        let told = read(&[("PERSISTENCE_BACKEND", "postgres")]).expect_err("refused");
        let names: Vec<&str> = told.lines().filter_map(|line| line.split(':').next()).collect();
        assert_eq!(names, ["DATABASE_URL", "SCIM_SHARED_SECRET"], "{told}");
        let variables = environment(&[("DATABASE_URL", URL)]);
        Settings::read(&Flags::default(), &variables, Purpose::Tool).expect("no secret is needed");
    }

    #[test]
    fn a_database_is_used_where_it_is_given_unless_the_backend_says_otherwise() {
        let settings = read(&[("DATABASE_URL", URL), ("SCIM_SHARED_SECRET", SECRET)]).expect("valid");
        let mut printed = Vec::new();
        settings.print(&mut printed).expect("printed");
        let printed = String::from_utf8(printed).expect("UTF-8") + &format!("{settings:?}");
        assert!(!printed.contains("hunter2"), "{printed}");
        assert!(printed.contains("persistence_backend = \"postgres\"  # the default"), "{printed}");
        assert!(printed.contains("\"postgresql://scim:***@db.example/scim?sslmode=disable\""), "{printed}");
        let database = settings.database.expect("a database");
        assert_eq!(database.url.expose_secret(), URL);
        assert_eq!((database.max_connections, database.min_connections), (20, 5));
        let seconds = [database.acquire_timeout, database.idle_timeout, database.max_lifetime];
        assert_eq!(seconds.map(|timeout| timeout.as_secs()), [5, 600, 1800]);
        assert!(database.auto_migrate && database.read_url.is_none());
        let few = [("DATABASE_MAX_CONNECTIONS", "2"), ("DATABASE_URL", URL), ("SCIM_SHARED_SECRET", SECRET)];
        assert_eq!(read(&few).expect("valid").database.map(|database| database.min_connections), Some(2));
        let memory = read(&[("DATABASE_URL", URL), ("PERSISTENCE_BACKEND", "inmemory")]);
        assert!(memory.expect("valid").database.is_none());
    }

    #[test]
    fn every_fault_is_told_at_once() {
        let faults =
            read(&[("SERVER_PORT", "x"), ("LOG_FORMAT", "y"), ("REDIS_URL", "z")]).expect_err("refused");
        assert_eq!(faults.lines().count(), 3, "{faults}");
    }

    #[track_caller]
    fn check_file(text: &str, expected: &str) {
        let file = std::env::temp_dir().join(format!(
            "scim-settings-{}-{}.toml",
            std::process::id(),
            expected.len()
        ));
        std::fs::write(&file, text).expect("written");
        let flags = Flags { config: Some(file.clone()), ..Flags::default() };
        let faults = Settings::read(&flags, &Environment::default(), Purpose::Serving).expect_err("refused");
        std::fs::remove_file(&file).expect("removed");
        let told = faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("\n");
        assert_eq!(told, expected.replace("FILE", &file.display().to_string()));
    }

    #[test]
    fn a_file_holds_known_keys_only() {
        check_file("server_prot = 1\n", "server_prot: unknown key in FILE");
        check_file("redis_url = \"x\"\n", "redis_url: set in FILE; what it configures is not built in");
        check_file(
            "server_port = [1]\n",
            "server_port: got '[1]' from FILE; expected a port number, 0 to 65535",
        );
        check_file("a = \n", "--config: FILE, line 1: string values must be quoted, expected literal string");
    }

    #[test]
    fn a_file_that_is_not_there_is_a_fault() {
        let flags = Flags { config: Some("/nonexistent/scim.toml".into()), ..Flags::default() };
        let faults = Settings::read(&flags, &Environment::default(), Purpose::Serving).expect_err("refused");
        assert!(faults[0].to_string().starts_with("--config: cannot read /nonexistent/scim.toml: "));
    }

    #[test]
    fn the_secret_is_never_printed() {
        let secret = "0123456789abcdef0123456789abcdef";
        let settings = read(&[("SCIM_SHARED_SECRET", secret)]).expect("valid");
        assert_eq!(settings.scim_shared_secret.as_ref().map(ExposeSecret::expose_secret), Some(secret));
        let mut printed = Vec::new();
        settings.print(&mut printed).expect("printed");
        let printed = String::from_utf8(printed).expect("UTF-8") + &format!("{settings:?}");
        assert!(!printed.contains(secret), "{printed}");
        assert!(
            printed.contains("scim_shared_secret = \"***\"  # from the environment, SCIM_SHARED_SECRET"),
            "{printed}"
        );
        assert!(printed.contains("server_port = \"8080\"  # the default"), "{printed}");
    }
}
