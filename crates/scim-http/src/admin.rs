//! The admin API: one function for each method of each endpoint. JSON in, JSON or a problem document
//! (RFC 9457) out.

pub(crate) mod activity;
pub(crate) mod credentials;
pub(crate) mod resource_types;
pub(crate) mod schemas;
pub(crate) mod statistics;
pub(crate) mod tenants;
pub(crate) mod version;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use scim_application::{AdminError, DefinitionAnswer};
use scim_domain::error::ScimError;
use serde_json::Value;
use tracing::Instrument;

use crate::extract::Operator;
use crate::handlers::fallback::method_not_allowed;
use crate::respond::{self, HttpError, Problem};

/// What a handler gives.
type Answer = Result<HttpResponse, Problem>;

/// A path that no endpoint has.
pub(crate) async fn no_admin_endpoint(_request: Operator) -> Answer {
    Err(ScimError::not_found("there is no endpoint at this path").into())
}

/// A method that an endpoint does not take.
pub(crate) async fn no_admin_method(request: Operator) -> Answer {
    Err(method_not_allowed(request.request()).into())
}

/// A definition that was put in: 201 where there was none of its name.
fn put(answer: &DefinitionAnswer) -> HttpResponse {
    let mut response = respond::json(&answer.body);
    if answer.is_new {
        *response.status_mut() = StatusCode::CREATED;
    }
    response
}

/// A definition that was taken out, or the report on what that would mean.
fn deleted(report: Option<Value>) -> HttpResponse {
    match report {
        Some(report) => respond::json(&report),
        None => HttpResponse::new(StatusCode::NO_CONTENT),
    }
}

/// Does what a client that goes away, or a request that is overdue, may not leave half done.
async fn to_the_end<F, T>(work: F) -> Result<T, Problem>
where
    F: Future<Output = Result<T, AdminError>> + Send + 'static,
    T: Send + 'static,
{
    match tokio::spawn(work.in_current_span()).await {
        Ok(done) => Ok(done?),
        Err(_panicked) => Err(HttpError::internal().into()),
    }
}
