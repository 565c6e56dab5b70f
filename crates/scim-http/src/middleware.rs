//! What every request goes through: it gets an id, a span and a log line, waits for its turn, has a limit of time,
//! and is answered even when its handler panics. The answer gets the headers that every answer has.

pub(crate) mod admission;
pub(crate) mod request_id;
pub(crate) mod request_notes;
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
use scim_domain::error::ScimError;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;
use tracing::field::Empty;

use crate::extract::{Deadline, Forwarded};
use crate::observe::{Answered, Received, method_name};
use crate::respond::{HttpError, OauthError, Problem};
use crate::routes::{TOKEN, is_admin};
use crate::{AppState, OpenConnection, TrustedProxies};

use request_id::RequestId;
use request_notes::{RequestNotes, route_of};

/// Serves one request.
pub(crate) async fn request(
    state: Arc<AppState>,
    request: ServiceRequest,
    next: Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let id = RequestId::of(request.headers(), &*state.ids);
    let method = method_name(request.method());
    let is_secure = request.app_config().secure();
    let received = Received { method, headers: request.headers(), request_id: &id, is_secure };
    let observed = state.observer().received(&received);
    // The level is that of the tenant, where it says so: it is recorded when the tenant is known.
    let span = tracing::error_span!(
        parent: &observed,
        "request",
        method = request.method().as_str(),
        request_id = %id,
        tenant_log_level = Empty
    );
    let started = Instant::now();
    let notes = RequestNotes::default();
    request.extensions_mut().insert(id.clone());
    request.extensions_mut().insert(notes.clone());
    note_forwarded(&state.settings.trusted_proxies, &request);
    let dress = Dress {
        allowed_origin: state.settings.allowed_origins.allowed(request.headers()),
        is_secure,
        id,
        notes: notes.clone(),
    };
    let around = observed.clone();
    async move {
        let outcome = serve(&state, started, request, &next).await;
        let outcome = complete(&state, outcome, dress);
        let answered = answered(method, &outcome, started.elapsed(), &notes);
        state.observer().answered(&observed, &answered);
        log(&outcome, &answered, &notes);
        outcome.map_err(|failed| InternalError::from_response("", failed.response).into())
    }
    .instrument(span)
    .instrument(around)
    .await
}

/// What became of the request.
fn answered(
    method: &'static str,
    outcome: &Result<ServiceResponse<BoxBody>, Box<Failed>>,
    took: Duration,
    notes: &RequestNotes,
) -> Answered {
    let (status, route) = match outcome {
        Ok(response) => (response.status(), route_of(response.request())),
        Err(failed) => (failed.response.status(), notes.route()),
    };
    Answered { method, route, status: status.as_u16(), took }
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
    mut request: ServiceRequest,
    next: &Next<BoxBody>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let form = ErrorForm::of(request.path());
    let refused = |error: ScimError| form.error(error.into());
    let begun = request.conn_data::<OpenConnection>().map(OpenConnection::begin).transpose();
    let busy = begun.map_err(|none| refused(none.into()))?;
    if let Some(response) = state.settings.allowed_origins.preflight(&request) {
        return Ok(request.into_response(response));
    }
    let deadline = started.checked_add(state.settings.request_timeout).unwrap_or(started);
    // A body that is late is told apart from work that is: who reads it has to know the same deadline.
    // A GET may announce one too, and leave the server waiting.
    let body = state.settings.limits.body_read_timeout;
    request.extensions_mut().insert(Deadline { answer: deadline, body });
    let place = admission::admit(state, &mut request).await.map_err(refused)?;
    // A handler holds nothing that another request could find half done: what it shares is in the
    // application, behind calls that keep their own order.
    let handled = AssertUnwindSafe(next.call(request)).catch_unwind();
    let answered = match timeout_at(deadline, handled).await {
        Ok(Ok(answered)) => answered,
        Ok(Err(_panic)) => Err(form.error(HttpError::internal())),
        Err(_elapsed) => Err(form.error(HttpError::overdue())),
    };
    // The work is done, whoever still holds on to the request.
    if let Some(place) = place {
        place.leave();
    }
    let answered = answered?;
    Ok(match busy {
        Some(busy) => answered.map_body(|_, body| busy.until_taken(body)),
        None => answered,
    })
}

/// The form of errors that the client knows.
#[derive(Debug, Clone, Copy)]
enum ErrorForm {
    Scim,
    Problem,
    Oauth,
}

impl ErrorForm {
    fn of(path: &str) -> Self {
        match path {
            TOKEN => Self::Oauth,
            _ if is_admin(path) => Self::Problem,
            _ => Self::Scim,
        }
    }

    fn error(self, error: HttpError) -> Error {
        match self {
            Self::Scim => error.into(),
            Self::Problem => Problem::from(error).into(),
            Self::Oauth => OauthError::from(error.into_failure()).into(),
        }
    }
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
    notes: RequestNotes,
    allowed_origin: Option<HeaderValue>,
    is_secure: bool,
}

impl Dress {
    fn put_on(self, state: &AppState, response: &mut HttpResponse) {
        let headers = response.headers_mut();
        self.notes.dress(headers);
        headers.insert(request_id::X_REQUEST_ID, self.id.to_header());
        state.settings.allowed_origins.dress(headers, self.allowed_origin);
        security_headers::dress(headers, self.is_secure);
        if state.is_draining() {
            response.head_mut().set_connection_type(ConnectionType::Close);
        }
    }
}

/// One line for each request, and one more for what failed on our side.
fn log(outcome: &Result<ServiceResponse<BoxBody>, Box<Failed>>, answered: &Answered, notes: &RequestNotes) {
    let Answered { status, route, took, .. } = *answered;
    if status >= 500 {
        let error = match outcome {
            Ok(response) => response.response().error(),
            Err(failed) => Some(&failed.error),
        };
        let cause = error.and_then(|error| {
            error
                .as_error::<HttpError>()
                .and_then(HttpError::cause)
                .or_else(|| error.as_error::<Problem>().and_then(Problem::cause))
        });
        if let Some(cause) = cause {
            let cause: &(dyn StdError + 'static) = cause;
            tracing::error!(status, cause, "a request failed");
        }
    }
    tracing::info!(
        tenant = notes.slug(),
        credential = notes.credential().map(display),
        mount = route.map(|route| route.mount).filter(|mount| !mount.is_empty()),
        route = route.map(|route| route.pattern),
        status,
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
}
