//! Creating resources that others are not to know of, several at once.

use std::collections::{HashMap, HashSet};
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
use crate::gather::{Job, with_room};
use crate::queries::unique::Claim;
use crate::queries::{audit, unique};
use crate::session::load;
use crate::sql::Sql;

use super::{Draft, rows};

/// A resource to be created that has no members.
pub(crate) struct Create {
    pub(crate) new: NewResource,
    pub(crate) include: Include,
}

impl Job for Create {
    type Answer = StoredResource;

    fn resource_type(&self) -> &Arc<ResourceType> {
        &self.new.resource_type
    }

    fn include(&self) -> Include {
        self.include
    }

    /// A resource is created if all the values that it wants are free. Where it gets some of them only, or its id
    /// is in use, nothing of any is done: a value cannot be had without the row.
    async fn run(
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        jobs: &[&Self],
    ) -> Result<Vec<Option<StoredResource>>, Failure> {
        let drafts = jobs.iter().map(|job| (Draft::new(tenant.id, &job.new), job.include));
        let drafts = with_room(drafts, |(draft, _)| draft.document.payload.len());
        let sql = statement(tenant.id, &drafts.iter().map(|(draft, _)| draft).collect::<Vec<_>>());
        let ids: Vec<Uuid> = load(connection, sql.rows::<SqlUuid>()).await?;
        let ids: HashSet<Uuid> = ids.into_iter().collect();
        let mut created: HashMap<ResourceId, StoredResource> = drafts
            .iter()
            .filter(|(draft, _)| ids.contains(&draft.new.id.uuid()))
            .map(|(draft, include)| (draft.new.id, draft.created(*include, false).0))
            .collect();
        Ok(jobs.iter().map(|job| created.remove(&job.new.id)).collect())
    }
}

fn statement(tenant: TenantId, drafts: &[&Draft<'_>]) -> Sql {
    let claims: Vec<(&Claim, ResourceId)> =
        drafts.iter().flat_map(|draft| draft.claims.iter().map(|claim| (claim, draft.new.id))).collect();
    let records: Vec<AuditEvent> = drafts.iter().map(|draft| draft.record(tenant)).collect();
    let mut sql = Sql::of(tenant, "WITH wanted AS MATERIALIZED (SELECT * FROM ");
    unique::push_claims(&mut sql, &claims);
    sql.push("), claimed AS (").push(unique::INSERTION).push(
        "wanted w ON CONFLICT DO NOTHING RETURNING v.resource_id, v.attribute, v.value_key), \
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
