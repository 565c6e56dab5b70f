//! Answers of the token endpoint (RFC 6749 §5).

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, ContentType, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use scim_application::ServiceError;
use scim_application::oauth::{TokenError, TokenErrorKind};
use scim_domain::error::ScimError;
use serde_json::Value;

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const NO_CACHE: HeaderValue = HeaderValue::from_static("no-cache");

/// An answer with a secret in it, which nobody on its way is to keep (RFC 6749 §5.1).
pub(crate) fn unstored(document: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, NO_STORE))
        .insert_header((PRAGMA, NO_CACHE))
        .content_type(ContentType::json())
        .body(document.to_string())
}

/// A refused token request.
#[derive(Debug)]
pub(crate) struct OauthError {
    error: TokenError,
    status: u16,
}

impl From<TokenError> for OauthError {
    fn from(error: TokenError) -> Self {
        Self { status: error.kind.status(), error }
    }
}

/// What fails before it is known what the client asks for: that is the client's fault, with the status that says why, or ours.
impl From<ServiceError> for OauthError {
    fn from(failure: ServiceError) -> Self {
        let status = failure.error.kind.status();
        if status >= 500 {
            return TokenError::from(failure).into();
        }
        Self { error: TokenError::new(TokenErrorKind::InvalidRequest, failure.error.detail), status }
    }
}

impl From<ScimError> for OauthError {
    fn from(error: ScimError) -> Self {
        ServiceError::from(error).into()
    }
}

impl fmt::Display for OauthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.error.description)
    }
}

impl ResponseError for OauthError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.status).unwrap_or(StatusCode::BAD_REQUEST)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponseBuilder::new(self.status_code());
        response.insert_header((CACHE_CONTROL, NO_STORE));
        response.insert_header((PRAGMA, NO_CACHE));
        match self.error.kind {
            TokenErrorKind::InvalidClient => {
                response.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"SCIM\"")));
            }
            TokenErrorKind::TemporarilyUnavailable => {
                response.insert_header((RETRY_AFTER, HeaderValue::from_static("1")));
            }
            _ => {}
        }
        response.content_type(ContentType::json()).body(self.error.to_json().to_string())
    }
}

#[cfg(test)]
mod tests {
    use scim_domain::error::ErrorKind;

    use super::*;

    #[track_caller]
    fn check(kind: ErrorKind, status: u16, error: &str) {
        let refused = OauthError::from(ScimError::new(kind, "x"));
        assert_eq!(refused.error.to_json()["error"], error);
        let response = refused.error_response();
        assert_eq!(response.status().as_u16(), status);
        assert_eq!(response.headers().contains_key(RETRY_AFTER), status == 503);
    }

    #[test]
    fn what_fails_before_the_request_is_read_is_told_in_the_form_of_oauth() {
        check(ErrorKind::Unavailable, 503, "temporarily_unavailable");
        check(ErrorKind::Internal, 503, "temporarily_unavailable");
        check(ErrorKind::RequestTimeout, 408, "invalid_request");
        check(ErrorKind::PayloadTooLarge, 413, "invalid_request");
        check(ErrorKind::BadRequest, 400, "invalid_request");
    }
}
