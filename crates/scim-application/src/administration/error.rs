//! What administration fails with.

use serde_json::Value;

use crate::ServiceError;

/// A failed request of the operator.
#[derive(Debug)]
pub struct AdminError {
    /// What went wrong; the kind of its error fixes the HTTP status.
    pub failure: ServiceError,
    /// How what is stored stands in the way of a definition, where it does.
    pub report: Option<Value>,
}

impl<E: Into<ServiceError>> From<E> for AdminError {
    fn from(error: E) -> Self {
        Self { failure: error.into(), report: None }
    }
}
