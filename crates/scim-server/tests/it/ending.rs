//! The orderly end: what was begun is answered, nobody holds it up for ever, and a second signal ends it at once.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use crate::http2::Begun;
use crate::process::{ServerProcess, expect_end, shell};
use crate::storm::{Http, Storm, create_user, wait_until_not_ready};
use crate::tls::World;

fn address(server: &ServerProcess) -> SocketAddr {
    format!("127.0.0.1:{}", server.port()).parse().expect("an address")
}

fn signal(server: &ServerProcess, signal: &str) {
    shell(&format!("kill -{signal} {}", server.pid()), &[]);
}

/// A request that has begun and whose body does not come.
fn begun(server: &ServerProcess) -> (Http, String) {
    let mut http = Http::connect(address(server)).expect("it listens");
    let (head, body) = create_user(server.secret(), "late", "Expect: 100-continue\r\n");
    http.send(&head);
    assert_eq!(http.answer().expect("an answer").status, 100);
    (http, body)
}

#[test]
fn in_a_storm_of_writes_every_request_is_answered() {
    let mut server = ServerProcess::start_with(&[("SHUTDOWN_DELAY", "1")]);
    let storm = Storm::begin(address(&server), server.secret());
    storm.wait(200);
    signal(&server, "TERM");
    wait_until_not_ready(address(&server));
    // It goes on taking requests for a while.
    storm.wait(20);
    assert_eq!(server.wait().code(), Some(0));
    assert!(storm.end().len() >= 220);
}

#[test]
fn idle_connections_do_not_hold_up_the_end() {
    let mut server = ServerProcess::start();
    let mut idle = Http::connect(address(&server)).expect("it listens");
    assert_eq!(idle.get("/health").expect("an answer").status, 200);
    let silent = Http::connect(address(&server)).expect("it listens");
    let began = Instant::now();
    signal(&server, "TERM");
    expect_end(idle);
    expect_end(silent);
    assert_eq!(server.wait().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[test]
fn a_request_that_does_not_end_does_not_hold_it_up_for_ever() {
    let mut server = ServerProcess::start_with(&[("SHUTDOWN_TIMEOUT", "2")]);
    let (http, _) = begun(&server);
    let began = Instant::now();
    signal(&server, "TERM");
    assert_eq!(server.wait().code(), Some(0));
    // The time-out is that of a body that does not come: five times as long.
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
    expect_end(http);
}

#[test]
fn a_signal_during_the_start_ends_it_at_once() {
    // A database that takes connections and says nothing.
    let database = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = database.local_addr().expect("an address").port();
    let mut server = ServerProcess::begin(&[
        ("PERSISTENCE_BACKEND", "postgres"),
        ("DATABASE_URL", &format!("postgres://scim:scim@127.0.0.1:{port}/scim")),
        ("DATABASE_ACQUIRE_TIMEOUT", "60"),
        ("SCIM_SHARED_SECRET", "a-secret-of-32-characters-or-more"),
    ]);
    let (sender, asked) = channel();
    std::thread::spawn(move || sender.send(database.accept().expect("a connection")));
    let _silent = asked.recv_timeout(Duration::from_secs(30)).expect("it asks the database");
    let began = Instant::now();
    signal(&server, "TERM");
    assert_eq!(server.wait().code(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(30), "{:?}", began.elapsed());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut server = ServerProcess::start_with(&[("SHUTDOWN_DELAY", "25")]);
    let (http, _) = begun(&server);
    let began = Instant::now();
    signal(&server, "TERM");
    wait_until_not_ready(address(&server));
    signal(&server, "INT");
    assert_eq!(server.wait().code(), Some(1));
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    expect_end(http);
}

#[test]
fn health_is_told_while_it_waits_for_load_balancers() {
    let mut server = ServerProcess::start_with(&[("SHUTDOWN_DELAY", "2")]);
    signal(&server, "TERM");
    wait_until_not_ready(address(&server));
    let mut http = Http::connect(address(&server)).expect("it listens");
    assert_eq!(http.get("/health").expect("an answer").status, 200);
    let (mut http, body) = begun(&server);
    http.send(&body);
    assert_eq!(http.answer().expect("an answer").status, 201, "requests are served");
    assert_eq!(server.wait().code(), Some(0));
}

/// What is told where the end came before all was done.
const TOO_LATE: &str = "SHUTDOWN_TIMEOUT";

#[tokio::test]
async fn an_idle_connection_of_http2_does_not_hold_up_the_end() {
    let mut world = World::new("idle");
    let client = world.http2();
    world.users(&client).await;
    let began = Instant::now();
    signal(&world.server, "TERM");
    let log = world.server.ended();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(!log.contains(TOO_LATE), "{log}");
}

#[tokio::test]
async fn what_was_begun_over_http2_is_answered_and_no_more_begins() {
    let mut world = World::new("begun");
    let client = world.http2();
    world.users(&client).await;
    let begun = Begun::new(&world, &client).await;
    // What was sent before it is there when this is answered.
    world.users(&client).await;
    let began = Instant::now();
    signal(&world.server, "TERM");
    let refused = loop {
        let url = format!("{}/Users", world.server.base_url());
        let answer = client.get(url).bearer_auth(world.server.secret()).send().await.expect("an answer");
        if answer.status() != 200 {
            break answer;
        }
    };
    assert_eq!(
        (refused.status().as_u16(), &refused.headers()["retry-after"]),
        (503, &"1".parse().expect("a value"))
    );
    assert_eq!(begun.end("late").await, 201);
    let log = world.server.ended();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    assert!(!log.contains(TOO_LATE), "{log}");
}
