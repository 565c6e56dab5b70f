//! Servers that wait for their migrations, and the command that applies them.

use std::process::Output;

use crate::server::{Server, database, run, user};

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
    server.probe("/ready").await.expect(503);
}
