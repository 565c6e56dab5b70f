//! What a use case fails with: the error for the client, and the cause for the log.

use std::error::Error;

use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::identifier::ResourceId;
use scim_domain::listing::response::ListResponseError;
use scim_domain::resource::Unreadable;
use scim_ports::{Outcome, PasswordError, RepositoryError};

/// A failed use case.
#[derive(Debug)]
pub struct ServiceError {
    /// What the client is told.
    pub error: ScimError,
    /// After how many seconds the same request may succeed, where that is known.
    pub retry_after: Option<u32>,
    /// What only the log is told; there is one with every 5xx that has a cause.
    pub cause: Option<Box<dyn Error + Send + Sync>>,
}

/// The seconds after which a client may try again what failed for want of capacity.
const RETRY_AFTER_SECONDS: u32 = 1;

/// At most this many unknown members are named in one error.
const MEMBERS_NAMED: usize = 5;

impl ServiceError {
    /// The store, or another part, has no capacity now.
    pub fn unavailable(detail: &str, cause: Option<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            error: ScimError::new(ErrorKind::Unavailable, detail),
            retry_after: Some(RETRY_AFTER_SECONDS),
            cause,
        }
    }

    /// Whether it is on our side. What is not implemented is not.
    pub(crate) fn outcome(&self) -> Outcome {
        let is_ours = self.error.kind.status() >= 500 && self.error.kind != ErrorKind::NotImplemented;
        if is_ours { Outcome::Failed } else { Outcome::Refused }
    }

    /// The same failure with `context` before its detail.
    #[must_use]
    pub fn within(mut self, context: impl std::fmt::Display) -> Self {
        self.error = self.error.within(context);
        self
    }
}

impl From<ScimError> for ServiceError {
    fn from(error: ScimError) -> Self {
        let retry_after = (error.kind == ErrorKind::Unavailable).then_some(RETRY_AFTER_SECONDS);
        Self { error, retry_after, cause: None }
    }
}

impl From<RepositoryError> for ServiceError {
    fn from(error: RepositoryError) -> Self {
        match error {
            RepositoryError::NotFound => ScimError::not_found("there is no such resource").into(),
            RepositoryError::VersionConflict { current } => ScimError::new(
                ErrorKind::PreconditionFailed,
                format!("the resource is at version {current}, which If-Match does not name"),
            )
            .into(),
            RepositoryError::Uniqueness { attribute } => ScimError::uniqueness(format!(
                "{attribute}: the value is in use by another resource, and has to be unique"
            ))
            .into(),
            RepositoryError::UnknownMembers { ids } => unknown_members(&ids).into(),
            RepositoryError::Unavailable(cause) => {
                Self::unavailable("the store is not available", Some(cause))
            }
            RepositoryError::Internal(cause) => Self {
                error: ScimError::new(ErrorKind::Internal, "the request could not be processed"),
                retry_after: None,
                cause: Some(cause),
            },
        }
    }
}

impl From<Unreadable> for ServiceError {
    fn from(error: Unreadable) -> Self {
        RepositoryError::Internal(Box::new(error)).into()
    }
}

impl From<ListResponseError> for ServiceError {
    fn from(error: ListResponseError) -> Self {
        match error {
            ListResponseError::Cursor(error) => error.into(),
            ListResponseError::Attributes(error) => error.into(),
        }
    }
}

impl From<PasswordError> for ServiceError {
    fn from(error: PasswordError) -> Self {
        match error {
            PasswordError::TooLong { .. } => ScimError::invalid_value(format!("password: {error}")).into(),
            PasswordError::Busy => Self::unavailable("too many passwords are being hashed", None),
        }
    }
}

fn unknown_members(ids: &[ResourceId]) -> ScimError {
    let named: Vec<String> = ids.iter().take(MEMBERS_NAMED).map(|id| format!("'{id}'")).collect();
    let more = match ids.len().saturating_sub(named.len()) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    ScimError::invalid_value(format!(
        "members.value: no resource that may be a member has the id {}{more}",
        named.join(", ")
    ))
}
