//! What pages of other origins may do (the Fetch standard, "CORS protocol"): nothing, but for the
//! origins that the settings name.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap,
    HeaderValue, ORIGIN, VARY,
};
use actix_web::http::{Method, Uri};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// What a client of SCIM sends beyond what any page may send.
const TAKEN: HeaderValue = HeaderValue::from_static(
    "Accept, Authorization, Content-Type, If-Match, If-None-Match, Prefer, X-Request-Id, traceparent, tracestate",
);
/// What a page may read beyond what it always may.
const EXPOSED: HeaderValue =
    HeaderValue::from_static("ETag, Location, Content-Location, X-Request-Id, Retry-After");
/// For how many seconds a browser need not ask again.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

const BY_ORIGIN: HeaderValue = HeaderValue::from_static("Origin");

/// The origins whose pages may send requests and read the answers; none by default.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<HeaderValue>);

impl AllowedOrigins {
    /// Origins as browsers send them (`https://app.example:8443`), with commas between them. `None` where
    /// one of them is none, a `*` for example.
    pub fn parse(text: &str) -> Option<Self> {
        text.split(',').map(|origin| parse_origin(origin.trim())).collect::<Option<_>>().map(Self)
    }

    /// The origin of a request, where its pages may read the answer.
    pub(crate) fn allowed(&self, headers: &HeaderMap) -> Option<HeaderValue> {
        if self.0.is_empty() {
            return None;
        }
        headers.get(ORIGIN).filter(|origin| self.0.contains(origin)).cloned()
    }

    /// The answer to a question that a browser asks before a request.
    pub(crate) fn preflight(&self, request: &ServiceRequest) -> Option<HttpResponse> {
        if request.method() != Method::OPTIONS
            || !request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD)
            || self.allowed(request.headers()).is_none()
        {
            return None;
        }
        let mut response = HttpResponse::NoContent();
        response.insert_header((ACCESS_CONTROL_ALLOW_METHODS, METHODS));
        response.insert_header((ACCESS_CONTROL_ALLOW_HEADERS, TAKEN));
        response.insert_header((ACCESS_CONTROL_MAX_AGE, MAX_AGE));
        Some(response.finish())
    }

    /// Sets what browsers look for in an answer. `allowed` is what [`allowed`](Self::allowed) made of the
    /// request.
    pub(crate) fn dress(&self, headers: &mut HeaderMap, allowed: Option<HeaderValue>) {
        if self.0.is_empty() {
            return;
        }
        headers.append(VARY, BY_ORIGIN);
        if let Some(origin) = allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

impl fmt::Display for AllowedOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let origins: Vec<&str> = self.0.iter().filter_map(|origin| origin.to_str().ok()).collect();
        f.write_str(&origins.join(","))
    }
}

/// An origin as browsers write it (RFC 6454 §6.2): in lower case, and without the port that the scheme
/// implies.
fn parse_origin(text: &str) -> Option<HeaderValue> {
    let origin = text.to_ascii_lowercase();
    let uri: Uri = origin.parse().ok()?;
    let default_port = match uri.scheme_str()? {
        "https" => ":443",
        "http" => ":80",
        _ => return None,
    };
    let authority = uri.authority()?;
    let is_whole = origin.strip_suffix(authority.as_str())?.ends_with("://");
    if !is_whole || authority.as_str().contains(['@', '*']) || authority.host().is_empty() {
        return None;
    }
    HeaderValue::from_str(origin.strip_suffix(default_port).unwrap_or(&origin)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<&str>) {
        assert_eq!(AllowedOrigins::parse(text).map(|origins| origins.to_string()).as_deref(), expected);
    }

    #[test]
    fn origins_are_exact() {
        check("https://app.example", Some("https://app.example"));
        check(
            "https://app.example, http://localhost:3000",
            Some("https://app.example,http://localhost:3000"),
        );
        check("HTTPS://App.Example:443", Some("https://app.example"));
        check("http://app.example:80", Some("http://app.example"));
        check("http://app.example:443", Some("http://app.example:443"));
        check("http://[::1]:3000", Some("http://[::1]:3000"));
        for wrong in [
            "",
            "*",
            "null",
            "https://*",
            "https://*.example",
            "https://app.example/",
            "https://app.example/a",
            "app.example",
            "https://",
            "ftp://app.example",
            "https://user@app.example",
            "https://app.example?a",
            "https://app.example#a",
            "https://a.example,",
            "https://é.example",
            "https://a.example https://b.example",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn no_answer_differs_where_no_origin_is_allowed() {
        let mut headers = HeaderMap::new();
        AllowedOrigins::default().dress(&mut headers, None);
        assert!(headers.is_empty());
        let origins = AllowedOrigins::parse("https://app.example").expect("an origin");
        origins.dress(&mut headers, None);
        assert_eq!(headers.get(VARY), Some(&BY_ORIGIN));
        assert_eq!(headers.len(), 1);
    }
}
