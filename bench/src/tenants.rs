//! Tenants and their credentials: what a credential costs beside the operator's secret, what wrong
//! tokens cost those with right ones, and what many tenants cost.

mod many;
mod operator;

use std::io::Write as _;
use std::process::Command;

use anyhow::{Context, Result};
use serde_json::json;
use xtask::server::Server;

use crate::Plan;
use crate::flood::Beside;
use crate::load::{Lane, Target};
use crate::outcome::Outcome;
use crate::seed::write_request;

use operator::Operator;

/// Wrong tokens a second.
const WRONG_TOKENS: u32 = 1000;

const CREDENTIAL: &str = "GET by id, credential / operator's secret";
const FLOOD: &str = "GET by id, beside 1,000 wrong tokens/s / alone";

/// Measures a server on the database that is named, or else on its embedded store.
///
/// # Errors
/// When a server fails, or an answer is wrong.
pub(crate) fn run(outcome: &mut Outcome<'_>, plan: &Plan, database_url: Option<&str>) -> Result<()> {
    if [CREDENTIAL, FLOOD].iter().any(|name| outcome.is_wanted(name)) {
        credentials(outcome, &start(plan, database_url)?)?;
    }
    many::run(outcome, plan, database_url)
}

/// A server whose operator's secret opens every tenant.
fn start(plan: &Plan, database_url: Option<&str>) -> Result<Server> {
    let mut command = Command::new(&plan.server);
    command.env("SCIM_SHARED_SECRET_FALLBACK", "true");
    Server::start_on(database_url, command, None)
}

fn credentials(outcome: &mut Outcome<'_>, server: &Server) -> Result<()> {
    let mut operator = Operator::new(server)?;
    let tenant = operator.create("/admin/tenants", &json!({"slug": "acme"}))?;
    let tenant = tenant.get("id").and_then(|id| id.as_str()).context("a tenant without an id")?.to_owned();
    let path = format!("/admin/tenants/{tenant}/credentials");
    let credential = operator.create(&path, &json!({"type": "bearer", "label": "bench"}))?;
    let token = credential.get("token").and_then(|token| token.as_str()).context("no token")?.to_owned();
    let user = json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "ada"});
    let user = operator.create("/tenants/acme/Users", &user)?;
    let user = user.get("id").and_then(|id| id.as_str()).context("a user without an id")?.to_owned();

    let get = |secret: &str| {
        let mut request = Vec::new();
        write_request(&mut request, &format!("GET /tenants/acme/Users/{user}"), secret, "", b"");
        target(server, 200, move |_, out| out.extend_from_slice(&request))
    };
    outcome.compare(CREDENTIAL, Some(0.90), get(&token), get(server.secret()))?;
    let wrong = wrong_token(&token, &user)?;
    let beside = Beside { target: target(server, 401, wrong), per_second: WRONG_TOKENS };
    let flooded = Target { beside: Some(Box::new(beside)), ..get(&token) };
    outcome.compare(FLOOD, Some(0.80), flooded, get(&token))
}

/// `GET` with a token that is right but for its secret, or but for its credential's id, in turns; each
/// time another.
fn wrong_token(
    token: &str,
    user: &str,
) -> Result<impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static + use<>> {
    // A token is its prefix, and then tenant, credential and secret in base64url.
    let part = |from, to| token.get(from..to).map(str::to_owned).context("a token that is too short");
    let (credential, secret) = (part(0, 32)?, part(0, 80)?);
    let (after_credential, after_secret) = (part(40, 91)?, part(88, 91)?);
    let path = format!("GET /tenants/acme/Users/{user}");
    Ok(move |lane: &mut Lane, out: &mut Vec<u8>| {
        let number = lane.number.saturating_mul(1_000_000).saturating_add(lane.written);
        let (before, after) = match lane.written % 2 {
            0 => (&secret, &after_secret),
            _ => (&credential, &after_credential),
        };
        let mut token = Vec::with_capacity(100);
        // Writing to a vector does not fail.
        let _written = write!(token, "{before}{number:08}{after}");
        write_request(out, &path, std::str::from_utf8(&token).unwrap_or_default(), "", b"");
    })
}

fn target(
    server: &Server,
    status: u16,
    write: impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static,
) -> Target {
    Target {
        address: server.address(),
        pid: server.pid(),
        status,
        write: std::sync::Arc::new(write),
        beside: None,
    }
}
