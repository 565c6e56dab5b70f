//! The registry of tenants.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use diesel::Queryable;
use diesel::deserialize::{self, FromSql, FromSqlRow};
use diesel::pg::{Pg, PgValue};
use diesel::sql_types::{Bool, Json, Jsonb, Text, Uuid as SqlUuid};
use diesel_async::AsyncPgConnection;
use parking_lot::Mutex;
use scim_domain::identifier::{TenantId, Timestamp};
use scim_domain::schema::{ResourceTypeDefinition, SchemaDefinition, TenantSchema};
use scim_domain::tenant::{Tenant, TenantConfig};
use scim_ports::{RepositoryError, TenantRepository};
use uuid::Uuid;

use crate::error::{Failure, unreadable};
use crate::pool::{Lease, Pool};
use crate::session::{Attempts, Undone, begin, commit, execute, load};
use crate::sql::{Bind, Sql};

/// For how long a tenant is remembered: each request asks for one, and each change of one is seen
/// within this time.
const REMEMBERED: Duration = Duration::from_secs(1);

/// The tenants in PostgreSQL.
#[derive(Clone)]
pub struct PostgresTenants {
    pool: Pool,
    remembered: Arc<Mutex<HashMap<Name, Remembered>>>,
}

/// What a tenant is asked for by.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Name {
    Id(TenantId),
    Slug(String),
}

#[derive(Clone)]
struct Remembered {
    tenant: Arc<Tenant>,
    at: Instant,
}

#[derive(Queryable)]
struct Row {
    id: Uuid,
    slug: String,
    active: bool,
    config: JsonOf<TenantConfig>,
}

/// A value that is kept as JSON.
#[derive(Debug, FromSqlRow)]
struct JsonOf<T>(T);

impl<T: serde::de::DeserializeOwned> FromSql<Json, Pg> for JsonOf<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        Ok(Self(serde_json::from_slice(value.as_bytes())?))
    }
}

impl<T: serde::de::DeserializeOwned> FromSql<Jsonb, Pg> for JsonOf<T> {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        // The binary form is a version, 1, and the text.
        let text = value.as_bytes().strip_prefix(&[1]).ok_or("an unknown version of jsonb")?;
        Ok(Self(serde_json::from_slice(text)?))
    }
}

impl PostgresTenants {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, remembered: Arc::default() }
    }

    /// Registers a tenant with its config, schemas and resource types, unless one with its id or its
    /// slug is there; answers whether it was registered.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    pub async fn tenant_register(
        &self,
        tenant: &Tenant,
        display_name: &str,
        at: Timestamp,
    ) -> Result<bool, RepositoryError> {
        let mut attempts = Attempts::default();
        loop {
            let lease = self.pool.lease_for(tenant.id).await?;
            let outcome = register(lease.connection()?, tenant, display_name, at).await;
            if let Some(outcome) = attempts.settle(lease, outcome).await {
                return outcome.map_err(|undone| match undone {
                    Undone::Failed(failure) => failure.into(),
                    Undone::Refused(error) => error,
                });
            }
        }
    }

    async fn find(&self, name: Name) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        if let Some(known) = self.remembered.lock().get(&name)
            && known.at.elapsed() < REMEMBERED
        {
            return Ok(Some(Arc::clone(&known.tenant)));
        }
        let lease = self.pool.lease().await?;
        let found = read(&lease, &name).await;
        if !matches!(found, Err(Failure::Unavailable(_))) {
            lease.give_back();
        }
        let found = found?;
        let mut remembered = self.remembered.lock();
        remembered.retain(|_, known| known.at.elapsed() < REMEMBERED);
        if let Some(tenant) = &found {
            remembered.insert(name, Remembered { tenant: Arc::clone(tenant), at: Instant::now() });
        }
        Ok(found)
    }
}

async fn read(lease: &Lease, name: &Name) -> Result<Option<Arc<Tenant>>, Failure> {
    let connection = lease.connection()?;
    let sql = Sql::global("SELECT t.id, t.slug, t.active, t.config FROM tenant t WHERE ");
    let sql = match name {
        Name::Id(id) => sql.with_text("t.id = ").with(Bind::Uuid(id.uuid()), ""),
        // PostgreSQL knows no U+0000, and no tenant has one in its slug.
        Name::Slug(slug) if slug.contains('\0') => return Ok(None),
        Name::Slug(slug) => sql.with_text("t.slug = ").with(Bind::text(slug), ""),
    };
    let rows: Vec<Row> = load(connection, sql.rows::<(SqlUuid, Text, Bool, Jsonb)>()).await?;
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let id = TenantId::new(row.id);
    lease.show_only(id).await?;
    let schemas =
        Sql::of(id, "SELECT s.definition FROM tenant_schema s WHERE s.tenant_id = $1 ORDER BY s.place");
    let types = Sql::of(
        id,
        "SELECT y.definition FROM tenant_resource_type y WHERE y.tenant_id = $1 ORDER BY y.place",
    );
    let (schemas, types) = futures_util::try_join!(
        load::<_, JsonOf<SchemaDefinition>>(connection, schemas.rows::<Json>()),
        load::<_, JsonOf<ResourceTypeDefinition>>(connection, types.rows::<Json>()),
    )?;
    let schema = TenantSchema::compile(
        schemas.into_iter().map(|schema| schema.0).collect(),
        types.into_iter().map(|resource_type| resource_type.0).collect(),
    );
    Ok(Some(Arc::new(Tenant {
        id,
        slug: row.slug,
        active: row.active,
        config: Arc::new(row.config.0),
        schema: Arc::new(schema.map_err(unreadable)?),
    })))
}

async fn register(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    display_name: &str,
    at: Timestamp,
) -> Result<bool, Undone<RepositoryError>> {
    begin(connection).await?;
    let config = serde_json::to_string(&*tenant.config).map_err(unreadable)?;
    let mut sql = Sql::of(
        tenant.id,
        "INSERT INTO tenant AS t (id, slug, display_name, active, config, created_at, updated_at) VALUES ($1, ",
    );
    sql.bind(Bind::text(&tenant.slug));
    sql.push(", ").bind(Bind::text(display_name));
    sql.push(", ").bind(Bind::Boolean(tenant.active));
    sql.push(", ").bind(Bind::jsonb(config));
    sql.push(", ");
    let at = sql.bind(Bind::time(at));
    sql.push(", ").again(at).push(") ON CONFLICT DO NOTHING RETURNING t.id");
    let inserted: Vec<Uuid> = load(connection, sql.rows::<SqlUuid>()).await?;
    if !inserted.is_empty() {
        for (place, schema) in tenant.schema.schemas().iter().enumerate() {
            let definition = serde_json::to_string(&**schema).map_err(unreadable)?;
            let sql = Sql::of(
                tenant.id,
                "INSERT INTO tenant_schema (tenant_id, urn_key, place, definition) VALUES ($1, ",
            );
            define(connection, sql, schema.id.as_str(), place, definition).await?;
        }
        for (place, resource_type) in tenant.schema.resource_types().iter().enumerate() {
            let definition = serde_json::to_string(&resource_type.definition).map_err(unreadable)?;
            let sql = Sql::of(
                tenant.id,
                "INSERT INTO tenant_resource_type (tenant_id, name_key, place, definition) VALUES ($1, ",
            );
            define(connection, sql, resource_type.name(), place, definition).await?;
        }
    }
    commit(connection).await?;
    Ok(!inserted.is_empty())
}

async fn define(
    connection: &AsyncPgConnection,
    sql: Sql,
    name: &str,
    place: usize,
    definition: String,
) -> Result<(), Failure> {
    let place = i64::try_from(place).map_err(unreadable)?;
    let sql = sql
        .with(Bind::text(name.to_ascii_lowercase()), ", ")
        .with(Bind::Integer(place), ", ")
        .with(Bind::json(definition), ")");
    execute(connection, sql).await
}

#[async_trait]
impl TenantRepository for PostgresTenants {
    async fn tenant_by_id(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        self.find(Name::Id(id)).await
    }

    async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        self.find(Name::Slug(slug.to_owned())).await
    }
}
