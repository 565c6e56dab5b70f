//! Reading one resource.

use std::sync::Arc;

use diesel::Queryable;
use diesel::sql_types::{BigInt, Bool, Json, Text, Timestamptz};
use diesel_async::AsyncPgConnection;
use scim_domain::identifier::{ResourceId, Timestamp};
use scim_domain::listing::Include;
use scim_domain::resource::{Resource, StoredResource};
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use time::OffsetDateTime;

use crate::error::Failure;
use crate::queries::relations;
use crate::rows::{IS_IN_GROUP, Payload, count, version};
use crate::session::load;
use crate::sql::{Bind, Sql};

#[derive(Queryable)]
struct Row {
    payload: Payload,
    version: i64,
    created_at: OffsetDateTime,
    updated_at: OffsetDateTime,
    member_count: i64,
    resource_type: String,
    is_in_group: bool,
}

/// The resource and what `include` asks for. Whether it is in a group is read with the row, so that
/// one that is in none takes one statement.
pub(crate) async fn get(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    resource_type: &Arc<ResourceType>,
    id: ResourceId,
    include: Include,
) -> Result<Option<StoredResource>, Failure> {
    let shows_groups = include.groups && resource_type.groups().is_some();
    let mut sql = Sql::of(
        tenant.id,
        "SELECT r.payload, r.version, r.created_at, r.updated_at, r.member_count, r.resource_type, ",
    );
    sql.push(if shows_groups { IS_IN_GROUP } else { "FALSE" });
    let sql =
        sql.with_text(" FROM scim_resource r WHERE r.tenant_id = $1 AND r.id = ").with(Bind::id(id), "");
    let rows: Vec<Row> =
        load(connection, sql.rows::<(Json, BigInt, Timestamptz, Timestamptz, BigInt, Text, Bool)>()).await?;
    // With a condition on the type the row would be found by another index than its writers use.
    let row = rows.into_iter().next().filter(|row| row.resource_type == resource_type.name());
    let Some(row) = row else { return Ok(None) };
    let resource = Resource {
        id,
        resource_type: Arc::clone(resource_type),
        attributes: row.payload.0,
        version: version(row.version)?,
        created: Timestamp::new(row.created_at),
        last_modified: Timestamp::new(row.updated_at),
        members: None,
        groups: (shows_groups && !row.is_in_group).then(Vec::new),
    };
    let mut resources = vec![(resource, count(row.member_count)?)];
    relations::attach(connection, tenant, &mut resources, include).await?;
    Ok(resources.pop().map(|(resource, _)| resource))
}
