//! A few requests of every kind through nginx, for what only the whole stack can show: TLS and HTTP/2, what
//! nginx passes on and what it does not, and that each server gets its share.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use super::curl::{Answer, Client, Request};
use super::docker;
use super::stack::Stack;
use crate::process;

/// The services that serve.
pub(super) const SERVERS: [&str; 3] = ["scim-1", "scim-2", "scim-3"];
/// The schema of a user.
pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
/// The schema of a PATCH (RFC 7644 §3.5.2).
pub(super) const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// Sends the requests and checks the answers.
///
/// # Errors
/// When an answer is not as it should be.
pub(super) fn run(stack: &Stack) -> Result<()> {
    let client = stack.client();
    outside(client)?;
    forwarded(client)?;
    resources(client)?;
    shares(stack)?;
    secrets(stack)
}

/// What needs no credential, and what is not to be had without one.
fn outside(client: &Client) -> Result<()> {
    let anonymous = |path| Request { is_authorized: false, ..Request::new("GET", path) };
    let health = client.send(&anonymous("/health"))?;
    health.expect(200).context("/health")?;
    if knows_http_2()? {
        ensure!(health.version == "2", "nginx speaks HTTP/{}, not HTTP/2", health.version);
    }
    client.expect(200, &anonymous("/ready"))?;
    client.expect(401, &anonymous("/scim/v2/Users"))?;
    let metrics = client.send(&anonymous("/metrics"))?;
    ensure!(metrics.status == 404, "nginx passes /metrics on: status {}", metrics.status);
    println!("smoke: HTTP/{} over TLS; health, readiness, 401, no metrics", health.version);
    Ok(())
}

/// Whether curl was built with HTTP/2.
fn knows_http_2() -> Result<bool> {
    let version = process::output(&mut process::command("curl", ["--version"]))?;
    Ok(version
        .lines()
        .any(|line| line.starts_with("Features:") && line.split(' ').any(|word| word == "HTTP2")))
}

/// The request's id comes back; what a client says about proxies does not count, what nginx says does.
fn forwarded(client: &Client) -> Result<()> {
    let id = "deploy-test-4711";
    let given =
        Request { headers: &["X-Request-Id: deploy-test-4711"], ..Request::new("GET", "/scim/v2/Schemas") };
    let answer = client.send(&given)?;
    ensure!(answer.header("x-request-id") == Some(id), "the request's id is lost: {answer:?}");
    let made = client.send(&Request::new("GET", "/scim/v2/Schemas"))?;
    ensure!(made.header("x-request-id").is_some_and(|made| !made.is_empty()), "no id is made: {made:?}");

    let lies = Request {
        headers: &[
            "X-Forwarded-Host: elsewhere.example",
            "X-Forwarded-Proto: gopher",
            "X-Forwarded-For: 192.0.2.1",
            "Forwarded: host=elsewhere.example;proto=gopher;for=192.0.2.1",
        ],
        ..Request::new("GET", "/scim/v2/ServiceProviderConfig")
    };
    let config = client.expect(200, &lies)?;
    let location = config.pointer("/meta/location").and_then(Value::as_str).unwrap_or_default();
    let expected = format!("{}/scim/v2/ServiceProviderConfig", client.url());
    ensure!(location == expected, "meta.location is {location}, not {expected}");
    println!("smoke: X-Request-Id passes both ways; locations name the outside; a client cannot forge them");
    Ok(())
}

/// A user from its beginning to its end.
fn resources(client: &Client) -> Result<()> {
    let body = json!({"schemas": [USER], "userName": "smoke@example.com", "displayName": "Smoke"});
    let created = client.send(&Request::with("POST", "/scim/v2/Users", &body))?;
    let user = created.expect(201).context("POST /Users")?;
    let id = user.get("id").and_then(Value::as_str).context("a user without an id")?;
    let path = format!("/scim/v2/Users/{id}");
    let location = format!("{}{path}", client.url());
    ensure!(created.header("location") == Some(&location), "Location is not {location}: {created:?}");
    ensure!(etag(&created)? == "W/\"v1\"", "the version of what is new is not v1: {created:?}");

    let unchanged = Request { headers: &["If-None-Match: W/\"v1\""], ..Request::new("GET", &path) };
    let unchanged = client.send(&unchanged)?;
    ensure!(unchanged.status == 304, "not 304: {unchanged:?}");
    let change = json!({"schemas": [PATCH], "Operations": [{"op": "replace", "path": "displayName", "value": "Fire"}]});
    let changed = client.expect(200, &Request::with("PATCH", &path, &change))?;
    ensure!(changed.get("displayName").and_then(Value::as_str) == Some("Fire"), "PATCH gave {changed}");
    let lost = Request { headers: &["If-Match: W/\"v1\""], ..Request::with("PUT", &path, &body) };
    client.expect(412, &lost)?;
    let found = client
        .expect(200, &Request::new("GET", "/scim/v2/Users?filter=userName%20eq%20%22SMOKE@example.com%22"))?;
    ensure!(found.get("totalResults").and_then(Value::as_u64) == Some(1), "the filter found {found}");
    client.expect(409, &Request::with("POST", "/scim/v2/Users", &body))?;
    client.expect(204, &Request::new("DELETE", &path))?;
    client.expect(404, &Request::new("GET", &path))?;
    println!("smoke: POST, GET 304, PATCH, PUT 412, filter, POST 409, DELETE, GET 404");
    Ok(())
}

fn etag(answer: &Answer) -> Result<&str> {
    answer.header("etag").context("an answer without an ETag")
}

/// nginx has sent requests to each of the servers.
fn shares(stack: &Stack) -> Result<()> {
    for _ in 0..12 {
        stack.client().expect(200, &Request::new("GET", "/scim/v2/ResourceTypes"))?;
    }
    let printed = stack.printed("nginx")?;
    for server in SERVERS {
        let state = docker::inspect(&stack.container(server)?)?;
        let networks = state.pointer("/NetworkSettings/Networks").and_then(Value::as_object);
        let addresses =
            networks.into_iter().flatten().filter_map(|(_, network)| network.get("IPAddress")?.as_str());
        let mut upstreams = addresses.map(|address| format!("\"server\":\"{address}:8080\""));
        ensure!(upstreams.any(|upstream| printed.contains(&upstream)), "nginx sent nothing to {server}");
    }
    println!("smoke: each of the {} servers got requests", SERVERS.len());
    Ok(())
}

/// No secret is where `docker inspect` shows it.
fn secrets(stack: &Stack) -> Result<()> {
    for server in SERVERS {
        let state = docker::inspect(&stack.container(server)?)?.to_string();
        ensure!(!state.contains(stack.client().secret()), "`docker inspect` shows the secret of {server}");
    }
    println!("smoke: no secret is in a container's environment");
    Ok(())
}
