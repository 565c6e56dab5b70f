//! Many writers at once: nothing is lost, nothing happens twice.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Method;
use scim_e2e::Answer;
use serde_json::json;

use crate::TestApp;
use crate::bodies::{created, created_group, members, patch, user};

const WRITERS: usize = 64;

fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

#[tokio::test]
async fn writers_that_add_different_members_all_succeed() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let users =
        join_all((0..WRITERS).map(async |index| created(&client, &format!("user{index}")).await)).await;
    let group = created_group(&client, "all", &[]).await;
    let path = format!("/Groups/{group}");
    let add = async |id: &String| {
        let body = patch(&json!([{"op": "add", "path": "members", "value": [{"value": id}]}]));
        client.patch(&path, &body).await.expect(200)
    };
    let answers = join_all(users.iter().map(add)).await;
    let found: BTreeSet<String> = members(&client, &group).await.into_iter().collect();
    assert_eq!(found, users.into_iter().collect());
    let versions: BTreeSet<u64> = answers.iter().map(Answer::version).collect();
    assert_eq!(versions, (2..=65).collect(), "each change has a version of its own");
}

#[tokio::test]
async fn of_writers_with_one_version_exactly_one_succeeds() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let path = format!("/Users/{}", created(&client, "babs").await);
    let write = async |index: usize| {
        let body = patch(&json!([{"op": "replace", "path": "nickName", "value": format!("nick{index}")}]));
        client.request(Method::PATCH, &path).header("If-Match", "W/\"v1\"").json(&body).send().await
    };
    let answers = join_all((0..WRITERS).map(write)).await;
    assert_eq!((with_status(&answers, 200), with_status(&answers, 412)), (1, WRITERS - 1));
    let winner = answers.iter().find(|answer| answer.status == 200).expect("one");
    assert_eq!(client.get(&path).await.expect(200).body, winner.body);
    assert_eq!(winner.version(), 2);
}

#[tokio::test]
async fn of_creations_of_one_name_exactly_one_succeeds() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let create = async |index: usize| {
        let name = if index.is_multiple_of(2) { "bjensen" } else { "BJENSEN" };
        client.post("/Users", &user(name)).await
    };
    let answers = join_all((0..WRITERS).map(create)).await;
    assert_eq!((with_status(&answers, 201), with_status(&answers, 409)), (1, WRITERS - 1));
    assert_eq!(client.get("/Users").await.body["totalResults"], 1);
}

#[tokio::test]
async fn writers_without_a_version_all_succeed_one_after_the_other() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let path = format!("/Users/{}", created(&client, "babs").await);
    let write = async |index: usize| {
        let email = json!({"value": format!("{index}@example.com"), "type": format!("t{index}")});
        client
            .patch(&path, &patch(&json!([{"op": "add", "path": "emails", "value": [email]}])))
            .await
            .expect(200)
    };
    let answers = join_all((0..WRITERS).map(write)).await;
    let versions: BTreeSet<u64> = answers.iter().map(Answer::version).collect();
    assert_eq!(versions, (2..=65).collect());
    let shown = client.get(&path).await.expect(200);
    assert_eq!(shown.body["emails"].as_array().map(Vec::len), Some(WRITERS), "no update is lost");
}

#[tokio::test]
async fn deleting_happens_once() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let path = format!("/Users/{}", created(&client, "babs").await);
    let answers = join_all((0..WRITERS).map(|_| client.delete(&path))).await;
    assert_eq!((with_status(&answers, 204), with_status(&answers, 404)), (1, WRITERS - 1));
}
