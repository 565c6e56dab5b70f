//! The registry of tenants, as operators change it.

use std::collections::BTreeMap;

use async_trait::async_trait;
use scim_domain::audit::{AuditEntry, AuditTarget};
use scim_domain::identifier::{TenantId, Timestamp, Version};
use scim_domain::schema::TenantDefinitions;
use scim_domain::tenant::TenantConfig;

use crate::{RepositoryError, TenantRepository};

/// Creates, changes and deletes tenants.
///
/// Every write is one transaction, sends a [`ChangeNotice::Tenant`](crate::ChangeNotice::Tenant),
/// writes its audit record, and raises the tenant's version by one.
#[async_trait]
pub trait TenantRegistry: TenantRepository {
    /// The record of a tenant.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn tenant_record(&self, id: TenantId) -> Result<Option<TenantRecord>, RepositoryError>;

    /// Up to `limit` records in the order of their ids, those after `after`.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn tenant_list(
        &self,
        after: Option<TenantId>,
        limit: usize,
    ) -> Result<Vec<TenantRecord>, RepositoryError>;

    /// Registers a tenant with its schemas and resource types.
    ///
    /// # Errors
    /// MUST return [`RepositoryError::Uniqueness`] of `slug` where another tenant has it, or is
    /// known by this id.
    async fn tenant_create(&self, tenant: NewTenant) -> Result<(), RepositoryError>;

    /// Changes a tenant; answers its record as it is now.
    ///
    /// # Errors
    /// MUST return, in this order: [`RepositoryError::NotFound`];
    /// [`RepositoryError::VersionConflict`] where the tenant is not at the version expected;
    /// [`RepositoryError::Uniqueness`] of `slug`.
    async fn tenant_update(&self, update: UpdateTenant) -> Result<TenantRecord, RepositoryError>;

    /// Deletes a tenant with all that it has, but for its audit log. For everybody it is gone at
    /// once, and its slug is free; what was its own is removed by [`tenant_purge`](Self::tenant_purge).
    ///
    /// # Errors
    /// MUST return, in this order: [`RepositoryError::NotFound`];
    /// [`RepositoryError::VersionConflict`] where the tenant is not at the version `expected`
    async fn tenant_delete(
        &self,
        id: TenantId,
        expected: Version,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<(), RepositoryError>;

    /// Removes up to about `limit` rows that deleted tenants have left; answers how many, 0 where nothing is left.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn tenant_purge(&self, limit: usize) -> Result<usize, RepositoryError>;

    /// The figures of a tenant; zeros for one that is not there.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn tenant_statistics(&self, id: TenantId) -> Result<Statistics, RepositoryError>;

    /// How many resources of each type a tenant has, as [`tenant_statistics`](Self::tenant_statistics) tells it,
    /// and nothing else of them: for who asks often, of all tenants.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn tenant_counts(&self, id: TenantId) -> Result<BTreeMap<String, u64>, RepositoryError> {
        Ok(self.tenant_statistics(id).await?.resources)
    }

    /// The figures of all tenants together, and how many tenants there are.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn statistics(&self) -> Result<(usize, Statistics), RepositoryError>;
}

/// A tenant, without its schemas.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantRecord {
    /// Its id.
    pub id: TenantId,
    /// Its name in URLs.
    pub slug: String,
    /// Its name for people.
    pub display_name: String,
    /// Whether it may be used.
    pub active: bool,
    /// The name of the preset that it was made from.
    pub preset: String,
    /// Its rules.
    pub config: TenantConfig,
    /// One when it is created, one more with every change.
    pub version: Version,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// A tenant to be created, at version 1.
#[derive(Debug, Clone)]
pub struct NewTenant {
    /// Its record.
    pub record: TenantRecord,
    /// Its schemas and resource types, which MUST compile.
    pub definitions: TenantDefinitions,
    /// What is written down of it.
    pub audit: AuditEntry,
}

/// A change of a tenant: what is `None` stays as it is.
#[derive(Debug, Clone)]
pub struct UpdateTenant {
    /// Its id.
    pub id: TenantId,
    /// The version that it is to be at.
    pub expected: Version,
    /// Its new slug.
    pub slug: Option<String>,
    /// Its new name.
    pub display_name: Option<String>,
    /// Whether it may be used.
    pub active: Option<bool>,
    /// Its new rules.
    pub config: Option<TenantConfig>,
    /// Its new schemas and resource types, all of them, which MUST compile.
    pub definitions: Option<TenantDefinitions>,
    /// When.
    pub at: Timestamp,
    /// What is written down of it: the tenant itself, or the schema or resource type that changed.
    pub audit: AuditEntry,
    /// What the record names, where it is not the tenant.
    pub audit_target: Option<AuditTarget>,
}

/// What is stored, in figures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    /// How many resources there are, by the name of their type.
    pub resources: BTreeMap<String, u64>,
    /// How many users are active: those whose `active` is true.
    pub active_users: u64,
    /// When a resource was last written.
    pub last_write_at: Option<Timestamp>,
}
