//! Every setting there is: a good value that takes effect and a bad one that is refused by name, however
//! it is given.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Parser;

use crate::cli::Cli;
use crate::settings::keys::Key;

use super::*;

/// One setting.
struct Row {
    key: &'static Key,
    good: String,
    seen: fn(&Settings) -> String,
    expected: String,
    bad: String,
    /// What is said of the bad value, with `NAME`, `GOT` and `FROM` in the place of what differs.
    refusal: String,
    /// What else has to be given.
    with: Vec<(&'static str, String)>,
}

/// A row: `good` makes of the settings what `seen` shows as `expected`; instead of `bad` it takes `takes`.
fn row(
    key: &'static Key,
    (good, seen, expected): (&str, fn(&Settings) -> String, &str),
    (bad, takes): (&str, &str),
) -> Row {
    let refusal = format!("NAME: got 'GOT' from FROM; expected {takes}");
    let [good, expected, bad] = [good, expected, bad].map(str::to_owned);
    Row { key, good, seen, expected, bad, refusal, with: Vec::new() }
}

impl Row {
    fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.with.push((name, value.into()));
        self
    }

    /// Another refusal than that of a value which is wrong by itself.
    fn refusal(mut self, refusal: &str) -> Self {
        self.refusal = refusal.to_owned();
        self
    }
}

/// One row for each key: whoever adds a setting adds it here.
fn rows(files: &Files) -> Vec<Row> {
    let (hex, base64) = ("01".repeat(32), "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=");
    let database = |row: Row| row.with("DATABASE_URL", URL).with("SCIM_SHARED_SECRET", SECRET);
    let traced = |row: Row| row.with("TRACING_ENABLED", "true");
    let log_dir = files.path("logs");
    let (certificate, key) = (files.path("cert.pem"), files.path("key.pem"));
    let switch = "true or false";
    let seconds = "a number of seconds, 1 to 3600";
    let secret = "at least 32 visible ASCII characters";
    let url = "postgresql://user:password@host:port/database?sslmode=…";
    vec![
        row(
            &keys::SERVER_HOST,
            ("::1", |s| s.server_host.clone(), "::1"),
            ("a b", "an IP address or a host name"),
        ),
        row(
            &keys::SERVER_PORT,
            ("9000", |s| s.server_port.to_string(), "9000"),
            ("70000", "a port number, 0 to 65535"),
        ),
        row(
            &keys::PERSISTENCE_BACKEND,
            ("inmemory", |s| s.database.is_some().to_string(), "false"),
            ("mysql", "inmemory or postgres"),
        )
        .with("DATABASE_URL", URL)
        .with("SCIM_SHARED_SECRET", SECRET),
        row(
            &keys::DATABASE_URL,
            (URL, |s| on_database(s, |d| d.url.expose_secret().to_owned()), URL),
            ("mysql://scim:hunter2@db", url),
        )
        .with("SCIM_SHARED_SECRET", SECRET),
        database(row(
            &keys::DATABASE_READ_URL,
            (
                "postgres://scim:hunter3@replica/scim",
                |s| {
                    on_database(s, |d| {
                        d.read_url.as_ref().map(|url| url.expose_secret().to_owned()).unwrap_or_default()
                    })
                },
                "postgres://scim:hunter3@replica/scim",
            ),
            ("replica", url),
        )),
        database(row(
            &keys::DATABASE_MAX_CONNECTIONS,
            ("7", |s| on_database(s, |d| d.max_connections.to_string()), "7"),
            ("0", "a number of connections, 1 to 10000"),
        )),
        database(row(
            &keys::DATABASE_MIN_CONNECTIONS,
            ("0", |s| on_database(s, |d| d.min_connections.to_string()), "0"),
            ("-1", "a number of connections, 0 to 10000"),
        )),
        database(row(
            &keys::DATABASE_ACQUIRE_TIMEOUT,
            ("6", |s| on_database(s, |d| d.acquire_timeout.as_secs().to_string()), "6"),
            ("0", seconds),
        )),
        database(row(
            &keys::DATABASE_IDLE_TIMEOUT,
            ("60", |s| on_database(s, |d| d.idle_timeout.as_secs().to_string()), "60"),
            ("10m", seconds),
        )),
        database(row(
            &keys::DATABASE_MAX_LIFETIME,
            ("61", |s| on_database(s, |d| d.max_lifetime.as_secs().to_string()), "61"),
            ("3601", seconds),
        )),
        database(row(
            &keys::AUTO_MIGRATE,
            ("false", |s| on_database(s, |d| d.auto_migrate.to_string()), "false"),
            ("yes", switch),
        )),
        row(
            &keys::SCIM_SHARED_SECRET,
            (SECRET, |s| shown(&s.scim_shared_secret), SECRET),
            ("hunter2", secret),
        ),
        row(
            &keys::SCIM_SHARED_SECRET_FALLBACK,
            ("true", |s| s.scim_shared_secret_fallback.to_string(), "true"),
            ("yes", switch),
        ),
        row(&keys::JWT_SECRET, (SECRET, |s| shown(&s.jwt_secret), SECRET), ("hunter2", secret)),
        row(
            &keys::ENCRYPTION_KEY,
            (
                base64,
                |s| s.encryption_key.as_ref().map(|key| hexadecimal(key.expose_secret())).unwrap_or_default(),
                &hex,
            ),
            ("00ff", "32 bytes, in base64 or in hex"),
        ),
        row(
            &keys::PUBLIC_BASE_URL,
            (
                "https://scim.example/",
                |s| s.public_base_url.clone().unwrap_or_default(),
                "https://scim.example",
            ),
            ("scim.example", "an http or https URL without query and fragment"),
        ),
        row(
            &keys::RATE_LIMIT_PER_SECOND,
            ("5", |s| rate_limit(s), "5, at once 10"),
            ("-1", "a number of requests, 0 to 1000000; 0 is no limit"),
        ),
        row(
            &keys::RATE_LIMIT_BURST,
            ("7", |s| rate_limit(s), "5, at once 7"),
            ("0", "a number of requests, 1 to 1000000"),
        )
        .with("RATE_LIMIT_PER_SECOND", "5"),
        row(
            &keys::TRUSTED_PROXIES,
            ("10.0.0.0/8, ::1", |s| s.protection.trusted_proxies.to_string(), "10.0.0.0/8,::1/128"),
            ("10.0.0.0/33", "networks such as 10.0.0.0/8,2001:db8::/32"),
        ),
        row(
            &keys::CORS_ALLOWED_ORIGINS,
            (
                "https://a.example,https://b.example:444",
                |s| s.protection.cors_allowed_origins.to_string(),
                "https://a.example,https://b.example:444",
            ),
            ("*", "origins such as https://app.example, without paths and wildcards"),
        ),
        row(
            &keys::TLS_CERT_PATH,
            (
                &certificate,
                |s| s.tls.as_ref().map(|tls| file_name(&tls.cert_path)).unwrap_or_default(),
                "cert.pem",
            ),
            ("/nonexistent/cert.pem", ""),
        )
        .refusal("TLS_CERT_PATH: 'GOT': No such file or directory (os error 2)")
        .with("TLS_KEY_PATH", &key),
        row(
            &keys::TLS_KEY_PATH,
            (&key, |s| s.tls.as_ref().map(|tls| file_name(&tls.key_path)).unwrap_or_default(), "key.pem"),
            ("/nonexistent/key.pem", ""),
        )
        .refusal("TLS_KEY_PATH: 'GOT': No such file or directory (os error 2)")
        .with("TLS_CERT_PATH", &certificate),
        row(
            &keys::MAX_REQUEST_SIZE,
            ("4096", |s| s.max_request_size.to_string(), "4096"),
            ("1MiB", "a number of bytes, 1 to 1073741824"),
        ),
        row(
            &keys::WORKER_THREADS,
            ("63", |s| s.worker_threads.to_string(), "63"),
            ("0", "a number, 1 to 1024"),
        ),
        row(&keys::REQUEST_TIMEOUT, ("7", |s| s.request_timeout.as_secs().to_string(), "7"), ("-1", seconds)),
        row(
            &keys::MAX_CONNECTIONS,
            ("7", |s| s.limits.max_connections.to_string(), "7"),
            ("0", "a number of connections, 1 to 1000000"),
        ),
        row(
            &keys::MAX_CONCURRENT_REQUESTS,
            ("9", |s| s.limits.max_concurrent_requests.to_string(), "9"),
            ("0", "a number of requests, 1 to 100000"),
        ),
        row(
            &keys::HEADER_READ_TIMEOUT,
            ("3", |s| s.limits.header_read_timeout.as_secs().to_string(), "3"),
            ("0", seconds),
        ),
        row(
            &keys::BODY_READ_TIMEOUT,
            ("4", |s| s.limits.body_read_timeout.as_secs().to_string(), "4"),
            ("1s", seconds),
        ),
        row(
            &keys::KEEP_ALIVE_TIMEOUT,
            ("5", |s| s.limits.keep_alive_timeout.as_secs().to_string(), "5"),
            ("3601", seconds),
        ),
        row(
            &keys::SHUTDOWN_TIMEOUT,
            ("8", |s| s.limits.shutdown_timeout.as_secs().to_string(), "8"),
            ("", seconds),
        ),
        row(
            &keys::SHUTDOWN_DELAY,
            ("6", |s| s.limits.shutdown_delay.as_secs().to_string(), "6"),
            ("-1", "a number of seconds, 0 to 3600"),
        ),
        row(
            &keys::AUDIT_RETENTION_DAYS,
            ("7", |s| s.audit_retention.as_secs().to_string(), "604800"),
            ("0", "a number of days, 1 to 36500"),
        ),
        row(
            &keys::RUST_LOG,
            ("warn,scim_http=debug", |s| s.rust_log.clone(), "warn,scim_http=debug"),
            ("scim=nonsense", "a filter such as info or warn,scim_http=debug"),
        ),
        row(
            &keys::LOG_FORMAT,
            ("json", |s| s.log_format.as_ref().map(ToString::to_string).unwrap_or_default(), "json"),
            ("xml", "json or pretty"),
        ),
        row(
            &keys::LOG_DIR,
            (&log_dir, |s| s.telemetry.log_dir.as_deref().map(file_name).unwrap_or_default(), "logs"),
            ("", "a directory that can be written to"),
        ),
        row(
            &keys::METRICS_ENABLED,
            ("false", |s| s.telemetry.metrics_enabled.to_string(), "false"),
            ("yes", switch),
        ),
        row(
            &keys::TRACING_ENABLED,
            ("true", |s| s.telemetry.tracing.is_some().to_string(), "true"),
            ("on", switch),
        ),
        traced(row(
            &keys::OTEL_EXPORTER_OTLP_ENDPOINT,
            ("https://otel.example/", |s| on_traces(s, |t| t.endpoint.clone()), "https://otel.example"),
            ("otel:4317", "an http or https URL without query and fragment"),
        )),
        traced(row(
            &keys::OTEL_EXPORTER_OTLP_PROTOCOL,
            ("grpc", |s| on_traces(s, |t| t.protocol.to_string()), "grpc"),
            ("http/json", "http/protobuf or grpc"),
        )),
        traced(row(
            &keys::OTEL_SERVICE_NAME,
            ("identities", |s| on_traces(s, |t| t.service_name.clone()), "identities"),
            ("", "a name, at most 255 characters"),
        )),
        traced(row(
            &keys::OTEL_TRACES_SAMPLER,
            ("always_off", |s| on_traces(s, |t| format!("{:?}", t.sampler)), "AlwaysOff"),
            (
                "sometimes",
                "always_on, always_off, traceidratio, parentbased_always_on, parentbased_always_off or \
                 parentbased_traceidratio",
            ),
        )),
        traced(row(
            &keys::OTEL_TRACES_SAMPLER_ARG,
            ("0.25", |s| on_traces(s, |t| format!("{:?}", t.sampler)), "Ratio(0.25)"),
            ("1.5", "a number from 0 to 1"),
        ))
        .with("OTEL_TRACES_SAMPLER", "traceidratio"),
    ]
}

fn on_traces(settings: &Settings, show: fn(&TracingSettings) -> String) -> String {
    settings.telemetry.tracing.as_ref().map(show).unwrap_or_default()
}

fn on_database(settings: &Settings, show: fn(&DatabaseSettings) -> String) -> String {
    settings.database.as_ref().map(show).unwrap_or_default()
}

fn shown(secret: &Option<SecretString>) -> String {
    secret.as_ref().map(|secret| secret.expose_secret().to_owned()).unwrap_or_default()
}

fn rate_limit(settings: &Settings) -> String {
    let limit = settings.protection.rate_limit;
    limit.map(|limit| format!("{}, at once {}", limit.per_second, limit.burst())).unwrap_or_default()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Files for a test, which end with it.
struct Files(PathBuf);

impl Files {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("scim-settings-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        let files = Self(path);
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        files.write("cert.pem", &made.cert.pem());
        files.write("key.pem", &made.signing_key.serialize_pem());
        files
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.0.join(name), text).expect("written");
        self.path(name)
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _left_behind = std::fs::remove_dir_all(&self.0);
    }
}

/// One way to give a setting.
enum Way {
    Variable(String),
    Flag(String),
    File(String),
}

impl Way {
    /// Every way: the variable and its alias, the flag and the file, and a secret also by the file it is in.
    fn all(key: &Key) -> Vec<(Self, bool)> {
        let suffixes = if key.is_secret { &["", keys::FILE_SUFFIX][..] } else { &[""] };
        let mut ways = Vec::new();
        for suffix in suffixes {
            let is_in_file = !suffix.is_empty();
            for name in std::iter::once(key.name).chain(key.alias) {
                ways.push((Self::Variable([name, &suffix.to_uppercase()].concat()), is_in_file));
            }
            let spelled = [key.key, suffix].concat();
            ways.push((Self::Flag(format!("--{}", spelled.replace('_', "-"))), is_in_file));
            ways.push((Self::File(spelled), is_in_file));
        }
        ways
    }

    fn name(&self) -> &str {
        match self {
            Self::Variable(name) | Self::Flag(name) | Self::File(name) => name,
        }
    }

    /// The settings with a value given in this way, or what is wrong; and where it is said to be from.
    fn read(&self, value: &str, row: &Row, files: &Files) -> (Result<Settings, String>, String) {
        let mut variables: Vec<(&str, &str)> =
            row.with.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut arguments = vec!["scim-server".to_owned()];
        let mut source = "the environment".to_owned();
        match self {
            Self::Variable(name) => variables.push((name, value)),
            Self::Flag(flag) => {
                arguments.push(format!("{flag}={value}"));
                source = "the command line".to_owned();
            }
            Self::File(key) => {
                source = files.write("settings.toml", &format!("{key} = '{value}'\n"));
                arguments.push(format!("--config={source}"));
            }
        }
        let cli = Cli::try_parse_from(arguments).expect("a flag");
        let settings = Settings::read(&cli.flags, &environment(&variables), Purpose::Serving);
        (settings.map_err(|faults| told(&faults)), source)
    }
}

#[test]
fn every_setting_takes_effect_or_is_refused_by_name() {
    let files = Files::new("table");
    for row in rows(&files) {
        let others: Vec<(&str, &str)> =
            row.with.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let without = read(&others).map(|settings| (row.seen)(&settings));
        assert_ne!(without.as_ref(), Ok(&row.expected), "{}: as it is without", row.key.name);
        for (way, is_in_file) in Way::all(row.key) {
            let name = way.name();
            let in_file = |value: &str| files.write("secret", &format!("{value}\n"));
            let given = if is_in_file { in_file(&row.good) } else { row.good.clone() };
            let (settings, source) = way.read(&given, &row, &files);
            let settings = settings.unwrap_or_else(|told| panic!("{name}: {told}"));
            assert_eq!((row.seen)(&settings), row.expected, "{name}");
            let source = if is_in_file { given } else { source };
            let mut printed = Vec::new();
            settings.print(&mut printed).expect("printed");
            let printed = String::from_utf8(printed).expect("UTF-8");
            let line = printed.lines().find(|line| line.starts_with(&format!("{} = ", row.key.key)));
            let line = line.unwrap_or_else(|| panic!("{name} is not in {printed}"));
            assert!(line.ends_with(&format!("  # from {source}, {name}")), "{line}");
            assert!(!row.key.is_secret || line.contains("***"), "{line}");
            assert!(!printed.contains(SECRET) && !printed.contains("hunter"), "{printed}");

            let given = if is_in_file { in_file(&row.bad) } else { row.bad.clone() };
            let (refused, source) = way.read(&given, &row, &files);
            let source = if is_in_file { &given } else { &source };
            let got = if row.key.is_secret { "***" } else { &row.bad };
            let refusal = row.refusal.replace("NAME", name).replace("GOT", got).replace("FROM", source);
            assert_eq!(refused.map(|_| "accepted"), Err(refusal), "{name}");
        }
    }
}

#[test]
fn every_setting_has_a_row() {
    let files = Files::new("rows");
    let rows: BTreeSet<&str> = rows(&files).iter().map(|row| row.key.name).collect();
    let known: BTreeSet<&str> = keys::ALL.iter().map(|key| key.name).collect();
    assert_eq!(rows, known);
}

#[test]
fn what_is_not_built_in_is_refused_by_name() {
    for name in keys::NOT_BUILT_IN {
        for name in [(*name).to_owned(), format!("{name}_FILE")] {
            check(&name, "1", &format!("{name}: set in the environment; what it configures is not built in"));
        }
        let flag = format!("--{}=1", name.to_lowercase().replace('_', "-"));
        assert!(Cli::try_parse_from(["scim-server", &flag]).is_err(), "{flag}");
    }
    for name in ["REDIS_URL", "REDIS_MAX_CONNECTIONS", "CACHE_TTL"] {
        assert!(keys::NOT_BUILT_IN.contains(&name), "{name}");
    }
}
