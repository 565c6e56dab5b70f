//! Media types in and out (RFC 7644 §3.1, §3.8; RFC 9110 §12.5.1).

use actix_web::http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap};
use scim_domain::error::{ErrorKind, ScimError};

const SCIM: &str = "application/scim+json";
const JSON: &str = "application/json";

/// What bodies of SCIM requests are.
pub(crate) const SCIM_BODIES: &[&str] = &[SCIM, JSON];
/// What bodies of the operator are.
pub(crate) const JSON_BODIES: &[&str] = &[JSON];
/// What a change that the operator makes is (RFC 7396 §4).
pub(crate) const MERGE_PATCH_BODIES: &[&str] = &[JSON, "application/merge-patch+json"];

/// Whether the body is said to be of one of these types of JSON, and not compressed.
///
/// # Errors
/// 415
pub(crate) fn check_content(headers: &HeaderMap, expected: &[&str]) -> Result<(), ScimError> {
    if let Some(encoding) = headers.get(CONTENT_ENCODING)
        && !encoding.as_bytes().eq_ignore_ascii_case(b"identity")
    {
        let detail = "Content-Encoding: expected a body that is not compressed";
        return Err(ScimError::new(ErrorKind::UnsupportedMediaType, detail));
    }
    let named = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (media_type, mut parameters) = split(named);
    let is_json = expected.iter().any(|expected| media_type.eq_ignore_ascii_case(expected));
    let is_utf8 = parameters.all(|(name, value)| {
        !name.eq_ignore_ascii_case("charset") || value.trim_matches('"').eq_ignore_ascii_case("utf-8")
    });
    if is_json && is_utf8 {
        return Ok(());
    }
    let found = if named.is_empty() { "nothing" } else { named };
    let detail = format!("Content-Type: expected {}, in UTF-8, got {found}", expected.join(" or "));
    Err(ScimError::new(ErrorKind::UnsupportedMediaType, detail))
}

/// Whether the client takes the JSON that every answer is.
///
/// # Errors
/// 406
pub(crate) fn check_accept(headers: &HeaderMap) -> Result<(), ScimError> {
    let mut named = headers.get_all(ACCEPT).peekable();
    if named.peek().is_none() {
        return Ok(());
    }
    let acceptable =
        named.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(is_acceptable);
    if acceptable {
        return Ok(());
    }
    let detail = format!("Accept: every answer is {SCIM}");
    Err(ScimError::new(ErrorKind::NotAcceptable, detail))
}

/// Whether a media range takes in what we send, with a weight that is not zero.
fn is_acceptable(range: &str) -> bool {
    let (media_range, mut parameters) = split(range);
    let takes =
        [SCIM, JSON, "application/*", "*/*"].iter().any(|ours| media_range.eq_ignore_ascii_case(ours));
    let refused = parameters.any(|(name, value)| {
        name.eq_ignore_ascii_case("q") && value.parse::<f32>().is_ok_and(|weight| weight <= 0.0)
    });
    takes && !refused
}

/// A media type or range, and its parameters.
fn split(value: &str) -> (&str, impl Iterator<Item = (&str, &str)>) {
    let mut parts = value.split(';');
    let media_type = parts.next().unwrap_or_default().trim();
    let parameters = parts.filter_map(|parameter| parameter.split_once('='));
    (media_type, parameters.map(|(name, value)| (name.trim(), value.trim())))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_str(value).expect("a header"));
        }
        headers
    }

    #[track_caller]
    fn check_type(value: &str, accepted: bool) {
        let result = check_content(&headers(CONTENT_TYPE, &[value]), SCIM_BODIES);
        assert_eq!(result.map_err(|error| error.kind.status()), if accepted { Ok(()) } else { Err(415) });
    }

    #[test]
    fn bodies_are_json_in_utf8() {
        check_type("application/scim+json", true);
        check_type("application/json", true);
        check_type("Application/SCIM+JSON; charset=UTF-8", true);
        check_type("application/json;charset=\"utf-8\"", true);
        check_type("application/json; charset=iso-8859-1", false);
        check_type("application/jsonp", false);
        check_type("text/json", false);
        check_type("application/xml", false);
        check_type("", false);
        assert!(check_content(&HeaderMap::new(), SCIM_BODIES).is_err());
        let mut zipped = headers(CONTENT_TYPE, &["application/json"]);
        zipped.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(
            check_content(&zipped, SCIM_BODIES).expect_err("zipped").kind,
            ErrorKind::UnsupportedMediaType
        );
    }

    #[track_caller]
    fn check_ranges(values: &[&str], accepted: bool) {
        let result = check_accept(&headers(ACCEPT, values));
        assert_eq!(result.map_err(|error| error.kind.status()), if accepted { Ok(()) } else { Err(406) });
    }

    #[test]
    fn answers_are_scim_json() {
        check_ranges(&[], true);
        check_ranges(&["application/scim+json"], true);
        check_ranges(&["application/json"], true);
        check_ranges(&["text/html, application/*;q=0.5"], true);
        check_ranges(&["text/html", "*/*"], true);
        check_ranges(&["text/html"], false);
        check_ranges(&["application/xml"], false);
        check_ranges(&["application/scim+json;q=0"], false);
        check_ranges(&["application/json;q=0.0, text/html"], false);
    }
}
