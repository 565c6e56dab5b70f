//! Servers that wait for their migrations, and the command that applies them.

use std::process::Output;
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::json;

use crate::server::{Server, database, run, set_title, user};

#[track_caller]
fn check_run(output: &Output, printed: &str) {
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{err}");
    assert!(out.starts_with(printed), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_auto_migrate_a_server_is_ready_when_they_are_applied() {
    let database = database();
    let server = Server::spawn(database.url(), &[("AUTO_MIGRATE", "false")]).serving();
    server.probe("/health").await.expect(200);
    server.probe("/ready").await.expect(503);
    let refused = server.post("/Users", &user("ada")).await.expect("an answer").expect(503);
    assert!(refused.headers.contains_key("retry-after"));

    check_run(&run(database.url(), &["migrate"]), "applied 00000000000001");
    server.probe("/ready").await.expect(200);
    let id = server.created("ada").await;
    check_run(&run(database.url(), &["migrate"]), "nothing to apply");
    server.get(&format!("/Users/{id}")).await.expect(200);

    check_run(&run(database.url(), &["migrate", "--down", "--yes"]), "every migration is taken back");
    server.becomes_unready().await;
}

/// Their tables go away under a server that has used them, and come back.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_goes_on_when_they_are_taken_back_and_applied_again() {
    let database = database();
    let server = Server::start(database.url());
    let path = format!("/Users/{}", server.created("ada").await);
    let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": "POST", "path": "/Users", "bulkId": "a", "data": user("bob")}]});
    let (title, other) = (set_title("Countess"), user("ada"));
    let requests = [
        (Method::GET, path.as_str(), None),
        (Method::GET, "/Users", None),
        (Method::GET, "/Users?filter=userName%20eq%20%22ada%22", None),
        (Method::GET, "/Users?filter=displayName%20co%20%22ada%22&sortBy=title", None),
        (Method::POST, "/Users", Some(&other)),
        (Method::PUT, path.as_str(), Some(&other)),
        (Method::PATCH, path.as_str(), Some(&title)),
        (Method::DELETE, path.as_str(), None),
    ];
    for _ in 0..2 {
        check_run(&run(database.url(), &["migrate", "--down", "--yes"]), "every migration is taken back");
        for round in 0..2 {
            for (method, path, body) in &requests {
                let answer = server.request(method.clone(), path, *body, None).await.expect("an answer");
                assert_eq!(answer.status, 503, "{round}: {method} {path}: {}", answer.body);
                assert!(answer.headers.contains_key("retry-after"), "{method} {path}");
            }
            // A request of many tells of each, once its tenant is known.
            let answer = server.post("/Bulk", &bulk).await.expect("an answer");
            let status = answer.body["Operations"][0]["status"].as_str().unwrap_or_default();
            assert!(answer.status == 503 || status == "503", "{round}: {}", answer.body);
        }
        server.becomes_unready().await;
        check_run(&run(database.url(), &["migrate"]), "applied 00000000000001");
        let back = Instant::now();
        while server.post("/Users", &user("ada")).await.expect("an answer").status != 201 {
            assert!(back.elapsed() < Duration::from_secs(10), "the server does not recover");
        }
        for (method, path, body) in &requests[1..4] {
            server.request(method.clone(), path, *body, None).await.expect("an answer").expect(200);
        }
        server.probe("/ready").await.expect(200);
    }
}
