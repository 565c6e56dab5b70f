//! SCIM over HTTP with actix-web: bytes in, one use case of `scim-application`, bytes out.
//!
//! Nothing about resources is decided here, and nothing here knows an adapter. [`app`] is the whole of it:
//!
//! | module | what lives there |
//! |---|---|
//! | `routes` | the one routing table |
//! | `extract` | what a request says: mount, base URL, token, body, parameters, preconditions |
//! | `handlers` | one function a method and endpoint: extract, call, respond |
//! | `admin` | the same for the admin API |
//! | `respond` | answers and their headers; errors as RFC 7644 §3.12 and RFC 9457 show them |
//! | `observe` | what a host is shown of every request |
//! | `openapi` | the OpenAPI document of all of it |
//! | `docs` | the pages that show the document |
//! | `middleware` | what every request goes through: its id, its log line, its time limit, its panics |
//! | `proxies`, `cors` | whom the settings trust: proxies, and the pages of other origins |

mod admin;
mod cors;
mod docs;
mod extract;
mod handlers;
mod middleware;
mod observe;
mod openapi;
mod proxies;
mod respond;
mod routes;
mod state;

use std::sync::Arc;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::{App, Error, web};

pub use cors::AllowedOrigins;
pub use docs::openapi_text;
pub use observe::{Answered, Received, RequestObserver, RoutePattern, Unobserved};
pub use openapi::openapi;
pub use proxies::TrustedProxies;
pub use state::{AppState, HttpSettings};

/// The application that serves `state`. Each worker of the HTTP server makes its own.
pub fn app(
    state: &Arc<AppState>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let observed = Arc::clone(state);
    App::new()
        .app_data(web::Data::from(Arc::clone(state)))
        .configure(routes::configure)
        .wrap(from_fn(move |request, next| middleware::request(Arc::clone(&observed), request, next)))
}
