//! The body: read up to a limit, at a pace, within the time of the request, and parsed once (RFC 7644 §3.8, RFC 8259).

use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::web::Bytes;
use actix_web::{HttpMessage, HttpRequest};
use futures_util::{FutureExt, StreamExt};
use scim_domain::error::{ErrorKind, ScimError};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use crate::middleware::admission::Absence;

use super::media_type;

/// Until when a body is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline {
    /// When the request has to be answered.
    pub(crate) answer: Instant,
    /// For how long a body may be on its way, and a second more for each KiB that has come.
    pub(crate) body: Duration,
}

/// The bytes that are worth a second more.
const BYTES_A_SECOND: usize = 1024;

/// What is set aside for a body before it has come, at most: a client has to send what it announces.
const MAX_CAPACITY: usize = 64 * 1024;

/// The JSON in the body, which is of one of these media types.
///
/// # Errors
/// 415 for another media type; 413 for more than `limit` bytes, announced or sent; 408 for a body
/// that does not come in time; 400 for what is not JSON.
pub(crate) async fn json(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
    types: &[&str],
) -> Result<Value, ScimError> {
    let empty = || ScimError::invalid_syntax("the body is empty: expected a JSON object");
    optional_json(request, payload, limit, types).await?.ok_or_else(empty)
}

/// The JSON in the body; `None` where it is empty.
///
/// # Errors
/// As [`json`].
pub(crate) async fn optional_json(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
    types: &[&str],
) -> Result<Option<Value>, ScimError> {
    if request.headers().contains_key(CONTENT_TYPE) {
        media_type::check_content(request.headers(), types)?;
    }
    let bytes = bytes(request, payload, limit).await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    media_type::check_content(request.headers(), types)?;
    scim_domain::json::parse(&bytes).map(Some)
}

/// The bytes of the body, whatever they are.
///
/// # Errors
/// As [`json`], but for what it says of JSON.
pub(super) async fn bytes(
    request: &HttpRequest,
    payload: &mut Payload,
    limit: usize,
) -> Result<Vec<u8>, ScimError> {
    let announced =
        request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|announced: usize| announced > limit) {
        return Err(too_large(limit));
    }
    let deadline = request.extensions().get::<Deadline>().copied();
    let mut absence = Absence::of(request);
    let mut incoming = Incoming::new(payload, deadline, limit);
    let mut body = Vec::with_capacity(announced.unwrap_or_default().min(MAX_CAPACITY));
    loop {
        let chunk = match incoming.next().now_or_never() {
            Some(chunk) => chunk?,
            None => {
                // While it is on its way, others may work.
                absence.begin();
                incoming.next().await?
            }
        };
        match chunk {
            Some(chunk) => body.extend_from_slice(&chunk),
            None => break,
        }
    }
    absence.end().await?;
    Ok(body)
}

/// The bytes of a small body, whatever they are: nearly always they have come in one piece.
///
/// # Errors
/// 408 for a body that does not come in time, 400 for one that does not come at all.
pub(crate) async fn read_small(request: &HttpRequest, payload: &mut Payload) -> Result<Bytes, ScimError> {
    let deadline = request.extensions().get::<Deadline>().copied();
    let mut incoming = Incoming::new(payload, deadline, usize::MAX);
    let first = incoming.next().await?.unwrap_or_default();
    let Some(second) = incoming.next().await? else { return Ok(first) };
    let mut body = [first, second].concat();
    while let Some(chunk) = incoming.next().await? {
        body.extend_from_slice(&chunk);
    }
    Ok(body.into())
}

/// A body on its way.
struct Incoming<'a> {
    payload: &'a mut Payload,
    began: Instant,
    deadline: Option<Deadline>,
    limit: usize,
    received: usize,
}

impl<'a> Incoming<'a> {
    fn new(payload: &'a mut Payload, deadline: Option<Deadline>, limit: usize) -> Self {
        Self { payload, began: Instant::now(), deadline, limit, received: 0 }
    }

    /// The next bytes of it.
    async fn next(&mut self) -> Result<Option<Bytes>, ScimError> {
        let next = match self.until() {
            None => self.payload.next().await,
            Some(until) => timeout_at(until, self.payload.next()).await.map_err(|_elapsed| late())?,
        };
        let Some(chunk) = next else { return Ok(None) };
        let chunk = chunk.map_err(|error| unreadable(&error))?;
        self.received = self.received.saturating_add(chunk.len());
        if self.received > self.limit {
            return Err(too_large(self.limit));
        }
        Ok(Some(chunk))
    }

    /// Until when to wait for more: the more has come, the longer.
    fn until(&self) -> Option<Instant> {
        let Deadline { answer, body } = self.deadline?;
        let earned = u64::try_from(self.received / BYTES_A_SECOND).unwrap_or(u64::MAX);
        let allowed = body.saturating_add(Duration::from_secs(earned));
        Some(self.began.checked_add(allowed).map_or(answer, |until| until.min(answer)))
    }
}

fn late() -> ScimError {
    ScimError::new(ErrorKind::RequestTimeout, "the body did not come in time")
}

fn too_large(limit: usize) -> ScimError {
    ScimError::new(ErrorKind::PayloadTooLarge, format!("the body has more than {limit} bytes"))
}

fn unreadable(error: &PayloadError) -> ScimError {
    ScimError::new(ErrorKind::BadRequest, format!("the body could not be read: {error}"))
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;

    use actix_web::http::header;
    use actix_web::test::TestRequest;
    use futures_util::{Stream, stream};
    use serde_json::json;
    use tokio::time::interval_at;

    use super::*;

    const TYPE: (header::HeaderName, &str) = (header::CONTENT_TYPE, "application/scim+json");

    async fn outcome(request: TestRequest, limit: usize) -> Result<Value, u16> {
        let (request, mut payload) = request.to_http_parts();
        json(&request, &mut payload, limit, media_type::SCIM_BODIES)
            .await
            .map_err(|error| error.kind.status())
    }

    #[tokio::test]
    async fn a_body_is_json_of_at_most_the_limit() {
        let request = |body: &'static str| TestRequest::default().insert_header(TYPE).set_payload(body);
        assert_eq!(outcome(request("{\"a\":1}"), 7).await, Ok(json!({"a": 1})));
        assert_eq!(outcome(request("{\"a\":1}"), 6).await, Err(413));
        assert_eq!(outcome(request(""), 6).await, Err(400));
        assert_eq!(outcome(request("{"), 6).await, Err(400));
        assert_eq!(outcome(TestRequest::default().set_payload("{}"), 6).await, Err(415));
        assert_eq!(outcome(TestRequest::default(), 6).await, Err(400));
    }

    fn streamed(chunks: Vec<&'static str>) -> Payload {
        let chunks =
            chunks.into_iter().map(|chunk| Ok::<_, PayloadError>(Bytes::from_static(chunk.as_bytes())));
        let endless: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> =
            Box::pin(stream::iter(chunks).chain(stream::pending()));
        Payload::from(endless)
    }

    #[tokio::test]
    async fn a_stream_is_read_no_further_than_the_limit() {
        let request = TestRequest::default().insert_header(TYPE).to_http_request();
        let mut payload = streamed(vec!["[1,", "2]", " "]);
        let error = json(&request, &mut payload, 5, media_type::SCIM_BODIES).await.expect_err("too large");
        assert_eq!(error.kind, ErrorKind::PayloadTooLarge);
    }

    const DEADLINE: Duration = Duration::from_secs(30);
    const PACE: Duration = Duration::from_secs(10);

    /// After how long a body that comes in such pieces, a second apart, is given up.
    async fn given_up_after(piece: &'static str) -> (ErrorKind, u64) {
        let request = TestRequest::default().insert_header(TYPE).to_http_request();
        let began = Instant::now();
        request.extensions_mut().insert(Deadline { answer: began + DEADLINE, body: PACE });
        let second = Duration::from_secs(1);
        let pieces = stream::unfold(interval_at(began + second, second), move |mut seconds| async move {
            seconds.tick().await;
            Some((Ok::<_, PayloadError>(Bytes::from_static(piece.as_bytes())), seconds))
        });
        let pieces: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> = Box::pin(pieces);
        let mut payload = Payload::from(pieces);
        let error = json(&request, &mut payload, 1_000_000, media_type::SCIM_BODIES).await.expect_err("late");
        (error.kind, began.elapsed().as_secs())
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_has_to_keep_a_pace() {
        assert_eq!(given_up_after("1").await, (ErrorKind::RequestTimeout, 10));
        const HALF: &str = match std::str::from_utf8(&[b' '; 512]) {
            Ok(text) => text,
            Err(_) => "",
        };
        // Ten seconds, and half a second more for each second.
        assert_eq!(given_up_after(HALF).await, (ErrorKind::RequestTimeout, 19));
        const TWICE: &str = match std::str::from_utf8(&[b' '; 2048]) {
            Ok(text) => text,
            Err(_) => "",
        };
        assert_eq!(given_up_after(TWICE).await, (ErrorKind::RequestTimeout, 30), "the request has its end");
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_times_out() {
        let request = TestRequest::default().insert_header(TYPE).to_http_request();
        request.extensions_mut().insert(Deadline { answer: Instant::now() + DEADLINE, body: PACE });
        let mut payload = streamed(vec!["[1"]);
        let error = json(&request, &mut payload, 100, media_type::SCIM_BODIES).await.expect_err("late");
        assert_eq!(error.kind, ErrorKind::RequestTimeout);
    }

    #[tokio::test]
    async fn a_small_body_is_read_as_it_comes() {
        for pieces in [vec![], vec!["{}"], vec!["{", "\"a\"", ":1}"]] {
            let expected = pieces.concat();
            let pieces =
                pieces.into_iter().map(|piece| Ok::<_, PayloadError>(Bytes::from_static(piece.as_bytes())));
            let pieces: Pin<Box<dyn Stream<Item = Result<Bytes, PayloadError>>>> =
                Box::pin(stream::iter(pieces.collect::<Vec<_>>()));
            let request = TestRequest::default().to_http_request();
            let body = read_small(&request, &mut Payload::from(pieces)).await.expect("a body");
            assert_eq!(body, expected);
        }
    }
}
