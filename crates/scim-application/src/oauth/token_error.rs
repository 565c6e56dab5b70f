//! How the token endpoint fails (RFC 6749 §5.2).

use serde_json::{Value, json};

use crate::ServiceError;

/// A refused token request.
#[derive(Debug)]
pub struct TokenError {
    /// What kind of error it is.
    pub kind: TokenErrorKind,
    /// A sentence for a person.
    pub description: String,
}

/// The kinds of errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenErrorKind {
    /// A parameter is missing, repeated or malformed.
    InvalidRequest,
    /// The client is not known, or did not show that it is who it says.
    InvalidClient,
    /// The client may not use this grant.
    UnauthorizedClient,
    /// There is only `client_credentials`.
    UnsupportedGrantType,
    /// The scope is malformed, unknown, or more than the client has.
    InvalidScope,
    /// Not now: RFC 6749 has no word for it here, and borrows that of §4.1.2.1.
    TemporarilyUnavailable,
}

impl TokenErrorKind {
    /// The value of `error`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRequest => "invalid_request",
            Self::InvalidClient => "invalid_client",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::InvalidScope => "invalid_scope",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Self::InvalidClient => 401,
            Self::TemporarilyUnavailable => 503,
            _ => 400,
        }
    }
}

impl TokenError {
    /// An error of `kind` with this description.
    pub fn new(kind: TokenErrorKind, description: impl Into<String>) -> Self {
        Self { kind, description: description.into() }
    }

    /// The body of the answer.
    pub fn to_json(&self) -> Value {
        json!({"error": self.kind.as_str(), "error_description": self.description})
    }
}

/// What fails besides is the service's fault; why is told to the log alone.
impl From<ServiceError> for TokenError {
    fn from(failed: ServiceError) -> Self {
        if let Some(cause) = &failed.cause {
            tracing::error!(%cause, "a token request failed");
        }
        Self::new(TokenErrorKind::TemporarilyUnavailable, failed.error.detail)
    }
}
