//! The admin API: one function for each method of each endpoint. JSON in, JSON or a problem document
//! (RFC 9457) out.

pub(crate) mod activity;
pub(crate) mod credentials;
pub(crate) mod statistics;
pub(crate) mod tenants;
pub(crate) mod version;

use actix_web::HttpResponse;
use scim_domain::error::ScimError;

use crate::extract::Operator;
use crate::handlers::fallback::method_not_allowed;
use crate::respond::Problem;

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
