//! The rows of resources to be created.

use std::collections::{BTreeMap, HashSet};

use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::AsyncPgConnection;
use scim_domain::identifier::{ResourceId, TenantId};
use scim_ports::NewResource;
use uuid::Uuid;

use crate::document::{optional_texts, texts};
use crate::error::Failure;
use crate::queries::members;
use crate::session::load;
use crate::sql::{Bind, Sql};
use crate::text::unique_digest;

use super::Draft;

/// Inserts the rows whose ids are free; answers their ids.
pub(super) async fn insert(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    drafts: &[&Draft],
) -> Result<HashSet<Uuid>, Failure> {
    let sql = match drafts {
        [draft] => insert_one(tenant, draft),
        drafts => insert_many(tenant, drafts),
    }
    .with_text(" ON CONFLICT DO NOTHING RETURNING r.id");
    let ids: Vec<Uuid> = load(connection, sql.rows::<SqlUuid>()).await?;
    Ok(ids.into_iter().collect())
}

/// Which of the ids are those of resources that were put aside: those are not used again.
pub(super) async fn hidden(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    drafts: &[&Draft],
) -> Result<HashSet<Uuid>, Failure> {
    let sql = Sql::of(tenant, "SELECT h.id FROM unnest(").with(
        Bind::ids(drafts.iter().map(|draft| &draft.new.id)),
        ") AS w(id) CROSS JOIN LATERAL (SELECT h.id FROM hidden_resource h \
         WHERE h.tenant_id = $1 AND h.id = w.id OFFSET 0) h",
    );
    let ids: Vec<Uuid> = load(connection, sql.rows::<SqlUuid>()).await?;
    Ok(ids.into_iter().collect())
}

/// Fails as [`Failure::Taken`] where the id is that of a resource that was put aside: the copy has its key.
pub(super) fn fail_if_hidden(tenant: TenantId, draft: &Draft) -> Sql {
    Sql::of(
        tenant,
        "INSERT INTO hidden_resource AS h (tenant_id, id, resource_type, version, created_at, hidden_at, payload) \
         SELECT o.tenant_id, o.id, o.resource_type, o.version, o.created_at, o.hidden_at, o.payload \
         FROM hidden_resource o WHERE o.tenant_id = $1 AND o.id = ",
    )
    .with(Bind::id(draft.new.id), "")
}

/// Adds the members that are there; answers the memberships.
pub(super) async fn add_members(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    drafts: &[&Draft],
) -> Result<HashSet<(ResourceId, ResourceId)>, Failure> {
    let mut by_types: BTreeMap<Vec<String>, Vec<(ResourceId, ResourceId)>> = BTreeMap::new();
    for new in drafts.iter().map(|draft| &draft.new).filter(|new| !new.members.is_empty()) {
        by_types
            .entry(members::member_types(&new.resource_type))
            .or_default()
            .extend(new.members.iter().map(|member| (new.id, *member)));
    }
    let mut added = HashSet::new();
    for (types, memberships) in by_types {
        added.extend(members::add(connection, tenant, types, memberships).await?);
    }
    Ok(added)
}

pub(super) fn insert_one(tenant: TenantId, draft: &Draft) -> Sql {
    let Draft { new, document, .. } = draft;
    let mut sql = Sql::of(
        tenant,
        "INSERT INTO scim_resource AS r (tenant_id, id, resource_type, version, created_at, updated_at, \
         member_count, display, display_key, user_name_key, unique_digest, search_text, keys, payload) VALUES ($1, ",
    );
    sql.bind(Bind::id(new.id));
    sql.push(", ").bind(Bind::text(new.resource_type.name()));
    sql.push(", 1, ");
    let at = sql.bind(Bind::time(new.at));
    sql.push(", ").again(at).push(", ").bind(Bind::Integer(member_count(new)));
    sql.push(", ").bind(Bind::OptionalText(document.display.clone()));
    sql.push(", ").bind(Bind::OptionalText(document.display_key.clone()));
    sql.push(", ").bind(Bind::OptionalText(document.user_name_key.clone()));
    sql.push(", ").bind(Bind::Text(unique_digest(&new.unique_values)));
    sql.push(", ").bind(Bind::text(&document.search_text));
    sql.push(", ").bind(Bind::jsonb(document.keys.clone()));
    sql.push(", ").bind(Bind::json(document.payload.clone()));
    sql.push(")");
    sql
}

fn insert_many(tenant: TenantId, drafts: &[&Draft]) -> Sql {
    let mut sql = Sql::of(tenant, "");
    push_insertion(&mut sql, drafts);
    sql
}

/// Writes what inserts the rows of drafts, each of which it calls `w`.
pub(super) fn push_insertion(sql: &mut Sql, drafts: &[&Draft]) {
    let news = || drafts.iter().map(|draft| &draft.new);
    let documents = || drafts.iter().map(|draft| &draft.document);
    let texts = |text| texts(documents(), text);
    let optional = |text| optional_texts(documents(), text);
    sql.push(
        "INSERT INTO scim_resource AS r (tenant_id, id, resource_type, version, created_at, updated_at, \
         member_count, display, display_key, user_name_key, unique_digest, search_text, keys, payload) \
         SELECT $1, w.id, w.resource_type, 1, w.at, w.at, w.member_count, w.display, w.display_key, \
         w.user_name_key, w.unique_digest, w.search_text, w.keys::jsonb, w.payload::json FROM unnest(",
    );
    sql.list([
        Bind::Uuids(news().map(|new| new.id.uuid()).collect()),
        Bind::Texts(news().map(|new| new.resource_type.name().to_owned()).collect()),
        Bind::Times(news().map(|new| new.at.date_time()).collect()),
        Bind::Integers(news().map(member_count).collect()),
        optional(|it| &it.display),
        optional(|it| &it.display_key),
        optional(|it| &it.user_name_key),
        Bind::Texts(news().map(|new| unique_digest(&new.unique_values)).collect()),
        texts(|it| &it.search_text),
        texts(|it| &it.keys),
        texts(|it| &it.payload),
    ]);
    sql.push(
        ") AS w(id, resource_type, at, member_count, display, display_key, user_name_key, unique_digest, search_text, \
         keys, payload)",
    );
}

fn member_count(new: &NewResource) -> i64 {
    i64::try_from(new.members.len()).unwrap_or(i64::MAX)
}
