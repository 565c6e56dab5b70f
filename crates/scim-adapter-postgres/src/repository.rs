//! The repository of resources: which connection, how often.

use std::collections::HashSet;
use std::slice;
use std::sync::Arc;

use async_trait::async_trait;
use scim_domain::identifier::ResourceId;
use scim_domain::listing::{Include, ResourcePage, ResourceQuery};
use scim_domain::resource::StoredResource;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::{
    DeleteResource, NewResource, RefusedCreate, RepositoryError, ResourceRepository, UpdateResource, Updated,
};

use crate::error::Failure;
use crate::gather::{Gather, Job, Lookup, Turn};
use crate::migrate;
use crate::pool::Pool;
use crate::queries::create::{self, Chunk, Create, Draft, Fate};
use crate::queries::search::UserName;
use crate::queries::update::Change;
use crate::queries::{delete, get, reindex, search};
use crate::replica::Replica;
use crate::session::{Attempts, Undone};
use crate::totals::Totals;

/// The resources of all tenants in PostgreSQL.
#[derive(Clone)]
pub struct PostgresResources {
    pool: Pool,
    by_id: Gather<Lookup<ResourceId>>,
    by_name: Gather<Lookup<UserName>>,
    creates: Gather<Create>,
    changes: Gather<Change>,
    replica: Option<Replica>,
    totals: Arc<Totals>,
}

impl PostgresResources {
    pub(crate) fn new(pool: Pool, replica: Option<Replica>) -> Self {
        Self {
            by_id: Gather::new(pool.clone()),
            by_name: Gather::new(pool.clone()),
            creates: Gather::new(pool.clone()),
            changes: Gather::new(pool.clone()),
            pool,
            replica,
            totals: Arc::default(),
        }
    }

    /// How the database runs a search, and over how many rows, as `EXPLAIN ANALYZE` puts it: for finding
    /// out why one is slow. It is run for that.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    pub async fn search_plan(
        &self,
        tenant: &Tenant,
        query: &ResourceQuery,
    ) -> Result<Vec<String>, RepositoryError> {
        let pool = self.replica.as_ref().map_or(&self.pool, Replica::pool);
        Ok(search::plan(pool, tenant, query).await?)
    }

    /// Whatever the replica fails over, the database itself may answer: what a replica replays
    /// cancels its statements, and it may not have been migrated yet.
    async fn search(&self, tenant: &Tenant, query: &ResourceQuery) -> Result<ResourcePage, Failure> {
        if let Some(replica) = &self.replica
            && let Some(lease) = replica.lease_for(tenant.id).await
        {
            match search::search(replica.pool(), lease, &self.totals, tenant, query).await {
                Ok(page) => return Ok(page),
                Err(failure) => tracing::warn!(?failure, "a search failed on the read replica"),
            }
        }
        let lease = self.pool.lease_for(tenant.id).await?;
        search::search(&self.pool, lease, &self.totals, tenant, query).await
    }
}

/// What a write takes.
#[derive(Debug, Clone, Copy)]
enum Trips {
    /// One round trip, if it applies as it is.
    OneFirst,
    /// Several: it is known not to.
    Several,
}

impl PostgresResources {
    /// Creates one resource, with others if there are any.
    async fn create(&self, tenant: &Tenant, create: Create) -> Result<Vec<StoredResource>, RefusedCreate> {
        let create = Arc::new(create);
        let mut trips = Trips::OneFirst;
        if create.may_be_together() {
            match self.creates.turn(tenant, &create).await {
                Ok(Turn::Answered(created)) => return Ok(vec![created]),
                Ok(Turn::NotApplied) => trips = Trips::Several,
                Ok(Turn::Alone) => {}
                Err(error) => return Err(RefusedCreate { index: 0, error }),
            }
        }
        self.create_all(tenant, slice::from_ref(create.draft()), create.include(), trips).await
    }

    async fn create_all(
        &self,
        tenant: &Tenant,
        drafts: &[Draft],
        include: Include,
        trips: Trips,
    ) -> Result<Vec<StoredResource>, RefusedCreate> {
        if drafts.is_empty() {
            return Ok(Vec::new());
        }
        let mut attempts = Attempts::default();
        loop {
            let lease = self.pool.lease_for(tenant.id).await.map_err(refused_create)?;
            let connection = lease.connection().map_err(refused_create)?;
            let in_one_trip = match trips {
                Trips::OneFirst => create::create_in_one_trip(connection, tenant, drafts, include).await,
                Trips::Several => Ok(None),
            };
            let outcome = match in_one_trip {
                Ok(Some(created)) => Ok(created),
                Ok(None) => create::create_all(connection, tenant, drafts, include).await,
                Err(failure) => Err(Undone::Failed(failure)),
            };
            if let Some(outcome) = attempts.settle(lease, outcome).await {
                return outcome.map_err(|undone| match undone {
                    Undone::Failed(failure) => refused_create(failure),
                    Undone::Refused(refused) => refused,
                });
            }
        }
    }

    /// Creates one resource that others are not to know of.
    async fn create_one(
        &self,
        tenant: &Tenant,
        draft: &Draft,
        include: Include,
    ) -> Result<StoredResource, RepositoryError> {
        let created = self.create_all(tenant, slice::from_ref(draft), include, Trips::OneFirst).await;
        created.map_err(|refused| refused.error)?.pop().ok_or(RepositoryError::NotFound)
    }

    /// Creates each of a chunk by itself, in one transaction where that can be done. Fails where the
    /// database is not there; then none of them is.
    async fn create_chunk(
        &self,
        tenant: &Tenant,
        chunk: &Chunk,
        include: Include,
    ) -> Result<Vec<Result<StoredResource, RepositoryError>>, RepositoryError> {
        let fates = match chunk.drafts() {
            [_] => vec![Fate::Open],
            _ => self.fates(tenant, chunk, include).await?,
        };
        let held = chunk.held(&fates);
        let mut outcomes = Vec::with_capacity(fates.len());
        let mut held_later = HashSet::new();
        for (draft, fate) in chunk.drafts().iter().zip(fates) {
            outcomes.push(match fate {
                Fate::Created(resource) => Ok(resource),
                Fate::Refused(error) => Err(error),
                Fate::Open => {
                    match draft.refused(|claim| held.contains(claim) || held_later.contains(claim)) {
                        Some(error) => Err(error),
                        None => {
                            let created = self.create_one(tenant, draft, include).await;
                            if created.is_ok() {
                                held_later.extend(draft.claims());
                            }
                            created
                        }
                    }
                }
            });
        }
        Ok(outcomes)
    }

    async fn fates(
        &self,
        tenant: &Tenant,
        chunk: &Chunk,
        include: Include,
    ) -> Result<Vec<Fate>, RepositoryError> {
        let mut attempts = Attempts::default();
        loop {
            let lease = self.pool.lease_for(tenant.id).await?;
            let outcome = chunk.create(lease.connection()?, tenant, include).await;
            match attempts.settle(lease, outcome).await {
                None => {}
                Some(Ok(fates)) => return Ok(fates),
                Some(Err(Undone::Failed(failure @ Failure::Unavailable(_)))) => return Err(failure.into()),
                // Something about one of them; by itself each gets what it deserves.
                Some(Err(undone)) => {
                    tracing::debug!(?undone, "resources are created one by one");
                    return Ok(chunk.drafts().iter().map(|_| Fate::Open).collect());
                }
            }
        }
    }
}

fn refused_create(failure: Failure) -> RefusedCreate {
    RefusedCreate { index: 0, error: failure.into() }
}

#[async_trait]
impl ResourceRepository for PostgresResources {
    async fn resource_create_all(
        &self,
        tenant: &Tenant,
        resources: Vec<NewResource>,
        include: Include,
    ) -> Result<Vec<StoredResource>, RefusedCreate> {
        let resources = match <[NewResource; 1]>::try_from(resources) {
            Ok([new]) => return self.create(tenant, Create::new(tenant, new, include)).await,
            Err(resources) => resources,
        };
        let drafts: Vec<Draft> = resources.into_iter().map(|new| Draft::new(tenant.id, new)).collect();
        self.create_all(tenant, &drafts, include, Trips::OneFirst).await
    }

    async fn resource_create_each(
        &self,
        tenant: &Tenant,
        resources: Vec<NewResource>,
        include: Include,
    ) -> Vec<Result<StoredResource, RepositoryError>> {
        let count = resources.len();
        let mut outcomes = Vec::with_capacity(count);
        let mut rest = resources.into_iter();
        while let Some(chunk) = Chunk::take(tenant.id, &mut rest) {
            match self.create_chunk(tenant, &chunk, include).await {
                Ok(created) => outcomes.extend(created),
                // What comes after it would wait as long, and for nothing.
                Err(error) => {
                    let cause = error.to_string();
                    outcomes.push(Err(error));
                    let of_each = || Err(RepositoryError::Unavailable(cause.as_str().into()));
                    outcomes.resize_with(count, of_each);
                    break;
                }
            }
        }
        outcomes
    }

    async fn resource_get(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        include: Include,
    ) -> Result<Option<StoredResource>, RepositoryError> {
        let lookup = Lookup { wanted: id, resource_type: Arc::clone(resource_type), include };
        if let Turn::Answered(found) = self.by_id.turn(tenant, &Arc::new(lookup)).await? {
            return Ok(found.into_iter().next());
        }
        let lease = self.pool.lease_for(tenant.id).await?;
        let outcome = get::get(lease.connection()?, tenant, resource_type, &[id], include).await;
        Ok(lease.after_read(outcome)?.into_iter().next())
    }

    async fn resource_update(
        &self,
        tenant: &Tenant,
        update: UpdateResource,
        include: Include,
    ) -> Result<Updated, RepositoryError> {
        let change = Arc::new(Change::new(tenant, update, include));
        let mut trips = Trips::Several;
        if change.is_of_attributes_alone() {
            match self.changes.turn(tenant, &change).await? {
                Turn::Answered(updated) => return updated,
                Turn::NotApplied => {}
                Turn::Alone => trips = Trips::OneFirst,
            }
        }
        let mut attempts = Attempts::default();
        loop {
            let lease = self.pool.lease_for(tenant.id).await?;
            let connection = lease.connection()?;
            let in_one_trip = match trips {
                Trips::OneFirst => change.in_one_trip(connection, tenant).await,
                Trips::Several => Ok(None),
            };
            let outcome = match in_one_trip {
                Ok(Some(updated)) => Ok(updated),
                Ok(None) => change.in_transaction(connection, tenant).await,
                Err(failure) => Err(Undone::Failed(failure)),
            };
            if let Some(outcome) = attempts.settle(lease, outcome).await {
                return outcome.map_err(RepositoryError::from);
            }
        }
    }

    async fn resource_delete(&self, tenant: &Tenant, delete: DeleteResource) -> Result<(), RepositoryError> {
        let mut attempts = Attempts::default();
        loop {
            let lease = self.pool.lease_for(tenant.id).await?;
            let outcome = delete::delete(lease.connection()?, tenant, &delete).await;
            if let Some(outcome) = attempts.settle(lease, outcome).await {
                return outcome.map_err(RepositoryError::from);
            }
        }
    }

    async fn resource_search(
        &self,
        tenant: &Tenant,
        query: &ResourceQuery,
    ) -> Result<ResourcePage, RepositoryError> {
        // A replica answers each by itself: it may be gone, or behind its own migrations.
        if self.replica.is_none()
            && let Some(page) = search::find(&self.by_name, tenant, query).await?
        {
            return Ok(page);
        }
        Ok(self.search(tenant, query).await?)
    }

    async fn resource_reindex(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        after: Option<ResourceId>,
        limit: usize,
    ) -> Result<Option<ResourceId>, RepositoryError> {
        let mut attempts = Attempts::default();
        loop {
            let lease = self.pool.lease_for(tenant.id).await?;
            let outcome = reindex::reindex(lease.connection()?, tenant, resource_type, after, limit).await;
            if let Some(outcome) = attempts.settle(lease, outcome).await {
                return outcome.map_err(RepositoryError::from);
            }
        }
    }

    async fn ping(&self) -> Result<(), RepositoryError> {
        let lease = self.pool.lease().await?;
        let outcome = migrate::pending(lease.connection()?).await;
        let pending = lease.after_read(outcome)?;
        if pending.is_empty() {
            return Ok(());
        }
        let detail = format!("migrations are not applied: {}", pending.join(", "));
        Err(RepositoryError::Unavailable(detail.into()))
    }
}
