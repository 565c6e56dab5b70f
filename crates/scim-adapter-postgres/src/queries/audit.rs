//! Records of the audit log, as part of the transaction that they tell of.

use diesel_async::AsyncPgConnection;
use scim_domain::audit::{AuditEntry, AuditEvent, AuditTarget};
use scim_domain::identifier::{ResourceId, TenantId, Timestamp, Version};
use scim_domain::schema::ResourceType;

use crate::error::Failure;
use crate::rows::version_number;
use crate::session::execute;
use crate::sql::{Bind, Sql};
use crate::text::escape;

/// What a change was made to.
pub(crate) struct Changed<'a> {
    pub(crate) resource_type: &'a ResourceType,
    pub(crate) id: ResourceId,
    pub(crate) at: Timestamp,
}

impl Changed<'_> {
    /// The record of the change.
    pub(crate) fn record(
        &self,
        tenant: TenantId,
        entry: &AuditEntry,
        before: Option<Version>,
        after: Option<Version>,
    ) -> AuditEvent {
        let target =
            AuditTarget { resource_type: self.resource_type.name().to_owned(), id: self.id.to_string() };
        entry.record(tenant, self.at, target, before, after)
    }
}

/// Adds records of a tenant, in one statement.
pub(crate) async fn insert(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    events: &[AuditEvent],
) -> Result<(), Failure> {
    match events {
        [] => Ok(()),
        [event] => execute(connection, insert_one(tenant, event)).await,
        events => execute(connection, insert_many(tenant, events)).await,
    }
}

/// Adds those records of a tenant that are not there already.
pub(crate) async fn insert_missing(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    events: &[AuditEvent],
) -> Result<(), Failure> {
    execute(connection, insert_many(tenant, events).with_text(" ON CONFLICT DO NOTHING")).await
}

/// Adds the record of an update of the same transaction, which marked the row with the record's id; adds nothing
/// where it did not find the row. The versions are those of the row.
pub(crate) async fn insert_if_marked(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    changed: &Changed<'_>,
    entry: &AuditEntry,
) -> Result<(), Failure> {
    let mut sql = Sql::of(tenant, INTO).with_text("SELECT $1, ");
    let versions = |sql: &mut Sql| {
        sql.push("r.version - 1, r.version");
    };
    push_values(&mut sql, &changed.record(tenant, entry, None, None), versions);
    sql.push(" FROM scim_resource r WHERE r.tenant_id = $1 AND r.id = ").bind(Bind::id(changed.id));
    sql.push(" AND r.change_id = ").bind(Bind::Uuid(entry.id.uuid()));
    execute(connection, sql).await
}

/// Writes what inserts the records of those changes whose resources are among the rows of `done`, a name that the
/// statement gave to what it changes: their `id`, and their `version` as it is now.
pub(crate) fn push_insertion_of_done(sql: &mut Sql, events: &[AuditEvent]) {
    push_insertion(sql, events, "NULLIF(d.version - 1, 0), d.version");
    sql.push(" JOIN done d ON d.id::text = w.resource_id");
}

const INTO: &str = "INSERT INTO audit_event AS e (tenant_id, id, at, operation, outcome, actor, credential_id, subject, issuer, \
     actor_name, request_id, client_address, resource_type, resource_id, version_before, version_after, attributes, \
     occurrences) ";

fn insert_one(tenant: TenantId, event: &AuditEvent) -> Sql {
    let mut sql = Sql::of(tenant, INTO).with_text("VALUES ($1, ");
    let versions = |sql: &mut Sql| {
        sql.bind(Bind::OptionalInteger(event.version_before.map(version_number)));
        sql.push(", ").bind(Bind::OptionalInteger(event.version_after.map(version_number)));
    };
    push_values(&mut sql, event, versions);
    sql.push(")");
    sql
}

/// The values of a record but for the tenant.
fn push_values(sql: &mut Sql, event: &AuditEvent, versions: impl FnOnce(&mut Sql)) {
    sql.bind(Bind::Uuid(event.id.uuid()));
    sql.push(", ").bind(Bind::time(event.at));
    sql.push(", ").bind(Bind::text(event.operation.as_str()));
    sql.push(", ").bind(Bind::text(event.outcome.as_str()));
    sql.push(", ").bind(Bind::text(event.origin.actor.kind()));
    sql.push(", ").bind(Bind::OptionalUuid(event.origin.actor.credential().map(|id| id.uuid())));
    sql.push(", ").bind(Bind::OptionalUuid(event.origin.actor.subject().map(|id| id.uuid())));
    sql.push(", ").bind(Bind::OptionalText(issuer(event)));
    sql.push(", ").bind(Bind::OptionalText(actor_name(event)));
    sql.push(", ").bind(Bind::Text(request_id(event)));
    sql.push(", ").bind(Bind::OptionalText(client_address(event)));
    sql.push(", ").bind(Bind::OptionalText(target_type(event)));
    sql.push(", ").bind(Bind::OptionalText(target_id(event)));
    sql.push(", ");
    versions(sql);
    sql.push(", ").bind(Bind::Texts(attributes(event)));
    sql.push(", ").bind(Bind::Integer(i64::from(event.occurrences)));
}

/// Stands between the names of attributes where arrays of arrays would be needed. No name has it in it.
const SEPARATOR: &str = "\u{1f}";

fn insert_many(tenant: TenantId, events: &[AuditEvent]) -> Sql {
    let mut sql = Sql::of(tenant, "");
    push_insertion(&mut sql, events, "w.version_before, w.version_after");
    sql
}

/// Writes what inserts records, each of which it calls `w`, with these versions before and after.
fn push_insertion(sql: &mut Sql, events: &[AuditEvent], versions: &'static str) {
    let texts = |text: fn(&AuditEvent) -> String| Bind::Texts(events.iter().map(text).collect());
    let optional =
        |text: fn(&AuditEvent) -> Option<String>| Bind::OptionalTexts(events.iter().map(text).collect());
    let version = |version: fn(&AuditEvent) -> Option<Version>| {
        Bind::OptionalIntegers(events.iter().map(|event| version(event).map(version_number)).collect())
    };
    let actors = || events.iter().map(|event| &event.origin.actor);
    sql.push(INTO).push(
        "SELECT $1, w.id, w.at, w.operation, w.outcome, w.actor, w.credential_id, w.subject, w.issuer, w.actor_name, \
         w.request_id, w.client_address, w.resource_type, w.resource_id, ",
    );
    sql.push(versions).push(", string_to_array(w.attributes, ").bind(Bind::text(SEPARATOR));
    sql.push("), w.occurrences FROM unnest(").list([
        Bind::Uuids(events.iter().map(|event| event.id.uuid()).collect()),
        Bind::Times(events.iter().map(|event| event.at.date_time()).collect()),
        texts(|event| event.operation.as_str().to_owned()),
        texts(|event| event.outcome.as_str().to_owned()),
        texts(|event| event.origin.actor.kind().to_owned()),
        Bind::OptionalUuids(actors().map(|actor| actor.credential().map(|id| id.uuid())).collect()),
        Bind::OptionalUuids(actors().map(|actor| actor.subject().map(|id| id.uuid())).collect()),
        optional(issuer),
        optional(actor_name),
        texts(request_id),
        optional(client_address),
        optional(target_type),
        optional(target_id),
        version(|event| event.version_before),
        version(|event| event.version_after),
        texts(|event| attributes(event).join(SEPARATOR)),
        Bind::Integers(events.iter().map(|event| i64::from(event.occurrences)).collect()),
    ]);
    sql.push(
        ") AS w(id, at, operation, outcome, actor, credential_id, subject, issuer, actor_name, request_id, \
         client_address, resource_type, resource_id, version_before, version_after, attributes, occurrences)",
    );
}

fn issuer(event: &AuditEvent) -> Option<String> {
    event.origin.actor.issuer().map(kept)
}

fn actor_name(event: &AuditEvent) -> Option<String> {
    event.origin.actor.name().map(kept)
}

fn request_id(event: &AuditEvent) -> String {
    kept(&event.origin.request_id)
}

fn client_address(event: &AuditEvent) -> Option<String> {
    event.origin.client_address.map(|address| address.to_string())
}

fn target_type(event: &AuditEvent) -> Option<String> {
    event.target.as_ref().map(|target| kept(&target.resource_type))
}

fn target_id(event: &AuditEvent) -> Option<String> {
    event.target.as_ref().map(|target| kept(&target.id))
}

fn attributes(event: &AuditEvent) -> Vec<String> {
    event.attributes.iter().map(|name| kept(name)).collect()
}

/// Text as it is kept; [`unescape`](crate::text::unescape) reads it.
fn kept(text: &str) -> String {
    escape(text).into_owned()
}
