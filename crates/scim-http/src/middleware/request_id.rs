//! The id of a request, `X-Request-Id`: the client's, or one of our own.

use std::fmt;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use scim_ports::IdGenerator;
use uuid::Uuid;

/// The header that carries it.
pub(crate) const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The longest id of a client that we repeat.
const MAX_LENGTH: usize = 128;

/// The id of a request.
#[derive(Clone)]
pub(crate) enum RequestId {
    /// The client's own.
    Given(HeaderValue),
    /// Made here.
    Made(Uuid),
}

impl RequestId {
    /// The client's id where it may stand in a log line as it is, or else a new one.
    pub(crate) fn of(headers: &HeaderMap, ids: &dyn IdGenerator) -> Self {
        match headers.get(X_REQUEST_ID) {
            Some(given) if is_harmless(given.as_bytes()) => Self::Given(given.clone()),
            _ => Self::Made(ids.random_uuid()),
        }
    }

    /// The id as the answer carries it.
    pub(crate) fn to_header(&self) -> HeaderValue {
        match self {
            Self::Given(given) => given.clone(),
            Self::Made(uuid) => {
                let mut buffer = Uuid::encode_buffer();
                let text = uuid.hyphenated().encode_lower(&mut buffer);
                HeaderValue::from_str(text).unwrap_or_else(|_never| HeaderValue::from_static("none"))
            }
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Given(given) => f.write_str(given.to_str().unwrap_or_default()),
            Self::Made(uuid) => uuid.fmt(f),
        }
    }
}

/// Visible ASCII, and not too much of it.
fn is_harmless(id: &[u8]) -> bool {
    (1..=MAX_LENGTH).contains(&id.len()) && id.iter().all(u8::is_ascii_graphic)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nil;

    impl IdGenerator for Nil {
        fn ordered_uuid(&self) -> Uuid {
            Uuid::nil()
        }

        fn random_uuid(&self) -> Uuid {
            Uuid::nil()
        }

        fn nonce(&self) -> [u8; 24] {
            [0; 24]
        }

        fn secret(&self) -> [u8; 32] {
            [0; 32]
        }
    }

    #[track_caller]
    fn check(given: Option<&[u8]>, is_kept: bool) {
        let mut headers = HeaderMap::new();
        if let Some(given) = given {
            headers.insert(X_REQUEST_ID, HeaderValue::from_bytes(given).expect("a header"));
        }
        let id = RequestId::of(&headers, &Nil).to_header();
        let made = Uuid::nil().to_string();
        assert_eq!(id.as_bytes(), if is_kept { given.unwrap_or_default() } else { made.as_bytes() });
    }

    #[test]
    fn a_harmless_id_is_kept_and_any_other_replaced() {
        check(Some(b"abc-123"), true);
        check(Some(&[b'x'; 128]), true);
        check(Some(&[b'x'; 129]), false);
        check(Some(b""), false);
        check(Some(b"a b"), false);
        check(Some(b"a\tb"), false);
        check(Some(b"a\xffb"), false);
        check(None, false);
    }
}
