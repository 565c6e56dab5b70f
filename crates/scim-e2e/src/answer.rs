//! What came back.

use reqwest::header::HeaderMap;
use serde_json::Value;

/// An answer that has everything that every answer must have.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The HTTP status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body; `null` where there is none, or it is no JSON.
    pub body: Value,
}

impl Answer {
    /// The answer, after the checks that hold for all.
    pub(crate) fn checked(status: u16, headers: HeaderMap, body: &[u8]) -> Self {
        let text = String::from_utf8_lossy(body);
        assert!(headers.contains_key("x-request-id"), "no X-Request-Id: {status} {text}");
        assert!(status < 500 || status == 501 || status == 503, "{status} {text}");
        let content_type =
            headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default();
        let mut answer = Self { status, headers: headers.clone(), body: Value::Null };
        if content_type.ends_with("json") {
            answer.body = if body.is_empty() {
                Value::Null
            } else {
                serde_json::from_slice(body).expect("an answer in JSON")
            };
        }
        if content_type == "application/problem+json" {
            answer.check_problem();
        } else if status >= 400 && !body.is_empty() && content_type != "application/json" {
            answer.check_error();
        }
        if status == 204 || status == 304 {
            assert!(body.is_empty(), "{status} with a body: {text}");
        }
        answer.check_care();
        assert!(!text.contains("\"password\":"), "a password comes back: {text}");
        answer
    }

    /// What browsers and caches are told with every answer.
    fn check_care(&self) {
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{}", self.body);
        for name in ["cache-control", "content-security-policy", "referrer-policy"] {
            assert_eq!(self.headers.get_all(name).iter().count(), 1, "{name}: {}", self.body);
        }
    }

    /// RFC 7644 §3.12: what an error has to be.
    fn check_error(&self) {
        assert_eq!(self.header("content-type"), "application/scim+json", "{}", self.body);
        let error = "urn:ietf:params:scim:api:messages:2.0:Error";
        assert_eq!(self.body["schemas"], serde_json::json!([error]), "{}", self.body);
        assert_eq!(self.body["status"], self.status.to_string(), "{}", self.body);
        assert!(self.body["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{}", self.body);
        self.check_error_headers();
    }

    /// RFC 9457 §3: what a problem document has to be.
    fn check_problem(&self) {
        assert!(self.status >= 400, "{} {}", self.status, self.body);
        assert_eq!(self.body["status"], self.status, "{}", self.body);
        for member in ["type", "title", "detail"] {
            assert!(self.body[member].as_str().is_some_and(|text| !text.is_empty()), "{}", self.body);
        }
        self.check_error_headers();
    }

    fn check_error_headers(&self) {
        assert_eq!(self.status == 401, self.headers.contains_key("www-authenticate"), "{}", self.body);
        assert_eq!(self.status == 405, self.headers.contains_key("allow"), "{}", self.body);
    }

    /// A header's value; empty where there is none.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The answer, if it has this status.
    ///
    /// # Panics
    /// Where it has another.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// Demands an error of this status and `scimType`, whose detail has `detail` in it.
    ///
    /// # Panics
    /// Where it is another.
    #[track_caller]
    pub fn expect_error(&self, status: u16, scim_type: Option<&str>, detail: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.body["scimType"].as_str(), scim_type, "{}", self.body);
        let found = self.body["detail"].as_str().unwrap_or_default();
        assert!(found.contains(detail), "'{detail}' is not in: {found}");
    }

    /// Demands a problem document of this status, whose detail has `detail` in it.
    ///
    /// # Panics
    /// Where it is another.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, detail: &str) {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.body);
        self.expect_error(status, None, detail);
    }

    /// The value of a member that is a string.
    ///
    /// # Panics
    /// Where there is none.
    #[track_caller]
    pub fn text(&self, member: &str) -> String {
        self.body[member].as_str().expect(member).to_owned()
    }

    /// The values of `member` of the items in a list of the admin API, in their order.
    pub fn items(&self, member: &str) -> Vec<&str> {
        let items = self.body["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(|item| item[member].as_str()).collect()
    }

    /// The `id` of the resource in it.
    ///
    /// # Panics
    /// Where there is none.
    #[track_caller]
    pub fn id(&self) -> String {
        let id = self.body["id"].as_str().unwrap_or_default();
        assert!(!id.is_empty(), "no id: {}", self.body);
        id.to_owned()
    }

    /// The values of `attribute` of the resources in a list response, in their order.
    pub fn listed(&self, attribute: &str) -> Vec<&str> {
        let resources = self.body["Resources"].as_array().map(Vec::as_slice).unwrap_or_default();
        resources.iter().filter_map(|resource| resource[attribute].as_str()).collect()
    }

    /// The number of the version in `ETag`; 0 where there is none.
    pub fn version(&self) -> u64 {
        let tag = self.header("etag").trim_start_matches("W/\"v").trim_end_matches('"');
        tag.parse().unwrap_or_default()
    }
}
