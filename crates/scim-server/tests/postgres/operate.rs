//! The command line at the database, beside a server.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::server::{SECRET, Server, database, run};

/// Far less than a minute, for which a server would remember what it is not told of.
const NOTICE: Duration = Duration::from_secs(10);

/// What a command at the database answers.
#[track_caller]
fn direct(url: &str, arguments: &[&str]) -> Value {
    let output = run(url, &[arguments, &["--direct", "--json"]].concat());
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{arguments:?}: {told}");
    serde_json::from_slice(&output.stdout).expect("nothing but JSON")
}

/// Asks for the users of the token's tenant until the status is this.
async fn becomes(server: &Server, token: &str, status: u16) {
    let began = Instant::now();
    while server.probe_as("/scim/v2/Users", token).await.status != status {
        assert!(began.elapsed() < NOTICE, "the server does not learn of it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_sees_what_is_done_at_the_database() {
    let database = database();
    let server = Server::start(database.url());
    let tenant = direct(database.url(), &["tenant", "create", "acme", "--display-name", "Acme Ltd"]);
    let credential = direct(database.url(), &["credential", "create", "acme"]);
    let token = credential["token"].as_str().expect("a token");
    let id = credential["id"].as_str().expect("an id");
    server.probe_as("/scim/v2/Users", token).await.expect(200);

    direct(database.url(), &["tenant", "update", "acme", "--active", "false"]);
    becomes(&server, token, 403).await;
    direct(database.url(), &["tenant", "update", "acme", "--active", "true"]);
    becomes(&server, token, 200).await;

    let rotated = direct(database.url(), &["credential", "rotate", "acme", id]);
    let rotated = rotated["token"].as_str().expect("a token");
    server.probe_as("/scim/v2/Users", rotated).await.expect(200);
    becomes(&server, token, 401).await;
    direct(database.url(), &["credential", "revoke", "acme", id]);
    becomes(&server, rotated, 401).await;
    assert_eq!(direct(database.url(), &["credential", "list", "acme"])["items"], Value::Array(Vec::new()));

    let activity =
        server.probe_as("/admin/tenants/acme/activity?filter=actor%20eq%20%22commandLine%22", SECRET);
    let activity = activity.await.expect(200);
    let operations: Vec<&str> = activity.body["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|record| record["operation"].as_str().expect("an operation"))
        .collect();
    assert_eq!(operations, ["delete", "rotate", "modify", "modify", "create", "create"]);

    let shown = server.probe_as("/admin/tenants/acme", SECRET).await.expect(200);
    assert_eq!((&shown.body["id"], &shown.body["displayName"]), (&tenant["id"], &tenant["displayName"]));
    direct(database.url(), &["tenant", "delete", "acme", "--yes"]);
    server.probe_as("/admin/tenants/acme", SECRET).await.expect(404);
}

#[test]
fn what_cannot_be_done_at_the_database_is_one_clear_line() {
    let database = database();
    let refused = |arguments: &[&str], detail: &str| {
        let output = run(database.url(), &[arguments, &["--direct"]].concat());
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert_eq!(told.lines().count(), 1, "{told}");
        assert!(told.starts_with(&format!("scim-server: {detail}")), "{told}");
        assert!(output.stdout.is_empty());
    };
    refused(&["tenant", "list"], "migrations are not applied: ");
    assert_eq!(run(database.url(), &["migrate"]).status.code(), Some(0));
    refused(&["tenant", "show", "acme"], "there is no tenant 'acme'");
    refused(&["credential", "rotate", "acme", "x"], "there is no tenant 'acme'");
    assert_eq!(direct(database.url(), &["tenant", "list"])["items"], Value::Array(Vec::new()));
}
