//! Reading resources by their ids.

use std::sync::Arc;

use diesel_async::AsyncPgConnection;
use scim_domain::identifier::ResourceId;
use scim_domain::listing::Include;
use scim_domain::resource::StoredResource;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;

use crate::error::Failure;
use crate::gather::Wanted;
use crate::queries::relations;
use crate::rows::{IS_IN_GROUP, RESOURCE_COLUMNS, ResourceColumns, ResourceRow};
use crate::session::load;
use crate::sql::{Bind, Sql};

impl Wanted for ResourceId {
    async fn read(
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        wanted: &[Self],
        include: Include,
    ) -> Result<Vec<(Self, StoredResource)>, Failure> {
        let found = get(connection, tenant, resource_type, wanted, include).await?;
        Ok(found.into_iter().map(|resource| (resource.id, resource)).collect())
    }
}

/// Those of the resources that are there, in any order, with what `include` asks for.
pub(crate) async fn get(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    resource_type: &Arc<ResourceType>,
    ids: &[ResourceId],
    include: Include,
) -> Result<Vec<StoredResource>, Failure> {
    let sql = select(tenant, resource_type, include);
    let sql = match ids {
        [id] => {
            sql.with_text(" FROM scim_resource r WHERE r.tenant_id = $1 AND r.id = ").with(Bind::id(*id), "")
        }
        // Each is looked up as one is. By `= ANY` a database that takes the tenant for a small one reads all
        // that it has.
        ids => sql.with_text(" FROM unnest(").with(
            Bind::ids(ids),
            ") AS wanted(id) CROSS JOIN LATERAL (SELECT r.* FROM scim_resource r \
             WHERE r.tenant_id = $1 AND r.id = wanted.id OFFSET 0) r",
        ),
    };
    let rows: Vec<ResourceRow> = load(connection, sql.rows::<ResourceColumns>()).await?;
    // With a condition on the type a row would be found by another index than its writers use.
    let rows = rows.into_iter().filter(|row| row.resource_type == resource_type.name()).collect();
    resources(connection, tenant, resource_type, rows, include).await
}

/// A statement as far as what it selects: the columns of a [`ResourceRow`]. Whether one is in a group is
/// read with its row, so that those who are in none take one statement.
#[track_caller]
pub(crate) fn select(tenant: &Tenant, resource_type: &ResourceType, include: Include) -> Sql {
    let shows_groups = include.groups && resource_type.groups().is_some();
    let mut sql = Sql::of(tenant.id, "SELECT ");
    sql.push(RESOURCE_COLUMNS).push(", ");
    sql.push(if shows_groups { IS_IN_GROUP } else { "FALSE" });
    sql
}

/// The resources of rows of one type, in their order, with what `include` asks for.
pub(crate) async fn resources(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    resource_type: &Arc<ResourceType>,
    rows: Vec<ResourceRow>,
    include: Include,
) -> Result<Vec<StoredResource>, Failure> {
    let resources = rows.into_iter().map(|row| row.into_resource(Arc::clone(resource_type), include));
    let mut resources = resources.collect::<Result<Vec<_>, _>>()?;
    relations::attach(connection, tenant, &mut resources, include).await?;
    Ok(resources.into_iter().map(|(resource, _)| resource).collect())
}
