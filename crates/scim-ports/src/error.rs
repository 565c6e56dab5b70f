//! How a repository fails.

use std::error::Error;

use scim_domain::identifier::{ResourceId, Version};

/// Why a repository did not do what it was asked to. Nothing was written then.
#[derive(Debug, thiserror::Error)]
pub enum RepositoryError {
    /// There is no such resource in this tenant.
    #[error("no such resource")]
    NotFound,
    /// The resource is there, but at none of the versions expected.
    #[error("the resource is at version {}", current.number())]
    VersionConflict {
        /// The version it is at.
        current: Version,
    },
    /// Another resource of the type has this unique value.
    #[error("a value of {attribute} is in use")]
    Uniqueness {
        /// The path of the attribute, as in [`UniqueValue`](scim_domain::resource::UniqueValue).
        attribute: String,
    },
    /// Members that are not resources of this tenant, or not of a type that may be a member.
    #[error("{} ids that are to be members name no resource", ids.len())]
    UnknownMembers {
        /// Their ids.
        ids: Vec<ResourceId>,
    },
    /// The store cannot be reached or has no capacity; the same call may succeed later.
    #[error("the store is not available")]
    Unavailable(#[source] Box<dyn Error + Send + Sync>),
    /// Anything else.
    #[error("the store failed")]
    Internal(#[source] Box<dyn Error + Send + Sync>),
}
