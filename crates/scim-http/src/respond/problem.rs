//! Errors as the operator sees them: problem documents (RFC 9457).

use std::error::Error;
use std::fmt;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue};
use actix_web::{HttpResponse, ResponseError};
use scim_application::{AdminError, ServiceError};
use scim_domain::error::ScimError;
use serde_json::{Value, json};

use super::HttpError;

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// The type of a problem that says no more than its status does (RFC 9457 §4.2.1).
const ABOUT_BLANK: &str = "about:blank";
/// The type of the problem that stored data stands in the way of a definition, with a report on how.
const STORED_DATA: &str = "urn:scim-server:problem:stored-data";

/// A failed request of the operator.
#[derive(Debug)]
pub(crate) struct Problem {
    error: HttpError,
    report: Option<Value>,
}

impl Problem {
    /// What only the log is told.
    pub(crate) fn cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.error.cause()
    }

    fn to_json(&self) -> Value {
        document(self.status_code(), &self.to_string(), self.report.as_ref())
    }
}

/// A problem document, with the report where there is one.
pub(crate) fn document(status: StatusCode, detail: &str, report: Option<&Value>) -> Value {
    let mut document = json!({
        "type": ABOUT_BLANK,
        "title": status.canonical_reason(),
        "status": status.as_u16(),
        "detail": detail,
    });
    if let Some(report) = report.and_then(Value::as_object)
        && let Some(members) = document.as_object_mut()
    {
        members.insert("type".into(), json!(STORED_DATA));
        members.insert("title".into(), json!("Stored resources do not go with the definition"));
        members.extend(report.clone());
    }
    document
}

impl From<HttpError> for Problem {
    fn from(error: HttpError) -> Self {
        Self { error, report: None }
    }
}

impl From<AdminError> for Problem {
    fn from(AdminError { failure, report }: AdminError) -> Self {
        Self { error: failure.into(), report }
    }
}

impl From<ScimError> for Problem {
    fn from(error: ScimError) -> Self {
        Self::from(AdminError::from(ServiceError::from(error)))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.error.status_code()
    }

    /// With the headers that the error has as a SCIM error.
    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = self.error.error_response();
        response.headers_mut().insert(CONTENT_TYPE, PROBLEM_JSON);
        response.set_body(BoxBody::new(self.to_json().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::to_bytes;
    use actix_web::http::header::{ALLOW, WWW_AUTHENTICATE};
    use scim_domain::error::ErrorKind;

    use super::*;

    async fn answered(problem: Problem) -> (HttpResponse<BoxBody>, Value) {
        let response = problem.error_response();
        let (head, body) = response.into_parts();
        let bytes = to_bytes(body).await.expect("a body");
        (head.set_body(BoxBody::new(())), serde_json::from_slice(&bytes).expect("JSON"))
    }

    #[tokio::test]
    async fn every_kind_of_error_is_a_problem_document() {
        for kind in ErrorKind::ALL {
            let (response, document) = answered(ScimError::new(*kind, "slug: required").into()).await;
            assert_eq!(response.headers().get(CONTENT_TYPE), Some(&PROBLEM_JSON));
            assert_eq!(response.headers().contains_key(WWW_AUTHENTICATE), kind.status() == 401);
            assert_eq!(document["status"], kind.status());
            assert_eq!(document["type"], ABOUT_BLANK);
            assert!(document["title"].is_string(), "{document}");
            assert_eq!(document["detail"], "slug: required");
        }
    }

    #[tokio::test]
    async fn the_operator_learns_what_is_allowed_instead() {
        let refused = HttpError::from(ScimError::new(ErrorKind::MethodNotAllowed, "x"));
        let (response, _) = answered(refused.allowing("GET".to_owned()).into()).await;
        assert_eq!(response.headers().get(ALLOW), Some(&HeaderValue::from_static("GET")));
    }

    #[tokio::test]
    async fn a_report_has_a_type_of_their_own() {
        let failure = ScimError::new(ErrorKind::Conflict, "x").into();
        let error = AdminError { failure, report: Some(json!({"affected": 7, "violations": []})) };
        let (_, document) = answered(Problem::from(error)).await;
        assert_eq!((document["type"].as_str(), document["status"].as_u64()), (Some(STORED_DATA), Some(409)));
        assert_eq!(document["affected"], 7);
    }
}
