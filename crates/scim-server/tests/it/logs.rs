//! The log: what is in it, what never is, where it goes, and that a tenant has a level of its own.

use std::fs;
use std::path::PathBuf;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::process::{ServerProcess, run, text};

/// A directory of this test's own, which is not there yet.
fn directory(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("scim-logs-{name}-{}", std::process::id()));
    let _not_there = fs::remove_dir_all(&directory);
    directory
}

struct Client<'a> {
    server: &'a ServerProcess,
    http: reqwest::Client,
}

impl<'a> Client<'a> {
    fn of(server: &'a ServerProcess) -> Self {
        Self { server, http: reqwest::Client::builder().no_proxy().build().expect("a client") }
    }

    /// A request with this token, whose id is to be `request_id`.
    async fn send(
        &self,
        (method, path): (Method, &str),
        token: &str,
        request_id: &str,
        body: Option<&Value>,
    ) -> (StatusCode, Value) {
        let url = format!("http://127.0.0.1:{}{path}", self.server.port());
        let mut request =
            self.http.request(method, url).bearer_auth(token).header("X-Request-Id", request_id);
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.expect("an answer");
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    }

    async fn admin(&self, method: Method, path: &str, body: &Value) -> Value {
        let secret = self.server.secret();
        let (status, answer) = self.send((method, path), secret, "admin", Some(body)).await;
        assert!(status.is_success(), "{answer}");
        answer
    }

    /// A tenant with this slug, and a token of a credential of its own, whose id comes with it.
    async fn tenant(&self, slug: &str) -> (String, String) {
        self.admin(Method::POST, "/admin/tenants", &json!({"slug": slug})).await;
        let made = self.admin(Method::POST, &format!("/admin/tenants/{slug}/credentials"), &json!({})).await;
        let text = |member: &str| made[member].as_str().expect("text").to_owned();
        (text("token"), text("id"))
    }
}

/// The lines of a log in JSON.
fn lines(log: &str) -> Vec<Value> {
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
        .collect()
}

/// Those of a request.
fn of<'a>(lines: &'a [Value], request_id: &str) -> Vec<&'a Value> {
    lines.iter().filter(|line| line["request_id"] == request_id).collect()
}

fn user(name: &str) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "userName": name,
        "password": "hunter2-hunter2",
        "emails": [{"value": "babs.jensen@example.org", "type": "work"}],
        "phoneNumbers": [{"value": "tel:+1-555-0100"}],
        "displayName": "Barbara Jensen",
    })
}

#[tokio::test]
async fn one_line_for_each_request_and_nothing_personal_in_it() {
    let server = ServerProcess::start_with(&[("LOG_FORMAT", "json"), ("RUST_LOG", "info")]);
    let client = Client::of(&server);
    let (token, credential) = client.tenant("acme").await;
    let body = user("bjensen@example.com");
    let users = (Method::POST, "/scim/v2/Users");
    let (status, created) = client.send(users.clone(), &token, "r-create", Some(&body)).await;
    assert_eq!(status, 201, "{created}");
    let (status, _) = client.send(users.clone(), &token, "r-again", Some(&body)).await;
    assert_eq!(status, 409);
    let filter = "/scim/v2/Users?filter=userName%20eq%20%22bjensen@example.com%22";
    client.send((Method::GET, filter), &token, "r-filter", None).await;
    let broken = "/scim/v2/Users?filter=emails.value%20eq%20babs.jensen@example.org";
    client.send((Method::GET, broken), &token, "r-broken", None).await;
    let by_name = "/scim/v2/Users/bjensen@example.com";
    client.send((Method::GET, by_name), &token, "r-name", None).await;
    client.send((Method::GET, "/bjensen@example.com"), &token, "r-nowhere", None).await;
    let wrong = "a-wrong-token-of-babs";
    client.send((Method::GET, "/scim/v2/Users"), wrong, "r-wrong", None).await;
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": "POST", "path": "/Users", "bulkId": "1", "data": user("other@example.com")}]
    });
    client.send((Method::POST, "/scim/v2/Bulk"), &token, "r-bulk", Some(&bulk)).await;
    let secret = server.secret().to_owned();
    let log = server.end();
    for private in [
        token.as_str(),
        &secret,
        wrong,
        "hunter2",
        "bjensen",
        "jensen@example",
        "Barbara",
        "555-0100",
        "other@example.com",
        "$2b$",
    ] {
        assert!(!log.contains(private), "{private} is in the log:\n{log}");
    }
    let lines = lines(&log);
    for id in ["r-create", "r-again", "r-filter", "r-broken", "r-name", "r-nowhere", "r-wrong", "r-bulk"] {
        assert_eq!(of(&lines, id).len(), 1, "{id}: {log}");
    }
    let line = of(&lines, "r-create")[0];
    assert!(line["duration_us"].as_u64().is_some_and(|duration| duration > 0), "{line}");
    for (member, expected) in [
        ("level", json!("INFO")),
        ("message", json!("request")),
        ("tenant", json!("acme")),
        ("credential", json!(credential)),
        ("method", json!("POST")),
        ("mount", json!("/scim/v2")),
        ("route", json!("/{endpoint}")),
        ("status", json!(201)),
    ] {
        assert_eq!(line[member], expected, "{member}: {line}");
    }
    let refused = of(&lines, "r-wrong")[0];
    assert_eq!((&refused["tenant"], &refused["credential"]), (&Value::Null, &Value::Null), "{refused}");
    assert_eq!(of(&lines, "admin")[0]["credential"], "operator");
}

#[tokio::test]
async fn a_tenant_has_a_level_of_its_own_which_is_live_at_once() {
    let server = ServerProcess::start_with(&[("LOG_FORMAT", "json"), ("RUST_LOG", "info")]);
    let client = Client::of(&server);
    let (token, _) = client.tenant("acme").await;
    let (other, _) = client.tenant("globex").await;
    let mut step = 0;
    let mut expected = Vec::new();
    for (level, lines, deepest) in [
        (Value::Null, 1, "INFO"),
        (json!("debug"), 2, "DEBUG"),
        (json!("warn"), 0, ""),
        (json!("trace"), 2, "DEBUG"),
        (json!("off"), 0, ""),
        (Value::Null, 1, "INFO"),
    ] {
        let config = json!({"config": {"logLevel": level}});
        client.admin(Method::PATCH, "/admin/tenants/acme", &config).await;
        for (name, token, lines, deepest) in [("acme", &token, lines, deepest), ("globex", &other, 1, "INFO")]
        {
            step += 1;
            let id = format!("{name}-{step}");
            client.send((Method::GET, "/scim/v2/Users"), token, &id, None).await;
            expected.push((id, lines, deepest));
        }
    }
    let log = server.end();
    let lines = lines(&log);
    for (id, count, deepest) in expected {
        let found = of(&lines, &id);
        assert_eq!(found.len(), count, "{id}: {found:?}");
        assert_eq!(found.iter().any(|line| line["level"] == deepest), count > 0, "{id}: {found:?}");
        assert!(found.iter().all(|line| line["target"].as_str().is_some_and(|at| at.starts_with("scim_"))));
    }
}

#[tokio::test]
async fn a_tenant_is_heard_where_nobody_else_is() {
    let server = ServerProcess::start_with(&[("LOG_FORMAT", "json"), ("RUST_LOG", "off")]);
    let client = Client::of(&server);
    let (token, _) = client.tenant("acme").await;
    let config = json!({"config": {"logLevel": "info"}});
    client.admin(Method::PATCH, "/admin/tenants/acme", &config).await;
    client.send((Method::GET, "/scim/v2/Users"), &token, "heard", None).await;
    client.send((Method::GET, "/scim/v2/Users"), server.secret(), "unheard", None).await;
    let log = server.end();
    let lines = lines(&log);
    assert_eq!((of(&lines, "heard").len(), lines.len()), (1, 1), "{log}");
}

#[tokio::test]
async fn the_log_is_written_to_files_too() {
    for format in ["json", "pretty"] {
        let directory = directory(format);
        let shown = directory.display().to_string();
        let variables = [("LOG_DIR", shown.as_str()), ("LOG_FORMAT", format), ("RUST_LOG", "info")];
        let server = ServerProcess::start_with(&variables);
        let client = Client::of(&server);
        let secret = server.secret().to_owned();
        client.send((Method::GET, "/scim/v2/Users"), &secret, "r-file", None).await;
        let log = server.end();
        let files: Vec<_> = fs::read_dir(&directory).expect("the directory").collect();
        assert_eq!(files.len(), 1, "{files:?}");
        let file = files[0].as_ref().expect("a file").path();
        let name = file.file_name().and_then(|name| name.to_str()).expect("a name").to_owned();
        assert!(name.starts_with("scim-server.2") && name.ends_with(".log"), "{name}");
        let written = fs::read_to_string(&file).expect("the file");
        let written = lines(&written);
        assert_eq!(of(&written, "r-file").len(), 1, "{written:?}");
        assert!(written.iter().any(|line| line["message"] == "ended"), "the last lines are written: {log}");
        assert_eq!(log.contains("{\"timestamp\""), format == "json", "{log}");
        fs::remove_dir_all(directory).expect("removed");
    }
}

#[test]
fn a_directory_that_cannot_be_written_to_is_told_at_the_start() {
    // Nobody can make a directory in a file, not even the superuser.
    let file = directory("file");
    fs::write(&file, "").expect("written");
    let below = file.join("logs").display().to_string();
    let output = run(&["serve"], &[("LOG_DIR", &below), ("SERVER_PORT", "0")]);
    fs::remove_file(file).expect("removed");
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{told}");
    let start =
        format!("scim-server: LOG_DIR: got '{below}'; expected a directory that can be written to, but: ");
    assert!(told.starts_with(&start) && told.lines().count() == 1, "{told}");
}
