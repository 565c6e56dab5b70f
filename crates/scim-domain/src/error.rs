//! The table of SCIM errors (RFC 7644 §3.12, RFC 9865 §2.1): one row a kind, with its HTTP status
//! and its `scimType`.

use std::fmt;

use serde_json::{Map, Value, json};

/// The URN of the error message (RFC 7644 §3.12).
pub const ERROR_URN: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

macro_rules! scim_errors {
    ($($(#[$doc:meta])* $name:ident = $status:literal $(, $scim_type:literal)?;)*) => {
        /// What kind of error it is. Each kind has one HTTP status and at most one `scimType`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorKind { $($(#[$doc])* $name,)* }

        impl ErrorKind {
            /// Every kind, in the order of the table.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The HTTP status code.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The `scimType` keyword, where the RFC defines one for this kind.
            pub fn scim_type(self) -> Option<&'static str> {
                match self { $(Self::$name => scim_errors!(@type $($scim_type)?),)* }
            }
        }
    };
    (@type) => { None };
    (@type $scim_type:literal) => { Some($scim_type) };
}

scim_errors! {
    /// The filter is malformed, or compares what its attribute's type does not allow (RFC 7644 §3.12).
    InvalidFilter = 400, "invalidFilter";
    /// The answer would be larger than the service provider is willing to make (RFC 7644 §3.12).
    TooMany = 400, "tooMany";
    /// A unique value is already in use (RFC 7644 §3.12).
    Uniqueness = 409, "uniqueness";
    /// The change is not compatible with the attribute's mutability (RFC 7644 §3.12).
    Mutability = 400, "mutability";
    /// The body is not well-formed, or not of the request's message schema (RFC 7644 §3.12).
    InvalidSyntax = 400, "invalidSyntax";
    /// The `path` of a PATCH operation is malformed or names no attribute (RFC 7644 §3.12).
    InvalidPath = 400, "invalidPath";
    /// The `path` of a PATCH operation yields nothing to operate on (RFC 7644 §3.12).
    NoTarget = 400, "noTarget";
    /// A required value is missing, or a value is not of the attribute's type (RFC 7644 §3.12).
    InvalidValue = 400, "invalidValue";
    /// The request asks for a SCIM version that is not supported (RFC 7644 §3.12).
    InvalidVers = 400, "invalidVers";
    /// The request would put sensitive information in a URI (RFC 7644 §7.5.2).
    Sensitive = 403, "sensitive";
    /// The cursor was not made here, or for another query (RFC 9865 §2.1).
    InvalidCursor = 400, "invalidCursor";
    /// The cursor is too old (RFC 9865 §2.1).
    ExpiredCursor = 400, "expiredCursor";
    /// The `count` is not a number that this server takes (RFC 9865 §2.1).
    InvalidCount = 400, "invalidCount";
    /// A request that is wrong in a way that has no `scimType`.
    BadRequest = 400;
    /// No credential, or not one that opens this tenant (RFC 7644 §2).
    Unauthorized = 401;
    /// The credential does not allow this operation.
    Forbidden = 403;
    /// No such resource or endpoint.
    NotFound = 404;
    /// The endpoint does not take this method.
    MethodNotAllowed = 405;
    /// No representation that the client accepts.
    NotAcceptable = 406;
    /// The request took longer to arrive than the server waits.
    RequestTimeout = 408;
    /// The request conflicts with the state of the service provider (RFC 7644 §3.12).
    Conflict = 409;
    /// The resource is not at the version that `If-Match` names (RFC 7644 §3.14).
    PreconditionFailed = 412;
    /// The body, or the number of bulk operations, is over the limit (RFC 7644 §3.7.4).
    PayloadTooLarge = 413;
    /// The body is not `application/scim+json` or `application/json` (RFC 7644 §3.1).
    UnsupportedMediaType = 415;
    /// `strictMode` asks for `If-Match` (RFC 6585 §3).
    PreconditionRequired = 428;
    /// Over the rate limit (RFC 6585 §4).
    TooManyRequests = 429;
    /// Something failed here; the cause is logged, not told.
    Internal = 500;
    /// Not supported by this service provider (RFC 7644 §3.12).
    NotImplemented = 501;
    /// The store is out of reach, or the server is over capacity.
    Unavailable = 503;
}

/// An error as a SCIM client sees it: its kind and a detail that names the attribute or setting,
/// and what was expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScimError {
    /// The kind, which fixes status and `scimType`.
    pub kind: ErrorKind,
    /// A sentence for a person. Never holds a secret, SQL, or another tenant's data.
    pub detail: String,
}

impl ScimError {
    /// An error of `kind` with this `detail`.
    pub fn new(kind: ErrorKind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// The same error with `context` and a colon before its detail (for instance `Operations[3]`).
    #[must_use]
    pub fn within(mut self, context: impl fmt::Display) -> Self {
        self.detail = format!("{context}: {}", self.detail);
        self
    }

    /// The error body of RFC 7644 §3.12; `status` is a string there.
    pub fn to_json(&self) -> Value {
        let mut body = Map::new();
        body.insert("schemas".into(), json!([ERROR_URN]));
        if let Some(scim_type) = self.kind.scim_type() {
            body.insert("scimType".into(), json!(scim_type));
        }
        body.insert("detail".into(), json!(self.detail));
        body.insert("status".into(), json!(self.kind.status().to_string()));
        Value::Object(body)
    }
}

impl fmt::Display for ScimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for ScimError {}

macro_rules! constructors {
    ($($(#[$doc:meta])* $function:ident => $kind:ident;)*) => {
        impl ScimError {
            $($(#[$doc])* pub fn $function(detail: impl Into<String>) -> Self {
                Self::new(ErrorKind::$kind, detail)
            })*
        }
    };
}

constructors! {
    /// [`ErrorKind::InvalidFilter`]
    invalid_filter => InvalidFilter;
    /// [`ErrorKind::Uniqueness`]
    uniqueness => Uniqueness;
    /// [`ErrorKind::Mutability`]
    mutability => Mutability;
    /// [`ErrorKind::InvalidSyntax`]
    invalid_syntax => InvalidSyntax;
    /// [`ErrorKind::InvalidPath`]
    invalid_path => InvalidPath;
    /// [`ErrorKind::NoTarget`]
    no_target => NoTarget;
    /// [`ErrorKind::InvalidValue`]
    invalid_value => InvalidValue;
    /// [`ErrorKind::NotFound`]
    not_found => NotFound;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_body_has_a_status_that_is_a_string_and_the_scim_type_of_its_kind() {
        let error = ScimError::uniqueness("userName 'bjensen' is in use").within("Operations[2]");
        assert_eq!(
            error.to_json(),
            json!({
                "schemas": [ERROR_URN],
                "scimType": "uniqueness",
                "detail": "Operations[2]: userName 'bjensen' is in use",
                "status": "409",
            })
        );
        assert_eq!(ScimError::not_found("x").to_json().get("scimType"), None);
    }
}
