//! What every request goes through: it gets an id, a span and a log line, has a limit of time, and
//! is answered even when its handler panics. The answer gets the headers that every answer has.

pub(crate) mod request_id;
pub(crate) mod request_tenant;
mod security_headers;

use std::error::Error as StdError;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::ConnectionType;
use actix_web::http::header::HeaderValue;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};
use futures_util::FutureExt;
use tokio::time::{Instant, timeout_at};
use tracing::{Instrument, Level};

use crate::extract::{Deadline, Forwarded};
use crate::respond::{HttpError, Problem};
use crate::routes::{MountPoint, Route, is_admin};
use crate::{AppState, TrustedProxies};

use request_id::RequestId;
use request_tenant::RequestTenant;

/// Serves one request.
pub(crate) async fn request(
    state: Arc<AppState>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = RequestId::of(request.headers(), &*state.ids);
    let span = tracing::error_span!("request", method = request.method().as_str(), request_id = %id);
    let started = Instant::now();
    let tenant = RequestTenant::default();
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(tenant.clone());
    note_forwarded(&state.settings.trusted_proxies, &request);
    let dress = Dress {
        allowed_origin: state.settings.allowed_origins.allowed(request.headers()),
        is_secure: request.app_config().secure(),
        id,
        tenant: tenant.clone(),
    };
    async move {
        let outcome = serve(&state, started, request, &next).await;
        let outcome = complete(&state, outcome, dress);
        log(&outcome, started.elapsed(), &tenant);
        outcome.map_err(|failed| InternalError::from_response("", failed.response).into())
    }
    .instrument(span)
    .await
}

/// Notes what trusted proxies say of the request.
fn note_forwarded(proxies: &TrustedProxies, request: &ServiceRequest) {
    if proxies.is_empty() {
        return;
    }
    let peer = request.peer_addr().map(|peer| peer.ip());
    if let Some(forwarded) = Forwarded::read(proxies, peer, request.headers()) {
        request.extensions_mut().insert(forwarded);
    }
}

/// Runs the handler, within the time that a request may take.
async fn serve(
    state: &AppState,
    started: Instant,
    request: ServiceRequest,
    next: &Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if let Some(response) = state.settings.allowed_origins.preflight(&request) {
        return Ok(request.into_response(response));
    }
    let deadline = started.checked_add(state.settings.request_timeout).unwrap_or(started);
    // A body that is late is told apart from work that is: who reads it has to know the same deadline.
    if !request.method().is_safe() {
        request.extensions_mut().insert(Deadline(deadline));
    }
    let is_admin = is_admin(request.path());
    // A handler holds nothing that another request could find half done: what it shares is in the
    // application, behind calls that keep their own order.
    let handled = AssertUnwindSafe(next.call(request)).catch_unwind();
    match timeout_at(deadline, handled).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(_panic)) => Err(failed(HttpError::internal(), is_admin)),
        Err(_elapsed) => Err(failed(HttpError::overdue(), is_admin)),
    }
}

/// The error in the form that the client knows.
fn failed(error: HttpError, is_admin: bool) -> Error {
    if is_admin { Problem::from(error).into() } else { error.into() }
}

/// The answer to a request whose handler came to no end.
struct Failed {
    response: HttpResponse,
    error: Error,
}

/// The answer with what every answer has. Where the handler came to no end there is no request
/// left to belong to it.
fn complete(
    state: &AppState,
    outcome: Result<ServiceResponse<BoxBody>, Error>,
    dress: Dress,
) -> Result<ServiceResponse<BoxBody>, Box<Failed>> {
    match outcome {
        Ok(mut response) => {
            dress.put_on(state, response.response_mut());
            Ok(response)
        }
        Err(error) => {
            let mut response = error.error_response();
            dress.put_on(state, &mut response);
            Err(Box::new(Failed { response, error }))
        }
    }
}

/// What every answer to the request has.
struct Dress {
    id: RequestId,
    tenant: RequestTenant,
    allowed_origin: Option<HeaderValue>,
    is_secure: bool,
}

impl Dress {
    fn put_on(self, state: &AppState, response: &mut HttpResponse) {
        let headers = response.headers_mut();
        self.tenant.dress(headers);
        headers.insert(request_id::X_REQUEST_ID, self.id.to_header());
        state.settings.allowed_origins.dress(headers, self.allowed_origin);
        security_headers::dress(headers, self.is_secure);
        if state.is_draining() {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
    }
}

/// One line for each request, and one more for what failed on our side.
fn log(outcome: &Result<ServiceResponse<BoxBody>, Box<Failed>>, took: Duration, tenant: &RequestTenant) {
    let (status, error) = match outcome {
        Ok(response) => (response.status(), response.response().error()),
        Err(failed) => (failed.response.status(), Some(&failed.error)),
    };
    if status.is_server_error() {
        let cause = error.and_then(|error| {
            error
                .as_error::<HttpError>()
                .and_then(HttpError::cause)
                .or_else(|| error.as_error::<Problem>().and_then(Problem::cause))
        });
        if let Some(cause) = cause {
            let cause: &(dyn StdError + 'static) = cause;
            tracing::error!(status = status.as_u16(), cause, "a request failed");
        }
    }
    if tracing::enabled!(Level::INFO) {
        let request = outcome.as_ref().ok().map(ServiceResponse::request);
        let mount = request.and_then(|request| request.app_data::<MountPoint>());
        let route = request.and_then(|request| request.app_data::<Route>());
        tracing::info!(
            tenant = tenant.slug(),
            mount = mount.map(|mount| mount.pattern()),
            route = route.map(|route| route.pattern),
            status = status.as_u16(),
            duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
            "request"
        );
    }
}
