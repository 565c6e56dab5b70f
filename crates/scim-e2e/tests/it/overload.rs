//! More requests than the server works on at once: some wait, the others are turned away, and it goes on telling how it is.

use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use scim_e2e::{Answer, Client, SECRET};
use scim_http::Limits;
use scim_ports::{PasswordError, PasswordHasher};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::TestApp;
use crate::bodies::user;

/// Longer than any test takes.
const LONG: Duration = Duration::from_secs(120);

/// Hashes passwords when a test lets it.
struct Gated {
    begun: Semaphore,
    allowed: Semaphore,
}

impl Gated {
    fn new() -> Arc<Self> {
        Arc::new(Self { begun: Semaphore::new(0), allowed: Semaphore::new(0) })
    }

    /// Waits until so many more are being hashed.
    async fn begun(&self, count: u32) {
        self.begun.acquire_many(count).await.expect("open").forget();
    }

    fn let_all_go(&self) {
        self.allowed.add_permits(1000);
    }
}

#[async_trait::async_trait]
impl PasswordHasher for Gated {
    async fn password_hash(&self, _: &str) -> Result<String, PasswordError> {
        self.begun.add_permits(1);
        self.allowed.acquire().await.expect("open").forget();
        Ok("$2b$".to_owned())
    }

    async fn password_verify(&self, _: &str, _: &str) -> Result<bool, PasswordError> {
        Ok(false)
    }
}

async fn app(passwords: &Arc<Gated>, max_concurrent_requests: usize) -> TestApp {
    let passwords: Arc<dyn PasswordHasher> = passwords.clone();
    let limits = Limits { max_concurrent_requests, max_wait: LONG, ..Limits::default() };
    let app = TestApp::builder().passwords(passwords).http(move |http| {
        http.limits = limits;
        http.request_timeout = LONG;
    });
    app.start().await.expect("a server")
}

/// A user whose creation takes as long as the test wants.
fn slow_user(number: usize) -> Value {
    let mut user = user(&format!("slow{number}"));
    user["password"] = json!("t1meMa$heen");
    user
}

/// Sends so many requests at once.
fn all_at_once(client: &Client, path: &'static str, bodies: Vec<Value>) -> JoinSet<Answer> {
    let mut requests = JoinSet::new();
    for body in bodies {
        let client = client.clone();
        requests.spawn(async move { client.post(path, &body).await });
    }
    requests
}

/// The first so many to be answered are turned away.
async fn expect_turned_away(requests: &mut JoinSet<Answer>, count: usize, detail: &str) {
    for _ in 0..count {
        let answer = requests.join_next().await.expect("an answer").expect("an end");
        answer.expect_error(503, None, detail);
        assert_eq!(answer.header("retry-after"), "1");
    }
}

#[tokio::test]
async fn what_is_too_much_is_turned_away_at_once_and_the_rest_is_served() {
    let passwords = Gated::new();
    let app = app(&passwords, 2).await;
    let (client, admin, probe) = (app.operator(), app.admin(), app.anonymous().at(""));
    // Two are worked on, two wait.
    let mut requests = all_at_once(&client, "/Users", (0..10).map(slow_user).collect());
    expect_turned_away(&mut requests, 6, "more to do than it gets done").await;
    passwords.begun(2).await;

    let refused = client.get("/Users").await;
    refused.expect_error(503, None, "more to do than it gets done");
    assert_eq!(refused.header("retry-after"), "1");
    let refused = admin.get("/tenants").await;
    refused.expect_problem(503, "more to do than it gets done");
    assert_eq!(refused.header("retry-after"), "1");
    let form = probe
        .request(Method::POST, "/oauth/token")
        .body("application/x-www-form-urlencoded", "grant_type=client_credentials");
    let refused = form.send().await.expect(503);
    assert_eq!(refused.body["error"], "temporarily_unavailable");
    assert_eq!((refused.header("retry-after"), refused.header("cache-control")), ("1", "no-store"));
    probe.get("/health").await.expect(200);
    probe.get("/ready").await.expect(200);

    passwords.let_all_go();
    while let Some(answer) = requests.join_next().await {
        answer.expect("an end").expect(201);
    }
    assert_eq!(client.get("/Users").await.expect(200).body["totalResults"], 4);
}

#[tokio::test]
async fn who_waits_for_too_long_is_turned_away() {
    let passwords = Gated::new();
    let hasher: Arc<dyn PasswordHasher> = passwords.clone();
    let limits =
        Limits { max_concurrent_requests: 1, max_wait: Duration::from_millis(50), ..Limits::default() };
    let builder = TestApp::builder().passwords(hasher).http(move |http| http.limits = limits);
    let app = builder.start().await.expect("a server");
    let mut slow = all_at_once(&app.operator(), "/Users", vec![slow_user(0)]);
    passwords.begun(1).await;
    app.operator().get("/Users").await.expect_error(503, None, "more to do than it gets done");
    passwords.let_all_go();
    slow.join_next().await.expect("an answer").expect("an end").expect(201);
    app.operator().get("/Users").await.expect(200);
}

#[tokio::test]
async fn bulk_requests_leave_room_for_others() {
    let passwords = Gated::new();
    let app = app(&passwords, 2).await;
    let client = app.operator();
    let bulk = |number: usize| {
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
            "Operations": [{"method": "POST", "path": "/Users", "bulkId": "a", "data": slow_user(number)}]
        })
    };
    // One runs, two wait, and these hold no place of all requests.
    let mut requests = all_at_once(&client, "/Bulk", (0..5).map(bulk).collect());
    expect_turned_away(&mut requests, 2, "more to do than it gets done").await;
    passwords.begun(1).await;
    client.post("/Users", &user("meanwhile")).await.expect(201);
    passwords.let_all_go();
    while let Some(answer) = requests.join_next().await {
        let answer = answer.expect("an end").expect(200);
        assert_eq!(answer.body["Operations"][0]["status"], "201", "{}", answer.body);
    }
}

/// Sends the beginning of a request whose body is on its way.
async fn begin_slowly(app: &TestApp, body: &str, sent: usize) -> TcpStream {
    let mut stream = TcpStream::connect(app.address()).await.expect("connected");
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\nConnection: close\r\n\
         Expect: 100-continue\r\nContent-Type: application/scim+json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut asked = [0; 25];
    stream.read_exact(&mut asked).await.expect("100 Continue");
    stream.write_all(&body.as_bytes()[..sent]).await.expect("sent");
    stream
}

#[tokio::test]
async fn a_slow_body_keeps_nobody_else_waiting() {
    let limits = Limits { max_concurrent_requests: 1, max_wait: Duration::from_secs(5), ..Limits::default() };
    let builder = TestApp::builder().http(move |http| http.limits = limits);
    let app = builder.start().await.expect("a server");
    let client = app.operator();
    let large = "x".repeat(100_000);
    for (number, title) in ["x", large.as_str()].into_iter().enumerate() {
        let mut body = user(&format!("slow{number}"));
        body["title"] = json!(title);
        let body = body.to_string();
        let mut slow = Vec::new();
        for sent in [1, body.len() / 2, body.len() - 1] {
            slow.push((begin_slowly(&app, &body, sent).await, sent));
        }
        for _ in 0..3 {
            client.get("/Users").await.expect(200);
        }
        let mut answers = Vec::new();
        for (mut stream, sent) in slow {
            stream.write_all(&body.as_bytes()[sent..]).await.expect("sent");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.expect("an answer");
            answers.push(answer.split(' ').nth(1).expect("a status").to_owned());
        }
        assert_eq!(answers, ["201", "409", "409"], "{}", body.len());
    }
}
