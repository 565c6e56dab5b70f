//! Deleting a resource, or putting it aside.

use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::AsyncPgConnection;
use scim_domain::tenant::Tenant;
use scim_ports::{DeleteResource, RepositoryError};
use uuid::Uuid;

use crate::document::payload;
use crate::error::Failure;
use crate::queries::audit::{self, Changed};
use crate::rows::version;
use crate::session::{Undone, begin, commit, execute, load};
use crate::sql::{Bind, IS_ANY, Sql};

/// Deletes a resource, or puts it aside, and changes the groups that it leaves, in one transaction.
///
/// The groups are locked first, in the order of their ids, and the resource after them: whoever adds
/// it to a group holds the group and waits for the resource, never the other way round. From then on
/// nobody can make it a member of anything.
pub(crate) async fn delete(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    delete: &DeleteResource,
) -> Result<(), Undone<RepositoryError>> {
    let (begun, groups, locked, left) = futures_util::join!(
        begin(connection),
        lock_groups(connection, tenant, delete),
        lock(connection, tenant, delete),
        leave_groups(connection, tenant, delete),
    );
    begun?;
    groups?;
    let current = version(locked?.ok_or(Undone::Refused(RepositoryError::NotFound))?)?;
    if !delete.expected.allows(current) {
        return Err(Undone::Refused(RepositoryError::VersionConflict { current }));
    }
    let changed = Changed { resource_type: &delete.resource_type, id: delete.id, at: delete.at };
    let record = [changed.record(tenant.id, &delete.audit, Some(current), None)];
    let (changed, kept, deleted, noted, committed) = futures_util::join!(
        change_groups(connection, tenant, delete, left?),
        keep(connection, tenant, delete),
        // Its own members and its unique values go with it, by their foreign keys.
        execute(
            connection,
            Sql::of(tenant.id, "DELETE FROM scim_resource r WHERE r.tenant_id = $1 AND r.id = ")
                .with(Bind::id(delete.id), ""),
        ),
        audit::insert(connection, tenant.id, &record),
        commit(connection),
    );
    changed?;
    kept?;
    deleted?;
    noted?;
    committed?;
    Ok(())
}

async fn lock_groups(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    delete: &DeleteResource,
) -> Result<(), Failure> {
    let sql = Sql::of(
        tenant.id,
        "SELECT r.id FROM (SELECT m.group_id FROM resource_member m WHERE m.tenant_id = $1 AND m.member_id = ",
    )
    .with(
        Bind::id(delete.id),
        " ORDER BY m.group_id OFFSET 0) g CROSS JOIN LATERAL (SELECT r.id FROM scim_resource r \
         WHERE r.tenant_id = $1 AND r.id = g.group_id FOR NO KEY UPDATE) r",
    );
    load::<_, Uuid>(connection, sql.rows::<SqlUuid>()).await.map(drop)
}

async fn lock(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    delete: &DeleteResource,
) -> Result<Option<i64>, Failure> {
    let sql = Sql::of(tenant.id, "SELECT r.version FROM scim_resource r WHERE r.tenant_id = $1 AND r.id = ")
        .with(Bind::id(delete.id), " AND r.resource_type = ")
        .with(Bind::text(delete.resource_type.name()), " FOR UPDATE");
    Ok(load::<_, i64>(connection, sql.rows::<BigInt>()).await?.into_iter().next())
}

/// Done before it is known whether it may be: if it may not, the transaction is undone.
async fn leave_groups(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    delete: &DeleteResource,
) -> Result<Vec<Uuid>, Failure> {
    let sql = Sql::of(tenant.id, "DELETE FROM resource_member m WHERE m.tenant_id = $1 AND m.member_id = ")
        .with(Bind::id(delete.id), " AND m.group_id <> m.member_id RETURNING m.group_id");
    load(connection, sql.rows::<SqlUuid>()).await
}

/// Puts the resource aside, where it is not to be removed.
async fn keep(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    delete: &DeleteResource,
) -> Result<(), Failure> {
    let Some(attributes) = &delete.keep else { return Ok(()) };
    let sql = Sql::of(
        tenant.id,
        "INSERT INTO hidden_resource AS h (tenant_id, id, resource_type, version, created_at, hidden_at, payload) \
         SELECT $1, r.id, r.resource_type, r.version + 1, r.created_at, ",
    )
    .with(Bind::time(delete.at), ", ")
    .with(Bind::json(payload(attributes)), " FROM scim_resource r WHERE r.tenant_id = $1 AND r.id = ")
    .with(Bind::id(delete.id), "");
    execute(connection, sql).await
}

async fn change_groups(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    delete: &DeleteResource,
    groups: Vec<Uuid>,
) -> Result<(), Failure> {
    if groups.is_empty() {
        return Ok(());
    }
    let sql = Sql::of(
        tenant.id,
        "UPDATE scim_resource r SET version = r.version + 1, member_count = r.member_count - 1, updated_at = ",
    )
    .with(Bind::time(delete.at), " FROM unnest(")
    .with(
        Bind::Uuids(groups),
        ") AS w(id) WHERE r.tenant_id = $1 AND r.id = w.id AND w.id",
    )
    .with_text(IS_ANY);
    execute(connection, sql).await
}
