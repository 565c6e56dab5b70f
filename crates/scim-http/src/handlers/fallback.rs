//! What no route takes: 404, and 405 with `Allow` (RFC 9110 §15.5.6).

use actix_web::HttpRequest;
use scim_domain::error::{ErrorKind, ScimError};

use super::Answer;
use crate::extract::Authorized;
use crate::respond::HttpError;
use crate::routes::Route;

/// A path outside every mount.
pub(crate) async fn no_page() -> Answer {
    Err(ScimError::not_found("there is nothing at this path").into())
}

/// A path under a mount that no endpoint has.
pub(crate) async fn no_endpoint(_request: Authorized) -> Answer {
    Err(ScimError::not_found("there is no endpoint at this path").into())
}

/// A method that an endpoint under a mount does not take. An endpoint that the tenant does not have takes none.
pub(crate) async fn no_method(request: Authorized) -> Answer {
    if request.request().match_info().get("endpoint").is_some() {
        request.resource_type()?;
    }
    Err(method_not_allowed(request.request()))
}

/// A method that an endpoint outside every mount does not take.
pub(crate) async fn no_public_method(request: HttpRequest) -> Answer {
    Err(method_not_allowed(&request))
}

/// The error that names the methods which the endpoint takes.
pub(crate) fn method_not_allowed(request: &HttpRequest) -> HttpError {
    let allow = request.app_data::<Route>().map(|route| route.allow.clone()).unwrap_or_default();
    let detail = format!("{} is not allowed here, but {allow}", request.method());
    HttpError::from(ScimError::new(ErrorKind::MethodNotAllowed, detail)).allowing(allow)
}
