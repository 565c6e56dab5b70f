//! `/metrics`: what is measured of what was done, and that no client makes it grow.

use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Stdio};

use reqwest::Method;
use scim_e2e::{Client, SECRET};
use serde_json::json;

use crate::TestApp;
use crate::admin::{client_of, new_tenant};
use crate::bodies::{created, created_group, patch, user};
use crate::hostile::raw;

/// What `/metrics` answers: the type of its content, and the text.
async fn scrape(app: &TestApp) -> (String, String) {
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let answer = http.get(format!("http://{}/metrics", app.address())).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    let content_type = answer.headers()["content-type"].to_str().expect("text").to_owned();
    (content_type, answer.text().await.expect("text"))
}

/// The value of the sample with this name and these labels; 0 where there is none.
fn value(metrics: &str, sample: &str) -> f64 {
    let found = metrics.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    found.map_or(0.0, |value| value.parse().expect("a number"))
}

#[track_caller]
fn counted(metrics: &str, sample: &str, expected: f64) {
    let found = value(metrics, sample);
    assert!((found - expected).abs() < 0.5, "{sample}: {found}, not {expected}\n{metrics}");
}

/// The samples of `http_requests_total` and `http_request_duration_seconds`, without their values.
fn series(metrics: &str) -> BTreeSet<&str> {
    let is_http = |line: &&str| line.starts_with("http_");
    metrics.lines().filter(is_http).filter_map(|line| Some(line.rsplit_once(' ')?.0)).collect()
}

/// A bit of everything.
async fn use_everything(app: &TestApp) -> Client {
    new_tenant(&app.admin(), "acme").await;
    let client = client_of(app, "acme").await;
    let id = created(&client, "a").await;
    created(&client, "b").await;
    created_group(&client, "g", &[&id]).await;
    let path = format!("/Users/{id}");
    client.get(&path).await.expect(200);
    client.get("/Users").await.expect(200);
    client.get("/Users/nobody").await.expect(404);
    client.post("/Users", &user("a")).await.expect(409);
    let change = json!([{"op": "replace", "path": "title", "value": "x"}]);
    client.patch(&path, &patch(&change)).await.expect(200);
    client.put(&path, &user("c")).await.expect(200);
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "1", "data": user("d")},
            {"method": "POST", "path": "/Users", "bulkId": "2", "data": user("d")},
            {"method": "DELETE", "path": path},
        ]
    });
    client.post("/Bulk", &bulk).await.expect(200);
    app.intruder().get("/Users").await.expect(401);
    client
}

#[tokio::test]
async fn what_is_done_is_measured() {
    let app = TestApp::start().await.expect("a server");
    use_everything(&app).await;
    let maintenance = app.state().service.maintenance();
    maintenance.count().await;
    let (content_type, metrics) = scrape(&app).await;
    assert_eq!(content_type, "text/plain; version=0.0.4; charset=utf-8");
    let requests = |labels: &str| format!("http_requests_total{{{labels}}}");
    let one = r#"method="GET",route="/scim/v2/{endpoint}/{id}""#;
    counted(&metrics, &requests(&format!(r#"{one},status="200""#)), 1.0);
    counted(&metrics, &requests(&format!(r#"{one},status="404""#)), 1.0);
    counted(&metrics, &format!("http_request_duration_seconds_count{{{one}}}"), 2.0);
    counted(&metrics, &requests(r#"method="POST",route="/admin/tenants",status="201""#), 1.0);
    for (operation, outcome, count) in [
        ("create", "success", 3.0),
        ("create", "refused", 2.0),
        ("read", "success", 1.0),
        ("read", "refused", 1.0),
        ("search", "success", 1.0),
        ("modify", "success", 1.0),
        ("replace", "success", 1.0),
        ("delete", "success", 1.0),
    ] {
        let labels =
            format!(r#"tenant="acme",resource_type="User",operation="{operation}",outcome="{outcome}""#);
        counted(&metrics, &format!("scim_operations_total{{{labels}}}"), count);
    }
    counted(&metrics, r#"bulk_operations_total{outcome="success"}"#, 2.0);
    counted(&metrics, r#"bulk_operations_total{outcome="refused"}"#, 1.0);
    counted(&metrics, r#"users_total{tenant="acme"}"#, 2.0);
    counted(&metrics, r#"groups_total{tenant="acme"}"#, 1.0);
    counted(&metrics, r#"users_total{tenant="default"}"#, 0.0);
    counted(&metrics, r#"auth_attempts_total{outcome="refused"}"#, 1.0);
    assert!(value(&metrics, r#"auth_attempts_total{outcome="success"}"#) >= 10.0, "{metrics}");
    counted(&metrics, r#"credential_cache_requests_total{outcome="miss"}"#, 1.0);
    assert!(value(&metrics, r#"credential_cache_requests_total{outcome="hit"}"#) >= 9.0, "{metrics}");
    counted(&metrics, "credential_cache_entries", 1.0);
    assert!(value(&metrics, r#"cache_requests_total{outcome="hit"}"#) >= 9.0, "{metrics}");
    assert!(value(&metrics, r#"cache_requests_total{outcome="miss"}"#) >= 1.0, "{metrics}");
    assert!(metrics.contains("\nbuild_info{version="), "{metrics}");
    let is_there = metrics.contains(r#"db_pool_connections{state="idle"}"#);
    assert_eq!(is_there, metrics.contains("db_pool_max_connections 8"), "{metrics}");
}

#[tokio::test]
async fn no_client_makes_the_metrics_grow() {
    let app = TestApp::start().await.expect("a server");
    let operator = app.operator();
    for path in ["/Users", "/Users/a", "/Nothing", "/Nothing/a", "/a/b/c/d"] {
        for client in [&operator, &app.anonymous()] {
            client.get(path).await;
            client.request(Method::from_bytes(b"PURGE").expect("a method"), path).send().await;
        }
    }
    app.anonymous().at("").get("/a").await;
    raw(&app, b"PURGE /a HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await;
    let (_, before) = scrape(&app).await;
    for number in 0..1000 {
        let paths = [
            format!("/scim/v2/Users/{number}"),
            format!("/scim/v2/T{number}"),
            format!("/tenants/t{number}/Users"),
            format!("/x{number}/y"),
            format!("/scim/v2/a/b/c/d{number}"),
        ];
        let path = &paths[number % paths.len()];
        let method = if number % 2 == 0 { "GET".to_owned() } else { format!("M{number}") };
        let token = if number % 3 == 0 { format!("t-{number}") } else { SECRET.to_owned() };
        let head = format!("{method} {path}?q={number} HTTP/1.1\r\nHost: h{number}\r\n");
        let head = format!("{head}Authorization: Bearer {token}\r\nContent-Length: 0\r\n\r\n");
        raw(&app, head.as_bytes()).await;
    }
    let (_, after) = scrape(&app).await;
    let new: Vec<&str> = series(&after).difference(&series(&before)).copied().collect();
    // The routes of a tenant's mount were not asked for before, and neither was this one.
    let allowed = ["/tenants/{tenant}", "/metrics"];
    let grown: Vec<_> = new.iter().filter(|line| !allowed.iter().any(|route| line.contains(route))).collect();
    assert!(grown.is_empty(), "{grown:#?}");
    assert!(new.len() < 60, "{new:#?}");
    for word in ["M1", "t-3", "x3", "h3", "T1"] {
        assert!(!after.contains(&format!("{word}\"")), "{word}\n{after}");
    }
}

#[tokio::test]
async fn without_metrics_there_is_nothing() {
    let app = TestApp::builder().without_metrics().start().await.expect("a server");
    let client = app.anonymous().at("");
    client.get("/metrics").await.expect_error(404, None, "nothing at this path");
    let app = TestApp::start().await.expect("a server");
    app.anonymous().at("").post("/metrics", &json!({})).await.expect_error(405, None, "POST");
}

/// `promtool check metrics`, of Debian's package `prometheus`, reads them and finds no fault.
#[tokio::test]
async fn promtool_finds_no_fault() {
    let spawned = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut promtool = match spawned {
        Ok(promtool) => promtool,
        Err(error) => {
            let is_ci = std::env::vars_os().any(|(name, _)| name == "CI");
            assert!(!is_ci, "promtool: {error}; the package prometheus has it");
            let skipped = "skipped: promtool is not on this machine; the package prometheus has it";
            writeln!(std::io::stderr(), "{skipped}").expect("stderr");
            return;
        }
    };
    let app = TestApp::start().await.expect("a server");
    use_everything(&app).await;
    app.state().service.maintenance().count().await;
    let (_, metrics) = scrape(&app).await;
    let mut stdin = promtool.stdin.take().expect("its input");
    stdin.write_all(metrics.as_bytes()).expect("it reads");
    drop(stdin);
    let said = promtool.wait_with_output().expect("its end");
    let told = [said.stdout, said.stderr].map(|text| String::from_utf8_lossy(&text).into_owned());
    assert!(said.status.success() && told.concat().is_empty(), "{told:?}\n{metrics}");
}
