//! Cursors (RFC 9865): places in a result, sealed so that clients can neither read nor make them.
//!
//! A cursor holds no state of the server: it is the place itself, encrypted and authenticated with
//! XChaCha20-Poly1305 (RFC 9865 §5.2 asks that forgeries be detected), so every replica that has
//! the key can open it, and nothing is kept between the pages of a walk (§5.3). It opens only for
//! the query that it was made for: tenant, resource types, filter and order are bound into the seal.
//! It grants nothing: whoever presents it is authorized like any other request.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{Key, XChaCha20Poly1305, XNonce};
use serde_json::Number;
use time::OffsetDateTime;
use uuid::Uuid;

use crate::error::{ErrorKind, ScimError};
use crate::identifier::{ResourceId, Timestamp};

use super::fingerprint::QueryFingerprint;
use super::query::KeysetPosition;
use super::sort::{Direction, SortKey};

/// How long a cursor is good for, in seconds: `cursorTimeout` (RFC 9865 §4).
pub const CURSOR_LIFETIME_SECONDS: i64 = 3600;

/// The longest cursor that is made or opened, in characters.
///
/// A cursor holds the sort key of a resource; cutting a long key short would lose the place, so a
/// walk that sorts by texts of some 48 KiB is refused, and goes by `startIndex` instead.
pub const MAX_CURSOR_LENGTH: usize = 65_536;

const NONCE_LENGTH: usize = 24;
const FORMAT: u8 = 1;

/// What a cursor says: from where, which way, and how far.
#[derive(Debug, Clone, PartialEq)]
pub struct Cursor {
    /// The place; `None` for the start of the result.
    pub position: Option<KeysetPosition>,
    /// Towards the end of the result, or towards its start.
    pub direction: Direction,
    /// The `count` of the walk, which is that of its first request (RFC 9865 §2.1).
    pub count: usize,
    /// When it was made.
    pub issued_at: Timestamp,
}

/// Seals and opens cursors with one key, which the replicas of a server share.
#[derive(Clone)]
pub struct CursorSealer {
    cipher: XChaCha20Poly1305,
}

/// Without the key.
impl std::fmt::Debug for CursorSealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CursorSealer").finish_non_exhaustive()
    }
}

impl CursorSealer {
    /// A sealer with this key.
    pub fn new(key: [u8; 32]) -> Self {
        Self { cipher: XChaCha20Poly1305::new(&Key::from(key)) }
    }

    /// The cursor as text of unreserved URL characters (RFC 9865 §2). `nonce` is random, and used once.
    ///
    /// # Errors
    /// `tooMany` where the sort key is so long that the text would be longer than [`MAX_CURSOR_LENGTH`].
    pub fn seal(
        &self,
        cursor: &Cursor,
        fingerprint: &QueryFingerprint,
        nonce: [u8; NONCE_LENGTH],
    ) -> Result<String, ScimError> {
        let too_long = || {
            ScimError::new(
                ErrorKind::TooMany,
                "sortBy: its values are too long to page by cursor; page by startIndex",
            )
        };
        let message = encode(cursor);
        let payload = Payload { msg: &message, aad: fingerprint.as_bytes() };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload).map_err(|_too_long| too_long())?;
        let mut bytes = nonce.to_vec();
        bytes.extend(sealed);
        let text = URL_SAFE_NO_PAD.encode(bytes);
        if text.len() > MAX_CURSOR_LENGTH { Err(too_long()) } else { Ok(text) }
    }

    /// The cursor that was sealed as `text` for the query with this fingerprint.
    ///
    /// # Errors
    /// `invalidCursor` for what was not sealed with this key for this query, whatever the reason
    /// (RFC 9865 §5.2 wants one answer for all); `expiredCursor` for one older than an hour.
    pub fn open(
        &self,
        text: &str,
        fingerprint: &QueryFingerprint,
        now: Timestamp,
    ) -> Result<Cursor, ScimError> {
        let cursor = self.decrypt(text, fingerprint).ok_or_else(|| {
            ScimError::new(
                ErrorKind::InvalidCursor,
                "cursor: expected a nextCursor or previousCursor of this very query, or nothing for the first page",
            )
        })?;
        let age = now.unix_seconds().saturating_sub(cursor.issued_at.unix_seconds());
        if age > CURSOR_LIFETIME_SECONDS {
            return Err(ScimError::new(
                ErrorKind::ExpiredCursor,
                format!("cursor: it was made more than {CURSOR_LIFETIME_SECONDS} seconds ago"),
            ));
        }
        Ok(cursor)
    }

    fn decrypt(&self, text: &str, fingerprint: &QueryFingerprint) -> Option<Cursor> {
        if text.len() > MAX_CURSOR_LENGTH {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE_LENGTH>()?;
        let payload = Payload { msg: sealed, aad: fingerprint.as_bytes() };
        decode(&self.cipher.decrypt(&XNonce::from(*nonce), payload).ok()?)
    }
}

/// Format, direction, count (8 bytes), time in microseconds (16), and, where there is a place, its
/// id (16), the kind of its sort key (1) and the key. Numbers are big-endian.
fn encode(cursor: &Cursor) -> Vec<u8> {
    let mut bytes = vec![FORMAT, u8::from(cursor.direction == Direction::Descending)];
    // No platform that this runs on has a usize of more than 64 bits.
    bytes.extend(u64::try_from(cursor.count).unwrap_or(u64::MAX).to_be_bytes());
    bytes.extend(cursor.issued_at.date_time().unix_timestamp_nanos().to_be_bytes());
    let Some(position) = &cursor.position else { return bytes };
    bytes.extend(position.id.uuid().as_bytes());
    match &position.sort_key {
        None => bytes.push(0),
        Some(SortKey::Boolean(value)) => bytes.extend([1, u8::from(*value)]),
        Some(SortKey::Number(number)) => {
            bytes.push(2);
            bytes.extend(number.to_string().into_bytes());
        }
        Some(SortKey::Text(text)) => {
            bytes.push(3);
            bytes.extend(text.as_bytes());
        }
    }
    bytes
}

/// `None` for what [`encode`] does not give (a later version of this server may seal otherwise).
fn decode(bytes: &[u8]) -> Option<Cursor> {
    let ([format, direction], bytes) = bytes.split_first_chunk::<2>()?;
    let (count, bytes) = bytes.split_first_chunk::<8>()?;
    let (moment, bytes) = bytes.split_first_chunk::<16>()?;
    let direction = match (format, direction) {
        (&FORMAT, 0) => Direction::Ascending,
        (&FORMAT, 1) => Direction::Descending,
        _ => return None,
    };
    let moment = OffsetDateTime::from_unix_timestamp_nanos(i128::from_be_bytes(*moment)).ok()?;
    Some(Cursor {
        position: if bytes.is_empty() { None } else { Some(decode_position(bytes)?) },
        direction,
        count: usize::try_from(u64::from_be_bytes(*count)).ok()?,
        issued_at: Timestamp::new(moment),
    })
}

fn decode_position(bytes: &[u8]) -> Option<KeysetPosition> {
    let (id, bytes) = bytes.split_first_chunk::<16>()?;
    let (kind, key) = bytes.split_first()?;
    let sort_key = match (kind, key) {
        (0, []) => None,
        (1, [value @ (0 | 1)]) => Some(SortKey::Boolean(*value == 1)),
        (2, number) => Some(SortKey::Number(serde_json::from_slice::<Number>(number).ok()?)),
        (3, text) => Some(SortKey::Text(String::from_utf8(text.to_vec()).ok()?)),
        _ => return None,
    };
    Some(KeysetPosition { sort_key, id: ResourceId::new(Uuid::from_bytes(*id)) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::Duration;

    use super::*;
    use crate::test_support::{id, moment};

    fn sealer() -> CursorSealer {
        CursorSealer::new([7; 32])
    }

    fn fingerprint(text: &str) -> QueryFingerprint {
        QueryFingerprint::of_text(text)
    }

    fn cursor() -> Cursor {
        let sort_key = Some(SortKey::Text("bjensen".into()));
        Cursor {
            position: Some(KeysetPosition { sort_key, id: id(5) }),
            direction: Direction::Ascending,
            count: 10,
            issued_at: moment(),
        }
    }

    fn after(seconds: i64) -> Timestamp {
        Timestamp::new(moment().date_time() + Duration::seconds(seconds))
    }

    fn any_key() -> impl Strategy<Value = Option<SortKey>> {
        prop_oneof![
            Just(None),
            any::<bool>().prop_map(|value| Some(SortKey::Boolean(value))),
            any::<i64>().prop_map(|value| Some(SortKey::Number(value.into()))),
            any::<u64>().prop_map(|value| Some(SortKey::Number(value.into()))),
            (-1e300..1e300).prop_map(|value| Number::from_f64(value).map(SortKey::Number)),
            "\\PC*".prop_map(|text| Some(SortKey::Text(text))),
        ]
    }

    proptest! {
        #[test]
        fn a_cursor_opens_as_it_was_sealed(
            key in any_key(), number: u128, placed: bool, back: bool, count: usize, nonce: [u8; 24], micros in 0..1_000_000_000i64,
        ) {
            let cursor = Cursor {
                position: placed.then(|| KeysetPosition { sort_key: key, id: id(number) }),
                direction: if back { Direction::Descending } else { Direction::Ascending },
                count,
                issued_at: Timestamp::new(moment().date_time() + Duration::microseconds(micros)),
            };
            let text = sealer().seal(&cursor, &fingerprint("q"), nonce).expect("short");
            prop_assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
            prop_assert_eq!(sealer().open(&text, &fingerprint("q"), moment()).expect("opens"), cursor);
        }

        #[test]
        fn no_text_of_a_client_opens(text in "[A-Za-z0-9_-]{0,120}|\\PC{0,40}") {
            let error = sealer().open(&text, &fingerprint("q"), moment()).expect_err("forged");
            prop_assert_eq!(error.kind, ErrorKind::InvalidCursor);
        }
    }

    #[track_caller]
    fn invalid(sealer: &CursorSealer, text: &str, fingerprint: &QueryFingerprint) {
        let error = sealer.open(text, fingerprint, moment()).expect_err("should not open");
        assert_eq!(error.kind, ErrorKind::InvalidCursor);
    }

    #[test]
    fn only_the_whole_cursor_of_this_query_opens() {
        let text = sealer().seal(&cursor(), &fingerprint("q"), [1; 24]).expect("short");
        invalid(&sealer(), &text, &fingerprint("other"));
        invalid(&CursorSealer::new([8; 32]), &text, &fingerprint("q"));
        for end in 0..text.len() {
            invalid(&sealer(), &text[..end], &fingerprint("q"));
        }
        for at in 0..text.len() {
            let mut tampered = text.clone().into_bytes();
            tampered[at] = if tampered[at] == b'A' { b'B' } else { b'A' };
            invalid(&sealer(), &String::from_utf8(tampered).expect("ASCII"), &fingerprint("q"));
        }
        invalid(&sealer(), &format!("{text}A"), &fingerprint("q"));
        invalid(&sealer(), &"A".repeat(MAX_CURSOR_LENGTH + 1), &fingerprint("q"));
    }

    #[test]
    fn a_cursor_lives_for_an_hour() {
        let text = sealer().seal(&cursor(), &fingerprint("q"), [1; 24]).expect("short");
        assert!(sealer().open(&text, &fingerprint("q"), after(3600)).is_ok());
        // The clock of the replica that sealed it may be ahead.
        assert!(sealer().open(&text, &fingerprint("q"), after(-5)).is_ok());
        let error = sealer().open(&text, &fingerprint("q"), after(3601)).expect_err("too old");
        assert_eq!(error.kind, ErrorKind::ExpiredCursor);
    }

    #[test]
    fn a_place_that_is_too_long_is_refused_when_it_is_sealed() {
        let sealed = |length| {
            let mut cursor = cursor();
            let sort_key = Some(SortKey::Text("a".repeat(length)));
            cursor.position = Some(KeysetPosition { sort_key, id: id(5) });
            sealer().seal(&cursor, &fingerprint("q"), [1; 24])
        };
        let text = sealed(48_000).expect("fits");
        assert!(sealer().open(&text, &fingerprint("q"), moment()).is_ok());
        assert_eq!(sealed(50_000).expect_err("too long").kind, ErrorKind::TooMany);
    }

    #[test]
    fn what_was_sealed_in_another_format_is_invalid() {
        for message in [&[][..], &[FORMAT], &[2; 26], &[FORMAT; 25], &[FORMAT; 60]] {
            assert_eq!(decode(message), None, "{message:?}");
        }
    }
}
