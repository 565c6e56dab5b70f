//! The store of resources.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use scim_domain::audit::AuditEntry;
use scim_domain::identifier::{ResourceId, Timestamp, Version};
use scim_domain::listing::{Include, ResourcePage, ResourceQuery};
use scim_domain::resource::{Attributes, MemberChange, StoredResource, UniqueValue};
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;

use crate::RepositoryError;

/// Keeps the resources of all tenants.
///
/// Every write is one transaction: it happens whole or not at all, whoever else writes at the same
/// time and whenever the process ends, and once it is acknowledged every later read sees it.
/// Nothing of one tenant is ever read, changed or revealed through another.
///
/// What an implementation MUST keep, beside what each method says:
/// - a resource's version is 1 when it is created and goes up by exactly one with every change of
///   its attributes or its direct members, and by nothing else; `last_modified` moves with it;
/// - a member is a resource of the same tenant that is there. A resource that is deleted leaves its
///   groups, which is a change of those groups;
/// - every change is written down in the audit log, in the same transaction, with the versions before
///   and after (of a creation only the one after, of a deletion only the one before); what changes nothing
///   is not. The groups that a deleted resource leaves have no records of their own;
/// - a member is read with the type and the [`display`](scim_domain::resource::Resource::display) that it has at that time;
/// - groups may contain one another in circles.
#[async_trait]
pub trait ResourceRepository: Send + Sync {
    /// Creates all of `resources`, or none. They may be members of one another, in circles too.
    /// Answers them in the order given, at version 1.
    ///
    /// # Errors
    /// [`RefusedCreate`] names the resource that could not be created.
    /// MUST return [`RepositoryError::Uniqueness`] where a unique value is taken, by a stored
    /// resource or by another of `resources`: of any number of callers that race for one value,
    /// exactly one succeeds. MUST return [`RepositoryError::UnknownMembers`] with every member that is not there.
    async fn resource_create_all(
        &self,
        tenant: &Tenant,
        resources: Vec<NewResource>,
        include: Include,
    ) -> Result<Vec<StoredResource>, RefusedCreate>;

    /// Creates each of `resources` by itself, in their order; answers how it went with each, in that order.
    /// They are not members of one another. It is what [`resource_create_all`](Self::resource_create_all)
    /// does for each of them alone, and may take fewer round trips.
    async fn resource_create_each(
        &self,
        tenant: &Tenant,
        resources: Vec<NewResource>,
        include: Include,
    ) -> Vec<Result<StoredResource, RepositoryError>> {
        let mut created = Vec::with_capacity(resources.len());
        for resource in resources {
            let outcome = self.resource_create_all(tenant, vec![resource], include).await;
            created.push(match outcome {
                Ok(mut resources) => resources.pop().ok_or(RepositoryError::NotFound),
                Err(refused) => Err(refused.error),
            });
        }
        created
    }

    /// The resource of this type and id; `None` where there is none.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`].
    async fn resource_get(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        include: Include,
    ) -> Result<Option<StoredResource>, RepositoryError>;

    /// Changes a resource and answers it as it is afterwards.
    ///
    /// A change that leaves everything as it was MUST keep version and `last_modified`. Adding a
    /// member that is there, or removing one that is not, changes nothing. The cost of a
    /// [`MemberChange::Delta`] MUST depend on the members named, not on the size of the group.
    ///
    /// # Errors
    /// MUST return, in this order of precedence: [`RepositoryError::NotFound`];
    /// [`RepositoryError::VersionConflict`] where the stored version is not among those expected,
    /// checked in the transaction that writes; [`RepositoryError::UnknownMembers`] for members to
    /// be added that are not there; [`RepositoryError::Uniqueness`].
    async fn resource_update(
        &self,
        tenant: &Tenant,
        update: UpdateResource,
        include: Include,
    ) -> Result<Updated, RepositoryError>;

    /// Deletes a resource: it leaves every group that it is a member of, its own members are
    /// released, its unique values are free, its id is never used again.
    ///
    /// Where [`DeleteResource::keep`] says so it is not removed but put aside, one version on, with those
    /// attributes and without its members: no method of this trait ever shows it again.
    ///
    /// # Errors
    /// MUST return [`RepositoryError::NotFound`] or [`RepositoryError::VersionConflict`], as for an update.
    async fn resource_delete(&self, tenant: &Tenant, delete: DeleteResource) -> Result<(), RepositoryError>;

    /// The page of the resources that `query` asks for, and how many there are in all.
    ///
    /// Which resources match, and in which order, is what the domain defines
    /// ([`TypedFilter::matches`](scim_domain::filter::TypedFilter::matches),
    /// [`SortKey`](scim_domain::listing::SortKey)); ties are in the order of ids. Page and total MUST be of one state of the store,
    /// or of two states so close that only writes under way at that time tell them apart.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`].
    async fn resource_search(
        &self,
        tenant: &Tenant,
        query: &ResourceQuery,
    ) -> Result<ResourcePage, RepositoryError>;

    /// Works out again, for up to `limit` resources of a type in the order of their ids, those after
    /// `after`, what the store keeps beside them by their type's definition: comparison keys, indexes,
    /// unique values. For when a definition changed what is unique or how values compare. Versions stay.
    /// Answers the last id that it came to, and `None` at the end. A unique value that another resource
    /// has already is left to that one.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    async fn resource_reindex(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        after: Option<ResourceId>,
        limit: usize,
    ) -> Result<Option<ResourceId>, RepositoryError>;

    /// Fails where the store could not serve a request now. For readiness probes; cheap.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`], with the reason.
    async fn ping(&self) -> Result<(), RepositoryError>;
}

/// A resource to be created.
#[derive(Debug, Clone)]
pub struct NewResource {
    /// Its id, fresh from the [`IdGenerator`](crate::IdGenerator).
    pub id: ResourceId,
    /// Its type.
    pub resource_type: Arc<ResourceType>,
    /// Its attributes, normalised.
    pub attributes: Attributes,
    /// The unique values among them.
    pub unique_values: Vec<UniqueValue>,
    /// Its members. Their types are among [`ResourceType::members`]' reference types, which the store checks.
    pub members: BTreeSet<ResourceId>,
    /// When: `meta.created` and `meta.lastModified`.
    pub at: Timestamp,
    /// What is written down of it.
    pub audit: AuditEntry,
}

/// A change of a resource.
#[derive(Debug, Clone)]
pub struct UpdateResource {
    /// Its id.
    pub id: ResourceId,
    /// Its type.
    pub resource_type: Arc<ResourceType>,
    /// The versions it may be at.
    pub expected: ExpectedVersion,
    /// All its attributes as they are to be, with the unique values among them; `None` leaves them.
    pub attributes: Option<(Attributes, Vec<UniqueValue>)>,
    /// What happens to its members.
    pub members: MemberChange,
    /// When: `meta.lastModified`.
    pub at: Timestamp,
    /// What is written down of it, if anything changes.
    pub audit: AuditEntry,
}

/// A resource to be deleted.
#[derive(Debug, Clone)]
pub struct DeleteResource {
    /// Its id.
    pub id: ResourceId,
    /// Its type.
    pub resource_type: Arc<ResourceType>,
    /// The versions it may be at.
    pub expected: ExpectedVersion,
    /// Put aside with these attributes, rather than removed (`softDelete`).
    pub keep: Option<Attributes>,
    /// When: `meta.lastModified` of the groups that it leaves.
    pub at: Timestamp,
    /// What is written down of it.
    pub audit: AuditEntry,
}

/// The versions that a write expects the resource to be at (RFC 7644 §3.14).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExpectedVersion {
    /// Any: no `If-Match`, or `*`.
    Any,
    /// One of these.
    OneOf(Vec<Version>),
}

impl ExpectedVersion {
    /// Whether a resource at `version` may be written.
    pub fn allows(&self, version: Version) -> bool {
        match self {
            Self::Any => true,
            Self::OneOf(versions) => versions.contains(&version),
        }
    }
}

/// What an update did.
#[derive(Debug, Clone)]
pub struct Updated {
    /// The resource as it is now.
    pub resource: StoredResource,
    /// Whether anything changed, and the version with it.
    pub changed: bool,
    /// How many members it has now; 0 for what is no group.
    pub member_count: usize,
}

/// Why nothing of a [`ResourceRepository::resource_create_all`] was created.
#[derive(Debug, thiserror::Error)]
#[error("resource {index} was refused")]
pub struct RefusedCreate {
    /// Which of the resources, counted from 0.
    pub index: usize,
    /// Why.
    #[source]
    pub error: RepositoryError,
}
