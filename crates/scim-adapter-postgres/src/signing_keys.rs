//! The keys that sign access tokens.

use async_trait::async_trait;
use diesel::Queryable;
use diesel::sql_types::{Binary, Text, Timestamptz};
use scim_domain::identifier::Timestamp;
use scim_ports::{ChangeNotice, RepositoryError, SigningKeyRepository, StoredSigningKey};
use time::OffsetDateTime;

use crate::notices;
use crate::pool::{Lease, Pool};
use crate::session::{Transaction, Undone, begin, commit, execute, finish, load};
use crate::sql::{Bind, Sql};

/// The signing keys in PostgreSQL.
#[derive(Clone)]
pub struct PostgresSigningKeys {
    pool: Pool,
}

impl PostgresSigningKeys {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

#[derive(Queryable)]
struct Row {
    id: String,
    algorithm: String,
    sealed: Vec<u8>,
    public_jwk: String,
    created_at: OffsetDateTime,
    expires_at: OffsetDateTime,
}

impl From<Row> for StoredSigningKey {
    fn from(row: Row) -> Self {
        Self {
            id: row.id,
            algorithm: row.algorithm,
            sealed: row.sealed,
            public_jwk: row.public_jwk,
            created_at: Timestamp::new(row.created_at),
            expires_at: Timestamp::new(row.expires_at),
        }
    }
}

#[async_trait]
impl SigningKeyRepository for PostgresSigningKeys {
    async fn signing_keys(&self) -> Result<Vec<StoredSigningKey>, RepositoryError> {
        let lease = self.pool.lease().await?;
        let sql = Sql::global(
            "SELECT k.id, k.algorithm, k.sealed, k.public_jwk, k.created_at, k.expires_at FROM signing_key k \
             ORDER BY k.created_at DESC, k.id DESC",
        );
        let rows = load::<_, Row>(
            lease.connection()?,
            sql.rows::<(Text, Text, Binary, Text, Timestamptz, Timestamptz)>(),
        )
        .await;
        Ok(lease.after_read(rows)?.into_iter().map(StoredSigningKey::from).collect())
    }

    async fn signing_key_add(
        &self,
        key: StoredSigningKey,
        newest: Option<&str>,
    ) -> Result<bool, RepositoryError> {
        Addition { key, newest: newest.map(str::to_owned) }.run(&self.pool, None).await
    }

    async fn signing_keys_prune(&self, now: Timestamp) -> Result<(), RepositoryError> {
        let lease = self.pool.lease().await?;
        let sql = Sql::global("DELETE FROM signing_key k WHERE k.expires_at < ").with(Bind::time(now), "");
        let pruned = execute(lease.connection()?, sql).await;
        lease.after_read(pruned)
    }
}

/// A key to be stored after another.
struct Addition {
    key: StoredSigningKey,
    newest: Option<String>,
}

impl Addition {
    fn insert(&self) -> Sql {
        let key = &self.key;
        let mut sql = Sql::global(
            "INSERT INTO signing_key AS k (id, algorithm, sealed, public_jwk, created_at, expires_at) SELECT ",
        );
        sql.list([
            Bind::text(&key.id),
            Bind::text(&key.algorithm),
            Bind::Bytes(key.sealed.clone()),
            Bind::text(&key.public_jwk),
            Bind::time(key.created_at),
            Bind::time(key.expires_at),
        ]);
        sql.push(
            " WHERE (SELECT n.id FROM signing_key n ORDER BY n.created_at DESC, n.id DESC LIMIT 1) \
             IS NOT DISTINCT FROM ",
        );
        sql.bind(Bind::OptionalText(self.newest.clone()));
        sql.push(" ON CONFLICT DO NOTHING RETURNING k.id");
        sql
    }
}

#[async_trait]
impl Transaction for Addition {
    type Done = bool;

    /// Those who add keys come one after the other; each sees what the one before has added.
    async fn attempt(&self, lease: &Lease) -> Result<bool, Undone<RepositoryError>> {
        let connection = lease.connection()?;
        let (begun, locked, inserted) = futures_util::join!(
            begin(connection),
            execute(connection, Sql::global("LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE")),
            load::<_, String>(connection, self.insert().rows::<Text>()),
        );
        begun?;
        locked?;
        if inserted?.is_empty() {
            commit(connection).await?;
            return Ok(false);
        }
        finish(connection, vec![notices::send(ChangeNotice::SigningKeys)]).await?;
        Ok(true)
    }
}
