//! `/health`, `/ready` and the page at `/`.

use serde_json::json;

use crate::TestApp;

#[tokio::test]
async fn health_and_readiness_need_no_credential() {
    let app = TestApp::start().await.expect("a server");
    let client = app.anonymous().at("");
    let health = client.get("/health").await.expect(200);
    assert_eq!(health.body["status"], "ok");
    assert_eq!(health.body["checks"], json!([{"name": "process", "healthy": true}]));
    assert!(health.body["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
    assert!(health.body["version"].is_string());
    let ready = client.get("/ready").await.expect(200);
    assert_eq!(ready.body["checks"][0], json!({"name": "store", "healthy": true}));
    client.get("/").await.expect(200);
    let refused = client.post("/health", &json!({})).await;
    refused.expect_error(405, None, "POST");
    assert_eq!(refused.header("allow"), "GET, HEAD");
}

#[tokio::test]
async fn a_server_that_is_about_to_end_is_not_ready_and_lets_go_of_its_clients() {
    let app = TestApp::start().await.expect("a server");
    let client = app.anonymous().at("");
    app.state().drain();
    let ready = client.get("/ready").await.expect(503);
    assert_eq!(ready.body["status"], "unavailable");
    assert_eq!(ready.body["checks"][1], json!({"name": "draining", "healthy": false}));
    assert_eq!(ready.header("connection"), "close");
    client.get("/health").await.expect(200);
    app.operator().get("/Users").await.expect(200);
}
