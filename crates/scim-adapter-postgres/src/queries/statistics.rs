//! Figures of what is stored.

use std::collections::BTreeMap;

use diesel::Queryable;
use diesel::sql_types::{BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::AsyncPgConnection;
use futures_util::future::join_all;
use scim_domain::identifier::{TenantId, Timestamp};
use scim_ports::Statistics;
use serde_json::json;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::{Failure, unreadable};
use crate::pool::Lease;
use crate::queries::tenants::IS_THERE;
use crate::session::{TENANTS_AT_A_TIME, load};
use crate::sql::{Bind, Sql};
use crate::text::scope_name;

/// The resource type whose resources are users.
const USER: &str = "User";

#[derive(Queryable)]
struct TypeRow {
    resource_type: String,
    count: i64,
    last_write_at: Option<OffsetDateTime>,
}

/// The figures of one tenant: one pass over its part of `scim_resource_updated_ix`, and the rows of its
/// active users by `scim_resource_keys_ix`.
pub(crate) async fn of_tenant(lease: &Lease, tenant: TenantId) -> Result<Statistics, Failure> {
    let connection = lease.connection()?;
    let types = Sql::of(
        tenant,
        "SELECT r.resource_type, count(*), max(r.updated_at) FROM scim_resource r WHERE r.tenant_id = $1 AND ",
    )
    .with_text(IS_THERE)
    .with_text(" GROUP BY r.resource_type");
    let is_active = json!({scope_name(tenant, USER): {"active": true}});
    let active = Sql::of(tenant, "SELECT count(*) FROM scim_resource r WHERE r.tenant_id = $1 AND ")
        .with_text(IS_THERE)
        .with_text(" AND r.keys @> ")
        .with(Bind::jsonb(is_active.to_string()), "");
    let (shown, types, active) = futures_util::join!(
        lease.show_only(tenant),
        load::<_, TypeRow>(connection, types.rows::<(Text, BigInt, Nullable<Timestamptz>)>()),
        load::<_, i64>(connection, active.rows::<BigInt>()),
    );
    shown?;
    let mut statistics = Statistics::default();
    for row in types? {
        statistics.last_write_at = statistics.last_write_at.max(row.last_write_at.map(Timestamp::new));
        statistics.resources.insert(row.resource_type, number(row.count)?);
    }
    statistics.active_users = number(active?.into_iter().sum())?;
    Ok(statistics)
}

/// How many resources of each type a tenant has: one pass over its part of `scim_resource_updated_ix`.
pub(crate) async fn counts_of(
    connection: &AsyncPgConnection,
    tenant: TenantId,
) -> Result<BTreeMap<String, u64>, Failure> {
    let sql =
        Sql::of(tenant, "SELECT r.resource_type, count(*) FROM scim_resource r WHERE r.tenant_id = $1 AND ")
            .with_text(IS_THERE)
            .with_text(" GROUP BY r.resource_type");
    let rows: Vec<(String, i64)> = load(connection, sql.rows::<(Text, BigInt)>()).await?;
    rows.into_iter().map(|(resource_type, count)| Ok((resource_type, number(count)?))).collect()
}

/// The figures of all tenants together, and how many there are: those of each, a few tenants in each
/// round trip.
pub(crate) async fn of_all(lease: &Lease) -> Result<(usize, Statistics), Failure> {
    let connection = lease.connection()?;
    let tenants = tenants(connection).await?;
    let mut all = Statistics::default();
    for some in tenants.chunks(TENANTS_AT_A_TIME) {
        for one in join_all(some.iter().map(|tenant| of_tenant(lease, *tenant))).await {
            let one = one?;
            for (resource_type, count) in one.resources {
                let sum = all.resources.entry(resource_type).or_default();
                *sum = sum.saturating_add(count);
            }
            all.active_users = all.active_users.saturating_add(one.active_users);
            all.last_write_at = all.last_write_at.max(one.last_write_at);
        }
    }
    Ok((tenants.len(), all))
}

async fn tenants(connection: &AsyncPgConnection) -> Result<Vec<TenantId>, Failure> {
    let sql = Sql::global("SELECT t.id FROM tenant t WHERE t.deleted_at IS NULL");
    let ids: Vec<Uuid> = load(connection, sql.rows::<SqlUuid>()).await?;
    Ok(ids.into_iter().map(TenantId::new).collect())
}

fn number(count: i64) -> Result<u64, Failure> {
    u64::try_from(count).map_err(unreadable)
}
