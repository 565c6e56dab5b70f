//! Nothing outlives the process that started it, not even when that one is killed.
#![expect(clippy::expect_used, reason = "helpers of tests, which the setting for tests does not reach")]

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use tokio::time::{interval, timeout};
use tokio_postgres::{Client, NoTls};

/// Far longer than it takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process with a server, the end of its input, and the server's URL.
fn start() -> (Child, ChildStdin, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scim-test-postgres"));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let (input, output) = (child.stdin.take().expect("a pipe"), child.stdout.take().expect("a pipe"));
    let mut url = String::new();
    BufReader::new(output).read_line(&mut url).expect("a line");
    (child, input, url.trim().to_owned())
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(async move { drop(connection.await) });
    client
}

/// Runs `end` on a process and expects its server and the server's files to go.
async fn check(end: impl FnOnce(&mut Child, ChildStdin)) {
    let (mut child, input, url) = start();
    let client = connect(&url).await;
    let data: String = client.query_one("SHOW data_directory", &[]).await.expect("a row").get(0);
    let waiting = client.batch_execute("SELECT pg_sleep(3600)");
    end(&mut child, input);
    let ended = timeout(PATIENCE, waiting).await.expect("the server ends");
    assert!(ended.is_err());
    child.wait().expect("it has ended");
    let mut ticks = interval(Duration::from_millis(10));
    let gone = async {
        while PathBuf::from(&data).exists() {
            ticks.tick().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("its files are removed");
}

#[tokio::test]
async fn a_server_ends_with_its_process() {
    check(|_, input| drop(input)).await;
}

#[tokio::test]
async fn a_server_ends_when_its_process_is_killed() {
    // The input stays open until then, so that the process does not end by itself.
    check(|child, input| {
        child.kill().expect("it is killed");
        drop(input);
    })
    .await;
}
