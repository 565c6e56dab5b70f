//! The credentials of tenants.

use diesel::Queryable;
use diesel::sql_types::{Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::AsyncPgConnection;
use scim_domain::credential::{Credential, CredentialKind, PreviousSecret};
use scim_domain::identifier::{CredentialId, ResourceId, TenantId, Timestamp};
use scim_domain::scope::Scopes;
use scim_ports::RotateCredential;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::{Failure, unreadable};
use crate::queries::tenants::IS_THERE;
use crate::session::load;
use crate::sql::{Bind, Sql};
use crate::text::{escape, unescape};

/// The columns of [`Row`].
const COLUMNS: &str = "c.id, c.kind, c.label, c.scopes, c.subject, c.expires_at, c.created_at, c.last_used_at, \
    c.secret_hash, c.previous_secret_hash, c.previous_expires_at";

type Columns = (
    SqlUuid,
    Text,
    Text,
    Text,
    Nullable<SqlUuid>,
    Nullable<Timestamptz>,
    Timestamptz,
    Nullable<Timestamptz>,
    Text,
    Nullable<Text>,
    Nullable<Timestamptz>,
);

#[derive(Queryable)]
struct Row {
    id: Uuid,
    kind: String,
    label: String,
    scopes: String,
    subject: Option<Uuid>,
    expires_at: Option<OffsetDateTime>,
    created_at: OffsetDateTime,
    last_used_at: Option<OffsetDateTime>,
    secret_hash: String,
    previous_secret_hash: Option<String>,
    previous_expires_at: Option<OffsetDateTime>,
}

impl Row {
    fn into_credential(self, tenant: TenantId) -> Result<Credential, Failure> {
        let kind = CredentialKind::named(&self.kind)
            .ok_or_else(|| unreadable(format!("the credential {} is of an unknown kind", self.id)))?;
        let previous = self.previous_secret_hash.zip(self.previous_expires_at);
        Ok(Credential {
            id: CredentialId::new(self.id),
            tenant,
            kind,
            label: unescape(self.label),
            scopes: Scopes::parse(self.scopes.split_whitespace()).map_err(unreadable)?,
            subject: self.subject.map(ResourceId::new),
            expires_at: self.expires_at.map(Timestamp::new),
            created_at: Timestamp::new(self.created_at),
            last_used_at: self.last_used_at.map(Timestamp::new),
            secret_hash: self.secret_hash,
            previous: previous.map(|(secret_hash, expires_at)| PreviousSecret {
                secret_hash,
                expires_at: Timestamp::new(expires_at),
            }),
        })
    }
}

async fn credentials(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    sql: Sql,
) -> Result<Vec<Credential>, Failure> {
    let rows: Vec<Row> = load(connection, sql.rows::<Columns>()).await?;
    rows.into_iter().map(|row| row.into_credential(tenant)).collect()
}

fn select(tenant: TenantId) -> Sql {
    Sql::of(tenant, "SELECT ")
        .with_text(COLUMNS)
        .with_text(" FROM tenant_credential c WHERE c.tenant_id = $1 AND ")
        .with_text(IS_THERE)
}

/// The credential with this id.
pub(crate) async fn get(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    id: CredentialId,
) -> Result<Option<Credential>, Failure> {
    let sql = select(tenant).with_text(" AND c.id = ").with(Bind::Uuid(id.uuid()), "");
    Ok(credentials(connection, tenant, sql).await?.into_iter().next())
}

/// Credentials in the order of their ids.
pub(crate) async fn list(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    after: Option<CredentialId>,
    limit: usize,
) -> Result<Vec<Credential>, Failure> {
    let mut sql = select(tenant);
    if let Some(after) = after {
        sql.push(" AND c.id > ").bind(Bind::Uuid(after.uuid()));
    }
    sql.push(" ORDER BY c.id LIMIT ").bind(Bind::count(limit));
    credentials(connection, tenant, sql).await
}

/// Keeps a tenant from being deleted until the end of the transaction; answers whether it is there.
pub(crate) async fn hold_tenant(connection: &AsyncPgConnection, tenant: TenantId) -> Result<bool, Failure> {
    let sql = Sql::global("SELECT t.id FROM tenant t WHERE t.deleted_at IS NULL AND t.id = ")
        .with(Bind::Uuid(tenant.uuid()), " FOR KEY SHARE");
    Ok(!load::<_, Uuid>(connection, sql.rows::<SqlUuid>()).await?.is_empty())
}

/// The statement that stores a credential.
pub(crate) fn insert(credential: &Credential) -> Sql {
    let mut sql = Sql::of(
        credential.tenant,
        "INSERT INTO tenant_credential AS c (tenant_id, id, kind, label, scopes, subject, expires_at, created_at, \
         last_used_at, secret_hash, previous_secret_hash, previous_expires_at) VALUES ($1, ",
    );
    let previous = credential.previous.as_ref();
    sql.list([
        Bind::Uuid(credential.id.uuid()),
        Bind::text(credential.kind.as_str()),
        Bind::text(escape(&credential.label)),
        Bind::text(credential.scopes.to_string()),
        Bind::OptionalUuid(credential.subject.map(ResourceId::uuid)),
        Bind::optional_time(credential.expires_at),
        Bind::time(credential.created_at),
        Bind::optional_time(credential.last_used_at),
        Bind::text(&credential.secret_hash),
        Bind::OptionalText(previous.map(|previous| previous.secret_hash.clone())),
        Bind::optional_time(previous.map(|previous| previous.expires_at)),
    ]);
    sql.push(")");
    sql
}

/// Rotates a credential's secret; answers the credential as it is now.
pub(crate) async fn rotate(
    connection: &AsyncPgConnection,
    rotation: &RotateCredential,
) -> Result<Option<Credential>, Failure> {
    let sql = Sql::of(
        rotation.tenant,
        "UPDATE tenant_credential c SET previous_secret_hash = c.secret_hash, previous_expires_at = ",
    )
    .with(Bind::time(rotation.previous_expires_at), ", secret_hash = ")
    .with(Bind::text(&rotation.secret_hash), " WHERE c.tenant_id = $1 AND ")
    .with_text(IS_THERE)
    .with_text(" AND c.id = ")
    .with(Bind::Uuid(rotation.id.uuid()), " RETURNING ")
    .with_text(COLUMNS);
    Ok(credentials(connection, rotation.tenant, sql).await?.into_iter().next())
}

/// Removes a credential; answers whether it was there.
pub(crate) async fn delete(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    id: CredentialId,
) -> Result<bool, Failure> {
    let sql = Sql::of(tenant, "DELETE FROM tenant_credential c WHERE c.tenant_id = $1 AND ")
        .with_text(IS_THERE)
        .with_text(" AND c.id = ")
        .with(Bind::Uuid(id.uuid()), " RETURNING c.id");
    Ok(!load::<_, Uuid>(connection, sql.rows::<SqlUuid>()).await?.is_empty())
}

/// The statement that notes when credentials of one tenant were last used: each once, and forwards only.
pub(crate) fn used(tenant: TenantId, uses: &[(CredentialId, Timestamp)]) -> Sql {
    Sql::of(tenant, "UPDATE tenant_credential c SET last_used_at = w.used_at FROM unnest(")
        .with(Bind::Uuids(uses.iter().map(|(id, _)| id.uuid()).collect()), ", ")
        .with(
            Bind::Times(uses.iter().map(|(_, at)| at.date_time()).collect()),
            ") AS w(id, used_at) WHERE c.tenant_id = $1 AND c.id = w.id \
             AND (c.last_used_at IS NULL OR c.last_used_at < w.used_at)",
        )
}
