//! Tenants: their rows, their schemas and their resource types.

use diesel::Queryable;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::{Array, BigInt, Bool, Jsonb, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::AsyncPgConnection;
use scim_domain::identifier::{TenantId, Timestamp, Version};
use scim_domain::schema::{ResourceTypeDefinition, SchemaDefinition, TenantDefinitions};
use scim_domain::tenant::TenantConfig;
use scim_ports::TenantRecord;
use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::{Failure, unreadable};
use crate::rows::{version, version_number};
use crate::session::load;
use crate::sql::{Bind, Sql};
use crate::text::{escape, map_texts, unescape};

/// The condition that the tenant of a statement is there.
pub(crate) const IS_THERE: &str = "EXISTS (SELECT 1 FROM tenant t WHERE t.id = $1 AND t.deleted_at IS NULL)";

/// The columns of [`RecordRow`].
const RECORD: &str = "SELECT t.id, t.slug, t.display_name, t.active, t.preset, t.config, t.version, \
    t.created_at, t.updated_at FROM tenant t WHERE t.deleted_at IS NULL";

type RecordColumns = (SqlUuid, Text, Text, Bool, Text, Jsonb, BigInt, Timestamptz, Timestamptz);

/// A tenant's row.
#[derive(Queryable)]
struct RecordRow {
    id: Uuid,
    slug: String,
    display_name: String,
    active: bool,
    preset: String,
    config: ConfigColumn,
    version: i64,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
}

impl RecordRow {
    fn into_record(self) -> Result<TenantRecord, Failure> {
        Ok(TenantRecord {
            id: TenantId::new(self.id),
            slug: unescape(self.slug),
            display_name: unescape(self.display_name),
            active: self.active,
            preset: unescape(self.preset),
            config: self.config.0,
            version: version(self.version)?,
            created_at: Timestamp::new(self.created_at),
            updated_at: Timestamp::new(self.updated_at),
        })
    }
}

/// A config, kept as JSON with its texts escaped.
#[derive(Debug, FromSqlRow)]
pub(crate) struct ConfigColumn(pub(crate) TenantConfig);

impl FromSql<Jsonb, Pg> for ConfigColumn {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        // The binary form is a version, 1, and the text.
        let text = value.as_bytes().strip_prefix(&[1]).ok_or("an unknown version of jsonb")?;
        let config: Value = serde_json::from_slice(text)?;
        Ok(Self(serde_json::from_value(map_texts(config, unescape))?))
    }
}

/// A config as a value to bind.
fn config_column(config: &TenantConfig) -> Result<Bind, Failure> {
    let config = serde_json::to_value(config).map_err(unreadable)?;
    Ok(Bind::jsonb(map_texts(config, |text| escape(&text).into_owned()).to_string()))
}

/// A tenant with its definitions, in JSON.
#[derive(Queryable)]
pub(crate) struct WholeRow {
    pub(crate) slug: String,
    pub(crate) active: bool,
    pub(crate) config: ConfigColumn,
    pub(crate) schemas: Vec<String>,
    pub(crate) resource_types: Vec<String>,
}

/// The tenant with this id. One statement, so that its definitions fit together.
pub(crate) async fn whole(connection: &AsyncPgConnection, id: TenantId) -> Result<Option<WholeRow>, Failure> {
    let sql = Sql::of(
        id,
        "SELECT t.slug, t.active, t.config, ARRAY(SELECT s.definition::text FROM tenant_schema s \
         WHERE s.tenant_id = $1 ORDER BY s.place), ARRAY(SELECT y.definition::text FROM tenant_resource_type y \
         WHERE y.tenant_id = $1 ORDER BY y.place) FROM tenant t WHERE t.id = $1 AND t.deleted_at IS NULL",
    );
    let rows: Vec<WholeRow> =
        load(connection, sql.rows::<(Text, Bool, Jsonb, Array<Text>, Array<Text>)>()).await?;
    Ok(rows.into_iter().next().map(|row| WholeRow { slug: unescape(row.slug), ..row }))
}

/// The id of the tenant with this slug.
pub(crate) async fn id_of(connection: &AsyncPgConnection, slug: &str) -> Result<Option<TenantId>, Failure> {
    let sql = Sql::global("SELECT t.id FROM tenant t WHERE t.deleted_at IS NULL AND t.slug = ")
        .with(Bind::text(escape(slug)), "");
    let ids: Vec<Uuid> = load(connection, sql.rows::<SqlUuid>()).await?;
    Ok(ids.into_iter().next().map(TenantId::new))
}

/// The record of a tenant. `for_change` locks its row until the end of the transaction, in a way that
/// writes of its resources do not wait for.
pub(crate) async fn record(
    connection: &AsyncPgConnection,
    id: TenantId,
    for_change: bool,
) -> Result<Option<TenantRecord>, Failure> {
    let mut sql = Sql::global(RECORD).with_text(" AND t.id = ").with(Bind::Uuid(id.uuid()), "");
    if for_change {
        sql.push(" FOR NO KEY UPDATE");
    }
    Ok(records(connection, sql).await?.into_iter().next())
}

/// Records in the order of their ids.
pub(crate) async fn list(
    connection: &AsyncPgConnection,
    after: Option<TenantId>,
    limit: usize,
) -> Result<Vec<TenantRecord>, Failure> {
    let mut sql = Sql::global(RECORD);
    if let Some(after) = after {
        sql.push(" AND t.id > ").bind(Bind::Uuid(after.uuid()));
    }
    sql.push(" ORDER BY t.id LIMIT ").bind(Bind::count(limit));
    records(connection, sql).await
}

async fn records(connection: &AsyncPgConnection, sql: Sql) -> Result<Vec<TenantRecord>, Failure> {
    let rows: Vec<RecordRow> = load(connection, sql.rows::<RecordColumns>()).await?;
    rows.into_iter().map(RecordRow::into_record).collect()
}

/// Writes a tenant's row, unless one of its id or its slug is there; answers whether it did.
pub(crate) async fn insert(connection: &AsyncPgConnection, record: &TenantRecord) -> Result<bool, Failure> {
    let mut sql = Sql::global(
        "INSERT INTO tenant AS t (id, slug, display_name, active, preset, config, version, created_at, updated_at) \
         VALUES (",
    );
    sql.list([
        Bind::Uuid(record.id.uuid()),
        Bind::text(escape(&record.slug)),
        Bind::text(escape(&record.display_name)),
        Bind::Boolean(record.active),
        Bind::text(escape(&record.preset)),
        config_column(&record.config)?,
        Bind::Integer(version_number(record.version)),
        Bind::time(record.created_at),
        Bind::time(record.updated_at),
    ]);
    sql.push(") ON CONFLICT DO NOTHING RETURNING t.id");
    let inserted: Vec<Uuid> = load(connection, sql.rows::<SqlUuid>()).await?;
    Ok(!inserted.is_empty())
}

/// The statement that puts what may change of a tenant in its row. It fails where another tenant has the slug.
pub(crate) fn update(record: &TenantRecord) -> Result<Sql, Failure> {
    Ok(Sql::global("UPDATE tenant t SET slug = ")
        .with(Bind::text(escape(&record.slug)), ", display_name = ")
        .with(Bind::text(escape(&record.display_name)), ", active = ")
        .with(Bind::Boolean(record.active), ", config = ")
        .with(config_column(&record.config)?, ", version = ")
        .with(Bind::Integer(version_number(record.version)), ", updated_at = ")
        .with(Bind::time(record.updated_at), " WHERE t.id = ")
        .with(Bind::Uuid(record.id.uuid()), ""))
}

/// Marks a tenant as deleted if it is at this version; answers whether it did. Its slug becomes one that no
/// URL can name, and it is inactive for replicas that do not know of deleted tenants.
pub(crate) async fn delete(
    connection: &AsyncPgConnection,
    id: TenantId,
    expected: Version,
    at: Timestamp,
) -> Result<bool, Failure> {
    let mut sql = Sql::global(
        "UPDATE tenant t SET slug = '/' || t.id::text, active = FALSE, \
        version = t.version + 1, deleted_at = ",
    );
    let number = sql.bind(Bind::time(at));
    sql.push(", updated_at = ").again(number);
    sql.push(" WHERE t.deleted_at IS NULL AND t.id = ").bind(Bind::Uuid(id.uuid()));
    sql.push(" AND t.version = ").bind(Bind::Integer(version_number(expected)));
    sql.push(" RETURNING t.id");
    let deleted: Vec<Uuid> = load(connection, sql.rows::<SqlUuid>()).await?;
    Ok(!deleted.is_empty())
}

/// The statements that write definitions, in their order.
pub(crate) fn define(id: TenantId, definitions: &TenantDefinitions) -> Result<Vec<Sql>, Failure> {
    let TenantDefinitions { schemas, resource_types } = definitions;
    let schema_key = |schema: &SchemaDefinition| schema.id.as_str().to_ascii_lowercase();
    let type_key = |resource_type: &ResourceTypeDefinition| resource_type.name.to_ascii_lowercase();
    let into_schemas = "INSERT INTO tenant_schema (tenant_id, urn_key, place, definition) VALUES ";
    let into_types = "INSERT INTO tenant_resource_type (tenant_id, name_key, place, definition) VALUES ";
    let statements = [
        insertion(id, into_schemas, schemas, schema_key)?,
        insertion(id, into_types, resource_types, type_key)?,
    ];
    Ok(statements.into_iter().flatten().collect())
}

fn insertion<T: Serialize>(
    id: TenantId,
    text: &'static str,
    definitions: &[T],
    key: impl Fn(&T) -> String,
) -> Result<Option<Sql>, Failure> {
    let mut sql = Sql::of(id, text);
    sql.once();
    for (place, definition) in definitions.iter().enumerate() {
        sql.push(if place > 0 { ", ($1, " } else { "($1, " });
        sql.list([
            Bind::text(escape(&key(definition))),
            Bind::count(place),
            Bind::json(serde_json::to_string(definition).map_err(unreadable)?),
        ]);
        sql.push(")");
    }
    Ok((!definitions.is_empty()).then_some(sql))
}

/// The statements that remove a tenant's definitions.
pub(crate) fn undefine(id: TenantId) -> [Sql; 2] {
    [
        Sql::of(id, "DELETE FROM tenant_schema s WHERE s.tenant_id = $1"),
        Sql::of(id, "DELETE FROM tenant_resource_type y WHERE y.tenant_id = $1"),
    ]
}
