//! Creating several resources that have no members with one statement, each by itself.

use std::collections::HashSet;
use std::sync::Arc;

use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::AsyncPgConnection;
use scim_domain::audit::AuditEvent;
use scim_domain::identifier::{ResourceId, TenantId};
use scim_domain::listing::Include;
use scim_domain::resource::StoredResource;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::NewResource;
use uuid::Uuid;

use crate::error::Failure;
use crate::gather::Job;
use crate::queries::unique::Claim;
use crate::queries::{audit, unique};
use crate::session::load;
use crate::sql::Sql;

use super::{Draft, rows};

/// A resource to be created that others may be created with.
pub(crate) struct Create {
    draft: Draft,
    include: Include,
}

impl Create {
    pub(crate) fn new(tenant: &Tenant, new: NewResource, include: Include) -> Self {
        Self { draft: Draft::new(tenant.id, new), include }
    }

    /// Whether it may be created with others: not if it has members, or several unique values. Where it got some of
    /// these and not the others the statement would fail for all.
    pub(crate) fn may_be_together(&self) -> bool {
        self.draft.new.members.is_empty() && self.draft.new.unique_values.len() <= 1
    }

    pub(crate) fn draft(&self) -> &Draft {
        &self.draft
    }
}

impl Job for Create {
    type Answer = StoredResource;

    fn resource_type(&self) -> &Arc<ResourceType> {
        &self.draft.new.resource_type
    }

    fn include(&self) -> Include {
        self.include
    }

    fn bytes(&self) -> usize {
        self.draft.bytes()
    }

    /// There each part is a statement of its own, and a value cannot be had before its row.
    const ON_CLUSTERS: bool = false;

    /// A resource does not apply if the value that it wants is taken. If an id is in use, nothing is done for any.
    async fn run(
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        jobs: &[&Self],
    ) -> Result<Vec<Option<StoredResource>>, Failure> {
        let drafts: Vec<&Draft> = jobs.iter().map(|job| &job.draft).collect();
        let sql = statement(tenant.id, &drafts);
        let ids: Vec<Uuid> = load(connection, sql.rows::<SqlUuid>()).await?;
        let ids: HashSet<Uuid> = ids.into_iter().collect();
        let created = |job: &&Self| {
            ids.contains(&job.draft.new.id.uuid()).then(|| job.draft.created(job.include, false).0)
        };
        Ok(jobs.iter().map(created).collect())
    }
}

fn statement(tenant: TenantId, drafts: &[&Draft]) -> Sql {
    let claims: Vec<(&Claim, ResourceId)> =
        drafts.iter().flat_map(|draft| draft.claims.iter().map(|claim| (claim, draft.new.id))).collect();
    let records: Vec<AuditEvent> = drafts.iter().map(|draft| draft.record(tenant)).collect();
    let mut sql = Sql::of(tenant, "WITH wanted AS MATERIALIZED (SELECT * FROM ");
    unique::push_claims(&mut sql, &claims);
    // A value that another transaction has claimed and not yet got is waited for, but not for long: the others wait too.
    sql.push("), patience AS MATERIALIZED (SELECT set_config('lock_timeout', '100ms', TRUE)), claimed AS (");
    sql.push(unique::INSERTION).push(
        "patience CROSS JOIN wanted w ON CONFLICT DO NOTHING RETURNING v.resource_id, v.attribute, v.value_key), \
         lost AS (SELECT w.resource_id, w.attribute, w.value_key FROM wanted w \
         EXCEPT SELECT c.resource_id, c.attribute, c.value_key FROM claimed c), done AS (",
    );
    rows::push_insertion(&mut sql, drafts);
    // With OFFSET 0 each id is looked up, and not all that the tenant has put aside is read.
    sql.push(
        " WHERE w.id NOT IN (SELECT l.resource_id FROM lost l) \
         AND NOT EXISTS (SELECT 1 FROM hidden_resource h WHERE h.tenant_id = $1 AND h.id = w.id OFFSET 0) \
         RETURNING r.id, r.version), noted AS (",
    );
    audit::push_insertion_of_done(&mut sql, &records);
    sql.push(") SELECT d.id FROM done d");
    sql
}
