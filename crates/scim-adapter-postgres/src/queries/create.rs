//! Creating resources: all of them or none, or each by itself.

mod each;
mod rows;
mod together;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use diesel_async::AsyncPgConnection;
use scim_domain::audit::AuditEvent;
use scim_domain::identifier::{ResourceId, TenantId, Version};
use scim_domain::listing::Include;
use scim_domain::resource::{Resource, StoredResource};
use scim_domain::tenant::Tenant;
use scim_ports::{NewResource, RefusedCreate, RepositoryError};
use uuid::Uuid;

use crate::document::Document;
use crate::error::Failure;
use crate::queries::audit::{self, Changed};
use crate::queries::unique::Claim;
use crate::queries::{relations, unique};
use crate::session::{Undone, begin, commit, execute};

pub(crate) use each::{Chunk, Fate};
pub(crate) use together::Create;

/// A resource to be created, with what can be worked out before the transaction.
pub(crate) struct Draft {
    new: NewResource,
    document: Document,
    claims: Vec<Claim>,
}

/// What statements granted: the rows, the memberships and the claims that are there now.
struct Granted {
    ids: HashSet<Uuid>,
    claims: HashSet<Claim>,
    memberships: HashSet<(ResourceId, ResourceId)>,
}

impl Draft {
    pub(crate) fn new(tenant: TenantId, new: NewResource) -> Self {
        let claim = |value| Claim::new(new.resource_type.name(), value);
        Self {
            document: Document::new(tenant, &new.resource_type, &new.attributes),
            claims: new.unique_values.iter().map(claim).collect(),
            new,
        }
    }

    /// How long its document is.
    fn bytes(&self) -> usize {
        self.document.payload.len()
    }

    /// The record of its creation.
    fn record(&self, tenant: TenantId) -> AuditEvent {
        let NewResource { resource_type, id, at, audit, .. } = &self.new;
        Changed { resource_type, id: *id, at: *at }.record(tenant, audit, None, Some(Version::FIRST))
    }

    /// Whether everything that it asked for was granted; if not, why it cannot be created.
    fn check(&self, granted: &Granted) -> Result<(), RepositoryError> {
        let new = &self.new;
        if !granted.ids.contains(&new.id.uuid()) {
            return Err(id_in_use());
        }
        let is_missing = |member: &&ResourceId| !granted.memberships.contains(&(new.id, **member));
        let ids: Vec<ResourceId> = new.members.iter().filter(is_missing).copied().collect();
        if !ids.is_empty() {
            return Err(RepositoryError::UnknownMembers { ids });
        }
        match self.claims.iter().find(|claim| !granted.claims.contains(*claim)) {
            None => Ok(()),
            Some(taken) => Err(taken_already(taken)),
        }
    }

    /// The resource, without groups where it cannot be in any, and how many members it has.
    fn created(&self, include: Include, may_be_in_groups: bool) -> (StoredResource, usize) {
        let new = &self.new;
        let shows_groups = include.groups && new.resource_type.groups().is_some();
        let resource = Resource {
            id: new.id,
            resource_type: Arc::clone(&new.resource_type),
            attributes: self.document.stored(),
            version: Version::FIRST,
            created: new.at,
            last_modified: new.at,
            members: None,
            groups: (shows_groups && !may_be_in_groups).then(Vec::new),
        };
        (resource, new.members.len())
    }
}

fn id_in_use() -> RepositoryError {
    RepositoryError::Uniqueness { attribute: "id".to_owned() }
}

fn taken_already(claim: &Claim) -> RepositoryError {
    RepositoryError::Uniqueness { attribute: claim.attribute.clone() }
}

/// Creates one resource that has no members, in a transaction that is sent as a whole: whatever
/// of it fails takes the rest with it. `None` where it does not apply, or something that is to be
/// unique is there already; nothing is created then.
pub(crate) async fn create_in_one_trip(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    drafts: &[Draft],
    include: Include,
) -> Result<Option<Vec<StoredResource>>, Failure> {
    let [draft] = drafts else { return Ok(None) };
    if !draft.new.members.is_empty() {
        return Ok(None);
    }
    let claims: Vec<(&Claim, ResourceId)> = draft.claims.iter().map(|claim| (claim, draft.new.id)).collect();
    let record = [draft.record(tenant.id)];
    let (begun, inserted, unused, claimed, noted, committed) = futures_util::join!(
        begin(connection),
        execute(connection, rows::insert_one(tenant.id, draft)),
        execute(connection, rows::fail_if_hidden(tenant.id, draft)),
        unique::claim_all(connection, tenant.id, &claims),
        audit::insert(connection, tenant.id, &record),
        commit(connection),
    );
    // What comes after a failure fails for that alone.
    match begun.and(inserted).and(unused).and(claimed).and(noted).and(committed) {
        Ok(()) => {}
        Err(Failure::Taken(_)) => return Ok(None),
        Err(failure) => return Err(failure),
    }
    let mut created = [draft.created(include, false)];
    relations::attach(connection, tenant, &mut created, include).await?;
    Ok(Some(created.into_iter().map(|(resource, _)| resource).collect()))
}

/// Creates all in one transaction.
pub(crate) async fn create_all(
    connection: &AsyncPgConnection,
    tenant: &Tenant,
    drafts: &[Draft],
    include: Include,
) -> Result<Vec<StoredResource>, Undone<RefusedCreate>> {
    let all: Vec<&Draft> = drafts.iter().collect();
    let mut claims: BTreeMap<&Claim, ResourceId> = BTreeMap::new();
    for draft in drafts {
        for claim in &draft.claims {
            claims.entry(claim).or_insert(draft.new.id);
        }
    }
    let claims: Vec<(&Claim, ResourceId)> = claims.into_iter().collect();
    let granted = insert(connection, tenant.id, &all, &claims).await?;
    check_all(drafts, &granted).map_err(Undone::Refused)?;
    // New resources are in no group but those that are created with them.
    let may_be_in_groups = drafts.iter().any(|draft| !draft.new.members.is_empty());
    let mut created: Vec<_> = drafts.iter().map(|draft| draft.created(include, may_be_in_groups)).collect();
    let records: Vec<AuditEvent> = drafts.iter().map(|draft| draft.record(tenant.id)).collect();
    let (noted, attached, committed) = futures_util::join!(
        audit::insert(connection, tenant.id, &records),
        relations::attach(connection, tenant, &mut created, include),
        commit(connection)
    );
    noted?;
    attached?;
    committed?;
    Ok(created.into_iter().map(|(resource, _)| resource).collect())
}

/// Begins a transaction and inserts what can be inserted.
async fn insert(
    connection: &AsyncPgConnection,
    tenant: TenantId,
    drafts: &[&Draft],
    claims: &[(&Claim, ResourceId)],
) -> Result<Granted, Failure> {
    let (begun, ids, hidden, claims, memberships) = futures_util::join!(
        begin(connection),
        rows::insert(connection, tenant, drafts),
        rows::hidden(connection, tenant, drafts),
        unique::claim(connection, tenant, claims),
        rows::add_members(connection, tenant, drafts),
    );
    begun?;
    let ids = &ids? - &hidden?;
    Ok(Granted { ids, claims: claims?, memberships: memberships? })
}

/// Refuses the first resource that did not get all it asked for.
fn check_all(drafts: &[Draft], granted: &Granted) -> Result<(), RefusedCreate> {
    let (mut ids, mut claimed) = (HashSet::new(), HashSet::new());
    for (index, draft) in drafts.iter().enumerate() {
        let refuse = |error| Err(RefusedCreate { index, error });
        if !ids.insert(draft.new.id) {
            return refuse(id_in_use());
        }
        draft.check(granted).or_else(refuse)?;
        if let Some(taken) = draft.claims.iter().find(|claim| claimed.contains(*claim)) {
            return refuse(taken_already(taken));
        }
        claimed.extend(&draft.claims);
    }
    Ok(())
}
