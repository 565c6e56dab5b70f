//! The repository of resources: which connection, how often.

use std::sync::Arc;

use async_trait::async_trait;
use scim_domain::identifier::ResourceId;
use scim_domain::listing::{Include, ResourcePage, ResourceQuery};
use scim_domain::resource::Resource;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::{
    DeleteResource, NewResource, RefusedCreate, RepositoryError, ResourceRepository, UpdateResource, Updated,
};

use crate::error::Failure;
use crate::migrate;
use crate::pool::{Lease, Pool};
use crate::queries::create::Batch;
use crate::queries::update::Change;
use crate::queries::{delete, get, search};
use crate::replica::Replica;
use crate::session::{Attempts, Undone};

/// The resources of all tenants in PostgreSQL.
#[derive(Clone)]
pub struct PostgresResources {
    pool: Pool,
    replica: Option<Replica>,
}

impl PostgresResources {
    pub(crate) fn new(pool: Pool, replica: Option<Replica>) -> Self {
        Self { pool, replica }
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
            match search::search(replica.pool(), lease, tenant, query).await {
                Ok(page) => return Ok(page),
                Err(failure) => tracing::warn!(?failure, "a search failed on the read replica"),
            }
        }
        let lease = self.pool.lease_for(tenant.id).await?;
        search::search(&self.pool, lease, tenant, query).await
    }
}

/// Gives a connection back after a read, unless it is of no more use.
fn after_read<T>(lease: Lease, outcome: Result<T, Failure>) -> Result<T, RepositoryError> {
    if !matches!(outcome, Err(Failure::Unavailable(_))) {
        lease.give_back();
    }
    Ok(outcome?)
}

fn refused(undone: Undone<RepositoryError>) -> RepositoryError {
    match undone {
        Undone::Failed(failure) => failure.into(),
        Undone::Refused(error) => error,
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
    ) -> Result<Vec<Resource>, RefusedCreate> {
        if resources.is_empty() {
            return Ok(Vec::new());
        }
        let batch = Batch::new(tenant, &resources);
        let mut attempts = Attempts::default();
        loop {
            let lease = self.pool.lease_for(tenant.id).await.map_err(refused_create)?;
            let connection = lease.connection().map_err(refused_create)?;
            let outcome = match batch.in_one_trip(connection, tenant, include).await {
                Ok(Some(created)) => Ok(created),
                Ok(None) => batch.create(connection, tenant, include).await,
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

    async fn resource_get(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        include: Include,
    ) -> Result<Option<Resource>, RepositoryError> {
        let lease = self.pool.lease_for(tenant.id).await?;
        let outcome = get::get(lease.connection()?, tenant, resource_type, id, include).await;
        after_read(lease, outcome)
    }

    async fn resource_update(
        &self,
        tenant: &Tenant,
        update: UpdateResource,
        include: Include,
    ) -> Result<Updated, RepositoryError> {
        let change = Change::new(tenant, &update, include);
        let mut attempts = Attempts::default();
        loop {
            let lease = self.pool.lease_for(tenant.id).await?;
            let connection = lease.connection()?;
            let outcome = match change.in_one_statement(connection, tenant).await {
                Ok(Some(updated)) => Ok(updated),
                Ok(None) => change.in_transaction(connection, tenant).await,
                Err(failure) => Err(Undone::Failed(failure)),
            };
            if let Some(outcome) = attempts.settle(lease, outcome).await {
                return outcome.map_err(refused);
            }
        }
    }

    async fn resource_delete(&self, tenant: &Tenant, delete: DeleteResource) -> Result<(), RepositoryError> {
        let mut attempts = Attempts::default();
        loop {
            let lease = self.pool.lease_for(tenant.id).await?;
            let outcome = delete::delete(lease.connection()?, tenant, &delete).await;
            if let Some(outcome) = attempts.settle(lease, outcome).await {
                return outcome.map_err(refused);
            }
        }
    }

    async fn resource_search(
        &self,
        tenant: &Tenant,
        query: &ResourceQuery,
    ) -> Result<ResourcePage, RepositoryError> {
        Ok(self.search(tenant, query).await?)
    }

    async fn resource_reindex(
        &self,
        _: &Tenant,
        _: &Arc<ResourceType>,
        _: Option<ResourceId>,
        _: usize,
    ) -> Result<Option<ResourceId>, RepositoryError> {
        Err(RepositoryError::Internal("not there yet".into()))
    }

    async fn ping(&self) -> Result<(), RepositoryError> {
        let lease = self.pool.lease().await?;
        let outcome = migrate::pending(lease.connection()?).await;
        let pending = after_read(lease, outcome)?;
        if pending.is_empty() {
            return Ok(());
        }
        let detail = format!("migrations are not applied: {}", pending.join(", "));
        Err(RepositoryError::Unavailable(detail.into()))
    }
}
