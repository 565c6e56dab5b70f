//! The life of a resource: create, read, replace, patch, delete, search (RFC 7644 §3.3 to §3.6).
//!
//! Each use case is read – compute – write: the domain computes, the repository writes in one
//! transaction that checks the version it was computed from. A write that lost a race is computed
//! again from what is stored then, unless the client fixed the version by `If-Match`.

mod answer;
mod create;
mod delete;
mod patch;
mod read;
mod replace;
mod search;

use std::sync::Arc;

use scim_domain::audit::{AuditOperation, changed_attributes};
use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::identifier::{ResourceId, Version};
use scim_domain::listing::Include;
use scim_domain::listing::cursor::CursorSealer;
use scim_domain::password::{password_change, set_password};
use scim_domain::precondition::VersionCondition;
use scim_domain::resource::{Attributes, Resource, StoredResource};
use scim_domain::schema::ResourceType;
use scim_ports::{
    Clock, ExpectedVersion, IdGenerator, Observer, PasswordHasher, RepositoryError, ResourceRepository,
    UpdateResource, Updated,
};

use crate::{RequestContext, ServiceError};

pub use answer::{AnswerShape, ReadAnswer, ResourceAnswer, WriteAnswer};
pub(crate) use create::Creation;

/// How often a write without `If-Match` that lost a race is computed again before the client is
/// told to come back: each loss means that another writer won, so many have to be this unlucky in a row.
const MAX_ATTEMPTS: usize = 200;

/// Runs the use cases on resources.
#[derive(Clone)]
pub struct ResourceOrchestrator {
    pub(crate) resources: Arc<dyn ResourceRepository>,
    pub(crate) passwords: Arc<dyn PasswordHasher>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) ids: Arc<dyn IdGenerator>,
    pub(crate) cursors: Arc<CursorSealer>,
    pub(crate) observer: Arc<dyn Observer>,
}

/// The resource that a request names.
#[derive(Debug, Clone)]
pub struct ResourceTarget {
    /// Its type.
    pub resource_type: Arc<ResourceType>,
    /// The id as the client wrote it.
    pub id: String,
}

impl ResourceTarget {
    /// The id, or 404: what is not an id of ours names no resource.
    fn resource_id(&self) -> Result<ResourceId, ScimError> {
        ResourceId::parse(&self.id).ok_or_else(|| self.not_found())
    }

    fn not_found(&self) -> ScimError {
        ScimError::not_found(format!("{} '{}' does not exist", self.resource_type.name(), self.id))
    }
}

/// What a change takes beside the resource itself.
#[derive(Clone, Copy)]
pub(crate) struct Includes {
    /// What is computed from.
    pub(crate) reads: Include,
    /// What the answer shows.
    pub(crate) answers: Include,
}

/// What a computation wants written: attributes where they change, and members.
pub(crate) struct Change {
    pub(crate) attributes: Option<Attributes>,
    pub(crate) members: scim_domain::resource::MemberChange,
}

/// Why a change did not happen.
pub(crate) enum Refused {
    /// The store refused what was computed.
    ByStore(RepositoryError),
    /// It did not come to that.
    Before(ServiceError),
}

impl<E: Into<ServiceError>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Before(error.into())
    }
}

impl Refused {
    fn into_service_error(self) -> ServiceError {
        match self {
            Self::ByStore(error) => error.into(),
            Self::Before(error) => error,
        }
    }
}

impl ResourceOrchestrator {
    /// Reads a resource, or 404.
    async fn get(
        &self,
        context: &RequestContext,
        target: &ResourceTarget,
        include: Include,
    ) -> Result<StoredResource, ServiceError> {
        let id = target.resource_id()?;
        let found = self.resources.resource_get(context.tenant(), &target.resource_type, id, include).await?;
        Ok(found.ok_or_else(|| target.not_found())?)
    }

    /// Reads, lets `compute` work out the change, and writes it, again from the start when another
    /// writer came between. A change of members alone commutes with every other, so it is not bound
    /// to the version that was read.
    async fn change(
        &self,
        context: &RequestContext,
        operation: AuditOperation,
        target: &ResourceTarget,
        condition: Option<&VersionCondition>,
        Includes { reads, answers }: Includes,
        compute: impl Fn(&Resource) -> Result<Change, ScimError> + Send + Sync,
    ) -> Result<Updated, Refused> {
        require_condition(context, condition)?;
        for _attempt in 0..MAX_ATTEMPTS {
            let current = self.get(context, target, reads).await?;
            check_condition(condition, current.version)?;
            let current = current.read()?;
            let Change { attributes, members } = compute(&current)?;
            let attributes = match attributes {
                Some(attributes) => {
                    Some(self.finish(&target.resource_type, Some(&current.attributes), attributes).await?)
                }
                None => None,
            };
            let read_members = reads.members != scim_domain::listing::MemberInclude::None;
            let expected = match (&attributes, condition) {
                (None, None | Some(VersionCondition::Any)) if !read_members => ExpectedVersion::Any,
                _ => ExpectedVersion::OneOf(vec![current.version]),
            };
            let after = attributes.as_ref().map_or(&current.attributes, |(attributes, _)| attributes);
            let changed = changed_attributes(&current.attributes, after, &members);
            let update = UpdateResource {
                id: current.id,
                resource_type: Arc::clone(&target.resource_type),
                expected,
                attributes,
                members,
                at: self.clock.now(),
                audit: context.audit(&*self.ids, operation, changed),
            };
            match self.resources.resource_update(context.tenant(), update, answers).await {
                Ok(updated) => return Ok(updated),
                Err(RepositoryError::NotFound) => return Err(target.not_found().into()),
                Err(error @ RepositoryError::VersionConflict { .. }) => {
                    if matches!(condition, Some(VersionCondition::OneOf(_))) {
                        return Err(Refused::ByStore(error));
                    }
                }
                Err(error) => return Err(Refused::ByStore(error)),
            }
        }
        Err(too_many_writers().into())
    }

    /// Hashes a password that is new in `attributes`, and finds the unique values.
    async fn finish(
        &self,
        resource_type: &ResourceType,
        before: Option<&Attributes>,
        mut attributes: Attributes,
    ) -> Result<(Attributes, Vec<scim_domain::resource::UniqueValue>), ServiceError> {
        if let Some(password) = password_change(before, &attributes) {
            let hash = self.passwords.password_hash(password).await?;
            set_password(&mut attributes, hash);
        }
        let unique_values = scim_domain::resource::unique_values(resource_type, &attributes);
        Ok((attributes, unique_values))
    }
}

/// What a write that lost too many races is answered.
fn too_many_writers() -> ServiceError {
    ServiceError::unavailable("too many other writers are changing this resource", None)
}

/// `strictMode` asks for `If-Match` on every change of what is there.
fn require_condition(
    context: &RequestContext,
    condition: Option<&VersionCondition>,
) -> Result<(), ScimError> {
    if condition.is_none() && context.tenant().config.strict_mode {
        return Err(ScimError::new(
            ErrorKind::PreconditionRequired,
            "If-Match is required: strictMode lets nothing be changed without the version it was read at",
        ));
    }
    Ok(())
}

/// RFC 7644 §3.14: nothing is computed for a version that the client does not mean. The store
/// checks again, in the transaction that writes.
fn check_condition(condition: Option<&VersionCondition>, current: Version) -> Result<(), ServiceError> {
    match condition {
        Some(condition) if !condition.allows(current) => {
            Err(RepositoryError::VersionConflict { current }.into())
        }
        _ => Ok(()),
    }
}
