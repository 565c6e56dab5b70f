//! Headers that make browsers and caches careful with answers, which are all about people.

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    REFERRER_POLICY, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};

const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// What has a version may be kept by the client alone, and shown when the server has confirmed it
/// (RFC 9111 §5.2.2.4): `If-None-Match` is there to be used (RFC 7644 §3.14).
const REVALIDATED: HeaderValue = HeaderValue::from_static("private, no-cache");
const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
/// An answer that is no page loads nothing, and is shown in no frame.
const NO_CONTENT: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// A year.
const TLS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Sets what the answer does not have yet. Pages say themselves what they load.
pub(super) fn dress(headers: &mut HeaderMap, is_secure: bool) {
    let is_page = headers.get(CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"text/html"));
    let caching = if headers.contains_key(ETAG) { REVALIDATED } else { NO_STORE };
    put(headers, CACHE_CONTROL, caching);
    put(headers, X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    put(headers, REFERRER_POLICY, NO_REFERRER);
    if !is_page {
        put(headers, CONTENT_SECURITY_POLICY, NO_CONTENT);
    }
    if is_secure {
        put(headers, STRICT_TRANSPORT_SECURITY, TLS_ONLY);
    }
}

fn put(headers: &mut HeaderMap, name: HeaderName, value: HeaderValue) {
    if !headers.contains_key(&name) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What becomes of an answer with these headers.
    fn dressed(given: &[(HeaderName, &'static str)], is_secure: bool) -> HeaderMap {
        let given = given.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        let mut headers: HeaderMap = given.collect();
        dress(&mut headers, is_secure);
        headers
    }

    #[track_caller]
    fn check(given: &[(HeaderName, &'static str)], is_secure: bool, name: HeaderName, expected: &str) {
        let headers = dressed(given, is_secure);
        let found: Vec<&str> = headers.get_all(&name).map(|value| value.to_str().expect("text")).collect();
        assert_eq!(found.join("|"), expected, "{name}");
    }

    #[test]
    fn every_answer_is_handled_with_care() {
        check(&[], false, X_CONTENT_TYPE_OPTIONS, "nosniff");
        check(&[], false, REFERRER_POLICY, "no-referrer");
        check(&[], false, CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
        check(&[], false, CACHE_CONTROL, "no-store");
        check(&[(ETAG, "W/\"v1\"")], false, CACHE_CONTROL, "private, no-cache");
        check(&[], true, STRICT_TRANSPORT_SECURITY, "max-age=31536000");
        check(&[], false, STRICT_TRANSPORT_SECURITY, "");
    }

    #[test]
    fn what_is_set_stays() {
        check(&[(CACHE_CONTROL, "public")], false, CACHE_CONTROL, "public");
        check(&[(STRICT_TRANSPORT_SECURITY, "max-age=1")], true, STRICT_TRANSPORT_SECURITY, "max-age=1");
        check(&[(CONTENT_TYPE, "text/html; charset=utf-8")], false, CONTENT_SECURITY_POLICY, "");
    }
}
