//! The audit log.

use std::collections::BTreeMap;

use async_trait::async_trait;
use scim_domain::audit::AuditEvent;
use scim_domain::identifier::{TenantId, Timestamp};
use scim_ports::{AuditQuery, AuditRepository, RepositoryError};

use crate::pool::{Lease, Pool};
use crate::queries::{audit, audit_log};
use crate::session::{Transaction, Undone, begin, commit};

/// The audit log of all tenants in PostgreSQL.
#[derive(Clone)]
pub struct PostgresAudit {
    pool: Pool,
}

impl PostgresAudit {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl AuditRepository for PostgresAudit {
    async fn audit_append(&self, events: Vec<AuditEvent>) -> Result<(), RepositoryError> {
        let mut by_tenant: BTreeMap<TenantId, Vec<AuditEvent>> = BTreeMap::new();
        for event in events {
            by_tenant.entry(event.tenant).or_default().push(event);
        }
        Addition { by_tenant }.run(&self.pool, None).await
    }

    async fn audit_page(
        &self,
        tenant: TenantId,
        query: &AuditQuery,
    ) -> Result<Vec<AuditEvent>, RepositoryError> {
        let lease = self.pool.lease_for(tenant).await?;
        let found = audit_log::page(lease.connection()?, tenant, query).await;
        lease.after_read(found)
    }

    async fn audit_prune(&self, before: Timestamp, limit: usize) -> Result<usize, RepositoryError> {
        let lease = self.pool.lease().await?;
        let removed = audit_log::prune(&lease, before, limit).await;
        // After a failure there may be a transaction open, which ends with the connection.
        if removed.is_ok() {
            lease.give_back();
        }
        Ok(removed?)
    }
}

/// Records to be added, by their tenants.
struct Addition {
    by_tenant: BTreeMap<TenantId, Vec<AuditEvent>>,
}

/// How many records one statement adds.
const RECORDS_AT_A_TIME: usize = 500;

#[async_trait]
impl Transaction for Addition {
    type Done = ();

    async fn attempt(&self, lease: &Lease) -> Result<(), Undone<RepositoryError>> {
        let connection = lease.connection()?;
        begin(connection).await?;
        for (tenant, events) in &self.by_tenant {
            lease.show_only(*tenant).await?;
            for some in events.chunks(RECORDS_AT_A_TIME) {
                audit::insert_missing(connection, *tenant, some).await?;
            }
        }
        Ok(commit(connection).await?)
    }
}
