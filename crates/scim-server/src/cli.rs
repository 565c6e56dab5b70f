//! The command line.

use clap::{Args, Parser, Subcommand};

use crate::operate::{CredentialCommand, Place, TenantCommand};

/// A SCIM 2.0 service provider
#[derive(Debug, Parser)]
#[command(name = "scim-server", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) flags: Flags,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What the program does.
#[derive(Debug, Clone, PartialEq, Eq, Subcommand)]
pub(crate) enum Command {
    /// Serve SCIM (the default)
    Serve,
    /// Apply the migrations that the database has not yet, or take all of them back
    Migrate {
        /// Take back every migration, and delete everything that is stored
        #[arg(long, requires = "yes")]
        down: bool,
        /// Confirms --down
        #[arg(long)]
        yes: bool,
    },
    /// Create, list, show, change and delete tenants
    Tenant {
        /// Where, and how it is shown.
        #[command(flatten)]
        place: Place,
        /// What.
        #[command(subcommand)]
        command: TenantCommand,
    },
    /// Create, list, rotate and revoke the credentials of a tenant
    Credential {
        /// Where, and how it is shown.
        #[command(flatten)]
        place: Place,
        /// What.
        #[command(subcommand)]
        command: CredentialCommand,
    },
    /// Ask the server on this machine for its health: exit 0 where it serves, else 1
    Healthcheck,
    /// Print the settings in force, and where each comes from; secrets masked
    Config,
    /// Print the OpenAPI document, as /openapi.json has it
    Openapi,
}

macro_rules! flags {
    ($($flag:ident: $value_name:literal, $help:literal;)*) => {
        /// A flag for each setting. They are read as text here: the settings know what they mean.
        #[derive(Debug, Default, Args)]
        #[command(next_help_heading = "Settings")]
        pub struct Flags {
            /// A TOML file of settings; flags and environment variables come before it
            #[arg(long, global = true, value_name = "FILE")]
            pub config: Option<std::path::PathBuf>,
            $(
                /// As it was given.
                #[arg(long, global = true, value_name = $value_name, help = $help)]
                pub $flag: Option<String>,
            )*
        }

        impl Flags {
            /// What was given for the setting whose key in a file is `key`.
            pub(crate) fn get(&self, key: &str) -> Option<&str> {
                match key {
                    $(stringify!($flag) => self.$flag.as_deref(),)*
                    _ => None,
                }
            }

            /// Every flag, as the key that it has in a file.
            #[cfg(test)]
            pub(crate) const KEYS: &[&str] = &[$(stringify!($flag),)*];
        }
    };
}

flags! {
    server_host: "HOST", "Where to listen [SERVER_HOST; 127.0.0.1]";
    server_port: "PORT", "The port to listen at; 0 takes a free one [SERVER_PORT, PORT; 8080]";
    persistence_backend: "BACKEND", "Where resources are kept: inmemory or postgres [PERSISTENCE_BACKEND; postgres with a DATABASE_URL, else inmemory]";
    database_url: "URL", "postgresql://user:password@host/database; the environment keeps it out of sight of others on this machine [DATABASE_URL]";
    database_url_file: "FILE", "A file that holds the URL of the database [DATABASE_URL_FILE]";
    database_read_url: "URL", "A read replica for lists and searches [DATABASE_READ_URL]";
    database_read_url_file: "FILE", "A file that holds the URL of the read replica [DATABASE_READ_URL_FILE]";
    database_max_connections: "N", "The most connections to the database [DATABASE_MAX_CONNECTIONS; 20]";
    database_min_connections: "N", "The connections to keep open while idle [DATABASE_MIN_CONNECTIONS; 5]";
    database_acquire_timeout: "SECONDS", "How long to wait for a connection, and for the database at the start [DATABASE_ACQUIRE_TIMEOUT; 5]";
    database_idle_timeout: "SECONDS", "When an idle connection is closed [DATABASE_IDLE_TIMEOUT; 600]";
    database_max_lifetime: "SECONDS", "When a connection is replaced [DATABASE_MAX_LIFETIME; 1800]";
    auto_migrate: "BOOLEAN", "Whether the start applies pending migrations [AUTO_MIGRATE; true]";
    scim_shared_secret: "SECRET", "The operator's secret, 32 characters at least; the environment keeps it out of sight of others on this machine [SCIM_SHARED_SECRET; random]";
    scim_shared_secret_file: "FILE", "A file that holds the operator's secret [SCIM_SHARED_SECRET_FILE]";
    scim_shared_secret_fallback: "BOOLEAN", "Whether the operator's secret opens every tenant [SCIM_SHARED_SECRET_FALLBACK; false]";
    jwt_secret: "SECRET", "What access tokens are signed with, by HS256, rather than by keys that are made; 32 characters at least [JWT_SECRET]";
    jwt_secret_file: "FILE", "A file that holds what access tokens are signed with [JWT_SECRET_FILE]";
    encryption_key: "KEY", "32 bytes in base64 or hex, which seal stored secrets that have to be read back; the same on every replica [ENCRYPTION_KEY, CREDENTIAL_ENCRYPTION_KEY; derived from SCIM_SHARED_SECRET]";
    encryption_key_file: "FILE", "A file that holds the encryption key [ENCRYPTION_KEY_FILE, CREDENTIAL_ENCRYPTION_KEY_FILE]";
    public_base_url: "URL", "What URLs in answers start with [PUBLIC_BASE_URL; as the request says]";
    rate_limit_per_second: "N", "How many requests a second each credential may make, unless its tenant says; 0 is no limit [RATE_LIMIT_PER_SECOND; 0]";
    rate_limit_burst: "N", "How many of them at once [RATE_LIMIT_BURST; twice RATE_LIMIT_PER_SECOND]";
    trusted_proxies: "NETWORKS", "Whose Forwarded and X-Forwarded-* are believed, as in 10.0.0.0/8,::1 [TRUSTED_PROXIES]";
    cors_allowed_origins: "ORIGINS", "The origins whose pages may use the server, as in https://app.example [CORS_ALLOWED_ORIGINS]";
    tls_cert_path: "FILE", "The certificate, and those between it and a root, in PEM: HTTPS is served; read again when it changes [TLS_CERT_PATH]";
    tls_key_path: "FILE", "The private key of the certificate, in PEM [TLS_KEY_PATH]";
    max_request_size: "BYTES", "The most bytes of a request's body [MAX_REQUEST_SIZE; 1048576]";
    worker_threads: "N", "Threads that serve requests [WORKER_THREADS; the processors]";
    request_timeout: "SECONDS", "How long a request may take [REQUEST_TIMEOUT; 30]";
    shutdown_timeout: "SECONDS", "How long requests may go on after the signal to end [SHUTDOWN_TIMEOUT; 30]";
    audit_retention_days: "DAYS", "How long the audit log is kept [AUDIT_RETENTION_DAYS; 90]";
    rust_log: "FILTER", "What is logged, as the tracing-subscriber crate filters it [RUST_LOG; info]";
    log_format: "FORMAT", "json or pretty [LOG_FORMAT; pretty on a terminal, else json]";
    log_dir: "DIRECTORY", "Where the log is written to as well, as JSON, a file a day, 14 of them [LOG_DIR]";
    metrics_enabled: "BOOLEAN", "Whether GET /metrics answers what is measured [METRICS_ENABLED; true]";
    tracing_enabled: "BOOLEAN", "Whether traces are sent by OTLP [TRACING_ENABLED; false]";
    otel_exporter_otlp_endpoint: "URL", "Where traces are sent to [OTEL_EXPORTER_OTLP_ENDPOINT, JAEGER_ENDPOINT; http://localhost:4318, or 4317 for grpc]";
    otel_exporter_otlp_protocol: "PROTOCOL", "http/protobuf or grpc [OTEL_EXPORTER_OTLP_PROTOCOL; http/protobuf]";
    otel_service_name: "NAME", "What the service is called in traces [OTEL_SERVICE_NAME; scim-server]";
    otel_traces_sampler: "SAMPLER", "Which requests are traced: always_on, always_off, traceidratio, and parentbased_ before each of them [OTEL_TRACES_SAMPLER; parentbased_always_on]";
    otel_traces_sampler_arg: "RATIO", "Which part of them traceidratio traces [OTEL_TRACES_SAMPLER_ARG; 1]";
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_go_before_and_after_the_command() {
        let port = |arguments: &[&str]| {
            let cli = Cli::try_parse_from(arguments).expect("valid");
            (cli.command, cli.flags.get("server_port").map(str::to_owned))
        };
        let given = Some("1".to_owned());
        assert_eq!(port(&["scim-server", "--server-port", "1"]), (None, given.clone()));
        assert_eq!(
            port(&["scim-server", "--server-port=1", "config"]),
            (Some(Command::Config), given.clone())
        );
        assert_eq!(port(&["scim-server", "serve", "--server-port", "1"]), (Some(Command::Serve), given));
        assert_eq!(port(&["scim-server"]), (None, None));
    }
}
