//! Which requests are worked on now: see [`crate::limits`].
//!
//! What tells how the server is must answer whatever the load, and waits for nobody. Any other request gets a place once
//! its head has come, and a small body with it; the place is given back for as long as the rest of a large body is on its
//! way. A slow client holds a connection, never a place.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::HttpMessage;
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::Bytes;
use futures_util::Stream;
use futures_util::future::ready;
use futures_util::stream::once;
use scim_domain::error::ScimError;

use crate::AppState;
use crate::extract::read_small_body;
use crate::limits::{Gate, Place};

/// A body of at most this size is read before there is a place: it has come with the head as a rule.
const SMALL_BODY: usize = 64 * 1024;

/// The place of a request.
#[derive(Clone)]
pub(crate) struct RequestPlace(Rc<Inner>);

struct Inner {
    gate: Arc<Gate>,
    place: RefCell<Option<Place>>,
}

impl RequestPlace {
    async fn take(gate: &Arc<Gate>) -> Result<Self, ScimError> {
        let taken = Self(Rc::new(Inner { gate: Arc::clone(gate), place: RefCell::new(None) }));
        taken.come_back().await?;
        Ok(taken)
    }

    /// Gives it back: nothing is done for now, or any more. Whether there was one.
    pub(crate) fn leave(&self) -> bool {
        self.0.place.take().is_some()
    }

    /// Takes one again.
    ///
    /// # Errors
    /// 503 where none becomes free soon.
    pub(crate) async fn come_back(&self) -> Result<(), ScimError> {
        let place = self.0.gate.enter().await?;
        self.0.place.replace(Some(place));
        Ok(())
    }
}

/// Waits until it is the turn of the request; none for one that waits for nobody.
///
/// # Errors
/// 503 where it will not be soon; 408 and 400 for a small body that does not come.
pub(crate) async fn admit(
    state: &AppState,
    request: &mut ServiceRequest,
) -> Result<Option<RequestPlace>, ScimError> {
    if is_exempt(request.path()) {
        return Ok(None);
    }
    if has_small_body(request, state.settings.max_request_size) {
        let mut payload = request.take_payload();
        let body = read_small_body(request.request(), &mut payload).await?;
        request.set_payload(stored(body));
    }
    let place = RequestPlace::take(&state.gates.requests).await?;
    request.extensions_mut().insert(place.clone());
    Ok(Some(place))
}

/// What tells how the server is.
fn is_exempt(path: &str) -> bool {
    matches!(path, "/health" | "/ready" | "/metrics")
}

/// Whether the request announces a body, of a size to be read at once. One that is too large is refused by who knows why.
fn has_small_body(request: &ServiceRequest, max_request_size: usize) -> bool {
    let length = request.headers().get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    length.is_some_and(|length| (1..=SMALL_BODY.min(max_request_size)).contains(&length))
}

/// A body that is there.
fn stored(body: Bytes) -> Payload {
    let whole: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(once(ready(Ok(body))));
    Payload::from(whole)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[track_caller]
    fn check(length: &str, expected: bool) {
        let request = TestRequest::default().insert_header((CONTENT_LENGTH, length)).to_srv_request();
        assert_eq!(has_small_body(&request, 100_000), expected, "{length}");
        assert!(!has_small_body(&request, 0), "{length}");
    }

    #[test]
    fn small_bodies() {
        check("0", false);
        check("1", true);
        check("65536", true);
        check("65537", false);
        check("x", false);
        assert!(!has_small_body(&TestRequest::default().to_srv_request(), 100_000));
    }

    #[test]
    fn only_what_tells_how_the_server_is_is_exempt() {
        assert!(is_exempt("/health") && is_exempt("/ready") && is_exempt("/metrics"));
        assert!(!is_exempt("/") && !is_exempt("/scim/v2/health") && !is_exempt("/healthy"));
    }
}
