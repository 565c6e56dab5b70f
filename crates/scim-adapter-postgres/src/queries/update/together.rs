//! Changing the attributes of several resources with one statement, each by itself.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use diesel::sql_types::{BigInt, Bool, Timestamptz, Uuid as SqlUuid};
use diesel_async::AsyncPgConnection;
use scim_domain::audit::AuditEvent;
use scim_domain::identifier::TenantId;
use scim_domain::listing::Include;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::{ExpectedVersion, RepositoryError, Updated};
use uuid::Uuid;

use crate::document::{optional_texts, texts};
use crate::error::Failure;
use crate::gather::Job;
use crate::queries::{audit, relations};
use crate::rows::{IS_IN_GROUP, version_number};
use crate::session::load;
use crate::sql::{Bind, Sql};

use super::{Change, Content, Replaced};

/// Between the versions that one change expects. Arrays of arrays would all have to be of one length.
const SEPARATOR: &str = ",";

impl Job for Change {
    /// An error where it is written and cannot be shown.
    type Answer = Result<Updated, RepositoryError>;

    fn resource_type(&self) -> &Arc<ResourceType> {
        &self.update.resource_type
    }

    fn include(&self) -> Include {
        self.include
    }

    fn bytes(&self) -> usize {
        self.content.as_ref().map_or(0, |content| content.document.payload.len())
    }

    /// There each part is a statement of its own, sent by way of the coordinator.
    const ON_CLUSTERS: bool = false;

    /// Makes those changes that [`Change::in_one_trip`] would make; of several of one resource the first alone.
    ///
    /// A row that another transaction has locked is not changed: none of these waits for what stands in the way of
    /// another, and no two transactions wait for each other. What decides is looked at under the lock.
    async fn run(
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        jobs: &[&Self],
    ) -> Result<Vec<Option<Self::Answer>>, Failure> {
        let mut ids = HashSet::new();
        let changes: Vec<(&Self, &Content)> = jobs
            .iter()
            .filter(|change| ids.insert(change.update.id))
            .filter_map(|change| Some((*change, change.content_alone()?)))
            .collect();
        let Some((first, _)) = changes.first() else { return Ok(jobs.iter().map(|_| None).collect()) };
        let sql = statement(tenant.id, first, &changes);
        let rows = load(connection, sql.rows::<(SqlUuid, (BigInt, Timestamptz, BigInt, Bool))>()).await;
        let rows: Vec<(Uuid, Replaced)> = rows.map_err(|failure| match failure {
            Failure::Undecodable(error) => Failure::Unavailable(error),
            failure => failure,
        })?;
        let mut updated = updated(connection, tenant, &changes, rows, first.include).await?;
        Ok(jobs.iter().map(|job| updated.remove(&job.update.id.uuid())).collect())
    }
}

/// The resources whose rows were changed. They are written: whatever fails now is to run nothing again.
async fn updated(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    all: &[(&Change, &Content)],
    rows: Vec<(Uuid, Replaced)>,
    include: Include,
) -> Result<HashMap<Uuid, Result<Updated, RepositoryError>>, Failure> {
    let mut rows: HashMap<Uuid, Replaced> = rows.into_iter().collect();
    let (mut updated, mut changes, mut resources) = (HashMap::new(), Vec::new(), Vec::new());
    for (change, content) in all {
        let id = change.update.id.uuid();
        match rows.remove(&id).map(|row| change.replaced(content, &row)) {
            None => {}
            Some(Ok(resource)) => {
                changes.push(change);
                resources.push(resource);
            }
            Some(Err(failure)) => drop(updated.insert(id, Err(failure.into()))),
        }
    }
    let attached = relations::attach(connection, tenant, &mut resources, include).await;
    attached.map_err(|failure| Failure::Unavailable(Box::new(RepositoryError::from(failure))))?;
    let shown = changes.into_iter().zip(resources);
    updated.extend(shown.map(|(change, resource)| (change.update.id.uuid(), Ok(change.updated(resource)))));
    Ok(updated)
}

/// The statement for changes of resources of the type of the first.
fn statement(tenant: TenantId, first: &Change, changes: &[(&Change, &Content)]) -> Sql {
    let updates = || changes.iter().map(|(change, _)| &change.update);
    let contents = || changes.iter().map(|(_, content)| *content);
    let documents = || contents().map(|content| &content.document);
    let optional = |text| optional_texts(documents(), text);
    let mut sql = Sql::of(tenant, "WITH wanted AS MATERIALIZED (SELECT * FROM unnest(");
    sql.list([
        Bind::Uuids(updates().map(|update| update.id.uuid()).collect()),
        Bind::OptionalTexts(updates().map(|update| expected(&update.expected)).collect()),
        Bind::Times(updates().map(|update| update.at.date_time()).collect()),
        Bind::Texts(contents().map(|content| content.digest.clone()).collect()),
        optional(|it| &it.display),
        optional(|it| &it.display_key),
        optional(|it| &it.user_name_key),
        texts(documents(), |it| &it.search_text),
        texts(documents(), |it| &it.keys),
        texts(documents(), |it| &it.payload),
    ]);
    // Each is looked up by its key and nothing else (see `members`). The row that is changed has its tenant from the
    // row that was looked up, so that the database cannot begin with all rows of the tenant.
    sql.push(
        ") AS w(id, expected, at, unique_digest, display, display_key, user_name_key, search_text, keys, payload)), \
         due AS MATERIALIZED (SELECT o.tenant_id, o.id, o.version FROM wanted w CROSS JOIN LATERAL (\
         SELECT r.tenant_id, r.id, r.version, r.resource_type FROM scim_resource r WHERE r.tenant_id = $1 AND r.id = w.id \
         AND r.unique_digest = w.unique_digest AND r.payload::text <> w.payload \
         AND (w.expected IS NULL OR r.version = ANY(string_to_array(w.expected, ",
    );
    sql.bind(Bind::text(SEPARATOR));
    sql.push(")::bigint[])) OFFSET 0 FOR NO KEY UPDATE SKIP LOCKED) o WHERE o.resource_type = ");
    sql.bind(Bind::text(first.update.resource_type.name()));
    sql.push(
        "), done AS (UPDATE scim_resource r SET version = r.version + 1, updated_at = w.at, display = w.display, \
         display_key = w.display_key, user_name_key = w.user_name_key, search_text = w.search_text, \
         keys = w.keys::jsonb, payload = w.payload::json FROM due JOIN wanted w ON w.id = due.id \
         WHERE r.tenant_id = due.tenant_id AND r.id = due.id AND r.version = due.version \
         RETURNING r.id, r.version, r.created_at, r.member_count, ");
    sql.push(if first.shows_groups() { IS_IN_GROUP } else { "FALSE" }).push(" AS is_in_group), noted AS (");
    let record = |change: &Change| change.changed().record(tenant, &change.update.audit, None, None);
    let records: Vec<AuditEvent> = changes.iter().map(|(change, _)| record(change)).collect();
    audit::push_insertion_of_done(&mut sql, &records);
    sql.push(") SELECT d.id, d.version, d.created_at, d.member_count, d.is_in_group FROM done d");
    sql
}

fn expected(expected: &ExpectedVersion) -> Option<String> {
    match expected {
        ExpectedVersion::Any => None,
        ExpectedVersion::OneOf(versions) => {
            let numbers = versions.iter().map(|version| version_number(*version).to_string());
            Some(numbers.collect::<Vec<_>>().join(SEPARATOR))
        }
    }
}
