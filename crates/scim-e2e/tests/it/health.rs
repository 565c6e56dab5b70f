//! `/health`, `/ready` and the page at `/`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use scim_http::{MemoryGauge, MemoryUse};
use serde_json::{Value, json};

use crate::TestApp;

/// As much memory as a test says, of a hundred bytes.
struct Used(AtomicU64);

impl MemoryGauge for Used {
    fn memory(&self) -> Option<MemoryUse> {
        Some(MemoryUse { used: self.0.load(Ordering::Relaxed), limit: 100 })
    }
}

/// No limit.
struct Unlimited;

impl MemoryGauge for Unlimited {
    fn memory(&self) -> Option<MemoryUse> {
        None
    }
}

/// What was checked, and whether it is healthy.
fn checks(body: &Value) -> Vec<(&str, bool)> {
    let checks = body["checks"].as_array().expect("checks").iter();
    checks
        .map(|check| {
            (check["name"].as_str().expect("a name"), check["healthy"].as_bool().expect("a verdict"))
        })
        .collect()
}

#[tokio::test]
async fn health_and_readiness_need_no_credential() {
    let app = TestApp::builder().memory(Arc::new(Unlimited)).start().await.expect("a server");
    let client = app.anonymous().at("");
    let health = client.get("/health").await.expect(200);
    assert_eq!(health.body["status"], "ok");
    let without_figures = json!([{"name": "process", "healthy": true}, {"name": "memory", "healthy": true}]);
    assert_eq!(health.body["checks"], without_figures);
    assert!(health.body["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')));
    assert!(health.body["version"].is_string());
    let ready = client.get("/ready").await.expect(200);
    assert_eq!(ready.body["status"], "ok");
    assert_eq!(checks(&ready.body), [("store", true), ("memory", true), ("draining", true)]);
    assert!(ready.body["timestamp"].is_string() && ready.body["version"].is_string());
    client.get("/").await.expect(200);
    let refused = client.post("/health", &json!({})).await;
    refused.expect_error(405, None, "POST");
    assert_eq!(refused.header("allow"), "GET, HEAD");
}

#[tokio::test]
async fn a_server_whose_memory_runs_out_is_alive_and_not_ready() {
    for (used, is_healthy) in [(94, true), (95, false)] {
        let gauge = Used(AtomicU64::new(used));
        let app = TestApp::builder().memory(Arc::new(gauge)).start().await.expect("a server");
        let client = app.anonymous().at("");
        let memory = json!({"name": "memory", "healthy": is_healthy, "usedBytes": used, "limitBytes": 100});
        let health = client.get("/health").await.expect(200);
        assert_eq!(health.body["status"], if is_healthy { "ok" } else { "degraded" });
        assert_eq!(health.body["checks"][1], memory);
        let ready = client.get("/ready").await.expect(if is_healthy { 200 } else { 503 });
        assert_eq!(ready.body["status"], if is_healthy { "ok" } else { "unavailable" });
        assert_eq!(ready.body["checks"][1], memory);
    }
}

#[tokio::test]
async fn a_server_that_is_about_to_end_is_not_ready_and_lets_go_of_its_clients() {
    let app = TestApp::builder().memory(Arc::new(Unlimited)).start().await.expect("a server");
    let client = app.anonymous().at("");
    app.state().drain();
    let ready = client.get("/ready").await.expect(503);
    assert_eq!(ready.body["status"], "unavailable");
    assert_eq!(checks(&ready.body), [("store", true), ("memory", true), ("draining", false)]);
    let health = client.get("/health").await.expect(200);
    assert_eq!(health.header("connection"), "close");
    // Requests that come all the same are served.
    assert_eq!(app.operator().get("/Users").await.expect(200).header("connection"), "close");
}
