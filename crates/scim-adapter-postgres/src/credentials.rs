//! The credentials of tenants.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel_async::AsyncPgConnection;
use futures_util::future::join_all;
use scim_domain::audit::{AuditEntry, AuditTarget};
use scim_domain::credential::Credential;
use scim_domain::identifier::{CredentialId, TenantId, Timestamp};
use scim_ports::{ChangeNotice, CredentialRepository, RepositoryError, RotateCredential};

use crate::error::Failure;
use crate::notices;
use crate::pool::{Lease, Pool};
use crate::queries::{audit, credentials};
use crate::session::{TENANTS_AT_A_TIME, Transaction, Undone, begin, execute, finish};

/// The credentials of all tenants in PostgreSQL.
#[derive(Clone)]
pub struct PostgresCredentials {
    pool: Pool,
}

impl PostgresCredentials {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl CredentialRepository for PostgresCredentials {
    async fn credential_get(
        &self,
        tenant: TenantId,
        id: CredentialId,
    ) -> Result<Option<Credential>, RepositoryError> {
        let lease = self.pool.lease_for(tenant).await?;
        let found = credentials::get(lease.connection()?, tenant, id).await;
        lease.after_read(found)
    }

    async fn credential_list(
        &self,
        tenant: TenantId,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Result<Vec<Credential>, RepositoryError> {
        let lease = self.pool.lease_for(tenant).await?;
        let found = credentials::list(lease.connection()?, tenant, after, limit).await;
        lease.after_read(found)
    }

    async fn credential_create(
        &self,
        credential: Credential,
        audit: AuditEntry,
    ) -> Result<(), RepositoryError> {
        let tenant = credential.tenant;
        Creation { credential, audit }.run(&self.pool, Some(tenant)).await
    }

    async fn credential_rotate(&self, rotation: RotateCredential) -> Result<Credential, RepositoryError> {
        rotation.run(&self.pool, Some(rotation.tenant)).await
    }

    async fn credential_delete(
        &self,
        tenant: TenantId,
        id: CredentialId,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<(), RepositoryError> {
        Deletion { tenant, id, at, audit }.run(&self.pool, Some(tenant)).await
    }

    /// One statement for each tenant, several of them in each round trip. What was noted before a failure stays: it does no harm to note it again.
    async fn credential_used(
        &self,
        uses: Vec<(TenantId, CredentialId, Timestamp)>,
    ) -> Result<(), RepositoryError> {
        let mut latest: BTreeMap<TenantId, BTreeMap<CredentialId, Timestamp>> = BTreeMap::new();
        for (tenant, id, at) in uses {
            let noted = latest.entry(tenant).or_default().entry(id).or_insert(at);
            *noted = at.max(*noted);
        }
        let by_tenant = latest.into_iter().map(|(tenant, uses)| (tenant, uses.into_iter().collect()));
        Uses { by_tenant: by_tenant.collect() }.run(&self.pool, None).await
    }
}

/// A credential to be stored.
struct Creation {
    credential: Credential,
    audit: AuditEntry,
}

/// A credential to be removed.
struct Deletion {
    tenant: TenantId,
    id: CredentialId,
    at: Timestamp,
    audit: AuditEntry,
}

/// When credentials were used, by their tenants; each is named once.
struct Uses {
    by_tenant: Vec<(TenantId, Vec<(CredentialId, Timestamp)>)>,
}

/// Writes down what was done to a credential, sends word of it, and commits.
async fn finish_change(
    connection: &AsyncPgConnection,
    (tenant, id): (TenantId, CredentialId),
    at: Timestamp,
    audit: &AuditEntry,
) -> Result<(), Failure> {
    let target = AuditTarget { resource_type: "credential".to_owned(), id: id.to_string() };
    let events = [audit.record(tenant, at, target, None, None)];
    let (recorded, finished) = futures_util::join!(
        audit::insert(connection, tenant, &events),
        finish(connection, vec![notices::send(ChangeNotice::Credential(tenant, id))]),
    );
    recorded.and(finished)
}

#[async_trait]
impl Transaction for Creation {
    type Done = ();

    async fn attempt(&self, lease: &Lease) -> Result<(), Undone<RepositoryError>> {
        let connection = lease.connection()?;
        let Credential { tenant, id, created_at, .. } = self.credential;
        let (begun, is_there) =
            futures_util::join!(begin(connection), credentials::hold_tenant(connection, tenant));
        begun?;
        if !is_there? {
            return Err(Undone::Refused(RepositoryError::NotFound));
        }
        let (inserted, finished) = futures_util::join!(
            execute(connection, credentials::insert(&self.credential)),
            finish_change(connection, (tenant, id), created_at, &self.audit),
        );
        inserted?;
        Ok(finished?)
    }
}

#[async_trait]
impl Transaction for RotateCredential {
    type Done = Credential;

    async fn attempt(&self, lease: &Lease) -> Result<Credential, Undone<RepositoryError>> {
        let connection = lease.connection()?;
        let (begun, rotated) = futures_util::join!(begin(connection), credentials::rotate(connection, self));
        begun?;
        let rotated = rotated?.ok_or(Undone::Refused(RepositoryError::NotFound))?;
        finish_change(connection, (self.tenant, self.id), self.at, &self.audit).await?;
        Ok(rotated)
    }
}

#[async_trait]
impl Transaction for Deletion {
    type Done = ();

    async fn attempt(&self, lease: &Lease) -> Result<(), Undone<RepositoryError>> {
        let connection = lease.connection()?;
        let (begun, deleted) =
            futures_util::join!(begin(connection), credentials::delete(connection, self.tenant, self.id));
        begun?;
        if !deleted? {
            return Err(Undone::Refused(RepositoryError::NotFound));
        }
        Ok(finish_change(connection, (self.tenant, self.id), self.at, &self.audit).await?)
    }
}

#[async_trait]
impl Transaction for Uses {
    type Done = ();

    async fn attempt(&self, lease: &Lease) -> Result<(), Undone<RepositoryError>> {
        let note =
            async |(tenant, uses): &(TenantId, Vec<(CredentialId, Timestamp)>)| -> Result<(), Failure> {
                let noted = execute(lease.connection()?, credentials::used(*tenant, uses));
                let (shown, noted) = futures_util::join!(lease.show_only(*tenant), noted);
                shown.and(noted)
            };
        for some in self.by_tenant.chunks(TENANTS_AT_A_TIME) {
            for noted in join_all(some.iter().map(note)).await {
                noted?;
            }
        }
        Ok(())
    }
}
