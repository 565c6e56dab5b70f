//! What browsers are told: which origins may use the server, and how careful they are to be.

use reqwest::Method;
use scim_e2e::Answer;
use scim_http::AllowedOrigins;

use crate::TestApp;
use crate::bodies::created;

const OURS: &str = "https://app.example";
const OTHER: &str = "https://evil.example";

async fn open_to_ours() -> TestApp {
    let origins = AllowedOrigins::parse("https://app.example,http://localhost:3000").expect("origins");
    TestApp::builder().http(|http| http.allowed_origins = origins).start().await.expect("a server")
}

/// A browser's question before a request.
async fn preflight(app: &TestApp, path: &str, origin: &str) -> Answer {
    let request = app.anonymous().at("").request(Method::OPTIONS, path);
    let request = request.header("Origin", origin).header("Access-Control-Request-Method", "PATCH");
    request.header("Access-Control-Request-Headers", "authorization,content-type,if-match").send().await
}

async fn get(app: &TestApp, path: &str, origin: &str) -> Answer {
    app.operator().request(Method::GET, path).header("Origin", origin).send().await
}

#[tokio::test]
async fn pages_of_allowed_origins_may_ask_everywhere() {
    let app = open_to_ours().await;
    for path in [
        "/",
        "/health",
        "/ready",
        "/oauth/token",
        "/admin/tenants",
        "/admin/tenants/x/schemas/y",
        "/scim/v2",
        "/scim/v2/Users",
        "/scim/v2/Users/1",
        "/scim/v2/.search",
        "/scim/v2/Bulk",
        "/scim/v2/Me",
        "/tenants/acme/Groups/1",
        "/tenants/acme/scim/v2/Schemas",
        "/nothing",
    ] {
        let answer = preflight(&app, path, OURS).await.expect(204);
        assert_eq!(answer.header("access-control-allow-origin"), OURS, "{path}");
        assert_eq!(answer.header("access-control-allow-methods"), "GET, HEAD, POST, PUT, PATCH, DELETE");
        let taken = answer.header("access-control-allow-headers").to_lowercase();
        for name in ["authorization", "content-type", "if-match", "if-none-match", "prefer"] {
            assert!(taken.split(", ").any(|taken| taken == name), "{name} is not in {taken}");
        }
        assert_eq!(answer.header("vary"), "Origin");
    }
}

#[tokio::test]
async fn answers_are_for_allowed_origins_to_read() {
    let app = open_to_ours().await;
    let user = format!("/Users/{}", created(&app.operator(), "babs").await);
    for (path, status) in [(user.as_str(), 200), ("/Users/x", 404), ("/Users?filter=x", 400)] {
        let answer = get(&app, path, OURS).await.expect(status);
        assert_eq!(answer.header("access-control-allow-origin"), OURS);
        let exposed: Vec<&str> = answer.header("access-control-expose-headers").split(", ").collect();
        for name in ["ETag", "Location", "X-Request-Id", "Retry-After"] {
            assert!(exposed.contains(&name), "{name} is not in {exposed:?}");
        }
        assert_eq!(answer.header("access-control-allow-credentials"), "", "there are no cookies");
        assert_eq!(answer.header("vary"), "Origin");
    }
    let refused = app.anonymous().request(Method::GET, "/Users").header("Origin", OURS).send().await;
    assert_eq!(refused.expect(401).header("access-control-allow-origin"), OURS, "so that the page sees why");
    let second = get(&app, "/Users", "http://localhost:3000").await;
    assert_eq!(second.header("access-control-allow-origin"), "http://localhost:3000");
}

#[tokio::test]
async fn other_origins_may_nothing() {
    let app = open_to_ours().await;
    for origin in [
        OTHER,
        "null",
        "https://app.example.evil.example",
        "http://app.example",
        "https://app.example:444",
        "*",
    ] {
        let answer = get(&app, "/Users", origin).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
        assert_eq!(answer.header("vary"), "Origin", "another origin gets another answer");
        let answer = preflight(&app, "/scim/v2/Users", origin).await.expect(401);
        assert_eq!(answer.header("access-control-allow-origin"), "", "{origin}");
    }
    let plain = app.operator().request(Method::OPTIONS, "/Users").header("Origin", OURS).send().await;
    plain.expect_error(405, None, "OPTIONS");
}

#[tokio::test]
async fn no_origin_is_allowed_by_default() {
    let app = TestApp::start().await.expect("a server");
    let answer = get(&app, "/Users", OURS).await.expect(200);
    assert_eq!((answer.header("access-control-allow-origin"), answer.header("vary")), ("", ""));
    preflight(&app, "/health", OURS).await.expect_error(405, None, "OPTIONS");
}

#[tokio::test]
async fn what_may_be_kept_is_said() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let user = format!("/Users/{}", created(&client, "babs").await);
    let kept = client.get(&user).await.expect(200);
    assert_eq!(kept.header("cache-control"), "private, no-cache");
    let again = client.request(Method::GET, &user).header("If-None-Match", kept.header("etag")).send().await;
    assert_eq!(again.expect(304).header("cache-control"), "private, no-cache");
    for (path, status) in [("/Users", 200), ("/Users/x", 404), ("/Schemas", 200)] {
        assert_eq!(client.get(path).await.expect(status).header("cache-control"), "no-store", "{path}");
    }
    let page = app.anonymous().at("").get("/").await.expect(200);
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert_eq!(page.header("strict-transport-security"), "", "it is for TLS to say");
}
