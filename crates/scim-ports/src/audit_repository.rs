//! The audit log.

use async_trait::async_trait;
use scim_domain::audit::{AuditEvent, AuditFilter};
use scim_domain::identifier::{AuditEventId, TenantId, Timestamp};

use crate::RepositoryError;

/// Keeps the records of all tenants. Records are added, and removed when they are old; none changes.
///
/// The record of a change is written by the repository that makes the change, in the same
/// transaction; what comes here is what is no change.
#[async_trait]
pub trait AuditRepository: Send + Sync {
    /// Adds records, all of them or none. After an error the caller comes again with the same ones. Where a store can
    /// have added them all the same, as when the answer to a COMMIT is lost, those that are there already MUST NOT be
    /// added twice, nor be in the way of the others.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn audit_append(&self, events: Vec<AuditEvent>) -> Result<(), RepositoryError>;

    /// The newest records of a tenant that match, in descending order of their ids, at most
    /// `query.limit` of them. Records outlive their tenant.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn audit_page(
        &self,
        tenant: TenantId,
        query: &AuditQuery,
    ) -> Result<Vec<AuditEvent>, RepositoryError>;

    /// Removes up to `limit` records, of whatever tenant, that are older than `before`; answers how many.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn audit_prune(&self, before: Timestamp, limit: usize) -> Result<usize, RepositoryError>;
}

/// Which records are asked for.
#[derive(Debug, Clone)]
pub struct AuditQuery {
    /// Only those that match.
    pub filter: Option<AuditFilter>,
    /// Only those whose id is less than this.
    pub before: Option<AuditEventId>,
    /// The most of them.
    pub limit: usize,
}
