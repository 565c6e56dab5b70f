//! Migrations: the directory `migrations/` of the repository, in Diesel's layout and with Diesel's
//! book-keeping, so that its command line tool can run them as well.
//!
//! They are applied on one connection under an advisory lock: of several servers that start at once
//! one applies them, and the others find them done. Each is one transaction.

use diesel::sql_types::Text;
use diesel_async::{AsyncPgConnection, SimpleAsyncConnection};

use crate::error::Failure;
use crate::pool::{Lease, Pool};
use crate::session::{execute, load};
use crate::sql::{Bind, Sql};

/// One step of the schema, both ways.
#[derive(Debug)]
struct Migration {
    version: &'static str,
    up: &'static str,
    down: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal),* $(,)?) => {
        &[$(Migration {
            version: $version,
            up: include_str!(concat!("../../../migrations/", $version, "_", $name, "/up.sql")),
            down: include_str!(concat!("../../../migrations/", $version, "_", $name, "/down.sql")),
        }),*]
    };
}

/// Every migration, oldest first.
const MIGRATIONS: &[Migration] = migrations![
    "00000000000001" "resources",
    "00000000000002" "audit",
    "00000000000003" "tenants_and_credentials",
];

/// The key of the advisory lock: "scim" in ASCII, twice.
const LOCK_KEY: i64 = 0x7363_696d_7363_696d;

const BOOK: &str = "CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (\
    version varchar(50) NOT NULL PRIMARY KEY, run_on timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)";

/// Applies what is not applied yet; answers the versions.
pub(crate) async fn up(pool: &Pool) -> Result<Vec<&'static str>, Failure> {
    let lease = locked(pool).await?;
    let connection = lease.connection()?;
    let applied = applied(connection).await?;
    let mut done = Vec::new();
    for migration in MIGRATIONS.iter().filter(|migration| !applied.iter().any(|it| it == migration.version)) {
        let book = Sql::global("INSERT INTO __diesel_schema_migrations (version) VALUES (")
            .with(Bind::text(migration.version), ")");
        run(connection, migration.up, book).await?;
        tracing::info!(version = migration.version, "a migration was applied");
        done.push(migration.version);
    }
    // The connection is closed with the lease, and the lock is released with the connection.
    Ok(done)
}

/// Takes back every migration, the newest first, with all that is stored.
pub(crate) async fn down(pool: &Pool) -> Result<(), Failure> {
    let lease = locked(pool).await?;
    let connection = lease.connection()?;
    let applied = applied(connection).await?;
    for migration in
        MIGRATIONS.iter().rev().filter(|migration| applied.iter().any(|it| it == migration.version))
    {
        let book = Sql::global("DELETE FROM __diesel_schema_migrations WHERE version = ")
            .with(Bind::text(migration.version), "");
        run(connection, migration.down, book).await?;
    }
    Ok(())
}

/// The versions that are not applied yet.
pub(crate) async fn pending(connection: &AsyncPgConnection) -> Result<Vec<&'static str>, Failure> {
    let applied = applied_if_any(connection).await?;
    let versions = MIGRATIONS.iter().map(|migration| migration.version);
    Ok(versions.filter(|version| !applied.iter().any(|it| it == version)).collect())
}

/// The newest version that is applied.
pub(crate) async fn newest(connection: &AsyncPgConnection) -> Result<Option<String>, Failure> {
    Ok(applied_if_any(connection).await?.into_iter().max())
}

/// The versions that are applied; none where nothing ever was.
async fn applied_if_any(connection: &AsyncPgConnection) -> Result<Vec<String>, Failure> {
    let book = Sql::global(
        "SELECT to_regclass('__diesel_schema_migrations')::text WHERE to_regclass('__diesel_schema_migrations') IS NOT NULL",
    );
    let book: Vec<String> = load(connection, book.rows::<Text>()).await?;
    if book.is_empty() { Ok(Vec::new()) } else { applied(connection).await }
}

/// A connection that holds the lock, with no limit of time: an index on a large table takes long.
async fn locked(pool: &Pool) -> Result<Lease, Failure> {
    let lease = pool.lease().await?;
    let connection = lease.connection()?;
    execute(connection, Sql::global("SET statement_timeout = 0")).await?;
    let lock = Sql::global("SELECT pg_advisory_lock(").with(Bind::Integer(LOCK_KEY), ")");
    execute(connection, lock).await?;
    execute(connection, Sql::global(BOOK)).await?;
    Ok(lease)
}

async fn applied(connection: &AsyncPgConnection) -> Result<Vec<String>, Failure> {
    load(connection, Sql::global("SELECT version::text FROM __diesel_schema_migrations").rows::<Text>()).await
}

async fn run(connection: &AsyncPgConnection, script: &'static str, book: Sql) -> Result<(), Failure> {
    let mut simple = connection;
    simple.batch_execute("BEGIN").await?;
    simple.batch_execute(script).await?;
    execute(connection, book).await?;
    simple.batch_execute("COMMIT").await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::MIGRATIONS;

    #[test]
    fn every_migration_of_the_directory_is_embedded_in_its_order() {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations");
        let mut versions: Vec<String> = std::fs::read_dir(directory)
            .expect("the directory")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"))
            .map(|name| name.split_once('_').expect("a version and a name").0.to_owned())
            .collect();
        versions.sort();
        let embedded: Vec<&str> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, embedded);
    }
}
