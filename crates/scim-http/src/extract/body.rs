//! The body: read up to a limit, within the time of the request, and parsed once (RFC 7644 §3.8, RFC 8259).

use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use actix_web::{HttpMessage, HttpRequest};
use futures_util::StreamExt;
use scim_domain::error::{ErrorKind, ScimError};
use serde_json::Value;
use tokio::time::{Instant, timeout_at};

use super::media_type;

/// When a request has to be answered.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deadline(pub(crate) Instant);

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
    let reading = read(payload, announced.unwrap_or_default(), limit);
    let deadline = request.extensions().get::<Deadline>().copied();
    match deadline {
        None => reading.await,
        Some(Deadline(deadline)) => timeout_at(deadline, reading).await.unwrap_or_else(|_elapsed| {
            Err(ScimError::new(ErrorKind::RequestTimeout, "the body did not come in time"))
        }),
    }
}

async fn read(payload: &mut Payload, announced: usize, limit: usize) -> Result<Vec<u8>, ScimError> {
    let mut body = Vec::with_capacity(announced.min(MAX_CAPACITY));
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| unreadable(&error))?;
        if body.len().saturating_add(chunk.len()) > limit {
            return Err(too_large(limit));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
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
    use std::time::Duration;

    use actix_web::http::header;
    use actix_web::test::TestRequest;
    use actix_web::web::Bytes;
    use futures_util::{Stream, stream};
    use serde_json::json;

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

    #[tokio::test(start_paused = true)]
    async fn a_body_that_stops_coming_times_out() {
        let request = TestRequest::default().insert_header(TYPE).to_http_request();
        request.extensions_mut().insert(Deadline(Instant::now() + Duration::from_secs(30)));
        let mut payload = streamed(vec!["[1"]);
        let error = json(&request, &mut payload, 100, media_type::SCIM_BODIES).await.expect_err("late");
        assert_eq!(error.kind, ErrorKind::RequestTimeout);
    }
}
