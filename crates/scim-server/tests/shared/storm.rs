//! Clients that write without a pause, on connections of their own, until the server listens no more. Shared by the tests of both
//! stores.

use std::collections::BTreeSet;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long anything that is waited for may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
const WRITERS: usize = 12;

/// An answer, as far as a test wants to know.
#[derive(Debug)]
pub(crate) struct HttpAnswer {
    pub(crate) status: u16,
    pub(crate) closes: bool,
}

/// A connection, one request after the other.
pub(crate) struct Http(TcpStream);

impl Http {
    /// Connects; `None` where nobody listens.
    pub(crate) fn connect(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).expect("a time limit");
        Some(Self(stream))
    }

    /// Sends bytes, whatever becomes of them.
    pub(crate) fn send(&mut self, bytes: &str) {
        // A server that has ended does not take them, which the answer shows.
        let _refused = self.0.write_all(bytes.as_bytes());
    }

    /// The next answer; `None` where the connection ends before it.
    pub(crate) fn answer(&mut self) -> Option<HttpAnswer> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let text = String::from_utf8_lossy(&bytes).to_lowercase();
            if let Some((head, body)) = text.split_once("\r\n\r\n") {
                let header = |name| head.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
                let length = header("content-length:").map_or(0, |length| length.parse().expect("a length"));
                if body.len() >= length {
                    let status = head.split(' ').nth(1).expect("a status").parse().expect("a number");
                    return Some(HttpAnswer { status, closes: header("connection:") == Some("close") });
                }
            }
            match self.0.read(&mut chunk) {
                Ok(0) => return None,
                Ok(length) => bytes.extend_from_slice(&chunk[..length]),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    panic!("no answer in {PATIENCE:?}")
                }
                Err(_) => return None,
            }
        }
    }

    /// GET without a credential.
    pub(crate) fn get(&mut self, path: &str) -> Option<HttpAnswer> {
        self.send(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"));
        self.answer()
    }
}

/// The head of a request that creates a user, and its body.
pub(crate) fn create_user(secret: &str, name: &str, headers: &str) -> (String, String) {
    let body = format!(r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{name}"}}"#);
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {secret}\r\n{headers}\
         Content-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    (head, body)
}

/// Writers at work.
pub(crate) struct Storm {
    writers: Vec<JoinHandle<BTreeSet<String>>>,
    acknowledged: Receiver<()>,
}

impl Storm {
    /// Begins.
    pub(crate) fn begin(address: SocketAddr, secret: &str) -> Self {
        let (acknowledge, acknowledged) = channel();
        let writer = |number| {
            let (secret, acknowledge) = (secret.to_owned(), acknowledge.clone());
            std::thread::spawn(move || write(address, &secret, number, &acknowledge))
        };
        Self { writers: (0..WRITERS).map(writer).collect(), acknowledged }
    }

    /// Waits until so many more users are created.
    pub(crate) fn wait(&self, count: usize) {
        for _ in 0..count {
            self.acknowledged.recv_timeout(PATIENCE).expect("the writers go on");
        }
    }

    /// Waits until nobody listens; the names of the users whose creation was acknowledged.
    pub(crate) fn end(self) -> BTreeSet<String> {
        self.writers
            .into_iter()
            .flat_map(|writer| writer.join().expect("every request was answered"))
            .collect()
    }
}

/// Creates users until nobody listens.
fn write(address: SocketAddr, secret: &str, writer: usize, acknowledge: &Sender<()>) -> BTreeSet<String> {
    let mut created = BTreeSet::new();
    let mut number = 0;
    while let Some(mut http) = Http::connect(address) {
        // On a connection that the server has taken every request is answered, until an answer says that it is the last. One
        // that was still in the system's queue when the server ended is closed, and nothing of it was read.
        let mut is_taken = false;
        loop {
            number += 1;
            let name = format!("storm-{writer}-{number}");
            let (head, body) = create_user(secret, &name, "");
            http.send(&(head + &body));
            let Some(answer) = http.answer() else {
                assert!(!is_taken, "{name}: no answer on a connection that was to stay open");
                break;
            };
            is_taken = true;
            match answer.status {
                201 => {
                    created.insert(name);
                    // Nobody may wait for it any longer.
                    let _heard = acknowledge.send(());
                }
                status => assert_eq!(status, 503, "{name}"),
            }
            if answer.closes {
                break;
            }
        }
    }
    created
}

/// Waits until the server says that it is not ready; it is asked on a connection of its own each time.
pub(crate) fn wait_until_not_ready(address: SocketAddr) {
    let ready = || Http::connect(address).and_then(|mut http| http.get("/ready"));
    loop {
        let answer = ready().expect("it still listens");
        assert_eq!(answer.closes, answer.status == 503, "from the signal on, clients are sent away");
        if answer.status == 503 {
            return;
        }
    }
}
