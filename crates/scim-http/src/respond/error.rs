//! Errors as a SCIM client sees them (RFC 7644 §3.12).

use std::error::Error;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{ALLOW, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use scim_application::ServiceError;
use scim_domain::error::{ErrorKind, ScimError};

use super::SCIM_JSON;

/// A failed request.
#[derive(Debug)]
pub(crate) struct HttpError {
    failure: ServiceError,
    allow: Option<String>,
}

impl HttpError {
    /// Something failed here, and the log has it already.
    pub(crate) fn internal() -> Self {
        ScimError::new(ErrorKind::Internal, "the request could not be processed").into()
    }

    /// The request took too long.
    pub(crate) fn overdue() -> Self {
        ServiceError::unavailable("the request was not done in time", None).into()
    }

    /// With the methods that are allowed instead.
    pub(crate) fn allowing(mut self, methods: String) -> Self {
        self.allow = Some(methods);
        self
    }

    /// What failed, to be told in another form.
    pub(crate) fn into_failure(self) -> ServiceError {
        self.failure
    }

    /// What only the log is told.
    pub(crate) fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.failure.cause.as_deref()
    }
}

impl From<ServiceError> for HttpError {
    fn from(failure: ServiceError) -> Self {
        Self { failure, allow: None }
    }
}

impl From<ScimError> for HttpError {
    fn from(error: ScimError) -> Self {
        Self::from(ServiceError::from(error))
    }
}

impl fmt::Display for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.error.fmt(f)
    }
}

impl ResponseError for HttpError {
    fn status_code(&self) -> StatusCode {
        StatusCode::from_u16(self.failure.error.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = HttpResponseBuilder::new(self.status_code());
        response.insert_header((CONTENT_TYPE, SCIM_JSON));
        if self.failure.error.kind == ErrorKind::Unauthorized {
            response.insert_header((WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"SCIM\"")));
        }
        if let Some(seconds) = self.failure.retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if let Some(methods) = &self.allow {
            response.insert_header((ALLOW, methods.as_str()));
        }
        response.body(self.failure.error.to_json().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_an_http_status_of_its_own() {
        for kind in ErrorKind::ALL {
            let error = HttpError::from(ScimError::new(*kind, "x"));
            assert_eq!(error.status_code().as_u16(), kind.status());
            let response = error.error_response();
            assert_eq!(response.headers().get(CONTENT_TYPE), Some(&SCIM_JSON));
            assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), kind.status() == 401);
        }
    }

    #[test]
    fn the_client_learns_when_to_come_back_and_what_is_allowed() {
        let response = HttpError::overdue().allowing("GET".to_owned()).error_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers().get(RETRY_AFTER), Some(&HeaderValue::from_static("1")));
        assert_eq!(response.headers().get(ALLOW), Some(&HeaderValue::from_static("GET")));
    }
}
