//! Memberships: rows of their own, so that a change costs by the members that it names.
//!
//! Each member is looked up by its key, as in all statements but searches that are given several keys. By a join,
//! or by `= ANY`, a database that takes the tenant or the group for a small one, as most of them may be, reads all
//! that it has. So rows are read in a LATERAL that OFFSET 0 keeps the database from looking through, and written with
//! [`IS_ANY`].

use std::collections::{BTreeSet, HashSet};

use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::AsyncPgConnection;
use scim_domain::identifier::{ResourceId, TenantId};
use scim_domain::schema::ResourceType;
use uuid::Uuid;

use crate::error::Failure;
use crate::session::load;
use crate::sql::{Bind, IS_ANY, Sql};

/// The names of the types whose resources may be members of one of `resource_type`: its members'
/// `$ref` says which types it may refer to (RFC 7643 §7, `referenceTypes`).
pub(crate) fn member_types(resource_type: &ResourceType) -> Vec<String> {
    let reference = resource_type.members().and_then(|members| members.attribute.sub_attribute("$ref"));
    reference.map(|reference| reference.reference_types.clone()).unwrap_or_default()
}

/// Makes members of groups whose members may be of `types`; answers the memberships that are new. A
/// member that is deleted at the same time makes this fail as [`Failure::Dangling`].
pub(crate) async fn add(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    types: Vec<String>,
    memberships: Vec<(ResourceId, ResourceId)>,
) -> Result<HashSet<(ResourceId, ResourceId)>, Failure> {
    if memberships.is_empty() {
        return Ok(HashSet::new());
    }
    let (groups, members): (Vec<Uuid>, Vec<Uuid>) =
        memberships.iter().map(|(group, member)| (group.uuid(), member.uuid())).unzip();
    let sql = Sql::of(
        tenant,
        "INSERT INTO resource_member AS m (tenant_id, group_id, member_id) \
         SELECT $1, w.group_id, w.member_id FROM unnest(",
    )
    .with(Bind::Uuids(groups), ", ")
    .with(
        Bind::Uuids(members),
        ") AS w(group_id, member_id) CROSS JOIN LATERAL (SELECT r.resource_type FROM scim_resource r \
         WHERE r.tenant_id = $1 AND r.id = w.member_id OFFSET 0) x WHERE x.resource_type = ANY(",
    )
    .with(
        Bind::Texts(types),
        ") ORDER BY w.group_id, w.member_id ON CONFLICT DO NOTHING RETURNING m.group_id, m.member_id",
    );
    let rows: Vec<(Uuid, Uuid)> = load(connection, sql.rows::<(SqlUuid, SqlUuid)>()).await?;
    Ok(rows.into_iter().map(|(group, member)| (ResourceId::new(group), ResourceId::new(member))).collect())
}

/// Takes members out of a group; answers those that were in it.
pub(crate) async fn remove(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    group: ResourceId,
    members: &BTreeSet<ResourceId>,
) -> Result<usize, Failure> {
    if members.is_empty() {
        return Ok(0);
    }
    let sql = Sql::of(tenant, "DELETE FROM resource_member m USING (SELECT ")
        .with(Bind::id(group), "::uuid AS group_id, u.id AS member_id FROM unnest(")
        .with(Bind::ids(members), ") AS u(id) WHERE u.id")
        .with_text(IS_ANY)
        .with_text(
            "OFFSET 0) w WHERE m.tenant_id = $1 AND m.group_id = w.group_id AND m.member_id = w.member_id \
             RETURNING m.member_id",
        );
    ids(connection, sql).await.map(|removed| removed.len())
}

/// Takes all members but these out of a group; answers how many were in it.
pub(crate) async fn remove_others(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    group: ResourceId,
    kept: &BTreeSet<ResourceId>,
) -> Result<usize, Failure> {
    let sql = Sql::of(tenant, "DELETE FROM resource_member m WHERE m.tenant_id = $1 AND m.group_id = ")
        .with(Bind::id(group), " AND NOT EXISTS (SELECT 1 FROM unnest(")
        .with(Bind::ids(kept), ") AS w(id) WHERE w.id = m.member_id) RETURNING m.member_id");
    ids(connection, sql).await.map(|removed| removed.len())
}

/// Which of `members` are members of a group.
pub(crate) async fn among(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    group: ResourceId,
    members: &BTreeSet<ResourceId>,
) -> Result<HashSet<ResourceId>, Failure> {
    let sql = Sql::of(tenant, "SELECT m.member_id FROM unnest(")
        .with(
            Bind::ids(members),
            ") AS w(id) CROSS JOIN LATERAL (SELECT m.member_id FROM resource_member m \
             WHERE m.tenant_id = $1 AND m.member_id = w.id AND m.group_id = ",
        )
        .with(Bind::id(group), " OFFSET 0) m");
    Ok(ids(connection, sql).await?.into_iter().collect())
}

async fn ids(connection: &AsyncPgConnection, sql: Sql) -> Result<Vec<ResourceId>, Failure> {
    let rows: Vec<Uuid> = load(connection, sql.rows::<SqlUuid>()).await?;
    Ok(rows.into_iter().map(ResourceId::new).collect())
}
