//! Which requests are worked on now: see [`crate::limits`].
//!
//! What tells how the server is must answer whatever the load, and waits for nobody. Any other request gets a place once
//! its head has come, and a small body with it; the place is given back for as long as the rest of a large body is on its
//! way. A slow client holds a connection, never a place.
//!
//! Work that waits for nothing, as on the embedded store, is done before its thread looks at the next connection: requests would
//! pile up in the system, where nobody sees them, and who asks how the server is would wait behind all of them. Hence a
//! thread that has done so many requests in a row first looks at what else has come: that waits then, or is turned away.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest};
use futures_util::Stream;
use futures_util::future::ready;
use futures_util::stream::once;
use scim_domain::error::ScimError;

use crate::AppState;
use crate::extract::read_small_body;
use crate::limits::{Gate, Place};

/// A body of at most this size is read before there is a place: it has come with the head as a rule. Where too many of them
/// are on their way, it is left to who knows whose it is.
const SMALL_BODY: usize = 64 * 1024;

/// How many requests are worked on, one after the other, before a thread looks at what else has come.
const IN_A_ROW: u32 = 8;

thread_local! {
    /// How many this thread has begun since it last looked.
    static BEGUN: Cell<u32> = const { Cell::new(0) };
}

/// Lets the thread look at what else has come, if it is time.
async fn look_around() {
    if BEGUN.get() >= IN_A_ROW {
        tokio::task::yield_now().await;
        BEGUN.set(0);
    }
    BEGUN.set(BEGUN.get().saturating_add(1));
}

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
    async fn come_back(&self) -> Result<(), ScimError> {
        let place = self.0.gate.enter().await?;
        self.0.place.replace(Some(place));
        look_around().await;
        Ok(())
    }
}

/// The time in which nothing is done for a request, and its place is another's.
pub(crate) struct Absence {
    place: Option<RequestPlace>,
    has_begun: bool,
}

impl Absence {
    /// Not begun yet.
    pub(crate) fn of(request: &HttpRequest) -> Self {
        Self { place: request.extensions().get::<RequestPlace>().cloned(), has_begun: false }
    }

    /// Leaves the place, if there is one.
    pub(crate) fn begin(&mut self) {
        self.has_begun |= self.place.as_ref().is_some_and(RequestPlace::leave);
    }

    /// Takes a place again, if one was left.
    ///
    /// # Errors
    /// As [`RequestPlace::come_back`].
    pub(crate) async fn end(self) -> Result<(), ScimError> {
        match self.place {
            Some(place) if self.has_begun => place.come_back().await,
            _ => Ok(()),
        }
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
    let length = small_body(request, state.settings.max_request_size);
    if let Some(_share) = length.and_then(|length| state.gates.unverified.take(length).ok()) {
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

/// The size of the body that the request announces, if it is to be read at once. One that is too large is refused by who
/// knows why.
fn small_body(request: &ServiceRequest, max_request_size: usize) -> Option<usize> {
    let length = request.headers().get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
    length.filter(|length| (1..=SMALL_BODY.min(max_request_size)).contains(length))
}

/// A body that is there.
fn stored(body: Bytes) -> Payload {
    let whole: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(once(ready(Ok(body))));
    Payload::from(whole)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn after_some_requests_in_a_row_what_else_has_come_is_looked_at() {
        BEGUN.set(0);
        for _ in 0..IN_A_ROW {
            assert!(look_around().now_or_never().is_some(), "it goes on at once");
        }
        let mut looks = std::pin::pin!(look_around());
        assert!(looks.as_mut().now_or_never().is_none(), "it looks first");
        looks.await;
        assert!(look_around().now_or_never().is_some(), "and goes on");
    }

    #[track_caller]
    fn check(length: &str, expected: Option<usize>) {
        let request = TestRequest::default().insert_header((CONTENT_LENGTH, length)).to_srv_request();
        assert_eq!(small_body(&request, 100_000), expected, "{length}");
        assert_eq!(small_body(&request, 0), None, "{length}");
    }

    #[test]
    fn small_bodies() {
        check("0", None);
        check("1", Some(1));
        check("65536", Some(65536));
        check("65537", None);
        check("x", None);
        assert_eq!(small_body(&TestRequest::default().to_srv_request(), 100_000), None);
    }

    #[test]
    fn only_what_tells_how_the_server_is_is_exempt() {
        assert!(is_exempt("/health") && is_exempt("/ready") && is_exempt("/metrics"));
        assert!(!is_exempt("/") && !is_exempt("/scim/v2/health") && !is_exempt("/healthy"));
    }
}
