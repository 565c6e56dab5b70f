//! Reading the members and groups of the resources of a page, each in one statement.

use std::collections::HashMap;
use std::sync::Arc;

use diesel::sql_types::{Bool, Nullable, Text, Uuid as SqlUuid};
use diesel_async::AsyncPgConnection;
use scim_domain::identifier::ResourceId;
use scim_domain::listing::{Include, MemberInclude};
use scim_domain::resource::{GroupMembership, Member, StoredResource};
use scim_domain::tenant::Tenant;
use uuid::Uuid;

use crate::error::Failure;
use crate::session::load;
use crate::sql::{Bind, Sql};
use crate::text::unescape;

/// Reads what `include` asks for into resources that come with their number of members. Groups that
/// are there already stay.
pub(crate) async fn attach(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    resources: &mut [(StoredResource, usize)],
    include: Include,
) -> Result<(), Failure> {
    let most = match include.members {
        MemberInclude::None => None,
        MemberInclude::UpTo(most) => Some(most),
        MemberInclude::All => Some(usize::MAX),
    };
    let (mut of_members, mut of_groups) = (Vec::new(), Vec::new());
    for (resource, member_count) in resources.iter_mut() {
        if resource.resource_type.members().is_some() && most.is_some_and(|most| *member_count <= most) {
            if *member_count > 0 {
                of_members.push(resource.id.uuid());
            }
            resource.members = Some(Vec::new());
        }
        if include.groups && resource.resource_type.groups().is_some() && resource.groups.is_none() {
            of_groups.push(resource.id.uuid());
            resource.groups = Some(Vec::new());
        }
    }
    let (mut members, mut groups) = futures_util::try_join!(
        members(connection, tenant, of_members),
        groups(connection, tenant, of_groups)
    )?;
    for (resource, _) in resources {
        let id = resource.id.uuid();
        if let (Some(of_resource), Some(members)) = (&mut resource.members, members.remove(&id)) {
            *of_resource = members;
        }
        if let (Some(of_resource), Some(groups)) = (&mut resource.groups, groups.remove(&id)) {
            *of_resource = groups;
        }
    }
    Ok(())
}

async fn members(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    groups: Vec<Uuid>,
) -> Result<HashMap<Uuid, Vec<Member>>, Failure> {
    let mut members: HashMap<Uuid, Vec<Member>> = HashMap::new();
    if groups.is_empty() {
        return Ok(members);
    }
    let sql = Sql::of(tenant.id, "SELECT m.group_id, m.member_id, x.resource_type, x.display FROM unnest(")
        .with(
            Bind::Uuids(groups),
            ") AS w(id) CROSS JOIN LATERAL (SELECT m.group_id, m.member_id FROM resource_member m \
             WHERE m.tenant_id = $1 AND m.group_id = w.id OFFSET 0) m \
             CROSS JOIN LATERAL (SELECT x.resource_type, x.display FROM scim_resource x \
             WHERE x.tenant_id = $1 AND x.id = m.member_id OFFSET 0) x ORDER BY m.group_id, m.member_id",
        );
    let rows: Vec<(Uuid, Uuid, String, Option<String>)> =
        load(connection, sql.rows::<(SqlUuid, SqlUuid, Text, Nullable<Text>)>()).await?;
    for (group, member, resource_type, display) in rows {
        // A type that the tenant no longer has is shown nowhere.
        if let Some(resource_type) = tenant.schema.resource_type(&resource_type) {
            members.entry(group).or_default().push(Member {
                id: ResourceId::new(member),
                resource_type: Arc::clone(resource_type),
                display: display.map(unescape),
            });
        }
    }
    Ok(members)
}

async fn groups(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    members: Vec<Uuid>,
) -> Result<HashMap<Uuid, Vec<GroupMembership>>, Failure> {
    let mut groups: HashMap<Uuid, Vec<GroupMembership>> = HashMap::new();
    if members.is_empty() {
        return Ok(groups);
    }
    // A resource is not in a group by being in itself through others; UNION ends circles.
    let sql = Sql::of(
        tenant.id,
        "WITH RECURSIVE up(member_id, group_id) AS (SELECT a.member_id, a.group_id FROM unnest(",
    )
    .with(
        Bind::Uuids(members),
        ") AS w(id) CROSS JOIN LATERAL (SELECT a.member_id, a.group_id FROM resource_member a \
         WHERE a.tenant_id = $1 AND a.member_id = w.id OFFSET 0) a \
         UNION SELECT up.member_id, b.group_id FROM up \
         CROSS JOIN LATERAL (SELECT b.group_id FROM resource_member b \
         WHERE b.tenant_id = $1 AND b.member_id = up.group_id OFFSET 0) b) \
         SELECT u.member_id, u.group_id, x.resource_type, x.display, u.direct FROM (\
         SELECT up.member_id, up.group_id, EXISTS (SELECT 1 FROM resource_member d \
         WHERE d.tenant_id = $1 AND d.group_id = up.group_id AND d.member_id = up.member_id OFFSET 0) AS direct \
         FROM up) u \
         CROSS JOIN LATERAL (SELECT x.resource_type, x.display FROM scim_resource x \
         WHERE x.tenant_id = $1 AND x.id = u.group_id OFFSET 0) x \
         WHERE u.direct OR u.group_id <> u.member_id \
         ORDER BY u.member_id, u.direct DESC, u.group_id",
    );
    let rows: Vec<(Uuid, Uuid, String, Option<String>, bool)> =
        load(connection, sql.rows::<(SqlUuid, SqlUuid, Text, Nullable<Text>, Bool)>()).await?;
    for (member, group, resource_type, display, direct) in rows {
        if let Some(resource_type) = tenant.schema.resource_type(&resource_type) {
            groups.entry(member).or_default().push(GroupMembership {
                id: ResourceId::new(group),
                resource_type: Arc::clone(resource_type),
                display: display.map(unescape),
                direct,
            });
        }
    }
    Ok(groups)
}
