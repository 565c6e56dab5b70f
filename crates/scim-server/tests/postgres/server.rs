//! A server process, and requests to it.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use reqwest::Method;
use reqwest::header::{HeaderMap, IF_MATCH};
use scim_test_postgres::{TestDatabase, TestServer};
use serde_json::{Value, json};

/// The operator's secret.
pub(crate) const SECRET: &str = "the-operator-secret-of-the-tests";
/// How long a server may take to serve.
const START: Duration = Duration::from_secs(60);

/// An empty database.
pub(crate) fn database() -> TestDatabase {
    let server = TestServer::get().unwrap_or_else(|error| panic!("{error}"));
    server.create_database().expect("a database")
}

/// The binary, on this database.
fn binary(url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_scim-server"));
    command.env_clear().envs([
        ("DATABASE_URL", url),
        ("DATABASE_MAX_CONNECTIONS", "8"),
        // How a server sheds load is tested elsewhere.
        ("MAX_CONCURRENT_REQUESTS", "64"),
        ("DATABASE_MIN_CONNECTIONS", "1"),
        ("SCIM_SHARED_SECRET", SECRET),
        ("SERVER_PORT", "0"),
        ("WORKER_THREADS", "2"),
        ("LOG_FORMAT", "json"),
        ("RUST_LOG", "scim_server=info"),
    ]);
    command
}

/// Runs the binary to its end.
pub(crate) fn run(url: &str, arguments: &[&str]) -> Output {
    binary(url).args(arguments).output().expect("it runs")
}

/// A running server.
pub(crate) struct Server {
    child: Child,
    base_url: String,
    http: reqwest::Client,
}

/// A server that may not serve yet.
pub(crate) struct Starting {
    child: Child,
    base_url: mpsc::Receiver<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Starting {
    /// Waits until it says where it serves.
    pub(crate) fn serving(self) -> Server {
        let base_url = self.base_url.recv_timeout(START).expect("the server serves");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client");
        Server { child: self.child, base_url, http }
    }
}

impl Server {
    /// Starts a server, and does not wait for it.
    pub(crate) fn spawn(url: &str, variables: &[(&str, &str)]) -> Starting {
        let mut child = binary(url)
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the server starts");
        let log = BufReader::new(child.stderr.take().expect("its log"));
        let (sender, base_url) = mpsc::channel();
        // The log is read to its end: a server whose log nobody reads would come to a stand.
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                let entry: Value = serde_json::from_str(&line).unwrap_or_default();
                if let Some(base_url) = entry["base_url"].as_str() {
                    // Nobody may wait for it.
                    let _sent = sender.send(base_url.to_owned());
                }
            }
        });
        Starting { child, base_url }
    }

    /// Starts a server and waits until it serves.
    pub(crate) fn start(url: &str) -> Self {
        Self::spawn(url, &[]).serving()
    }

    /// Asks it to end, and waits until it has.
    pub(crate) fn end(mut self) {
        let mut kill = Command::new("kill");
        let killed = kill.args(["-TERM", &self.pid().to_string()]).status().expect("kill");
        assert!(killed.success());
        assert_eq!(self.child.wait().expect("its end").code(), Some(0));
    }

    /// The id of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().expect("its end")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let place = self.url("");
        place.trim_start_matches("http://").parse().expect("an address")
    }

    /// A request; fails where there is no answer.
    pub(crate) async fn request(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        if_match: Option<&str>,
    ) -> Result<Answer, reqwest::Error> {
        let mut request = self.http.request(method, format!("{}{path}", self.base_url)).bearer_auth(SECRET);
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(version) = if_match {
            request = request.header(IF_MATCH, version);
        }
        answered(request).await
    }

    /// A request to the admin API; fails where there is no answer.
    pub(crate) async fn admin(&self, method: Method, path: &str, body: &Value) -> Answer {
        let request = self.http.request(method, self.url(&format!("/admin{path}")));
        answered(request.bearer_auth(SECRET).json(body)).await.expect("an answer")
    }

    /// GET at the SCIM mount, with the token of a tenant.
    pub(crate) async fn get_with(&self, token: &str, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.base_url));
        answered(request.bearer_auth(token)).await.expect("an answer")
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url.trim_end_matches("/scim/v2"))
    }

    /// GET at the SCIM mount.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.request(Method::GET, path, None, None).await.expect("an answer")
    }

    /// GET at the root of the server.
    pub(crate) async fn probe(&self, path: &str) -> Answer {
        self.probe_with(path, |request| request).await
    }

    /// Waits until it says that it is not ready: that the store answers holds for a moment.
    pub(crate) async fn becomes_unready(&self) {
        let began = Instant::now();
        while self.probe("/ready").await.status != 503 {
            assert!(began.elapsed() < START, "it is ready still");
        }
    }

    /// What GET at the root of the server answers, as text.
    pub(crate) async fn text(&self, path: &str) -> String {
        let answer = self.http.get(self.url(path)).send().await.expect("an answer");
        answer.text().await.expect("text")
    }

    /// The same, with this bearer token.
    pub(crate) async fn probe_as(&self, path: &str, token: &str) -> Answer {
        self.probe_with(path, |request| request.bearer_auth(token)).await
    }

    async fn probe_with(
        &self,
        path: &str,
        prepare: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Answer {
        answered(prepare(self.http.get(self.url(path)))).await.expect("an answer")
    }

    /// POST
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        self.request(Method::POST, path, Some(body), None).await
    }

    /// PATCH
    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        self.request(Method::PATCH, path, Some(body), None).await
    }

    /// Creates a user; answers its id.
    pub(crate) async fn created(&self, user_name: &str) -> String {
        self.post("/Users", &user(user_name)).await.expect("an answer").expect(201).id()
    }

    /// Creates a group without members; answers its id.
    pub(crate) async fn created_group(&self) -> String {
        let group = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "all"});
        self.post("/Groups", &group).await.expect("an answer").expect(201).id()
    }
}

async fn answered(request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let body = response.bytes().await?;
    Ok(Answer { status, headers, body: serde_json::from_slice(&body).unwrap_or_default() })
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have been killed by the test.
        let _already_over = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Answer {
    /// The answer, if it has this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }

    /// The `id` of the resource in it.
    #[track_caller]
    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().expect("an id").to_owned()
    }

    /// The number of the version in it.
    #[track_caller]
    pub(crate) fn version(&self) -> u64 {
        let version = self.body["meta"]["version"].as_str().expect("a version");
        version.trim_start_matches("W/\"v").trim_end_matches('"').parse().expect("a number")
    }

    /// The ids of the members in it.
    pub(crate) fn members(&self) -> BTreeSet<String> {
        let members = self.body["members"].as_array().map(Vec::as_slice).unwrap_or_default();
        members.iter().filter_map(|member| member["value"].as_str().map(str::to_owned)).collect()
    }
}

/// A user with nothing but a name.
pub(crate) fn user(user_name: &str) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": user_name})
}

/// A PATCH message of one operation.
fn patch(operation: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]})
}

/// A PATCH message that adds a member.
pub(crate) fn add_member(id: &str) -> Value {
    patch(&json!({"op": "add", "path": "members", "value": [{"value": id}]}))
}

/// A PATCH message that changes a user's title.
pub(crate) fn set_title(title: &str) -> Value {
    patch(&json!({"op": "replace", "path": "title", "value": title}))
}
