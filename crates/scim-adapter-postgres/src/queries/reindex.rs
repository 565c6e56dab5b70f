//! Working out again what rows keep beside the document, for a type whose definition changed.

use std::collections::{HashMap, HashSet};

use diesel::Queryable;
use diesel::sql_types::{Json, Text, Uuid as SqlUuid};
use diesel_async::AsyncPgConnection;
use scim_domain::identifier::{ResourceId, TenantId};
use scim_domain::resource::{UniqueValue, unique_values};
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::RepositoryError;
use uuid::Uuid;

use crate::document::{Document, optional_texts, texts};
use crate::error::{Failure, unreadable};
use crate::queries::unique::{self, Claim};
use crate::rows::Payload;
use crate::session::{Undone, begin, commit, execute, load};
use crate::sql::{Bind, IS_ANY, Sql};
use crate::text::unique_digest;

/// The most resources of a transaction.
const MAX_RESOURCES: usize = 500;

#[derive(Queryable)]
struct Row {
    id: Uuid,
    payload: Payload,
    unique_digest: String,
}

/// A resource, with what its row is to keep.
struct Reindexed {
    id: ResourceId,
    document: Document,
    values: Vec<(UniqueValue, Claim)>,
    digest: String,
}

/// Works out the columns and the unique values of up to `limit` resources after `after`, in one
/// transaction, which locks the rows in the order of their ids. Answers the last id, unless there are no more.
pub(crate) async fn reindex(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    resource_type: &ResourceType,
    after: Option<ResourceId>,
    limit: usize,
) -> Result<Option<ResourceId>, Undone<RepositoryError>> {
    let limit = limit.min(MAX_RESOURCES);
    let (begun, rows) =
        futures_util::join!(begin(connection), lock(connection, tenant.id, resource_type, after, limit));
    begun?;
    let rows = rows?;
    let is_end = rows.len() < limit || rows.is_empty();
    let read = |row| Reindexed::new(tenant.id, resource_type, row);
    let resources = rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let last = resources.last().map(|resource| resource.id);
    if !resources.is_empty() {
        let claims: Vec<(&Claim, ResourceId)> = resources
            .iter()
            .flat_map(|resource| resource.values.iter().map(|(_, claim)| (claim, resource.id)))
            .collect();
        let (written, released, claimed, held) = futures_util::join!(
            execute(connection, write(tenant.id, &resources)),
            execute(connection, release(tenant.id, &resources, &claims)),
            unique::claim(connection, tenant.id, &claims),
            held(connection, tenant.id, &resources),
        );
        written?;
        released?;
        claimed?;
        write_digests(connection, tenant.id, &resources, &held?).await?;
    }
    commit(connection).await?;
    Ok(last.filter(|_| !is_end))
}

impl Reindexed {
    fn new(tenant: TenantId, resource_type: &ResourceType, row: Row) -> Result<Self, Failure> {
        let attributes = row.payload.0.read().map_err(unreadable)?;
        let claimed = |value: UniqueValue| {
            let claim = Claim::new(resource_type.name(), &value);
            (value, claim)
        };
        Ok(Self {
            id: ResourceId::new(row.id),
            document: Document::new(tenant, resource_type, &attributes),
            values: unique_values(resource_type, &attributes).into_iter().map(claimed).collect(),
            digest: row.unique_digest,
        })
    }
}

async fn lock(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    resource_type: &ResourceType,
    after: Option<ResourceId>,
    limit: usize,
) -> Result<Vec<Row>, Failure> {
    let mut sql = Sql::of(
        tenant,
        "SELECT r.id, r.payload, r.unique_digest FROM scim_resource r \
         WHERE r.tenant_id = $1 AND r.resource_type = ",
    );
    sql.bind(Bind::text(resource_type.name()));
    if let Some(after) = after {
        sql.push(" AND r.id > ").bind(Bind::id(after));
    }
    sql.push(" ORDER BY r.id LIMIT ").bind(Bind::Integer(i64::try_from(limit).map_err(unreadable)?));
    sql.push(" FOR NO KEY UPDATE");
    load(connection, sql.rows::<(SqlUuid, Json, Text)>()).await
}

/// Writes the rows that differ, and no others. Versions and times stay.
fn write(tenant: TenantId, resources: &[Reindexed]) -> Sql {
    let documents = || resources.iter().map(|resource| &resource.document);
    let texts = |text| texts(documents(), text);
    let optional = |text| optional_texts(documents(), text);
    Sql::of(
        tenant,
        "UPDATE scim_resource r SET display = w.display, display_key = w.display_key, \
         user_name_key = w.user_name_key, search_text = w.search_text, keys = w.keys::jsonb FROM unnest(",
    )
    .with(ids(resources), ", ")
    .with(optional(|it| &it.display), ", ")
    .with(optional(|it| &it.display_key), ", ")
    .with(optional(|it| &it.user_name_key), ", ")
    .with(texts(|it| &it.search_text), ", ")
    .with(
        texts(|it| &it.keys),
        ") AS w(id, display, display_key, user_name_key, search_text, keys) \
         WHERE r.tenant_id = $1 AND r.id = w.id AND (r.display, r.display_key, r.user_name_key, r.search_text, r.keys) \
         IS DISTINCT FROM (w.display, w.display_key, w.user_name_key, w.search_text, w.keys::jsonb) AND w.id",
    )
    .with_text(IS_ANY)
}

/// Frees the values that the resources are not to have any more.
fn release(tenant: TenantId, resources: &[Reindexed], claims: &[(&Claim, ResourceId)]) -> Sql {
    let texts = |text| unique::texts(claims.iter().map(|(claim, _)| *claim), text);
    Sql::of(tenant, "DELETE FROM resource_unique_value v USING unnest(")
        .with(ids(resources), ") AS o(id) WHERE v.tenant_id = $1 AND v.resource_id = o.id AND o.id")
        .with_text(IS_ANY)
        .with_text("AND NOT EXISTS (SELECT 1 FROM unnest(")
        .with(Bind::ids(claims.iter().map(|(_, id)| id)), ", ")
        .with(texts(|claim| &claim.resource_type), ", ")
        .with(texts(|claim| &claim.attribute), ", ")
        .with(
            texts(|claim| &claim.key),
            ") AS w(resource_id, resource_type, attribute, value_key) \
         WHERE w.resource_id = v.resource_id AND w.resource_type = v.resource_type \
         AND w.attribute = v.attribute AND w.value_key = v.value_key)",
        )
}

/// The values that each of the resources has.
async fn held(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    resources: &[Reindexed],
) -> Result<HashMap<ResourceId, HashSet<(String, String)>>, Failure> {
    let sql = Sql::of(tenant, "SELECT v.resource_id, v.attribute, v.value_key FROM unnest(").with(
        ids(resources),
        ") AS w(id) CROSS JOIN LATERAL (SELECT v.resource_id, v.attribute, v.value_key \
         FROM resource_unique_value v WHERE v.tenant_id = $1 AND v.resource_id = w.id OFFSET 0) v",
    );
    let rows: Vec<(Uuid, String, String)> = load(connection, sql.rows::<(SqlUuid, Text, Text)>()).await?;
    let mut held: HashMap<ResourceId, HashSet<(String, String)>> = HashMap::new();
    for (id, attribute, key) in rows {
        held.entry(ResourceId::new(id)).or_default().insert((attribute, key));
    }
    Ok(held)
}

/// Writes the digests of the values that the resources have, where they differ.
async fn write_digests(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    resources: &[Reindexed],
    held: &HashMap<ResourceId, HashSet<(String, String)>>,
) -> Result<(), Failure> {
    let (mut changed, mut digests) = (Vec::new(), Vec::new());
    for resource in resources {
        let is_held = |claim: &Claim| {
            let of_resource = held.get(&resource.id);
            of_resource.is_some_and(|held| held.contains(&(claim.attribute.clone(), claim.key.clone())))
        };
        let values: Vec<UniqueValue> = resource
            .values
            .iter()
            .filter(|(_, claim)| is_held(claim))
            .map(|(value, _)| value.clone())
            .collect();
        let digest = unique_digest(&values);
        if digest != resource.digest {
            changed.push(resource.id.uuid());
            digests.push(digest);
        }
    }
    if changed.is_empty() {
        return Ok(());
    }
    let sql = Sql::of(tenant, "UPDATE scim_resource r SET unique_digest = w.digest FROM unnest(")
        .with(Bind::Uuids(changed), ", ")
        .with(Bind::Texts(digests), ") AS w(id, digest) WHERE r.tenant_id = $1 AND r.id = w.id AND w.id")
        .with_text(IS_ANY);
    execute(connection, sql).await
}

fn ids(resources: &[Reindexed]) -> Bind {
    Bind::ids(resources.iter().map(|resource| &resource.id))
}
