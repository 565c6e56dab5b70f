//! Errors (RFC 7644 §3.12) and ids of requests.

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

use crate::TestApp;
use crate::bodies::{created, user};

#[tokio::test]
async fn a_method_that_is_not_taken_is_405_with_those_that_are() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    for (method, path, allow) in [
        (Method::PUT, "/Users", "GET, HEAD, POST"),
        (Method::DELETE, "/Groups", "GET, HEAD, POST"),
        (Method::OPTIONS, "/Users", "GET, HEAD, POST"),
        (Method::POST, "/Users/x", "GET, HEAD, PUT, PATCH, DELETE"),
        (Method::GET, "/Users/.search", "POST"),
        (Method::GET, "/.search", "POST"),
        (Method::GET, "/Bulk", "POST"),
        (Method::POST, "/Schemas", "GET, HEAD"),
        (Method::PUT, "/ServiceProviderConfig", "GET, HEAD"),
        (Method::DELETE, "/ResourceTypes/User", "GET, HEAD"),
        (Method::POST, "", "GET, HEAD"),
        (Method::OPTIONS, "/Me", "GET, HEAD, PUT, PATCH, DELETE, POST"),
    ] {
        let answer = client.request(method.clone(), path).send().await;
        answer.expect_error(405, None, method.as_str());
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn what_is_not_there_is_404() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    for path in
        ["/Nothing", "/users", "/Nothing/x", "/Users/", "/Users/a/b", "/Users/x/", "//Users", "/Bulk/x"]
    {
        client.get(path).await.expect_error(404, None, "");
        client.request(Method::PUT, path).json(&user("x")).send().await.expect_error(404, None, "");
    }
    for id in [
        "x",
        "2819c223-7f76-453a-919d-413861904646",
        "2819C223-7F76-453A-919D-413861904646",
        "%00",
        "%FF",
        "..%2F..",
    ] {
        client.get(&format!("/Users/{id}")).await.expect_error(404, None, "");
        client.delete(&format!("/Users/{id}")).await.expect_error(404, None, "");
    }
    let root = client.at("");
    for path in ["/nothing", "/scim", "/scim/v3/Users", "/tenants", "/tenants/"] {
        root.get(path).await.expect_error(404, None, "");
    }
}

#[tokio::test]
async fn head_is_get_without_the_body() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let path = format!("/Users/{}", created(&client, "babs").await);
    for path in [path.as_str(), "/Users", "/Schemas"] {
        let get = client.get(path).await.expect(200);
        let head = client.request(Method::HEAD, path).send().await.expect(200);
        assert_eq!(head.header("etag"), get.header("etag"));
        assert_eq!(head.header("content-length"), get.header("content-length"));
        assert!(head.body.is_null());
    }
}

#[tokio::test]
async fn the_id_of_a_request_is_repeated_or_made() {
    let app = TestApp::start().await.expect("a server");
    let long = "x".repeat(200);
    for (given, kept) in [("abc-123", true), (long.as_str(), false), ("a b", false)] {
        for path in ["/Users", "/Users/x", "/Nothing"] {
            let answer = app.operator().request(Method::GET, path).header("X-Request-Id", given).send().await;
            assert_eq!(answer.header("x-request-id") == given, kept, "{given}");
        }
    }
    let one = app.operator().get("/Users").await;
    let other = app.anonymous().get("/Users").await;
    assert_eq!(one.header("x-request-id").len(), 36);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
}

#[tokio::test]
async fn a_body_has_a_limit_announced_or_not() {
    let app = TestApp::builder().http(|http| http.max_request_size = 1000).start().await.expect("a server");
    let client = app.operator();
    let mut large = user("x");
    large["displayName"] = json!("y".repeat(1000));
    client.post("/Users", &large).await.expect_error(413, None, "1000");
    let mut fitting = user("x");
    fitting["displayName"] = json!("y".repeat(800));
    client.post("/Users", &fitting).await.expect(201);
    let one = app.operator().get("/Users").await.expect(200);
    assert_eq!(one.body["totalResults"], 1);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_told_so() {
    let app = TestApp::builder()
        .http(|http| http.request_timeout = Duration::from_secs(2))
        .start()
        .await
        .expect("a server");
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/scim+json\r\nContent-Length: 100\r\n\r\n{{",
        app.address(),
        scim_e2e::SECRET
    );
    let answer = crate::hostile::raw(&app, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
    assert!(answer.contains("\"status\":\"408\""), "{answer}");
}
