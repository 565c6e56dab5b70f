//! Answers of requests that fail: SCIM errors (RFC 7644 §3.12) from the table of `scim-domain`, problem
//! documents (RFC 9457), and those of the token endpoint (RFC 6749 §5.2).

use actix_web::http::StatusCode;
use scim_application::oauth::{TokenError, TokenErrorKind};
use scim_domain::error::{ErrorKind, ScimError};
use serde_json::{Map, Value, json};

use crate::respond::problem_document;

use super::{component, schema};

/// In which form a failure is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// RFC 7644 §3.12
    Scim,
    /// RFC 9457
    Problem,
    /// RFC 6749 §5.2
    Oauth,
}

impl Form {
    /// What the answer of this status is called.
    pub(super) fn name(self, status: u16) -> String {
        let form = match self {
            Self::Scim => "ScimError",
            Self::Problem => "Problem",
            Self::Oauth => "OAuthError",
        };
        format!("{form}{status}")
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Scim => "application/scim+json",
            Self::Problem => "application/problem+json",
            Self::Oauth => "application/json",
        }
    }

    fn schema(self) -> &'static str {
        match self {
            Self::Scim => "Error",
            Self::Problem => "Problem",
            Self::Oauth => "OAuthError",
        }
    }
}

/// The statuses of SCIM errors that operations name; 405 is that of methods which they are not.
const SCIM: [u16; 15] = [400, 401, 403, 404, 406, 408, 409, 412, 413, 415, 428, 429, 500, 501, 503];
/// Those of the admin API.
const PROBLEMS: [u16; 11] = [400, 401, 404, 408, 409, 412, 413, 415, 429, 500, 503];
/// Those of the token endpoint.
const OAUTH: [u16; 5] = [400, 401, 408, 413, 503];

/// The answers, by form and status.
pub(super) fn responses() -> Value {
    let mut responses = Map::new();
    let mut add = |form: Form, status: u16, meaning: &str, examples: Map<String, Value>| {
        responses.insert(form.name(status), response(form, status, meaning, examples));
    };
    for status in SCIM {
        add(Form::Scim, status, meaning(status), scim_examples(status));
    }
    for status in PROBLEMS {
        add(Form::Problem, status, meaning(status), problem_documents(status));
    }
    for status in OAUTH {
        add(Form::Oauth, status, meaning(status), oauth_examples(status));
    }
    Value::Object(responses)
}

fn response(form: Form, status: u16, meaning: &str, examples: Map<String, Value>) -> Value {
    let mut headers = vec!["X-Request-Id"];
    match status {
        401 => headers.push("WWW-Authenticate"),
        429 | 503 => headers.push("Retry-After"),
        _ => {}
    }
    if form == Form::Oauth {
        headers.push("Cache-Control");
    }
    let headers: Map<String, Value> =
        headers.into_iter().map(|name| (name.to_owned(), component("headers", name))).collect();
    let body = json!({"schema": schema(form.schema()), "examples": examples});
    let mut content = Map::new();
    content.insert(form.media_type().to_owned(), body);
    json!({"description": meaning, "headers": headers, "content": content})
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => {
            "The request is wrong; `detail` names the parameter, attribute or operation, and what was expected."
        }
        401 => "No credential, or none that opens this.",
        403 => {
            "The credential does not allow it, the tenant is not active, or the endpoint takes no `filter`."
        }
        404 => "There is no such thing.",
        406 => "The client accepts nothing that is served here.",
        408 => "The body did not come in time.",
        409 => "It does not go with what is stored.",
        412 => "It is not at the version that `If-Match` names.",
        413 => "The body, or the number of operations in it, is over the limit.",
        415 => "The body is of another media type, or compressed.",
        428 => "The tenant's `strictMode` asks for `If-Match`.",
        429 => "Too many requests.",
        501 => "Not supported, or not for this credential.",
        503 => "The store is out of reach, or the server is over capacity.",
        _ => "Something failed here. The cause is in the log, under the id of the request.",
    }
}

/// One example of each kind of error that has this status.
fn scim_examples(status: u16) -> Map<String, Value> {
    let kinds = ErrorKind::ALL.iter().filter(|kind| kind.status() == status);
    let example = |kind: &ErrorKind| {
        let name = kind.scim_type().unwrap_or("other").to_owned();
        (name, json!({"value": ScimError::new(*kind, detail(*kind)).to_json()}))
    };
    kinds.map(example).collect()
}

/// What an error of this kind may say.
fn detail(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::InvalidFilter => "filter: expected an operator at position 9, got 'is'",
        ErrorKind::TooMany => "the answer would have more resources than are answered at once",
        ErrorKind::Uniqueness => "userName: the value is in use by another resource, and has to be unique",
        ErrorKind::Mutability => "Operations[0]: path: 'groups' is readOnly",
        ErrorKind::InvalidSyntax => "Operations: required in a PATCH message",
        ErrorKind::InvalidPath => "Operations[0]: path: there is no attribute 'nickname2'",
        ErrorKind::NoTarget => "Operations[0]: path: no value matches the filter",
        ErrorKind::InvalidValue => "emails[0].value: expected a string, got a number",
        ErrorKind::InvalidVers => "the SCIM version is not supported",
        ErrorKind::Sensitive => "the request would put a secret into a URL",
        ErrorKind::InvalidCursor => "cursor: was not made here, or for another query",
        ErrorKind::ExpiredCursor => "cursor: is older than an hour",
        ErrorKind::InvalidCount => "count: expected an integer",
        ErrorKind::BadRequest => "filter: expected UTF-8 in the query",
        ErrorKind::Unauthorized => "expected a bearer token that opens this tenant",
        ErrorKind::Forbidden => "the credential does not allow this: it would take the scope write:User",
        ErrorKind::NotFound => "there is no such resource",
        ErrorKind::MethodNotAllowed => "PUT is not allowed here, but GET, HEAD, POST",
        ErrorKind::NotAcceptable => "Accept: every answer is application/scim+json",
        ErrorKind::RequestTimeout => "the body did not come in time",
        ErrorKind::Conflict => "the request conflicts with what is stored",
        ErrorKind::PreconditionFailed => "the resource is at version W/\"v4\", which If-Match does not name",
        ErrorKind::PayloadTooLarge => "the body has more than 1048576 bytes",
        ErrorKind::UnsupportedMediaType => {
            "Content-Type: expected application/scim+json or application/json, in UTF-8, got text/xml"
        }
        ErrorKind::PreconditionRequired => "If-Match: required, as this tenant is strict",
        ErrorKind::TooManyRequests => "too many requests",
        ErrorKind::Internal => "the request could not be processed",
        ErrorKind::NotImplemented => "/Me: the credential speaks for nobody",
        ErrorKind::Unavailable => "the store is not available",
    }
}

fn problem_documents(status: u16) -> Map<String, Value> {
    let status_code = StatusCode::from_u16(status).unwrap_or_default();
    let detail = match status {
        400 => "slug: required",
        404 => "there is no tenant 'acme'",
        409 => "slug: 'acme' is the slug of another tenant",
        412 => "the tenant is at version W/\"v4\", which If-Match does not name",
        415 => "Content-Type: expected application/json, in UTF-8, got text/xml",
        _ => {
            let kind = ErrorKind::ALL.iter().find(|kind| kind.status() == status);
            kind.map_or("", |kind| self::detail(*kind))
        }
    };
    let mut examples = Map::new();
    examples.insert("problem".into(), json!({"value": problem_document(status_code, detail, None)}));
    if status == 409 {
        let report = json!({
            "affected": 2,
            "violations": [{
                "resourceType": "User",
                "attribute": "urn:example:Badge:code",
                "reason": "uniqueness",
                "count": 2,
                "examples": ["0199d1a0-7c1e-7d3a-9a57-3f6a2b1c0d4e"],
            }],
        });
        let detail = "2 stored resources do not go with this definition";
        let problem = problem_document(status_code, detail, Some(&report));
        examples.insert("storedData".into(), json!({"value": problem}));
    }
    examples
}

fn oauth_examples(status: u16) -> Map<String, Value> {
    let kinds = [
        (TokenErrorKind::InvalidRequest, "grant_type: is required"),
        (TokenErrorKind::InvalidClient, "the client id and secret are not those of a client"),
        (TokenErrorKind::UnsupportedGrantType, "grant_type: expected client_credentials, got 'password'"),
        (TokenErrorKind::InvalidScope, "scope: expected at most 'read', which the client has"),
        (TokenErrorKind::TemporarilyUnavailable, "the store is not available"),
    ];
    let unread = [
        (408, TokenErrorKind::InvalidRequest, detail(ErrorKind::RequestTimeout)),
        (413, TokenErrorKind::InvalidRequest, "the body has more than 16384 bytes"),
    ];
    let kinds = kinds.into_iter().map(|(kind, detail)| (kind.status(), kind, detail)).chain(unread);
    let kinds = kinds.filter(|(of, ..)| *of == status);
    let example = |(_, kind, detail): (u16, TokenErrorKind, &str)| {
        (kind.as_str().to_owned(), json!({"value": TokenError::new(kind, detail).to_json()}))
    };
    kinds.map(example).collect()
}
