//! What administration fails with.

use serde_json::Value;

use crate::ServiceError;

/// A failed request of the operator.
#[derive(Debug)]
pub struct AdminError {
    /// What went wrong; the kind of its error fixes the HTTP status.
    pub failure: ServiceError,
    /// What stored data stands in the way of a definition, one report for each resource type.
    pub reports: Vec<Value>,
}

impl<E: Into<ServiceError>> From<E> for AdminError {
    fn from(error: E) -> Self {
        Self { failure: error.into(), reports: Vec::new() }
    }
}
