//! The settings of the store in PostgreSQL.

use std::time::Duration;

use scim_adapter_postgres::PostgresSettings;
use secrecy::{ExposeSecret, SecretString};

use super::keys::Key;
use super::reader::Reader;
use super::{keys, values};

const DEFAULT_MAX_CONNECTIONS: usize = 20;
const DEFAULT_MIN_CONNECTIONS: usize = 5;
const DEFAULT_ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);
const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(600);
const DEFAULT_MAX_LIFETIME: Duration = Duration::from_secs(1800);

/// Where the database is, and how it is connected to.
#[derive(Debug)]
pub struct DatabaseSettings {
    /// `DATABASE_URL`
    pub url: SecretString,
    /// `DATABASE_READ_URL`
    pub read_url: Option<SecretString>,
    /// `DATABASE_MAX_CONNECTIONS`
    pub max_connections: usize,
    /// `DATABASE_MIN_CONNECTIONS`
    pub min_connections: usize,
    /// `DATABASE_ACQUIRE_TIMEOUT`
    pub acquire_timeout: Duration,
    /// `DATABASE_IDLE_TIMEOUT`
    pub idle_timeout: Duration,
    /// `DATABASE_MAX_LIFETIME`
    pub max_lifetime: Duration,
    /// `AUTO_MIGRATE`
    pub auto_migrate: bool,
}

/// Reads `PERSISTENCE_BACKEND` and everything about the database. In memory the settings of the database
/// are checked all the same. On PostgreSQL they are there, unless the URL is a fault.
pub(super) fn read(reader: &mut Reader<'_>) -> (values::Backend, Option<DatabaseSettings>) {
    let is_given = reader.is_given(&keys::DATABASE_URL);
    let default = if is_given { values::Backend::Postgres } else { values::Backend::InMemory };
    let backend = reader.or_default(&keys::PERSISTENCE_BACKEND, values::BACKEND, values::backend, default);
    let (url, read_url) = (url(reader, &keys::DATABASE_URL), url(reader, &keys::DATABASE_READ_URL));
    let max_connections = reader.or_default(
        &keys::DATABASE_MAX_CONNECTIONS,
        values::CONNECTIONS,
        values::connections,
        DEFAULT_MAX_CONNECTIONS,
    );
    let min_connections = reader.or_default(
        &keys::DATABASE_MIN_CONNECTIONS,
        values::IDLE_CONNECTIONS,
        values::idle_connections,
        DEFAULT_MIN_CONNECTIONS.min(max_connections),
    );
    if min_connections > max_connections {
        reader.fault(format!(
            "DATABASE_MIN_CONNECTIONS: got '{min_connections}'; expected DATABASE_MAX_CONNECTIONS, \
             {max_connections}, at most"
        ));
    }
    let mut seconds = |key, default| {
        reader.or_default_shown(key, values::SECONDS, values::seconds, default, |timeout: &Duration| {
            timeout.as_secs().to_string()
        })
    };
    let acquire_timeout = seconds(&keys::DATABASE_ACQUIRE_TIMEOUT, DEFAULT_ACQUIRE_TIMEOUT);
    let idle_timeout = seconds(&keys::DATABASE_IDLE_TIMEOUT, DEFAULT_IDLE_TIMEOUT);
    let max_lifetime = seconds(&keys::DATABASE_MAX_LIFETIME, DEFAULT_MAX_LIFETIME);
    let auto_migrate = reader.or_default(&keys::AUTO_MIGRATE, values::SWITCH, values::switch, true);
    if backend == values::Backend::InMemory {
        return (backend, None);
    }
    if !is_given {
        reader.fault(format!("DATABASE_URL: not set; on postgres it has to be {}", values::DATABASE_URL));
    }
    let database = url.map(|url| DatabaseSettings {
        url,
        read_url,
        max_connections,
        min_connections,
        acquire_timeout,
        idle_timeout,
        max_lifetime,
        auto_migrate,
    });
    (backend, database)
}

/// The URL of a database. What is wrong with one is told, the one itself only without its password.
fn url(reader: &mut Reader<'_>, key: &Key) -> Option<SecretString> {
    let url = reader.optional(
        key,
        values::DATABASE_URL,
        values::database_url,
        |url: &SecretString| values::masked_url(url.expose_secret()),
        "none",
    )?;
    if let Err(error) = PostgresSettings::check_url(url.expose_secret()) {
        reader.fault(format!("{}: {error}; expected {}", key.name, values::DATABASE_URL));
        return None;
    }
    Some(url)
}
