//! Reading the audit log, and pruning it.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use diesel::Queryable;
use diesel::sql_types::{Array, BigInt, Nullable, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::AsyncPgConnection;
use scim_domain::audit::{Actor, AuditEvent, AuditOperation, AuditOutcome, AuditTarget, Origin};
use scim_domain::identifier::{AuditEventId, CredentialId, ResourceId, TenantId, Timestamp};
use scim_ports::AuditQuery;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::audit_sql;
use crate::error::{Failure, unreadable};
use crate::pool::Lease;
use crate::rows::version;
use crate::session::{affected, begin, commit, execute, load};
use crate::sql::{Bind, IS_ANY, Sql};
use crate::text::unescape;

/// The columns of a record but for its tenant, of a table with the alias `a`.
const COLUMNS: &str = "a.id, a.at, a.operation, a.outcome, \
    a.actor, a.credential_id, a.subject, a.issuer, a.actor_name, \
    a.request_id, a.client_address, a.resource_type, a.resource_id, \
    a.version_before, a.version_after, a.attributes, a.occurrences";

/// Their types. Nested, as a tuple has sixteen fields at most.
type Columns = (
    (SqlUuid, Timestamptz, Text, Text),
    (Text, Nullable<SqlUuid>, Nullable<SqlUuid>, Nullable<Text>, Nullable<Text>),
    (Text, Nullable<Text>, Nullable<Text>, Nullable<Text>),
    (Nullable<BigInt>, Nullable<BigInt>, Array<Text>, BigInt),
);

/// A record as it is stored.
#[derive(Debug, Queryable)]
struct Row {
    what: (Uuid, OffsetDateTime, String, String),
    actor: (String, Option<Uuid>, Option<Uuid>, Option<String>, Option<String>),
    request: (String, Option<String>, Option<String>, Option<String>),
    change: (Option<i64>, Option<i64>, Vec<String>, i64),
}

impl Row {
    /// The record of this tenant.
    fn into_event(self, tenant: TenantId) -> Result<AuditEvent, Failure> {
        let (id, at, operation, outcome) = self.what;
        let (kind, credential, subject, issuer, name) = self.actor;
        let (request_id, client_address, resource_type, target) = self.request;
        let (version_before, version_after, attributes, occurrences) = self.change;
        let unknown = |what: &str| unreadable(format!("the audit record {id} has an unknown {what}"));
        let actor = Actor::from_parts(
            &kind,
            credential.map(CredentialId::new),
            subject.map(ResourceId::new),
            issuer.map(unescape),
            name.map(unescape),
        );
        let address = |text: String| text.parse::<IpAddr>().map_err(unreadable);
        Ok(AuditEvent {
            id: AuditEventId::new(id),
            at: Timestamp::new(at),
            tenant,
            origin: Arc::new(Origin {
                actor: actor.ok_or_else(|| unknown("actor"))?,
                request_id: unescape(request_id),
                client_address: client_address.map(address).transpose()?,
            }),
            operation: AuditOperation::named(&operation).ok_or_else(|| unknown("operation"))?,
            target: resource_type.zip(target).map(|(resource_type, id)| AuditTarget {
                resource_type: unescape(resource_type),
                id: unescape(id),
            }),
            outcome: AuditOutcome::named(&outcome).ok_or_else(|| unknown("outcome"))?,
            version_before: version_before.map(version).transpose()?,
            version_after: version_after.map(version).transpose()?,
            attributes: attributes.into_iter().map(unescape).collect(),
            occurrences: u32::try_from(occurrences).map_err(unreadable)?,
        })
    }
}

/// The newest records of a tenant that match.
pub(crate) async fn page(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    query: &AuditQuery,
) -> Result<Vec<AuditEvent>, Failure> {
    let mut sql = Sql::of(tenant, "SELECT ");
    sql.push(COLUMNS).push(" FROM audit_event a WHERE a.tenant_id = $1");
    if let Some(before) = query.before {
        sql.push(" AND a.id < ").bind(Bind::Uuid(before.uuid()));
    }
    if let Some(filter) = &query.filter {
        // What people ask for when they look into something: seldom the same twice.
        sql.once();
        sql.push(" AND ");
        audit_sql::condition(&mut sql, filter);
    }
    sql.push(" ORDER BY a.id DESC LIMIT ").bind(Bind::count(query.limit));
    let rows: Vec<Row> = load(connection, sql.rows::<Columns>()).await?;
    rows.into_iter().map(|row| row.into_event(tenant)).collect()
}

/// Removes up to `limit` records that are older than `before`; answers how many. Which ones is looked up
/// across all tenants; they are removed tenant by tenant, those that another replica is removing left out.
pub(crate) async fn prune(lease: &Lease, before: Timestamp, limit: usize) -> Result<usize, Failure> {
    let connection = lease.connection()?;
    let mut by_tenant: BTreeMap<TenantId, Vec<Uuid>> = BTreeMap::new();
    for (tenant, id) in outdated(connection, before, limit).await? {
        by_tenant.entry(TenantId::new(tenant)).or_default().push(id);
    }
    let mut removed = 0_usize;
    for (tenant, ids) in by_tenant {
        let sql = Sql::of(tenant, "WITH d AS MATERIALIZED (SELECT a.id FROM unnest(")
            .with(
                Bind::Uuids(ids),
                ") AS w(id) CROSS JOIN LATERAL (SELECT a.id FROM audit_event a \
                 WHERE a.tenant_id = $1 AND a.id = w.id FOR UPDATE SKIP LOCKED) a) \
                 DELETE FROM audit_event a USING d WHERE a.tenant_id = $1 AND a.id = d.id AND d.id",
            )
            .with_text(IS_ANY);
        let (shown, gone) = futures_util::join!(lease.show_only(tenant), affected(connection, sql));
        shown?;
        removed = removed.saturating_add(gone?);
    }
    Ok(removed)
}

/// The one statement that reads rows of all tenants at once. Under row-level security it says what it is for.
async fn outdated(
    connection: &AsyncPgConnection,
    before: Timestamp,
    limit: usize,
) -> Result<Vec<(Uuid, Uuid)>, Failure> {
    let sql = Sql::global("SELECT a.tenant_id, a.id FROM audit_event a WHERE a.at < ")
        .with(Bind::time(before), " ORDER BY a.at LIMIT ")
        .with(Bind::count(limit), "");
    let (begun, purpose, found, committed) = futures_util::join!(
        begin(connection),
        execute(connection, Sql::global("SELECT set_config('scim.purpose', 'prune', TRUE)")),
        load(connection, sql.rows::<(SqlUuid, SqlUuid)>()),
        commit(connection),
    );
    begun?;
    purpose?;
    committed.and(found)
}
