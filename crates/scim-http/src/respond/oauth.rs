//! Answers of the token endpoint (RFC 6749 §5).

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, ContentType, HeaderValue, PRAGMA, RETRY_AFTER, WWW_AUTHENTICATE,
};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use scim_application::oauth::{TokenError, TokenErrorKind};
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
pub(crate) struct OauthError(TokenError);

impl From<TokenError> for OauthError {
    fn from(error: TokenError) -> Self {
        Self(error)
    }
}

impl fmt::Display for OauthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.description)
    }
}

impl ResponseError for OauthError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.0.kind.status()).unwrap_or(StatusCode::BAD_REQUEST)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponseBuilder::new(self.status_code());
        response.insert_header((CACHE_CONTROL, NO_STORE));
        response.insert_header((PRAGMA, NO_CACHE));
        match self.0.kind {
            TokenErrorKind::InvalidClient => {
                response.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static("Basic realm=\"SCIM\"")));
            }
            TokenErrorKind::TemporarilyUnavailable => {
                response.insert_header((RETRY_AFTER, HeaderValue::from_static("1")));
            }
            _ => {}
        }
        response.content_type(ContentType::json()).body(self.0.to_json().to_string())
    }
}
