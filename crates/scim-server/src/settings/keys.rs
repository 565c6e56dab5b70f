//! Every setting that there is, and those that there will be.

/// What the name of a secret has at its end where a file is named that holds it.
pub(crate) const FILE_SUFFIX: &str = "_file";

/// A setting: its name in the environment, and what is special about it.
pub(crate) struct Key {
    /// Its name in the environment.
    pub(crate) name: &'static str,
    /// Its key in a file; its flag is the same with hyphens.
    pub(crate) key: &'static str,
    /// Another name in the environment that is read where the first is not set.
    pub(crate) alias: Option<&'static str>,
    /// Whether its value must not be shown; then it may also be in a file: `{NAME}_FILE`.
    pub(crate) is_secret: bool,
}

impl Key {
    /// Whether `key` sets it in a file of settings.
    pub(crate) fn is_spelled(&self, key: &str) -> bool {
        self.key == key || (self.is_secret && key.strip_suffix(FILE_SUFFIX) == Some(self.key))
    }
}

const fn key(name: &'static str, key: &'static str) -> Key {
    Key { name, key, alias: None, is_secret: false }
}

const fn secret(name: &'static str, key: &'static str) -> Key {
    Key { name, key, alias: None, is_secret: true }
}

pub(crate) const SERVER_HOST: Key = key("SERVER_HOST", "server_host");
pub(crate) const SERVER_PORT: Key = Key { alias: Some("PORT"), ..key("SERVER_PORT", "server_port") };
pub(crate) const PERSISTENCE_BACKEND: Key = key("PERSISTENCE_BACKEND", "persistence_backend");
pub(crate) const DATABASE_URL: Key = secret("DATABASE_URL", "database_url");
pub(crate) const DATABASE_READ_URL: Key = secret("DATABASE_READ_URL", "database_read_url");
pub(crate) const DATABASE_MAX_CONNECTIONS: Key = key("DATABASE_MAX_CONNECTIONS", "database_max_connections");
pub(crate) const DATABASE_MIN_CONNECTIONS: Key = key("DATABASE_MIN_CONNECTIONS", "database_min_connections");
pub(crate) const DATABASE_ACQUIRE_TIMEOUT: Key = key("DATABASE_ACQUIRE_TIMEOUT", "database_acquire_timeout");
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
pub(crate) const RATE_LIMIT_PER_SECOND: Key = key("RATE_LIMIT_PER_SECOND", "rate_limit_per_second");
pub(crate) const RATE_LIMIT_BURST: Key = key("RATE_LIMIT_BURST", "rate_limit_burst");
pub(crate) const TRUSTED_PROXIES: Key = key("TRUSTED_PROXIES", "trusted_proxies");
pub(crate) const CORS_ALLOWED_ORIGINS: Key = key("CORS_ALLOWED_ORIGINS", "cors_allowed_origins");
pub(crate) const TLS_CERT_PATH: Key = key("TLS_CERT_PATH", "tls_cert_path");
pub(crate) const TLS_KEY_PATH: Key = key("TLS_KEY_PATH", "tls_key_path");
pub(crate) const MAX_REQUEST_SIZE: Key = key("MAX_REQUEST_SIZE", "max_request_size");
pub(crate) const WORKER_THREADS: Key = key("WORKER_THREADS", "worker_threads");
pub(crate) const REQUEST_TIMEOUT: Key = key("REQUEST_TIMEOUT", "request_timeout");
pub(crate) const MAX_CONNECTIONS: Key = key("MAX_CONNECTIONS", "max_connections");
pub(crate) const MAX_CONCURRENT_REQUESTS: Key = key("MAX_CONCURRENT_REQUESTS", "max_concurrent_requests");
pub(crate) const HEADER_READ_TIMEOUT: Key = key("HEADER_READ_TIMEOUT", "header_read_timeout");
pub(crate) const BODY_READ_TIMEOUT: Key = key("BODY_READ_TIMEOUT", "body_read_timeout");
pub(crate) const KEEP_ALIVE_TIMEOUT: Key = key("KEEP_ALIVE_TIMEOUT", "keep_alive_timeout");
pub(crate) const SHUTDOWN_TIMEOUT: Key = key("SHUTDOWN_TIMEOUT", "shutdown_timeout");
pub(crate) const SHUTDOWN_DELAY: Key = key("SHUTDOWN_DELAY", "shutdown_delay");
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
pub(crate) const ALL: &[&Key] = &[
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
    &RATE_LIMIT_PER_SECOND,
    &RATE_LIMIT_BURST,
    &TRUSTED_PROXIES,
    &CORS_ALLOWED_ORIGINS,
    &TLS_CERT_PATH,
    &TLS_KEY_PATH,
    &MAX_REQUEST_SIZE,
    &WORKER_THREADS,
    &REQUEST_TIMEOUT,
    &MAX_CONNECTIONS,
    &MAX_CONCURRENT_REQUESTS,
    &HEADER_READ_TIMEOUT,
    &BODY_READ_TIMEOUT,
    &KEEP_ALIVE_TIMEOUT,
    &SHUTDOWN_TIMEOUT,
    &SHUTDOWN_DELAY,
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

/// Settings of features that this build does not have.
pub(crate) const NOT_BUILT_IN: &[&str] = &["CACHE_TTL", "REDIS_MAX_CONNECTIONS", "REDIS_URL"];

/// The same, in every spelling of the environment: who keeps a secret in a file names that.
pub(crate) fn all_not_built_in() -> impl Iterator<Item = String> {
    NOT_BUILT_IN
        .iter()
        .flat_map(|name| ["", FILE_SUFFIX].map(|suffix| [name, &*suffix.to_uppercase()].concat()))
}
