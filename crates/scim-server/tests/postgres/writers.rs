//! Many writers through two servers on one database.

use futures_util::future::join_all;
use reqwest::Method;

use crate::server::{Answer, Server, add_member, database, set_title, user};

const WRITERS: usize = 64;

/// Two servers that were started at once on an empty database.
fn two_servers(url: &str) -> [Server; 2] {
    let starting = [Server::spawn(url, &[]), Server::spawn(url, &[])];
    starting.map(|server| server.serving())
}

fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// What the writers do, every other one through the second server.
async fn storm(servers: &[Server; 2], write: impl AsyncFn(&Server, usize) -> Answer) -> Vec<Answer> {
    let [even, odd] = servers;
    let write = async |index: usize| write(if index.is_multiple_of(2) { even } else { odd }, index).await;
    join_all((0..WRITERS).map(write)).await
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_start_at_once_and_serve_the_same() {
    let database = database();
    let [one, other] = two_servers(database.url());
    for server in [&one, &other] {
        server.probe("/ready").await.expect(200);
    }
    let id = one.created("ada").await;
    other.get(&format!("/Users/{id}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_member_is_lost_and_versions_count_up_by_one() {
    let database = database();
    let servers = two_servers(database.url());
    let users = storm(&servers, async |server, index| {
        server.post("/Users", &user(&format!("user{index}"))).await.expect("an answer").expect(201)
    });
    let users: Vec<String> = users.await.iter().map(Answer::id).collect();
    let path = format!("/Groups/{}", servers[0].created_group().await);
    let answers = storm(&servers, async |server, index| {
        server.patch(&path, &add_member(&users[index])).await.expect("an answer").expect(200)
    })
    .await;
    let mut versions: Vec<u64> = answers.iter().map(Answer::version).collect();
    versions.sort_unstable();
    assert_eq!(versions, (2..=65).collect::<Vec<u64>>());
    for server in &servers {
        let group = server.get(&path).await.expect(200);
        assert_eq!(group.members(), users.iter().cloned().collect());
        assert_eq!(group.version(), 65);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_the_writers_that_expect_one_version_one_succeeds() {
    let database = database();
    let servers = two_servers(database.url());
    let path = format!("/Users/{}", servers[0].created("ada").await);
    let answers = storm(&servers, async |server, index| {
        let body = set_title(&format!("title{index}"));
        let answer = server.request(Method::PATCH, &path, Some(&body), Some("W/\"v1\"")).await;
        answer.expect("an answer")
    })
    .await;
    assert_eq!((with_status(&answers, 200), with_status(&answers, 412)), (1, WRITERS - 1));
    let winner = answers.iter().find(|answer| answer.status == 200).expect("one");
    let stored = servers[1].get(&path).await.expect(200);
    assert_eq!((stored.version(), &stored.body["title"]), (2, &winner.body["title"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unique_name_is_given_once() {
    let database = database();
    let servers = two_servers(database.url());
    let answers = storm(&servers, async |server, index| {
        // The same name, in the sense of uniqueness.
        let name = if index % 3 == 0 { "Ada" } else { "ada" };
        server.post("/Users", &user(name)).await.expect("an answer")
    })
    .await;
    assert_eq!((with_status(&answers, 201), with_status(&answers, 409)), (1, WRITERS - 1));
    assert_eq!(servers[0].get("/Users").await.expect(200).body["totalResults"], 1);
}
