//! Removing what deleted tenants have left, in small pieces.
//!
//! Each piece is a statement that skips rows which somebody else holds: purges of several replicas
//! share the work, and none waits for a write that was under way when the tenant was deleted.

use diesel::sql_types::{Bool, Uuid as SqlUuid};
use diesel_async::AsyncPgConnection;
use scim_domain::identifier::TenantId;
use uuid::Uuid;

use crate::error::Failure;
use crate::pool::Lease;
use crate::session::{affected, begin, execute, finish, load};
use crate::sql::{Bind, Sql};

/// The tables of a tenant, those first that refer to others. What is removed from the last ones has
/// nothing left that refers to it. The text is in two parts, with the number of rows in between.
///
/// The order is that of the primary keys, so that their indexes are read: for the last rows of a tenant
/// the planner would look through the whole table, as it takes them to be anywhere and many.
const TABLES: [(&str, &str); 7] = [
    (
        "WITH d AS MATERIALIZED (SELECT m.group_id, m.member_id FROM resource_member m \
         WHERE m.tenant_id = $1 ORDER BY m.group_id, m.member_id LIMIT ",
        " FOR UPDATE SKIP LOCKED) DELETE FROM resource_member m USING d \
         WHERE m.tenant_id = $1 AND m.group_id = d.group_id AND m.member_id = d.member_id",
    ),
    (
        "WITH d AS MATERIALIZED (SELECT v.resource_type, v.attribute, v.value_key FROM resource_unique_value v \
         WHERE v.tenant_id = $1 ORDER BY v.resource_type, v.attribute, v.value_key LIMIT ",
        " FOR UPDATE SKIP LOCKED) DELETE FROM resource_unique_value v USING d WHERE v.tenant_id = $1 \
         AND v.resource_type = d.resource_type AND v.attribute = d.attribute AND v.value_key = d.value_key",
    ),
    (
        "WITH d AS MATERIALIZED (SELECT r.id FROM scim_resource r WHERE r.tenant_id = $1 ORDER BY r.id LIMIT ",
        " FOR UPDATE SKIP LOCKED) DELETE FROM scim_resource r USING d WHERE r.tenant_id = $1 AND r.id = d.id",
    ),
    (
        "WITH d AS MATERIALIZED (SELECT h.id FROM hidden_resource h \
         WHERE h.tenant_id = $1 ORDER BY h.id LIMIT ",
        " FOR UPDATE SKIP LOCKED) DELETE FROM hidden_resource h USING d WHERE h.tenant_id = $1 AND h.id = d.id",
    ),
    (
        "WITH d AS MATERIALIZED (SELECT c.id FROM tenant_credential c \
         WHERE c.tenant_id = $1 ORDER BY c.id LIMIT ",
        " FOR UPDATE SKIP LOCKED) DELETE FROM tenant_credential c USING d WHERE c.tenant_id = $1 AND c.id = d.id",
    ),
    (
        "WITH d AS MATERIALIZED (SELECT s.urn_key FROM tenant_schema s \
         WHERE s.tenant_id = $1 ORDER BY s.urn_key LIMIT ",
        " FOR UPDATE SKIP LOCKED) DELETE FROM tenant_schema s USING d \
         WHERE s.tenant_id = $1 AND s.urn_key = d.urn_key",
    ),
    (
        "WITH d AS MATERIALIZED (SELECT y.name_key FROM tenant_resource_type y \
         WHERE y.tenant_id = $1 ORDER BY y.name_key LIMIT ",
        " FOR UPDATE SKIP LOCKED) DELETE FROM tenant_resource_type y USING d \
         WHERE y.tenant_id = $1 AND y.name_key = d.name_key",
    ),
];

/// Whether anything is left of a tenant but its own row.
const IS_LEFT: &str = "SELECT EXISTS (SELECT 1 FROM resource_member m WHERE m.tenant_id = $1) \
    OR EXISTS (SELECT 1 FROM resource_unique_value v WHERE v.tenant_id = $1) \
    OR EXISTS (SELECT 1 FROM scim_resource r WHERE r.tenant_id = $1) \
    OR EXISTS (SELECT 1 FROM hidden_resource h WHERE h.tenant_id = $1) \
    OR EXISTS (SELECT 1 FROM tenant_credential c WHERE c.tenant_id = $1) \
    OR EXISTS (SELECT 1 FROM tenant_schema s WHERE s.tenant_id = $1) \
    OR EXISTS (SELECT 1 FROM tenant_resource_type y WHERE y.tenant_id = $1)";

/// Neither that question nor the foreign keys have an order to keep the planner to the indexes.
const BY_INDEX: &str = "SET LOCAL enable_seqscan = off";

/// Removes up to `limit` rows; answers how many.
pub(crate) async fn purge(lease: &Lease, limit: usize) -> Result<usize, Failure> {
    let connection = lease.connection()?;
    let mut left = limit;
    for tenant in deleted(connection, limit).await? {
        if left == 0 {
            break;
        }
        lease.show_only(tenant).await?;
        for (select, delete) in TABLES {
            if left == 0 {
                return Ok(limit);
            }
            // Not kept prepared: the plan depends on the number.
            let mut sql = Sql::of(tenant, select).with(Bind::count(left), delete);
            sql.once();
            left = left.saturating_sub(affected(connection, sql).await?);
        }
        if left > 0 && remove(connection, tenant).await? {
            left = left.saturating_sub(1);
        }
    }
    Ok(limit.saturating_sub(left))
}

/// Deleted tenants, those first that were deleted first.
async fn deleted(connection: &AsyncPgConnection, limit: usize) -> Result<Vec<TenantId>, Failure> {
    let sql = Sql::global(
        "SELECT t.id FROM tenant t WHERE t.deleted_at IS NOT NULL ORDER BY t.deleted_at, t.id LIMIT ",
    )
    .with(Bind::count(limit), "");
    let ids: Vec<Uuid> = load(connection, sql.rows::<SqlUuid>()).await?;
    Ok(ids.into_iter().map(TenantId::new).collect())
}

/// Removes the row of a deleted tenant of which nothing else is left; answers whether it did. While its
/// row is locked nobody can add anything to it; where somebody is about to, the row is left for the next time.
async fn remove(connection: &AsyncPgConnection, tenant: TenantId) -> Result<bool, Failure> {
    let lock = Sql::global("SELECT t.id FROM tenant t WHERE t.deleted_at IS NOT NULL AND t.id = ")
        .with(Bind::Uuid(tenant.uuid()), " FOR UPDATE SKIP LOCKED");
    let mut is_left = Sql::of(tenant, IS_LEFT);
    // Planned now, with what was set.
    is_left.once();
    let (begun, set, locked, is_left) = futures_util::join!(
        begin(connection),
        execute(connection, Sql::global(BY_INDEX)),
        load::<_, Uuid>(connection, lock.rows::<SqlUuid>()),
        load::<_, bool>(connection, is_left.rows::<Bool>()),
    );
    begun?;
    set?;
    if locked?.is_empty() || is_left?.contains(&true) {
        execute(connection, Sql::global("ROLLBACK")).await?;
        return Ok(false);
    }
    let delete = Sql::global("DELETE FROM tenant t WHERE t.id = ").with(Bind::Uuid(tenant.uuid()), "");
    finish(connection, vec![delete]).await?;
    Ok(true)
}
