//! `/openapi.json` and `/docs`: the document against the server that serves it.

use std::collections::BTreeMap;

use reqwest::header::HeaderMap;
use reqwest::{Client, Method, RequestBuilder};
use scim_e2e::SECRET;
use serde_json::Value;

use crate::TestApp;

/// What a path names that has variables.
const VARIABLES: [(&str, &str); 6] = [
    ("{tenant}", "default"),
    ("{endpoint}", "Users"),
    ("{id}", "none"),
    ("{urn}", "urn:ietf:params:scim:schemas:core:2.0:User"),
    ("{name}", "Group"),
    ("{credential}", "none"),
];

/// Plain requests: the document names attributes that no other answer may have in it.
struct Reader {
    http: Client,
    origin: String,
}

impl Reader {
    fn new(app: &TestApp) -> Self {
        let http = Client::builder().no_proxy().build().expect("a client");
        Self { http, origin: app.base_url().trim_end_matches("/scim/v2").to_owned() }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.origin))
    }

    async fn get(&self, path: &str) -> (u16, HeaderMap, String) {
        sent(self.request(Method::GET, path)).await
    }

    async fn document(&self) -> Value {
        let (status, headers, text) = self.get("/openapi.json").await;
        assert_eq!((status, header(&headers, "content-type")), (200, "application/json"));
        serde_json::from_str(&text).expect("JSON")
    }
}

async fn sent(request: RequestBuilder) -> (u16, HeaderMap, String) {
    let response = request.send().await.expect("an answer");
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    (status, headers, response.text().await.expect("text"))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// The answer that an operation says to have for a status.
fn answer<'a>(document: &'a Value, operation: &'a Value, status: u16) -> Option<&'a Value> {
    let answer = operation["responses"].get(status.to_string())?;
    match answer["$ref"].as_str() {
        Some(uri) => document.pointer(uri.trim_start_matches('#')),
        None => Some(answer),
    }
}

#[tokio::test]
async fn every_operation_is_there_and_answers_as_the_document_says() {
    let app = TestApp::builder().secret_opens_every_tenant().start().await.expect("a server");
    let reader = Reader::new(&app);
    let document = reader.document().await;
    let (mut tried, mut statuses) = (0, BTreeMap::<u16, usize>::new());
    for (path, item) in document["paths"].as_object().expect("paths") {
        let url = VARIABLES.iter().fold(path.clone(), |url, (name, value)| url.replace(name, value));
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let Some(operation) = item.get(method.to_lowercase()) else { continue };
            let request = reader.request(method.parse().expect("a method"), &url);
            let (status, headers, text) = sent(request.bearer_auth(SECRET)).await;
            assert!(status != 405 && !text.contains("at this path"), "{method} {path}: {status} {text}");
            let documented = answer(&document, operation, status);
            let documented = documented.unwrap_or_else(|| panic!("{method} {path}: {status} {text}"));
            let media_type = header(&headers, "content-type").split(';').next().unwrap_or_default();
            match documented.get("content").and_then(Value::as_object) {
                Some(content) => assert!(content.contains_key(media_type), "{method} {path}: {media_type}"),
                None => assert!(text.is_empty(), "{method} {path}: {text}"),
            }
            for name in documented["headers"].as_object().expect("headers").keys() {
                assert!(headers.contains_key(name), "{method} {path}: {status} without {name}");
            }
            tried += 1;
            *statuses.entry(status).or_default() += 1;
        }
    }
    assert!(tried > 100, "{tried}");
    // A request without a body is refused, and a resource that is not there is not found.
    for status in [200, 400, 404, 501] {
        assert!(statuses.contains_key(&status), "{statuses:?}");
    }
}

#[tokio::test]
async fn the_document_names_the_server_where_its_url_is_set() {
    let app = TestApp::builder()
        .http(|http| http.public_base_url = Some("https://scim.example/gate".to_owned()))
        .start()
        .await
        .expect("a server");
    let document = Reader::new(&app).document().await;
    assert_eq!(document["servers"][0]["url"], "https://scim.example/gate");
}

#[tokio::test]
async fn who_has_the_document_or_the_page_is_not_sent_it_again() {
    let app = TestApp::start().await.expect("a server");
    let reader = Reader::new(&app);
    for path in ["/openapi.json", "/docs", "/docs/style.css"] {
        let (status, headers, text) = reader.get(path).await;
        assert_eq!((status, text.is_empty()), (200, false), "{path}");
        assert_eq!(header(&headers, "cache-control"), "no-cache", "{path}");
        let tag = header(&headers, "etag");
        let again = reader.request(Method::GET, path).header("If-None-Match", tag);
        let (status, known, text) = sent(again).await;
        assert_eq!((status, text.as_str(), header(&known, "etag")), (304, "", tag), "{path}");
        // What comes with 304 takes the place of what came with the page.
        for name in ["content-security-policy", "cache-control"] {
            assert_eq!(header(&known, name), header(&headers, name), "{path}");
        }
        let (status, head, text) = sent(reader.request(Method::HEAD, path)).await;
        assert_eq!((status, text.as_str(), header(&head, "etag")), (200, "", tag), "{path}");
    }
}

/// The values of `href` in a page.
fn links(page: &str) -> Vec<String> {
    page.split(" href=\"").skip(1).filter_map(|rest| Some(rest.split('"').next()?.to_owned())).collect()
}

#[tokio::test]
async fn pages_load_nothing_from_elsewhere_and_their_links_lead_somewhere() {
    let app = TestApp::builder().config(|config| config.anonymous_discovery = true).start().await;
    let app = app.expect("a server");
    let reader = Reader::new(&app);
    for (path, expected) in [("/", "docs"), ("/", "openapi.json"), ("/docs", "openapi.json")] {
        let (status, headers, page) = reader.get(path).await;
        assert_eq!((status, header(&headers, "content-type")), (200, "text/html; charset=utf-8"), "{path}");
        let policy = header(&headers, "content-security-policy");
        assert!(policy.starts_with("default-src 'none'; style-src 'self'; "), "{policy}");
        let links = links(&page);
        assert!(links.iter().any(|link| link == expected), "{links:?}");
        for link in links.iter().filter(|link| !link.starts_with('#')) {
            let target = format!("/{}", link.trim_start_matches("./"));
            let (status, headers, _) = reader.get(&target).await;
            assert_eq!(status, 200, "{path}: {link}");
            let is_style = header(&headers, "content-type").starts_with("text/css");
            assert_eq!(is_style, link == "docs/style.css", "{link}");
        }
    }
    let (_, _, page) = reader.get("/docs").await;
    assert!(page.contains("/scim/v2</span>/Users"), "the operations are on the page");
}
