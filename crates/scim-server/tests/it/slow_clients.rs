//! Clients that take their time: none holds a connection for ever, and no more connections are taken than the settings say.

use std::net::SocketAddr;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use crate::process::{ServerProcess, expect_end};
use crate::storm::{Http, PATIENCE, create_user};

fn address(server: &ServerProcess) -> SocketAddr {
    format!("127.0.0.1:{}", server.port()).parse().expect("an address")
}

#[test]
fn what_does_not_come_in_time_is_given_up() {
    let server = ServerProcess::start_with(&[
        ("HEADER_READ_TIMEOUT", "1"),
        ("BODY_READ_TIMEOUT", "1"),
        ("KEEP_ALIVE_TIMEOUT", "1"),
    ]);
    let connect = || Http::connect(address(&server)).expect("it listens");

    let mut head = connect();
    head.send("GET /health HTTP/1.1\r\nHos");
    assert_eq!(head.answer().expect("an answer").status, 408);
    expect_end(head);

    let mut second_head = connect();
    assert_eq!(second_head.get("/health").expect("an answer").status, 200);
    second_head.send("GET /health HTTP/1.1\r\nHos");
    expect_end(second_head);

    for (method, announced) in [("POST", 1000), ("POST", 100_000), ("GET", 1000), ("OPTIONS", 1000)] {
        let mut body = connect();
        let (head, _) = create_user(server.secret(), "slow", "");
        let head = head.replacen("POST", method, 1);
        let head = head.lines().filter(|line| !line.starts_with("Content-Length") && !line.is_empty());
        let head: String = head.map(|line| format!("{line}\r\n")).collect();
        body.send(&format!("{head}Content-Length: {announced}\r\n\r\n{{"));
        let answer = body.answer().expect("an answer");
        assert_eq!((answer.status, answer.closes), (408, true), "{method} {announced}");
    }

    let mut idle = connect();
    assert_eq!(idle.get("/health").expect("an answer").status, 200);
    expect_end(idle);
    // Nothing at all.
    let mut silent = connect();
    assert_eq!(silent.answer().map(|answer| answer.status), Some(408));
}

#[test]
fn connections_beyond_the_limit_wait() {
    let server = ServerProcess::start_with(&[("MAX_CONNECTIONS", "1"), ("WORKER_THREADS", "1")]);
    let address = address(&server);
    let mut first = Http::connect(address).expect("it listens");
    assert_eq!(first.get("/health").expect("an answer").status, 200);
    let (answered, second) = channel();
    std::thread::spawn(move || {
        let answer = Http::connect(address).and_then(|mut http| http.get("/health"));
        answered.send(answer.map(|answer| answer.status))
    });
    assert_eq!(second.recv_timeout(Duration::from_millis(300)), Err(RecvTimeoutError::Timeout));
    assert_eq!(first.get("/health").expect("an answer").status, 200, "the first is served");
    drop(first);
    assert_eq!(second.recv_timeout(PATIENCE), Ok(Some(200)));
}
