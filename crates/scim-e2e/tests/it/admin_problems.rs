//! The admin API as a whole: who may come in, and what is wrong with a request (RFC 9457).

use reqwest::Method;
use serde_json::json;

use crate::TestApp;
use crate::admin::{new_credential, new_tenant};

#[tokio::test]
async fn only_the_operators_secret_opens_it() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    let token = new_credential(&admin, "default", &json!({})).await.text("token");
    let strangers = [
        app.anonymous().at_admin(),
        app.intruder().at_admin(),
        app.anonymous().with_token(&token).at_admin(),
    ];
    for stranger in strangers {
        for path in [
            "",
            "/",
            "/nothing",
            "/tenants",
            "/tenants/acme",
            "/tenants/acme/credentials",
            "/tenants/acme/credentials/x",
            "/tenants/acme/credentials/x/rotate",
            "/tenants/acme/stats",
            "/tenants/acme/activity",
            "/stats",
            "/version",
        ] {
            for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
                let answer = stranger.request(method, path).body("text/plain", "nonsense").send().await;
                answer.expect_problem(401, "operator's secret");
            }
        }
    }
    admin.get("/tenants/acme").await.expect(200);
}

#[tokio::test]
async fn what_no_endpoint_takes_is_a_problem_document() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    for path in ["", "/", "/nothing", "/tenants/", "/tenants/default/x", "/tenants/default/stats/x"] {
        admin.get(path).await.expect_problem(404, "there is no endpoint");
    }
    for (method, path, allow) in [
        (Method::PUT, "/tenants", "GET, HEAD, POST"),
        (Method::POST, "/tenants/default", "GET, HEAD, PATCH, DELETE"),
        (Method::PUT, "/tenants/default/credentials", "GET, HEAD, POST"),
        (Method::GET, "/tenants/default/credentials/x", "DELETE"),
        (Method::GET, "/tenants/default/credentials/x/rotate", "POST"),
        (Method::POST, "/stats", "GET, HEAD"),
        (Method::DELETE, "/version", "GET, HEAD"),
    ] {
        let answer = admin.request(method.clone(), path).send().await;
        answer.expect_problem(405, method.as_str());
        assert_eq!(answer.header("allow"), allow, "{method} {path}");
    }
}

#[tokio::test]
async fn bodies_are_plain_json() {
    let app = TestApp::builder().http(|http| http.max_request_size = 1000).start().await.expect("a server");
    let admin = app.admin();
    let send = |method: Method, path: &str, media_type: &str, body: &str| {
        admin.request(method, path).body(media_type, body.to_owned()).send()
    };
    let post =
        |media_type: &'static str, body: &'static str| send(Method::POST, "/tenants", media_type, body);
    for media_type in ["application/scim+json", "application/merge-patch+json", "text/plain"] {
        post(media_type, "{\"slug\":\"a\"}").await.expect_problem(415, "Content-Type");
    }
    let patch = send(Method::PATCH, "/tenants/default", "application/scim+json", "{}").await;
    patch.expect_problem(415, "application/json or application/merge-patch+json");
    post("application/json", "").await.expect_problem(400, "empty");
    post("application/json", "{").await.expect_problem(400, "JSON");
    post("application/json", "{\"slug\":\"a\",\"slug\":\"b\"}").await.expect_problem(400, "twice");
    let nested = "[".repeat(100);
    send(Method::POST, "/tenants", "application/json", &nested).await.expect_problem(400, "nested deeper");
    let large = "x".repeat(1001);
    send(Method::POST, "/tenants", "application/json", &large).await.expect_problem(413, "1000");
    post("application/json; charset=utf-8", "{\"slug\":\"a\"}").await.expect(201);
    admin.post("/tenants?dryRun=true", &json!({"slug": "b"})).await.expect_problem(400, "dryRun");
    admin.get("/version?x=1").await.expect_problem(400, "x: there is no such parameter");
    admin.get("/tenants?limit=%FF").await.expect_problem(400, "limit");
}

#[tokio::test]
async fn the_server_tells_what_it_is() {
    let app = TestApp::start().await.expect("a server");
    let version = app.admin().get("/version").await.expect(200);
    assert_eq!(version.body["version"], env!("CARGO_PKG_VERSION"));
    let on_postgres = version.body["persistenceBackend"] == "postgres";
    assert!(on_postgres || version.body["persistenceBackend"] == "inmemory", "{}", version.body);
    assert_eq!(version.body["pool"]["max"].is_u64(), on_postgres);
    assert_eq!(version.body["migration"].is_string(), on_postgres);
    assert!(version.body.get("commit").is_some());
}
