//! Why a definition of a schema or a resource type is not taken.

use crate::input::InputError;

/// A definition that is not taken. The detail names the schema or resource type, the attribute by its path,
/// and what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DefinitionError {
    /// It is wrong in itself, or does not go with the tenant's other definitions.
    #[error("{0}")]
    Invalid(String),
    /// It is right in itself, but another definition has the name, or needs what would go.
    #[error("{0}")]
    Conflict(String),
    /// There is no such definition.
    #[error("{0}")]
    NotFound(String),
}

impl DefinitionError {
    pub(super) fn invalid(detail: impl Into<String>) -> Self {
        Self::Invalid(detail.into())
    }

    pub(super) fn conflict(detail: impl Into<String>) -> Self {
        Self::Conflict(detail.into())
    }
}

impl From<InputError> for DefinitionError {
    fn from(error: InputError) -> Self {
        Self::Invalid(error.to_string())
    }
}
