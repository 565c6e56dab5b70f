//! Filling a server over `/Bulk` (RFC 7644 §3.7), as an operator would.

use std::io::Write as _;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use xtask::server::Server;

use crate::client::Connection;
use crate::users::{Name, write_user};

/// How long filling may take in all.
const LIMIT: Duration = Duration::from_secs(900);
/// The limits of `/Bulk` as the server has them without configuration, with room to spare.
const OPERATIONS: usize = 700;
const BYTES: usize = 1_000_000;
/// How many members one PATCH adds.
const MEMBERS: usize = 10_000;

/// The `id` of a resource.
pub(crate) type Id = [u8; 36];

/// A whole request: `method path`, with a body or without.
pub(crate) fn write_request(out: &mut Vec<u8>, target: &str, secret: &str, headers: &str, body: &[u8]) {
    // Writing to a vector does not fail.
    let _written =
        write!(out, "{target} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\n{headers}");
    if !body.is_empty() {
        let _written =
            write!(out, "Content-Type: application/scim+json\r\nContent-Length: {}\r\n", body.len());
    }
    out.extend_from_slice(b"\r\n");
    out.extend_from_slice(body);
}

/// Creates `count` users; gives their ids, in the order of their numbers.
pub(crate) fn users(server: &Server, count: usize, connections: usize) -> Result<Vec<Id>> {
    bulk(server, count, connections, |number, body| write_create_user(body, Name::Seeded, number))
}

/// The members of a bulk operation that creates a user.
pub(crate) fn write_create_user(out: &mut Vec<u8>, name: Name, number: usize) {
    out.extend_from_slice(br#""method":"POST","path":"/Users","data":"#);
    write_user(out, name, number);
}

/// Creates groups, each with as many members as `members` gives.
pub(crate) fn groups<M: Fn(usize) -> Vec<Id> + Sync>(
    server: &Server,
    count: usize,
    connections: usize,
    members: M,
) -> Result<Vec<Id>> {
    bulk(server, count, connections, |number, body| {
        body.extend_from_slice(br#""method":"POST","path":"/Groups","data":"#);
        let _written = write!(
            body,
            r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"Group {number}","members":["#
        );
        write_members(body, &members(number));
        body.extend_from_slice(b"]}");
    })
}

/// Creates one group and adds the members in portions.
pub(crate) fn large_group(server: &Server, members: &[Id]) -> Result<Id> {
    let created = groups(server, 1, 1, |_| Vec::new())?;
    let [group] = created.as_slice() else { bail!("expected one group, got {}", created.len()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let work = async {
        let mut connection = Connection::open(server.address()).await?;
        for portion in members.chunks(MEMBERS) {
            let mut request = Vec::new();
            write_add_members(&mut request, group, server.secret(), portion);
            let status = connection.exchange(&request).await?;
            ensure!(matches!(status, 200 | 204), "adding members: status {status}: {}", connection.excerpt());
        }
        anyhow::Ok(())
    };
    runtime
        .block_on(async { tokio::time::timeout(LIMIT, work).await })
        .context("filling a group took too long")??;
    Ok(*group)
}

/// The request that adds members to a group, with no body in its answer.
pub(crate) fn write_add_members(out: &mut Vec<u8>, group: &Id, secret: &str, members: &[Id]) {
    let mut body = Vec::with_capacity(members.len().saturating_mul(50).saturating_add(160));
    body.extend_from_slice(
        br#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"add","path":"members","value":["#,
    );
    write_members(&mut body, members);
    body.extend_from_slice(b"]}]}");
    let target = format!("PATCH /scim/v2/Groups/{}", text(group));
    write_request(out, &target, secret, "Prefer: return=minimal\r\n", &body);
}

/// The text of an id.
pub(crate) fn text(id: &Id) -> &str {
    std::str::from_utf8(id).unwrap_or_default()
}

fn write_members(body: &mut Vec<u8>, members: &[Id]) {
    for (index, member) in members.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _written = write!(body, r#"{comma}{{"value":"{}"}}"#, text(member));
    }
}

/// Runs `count` operations that create, over all connections; gives the ids in the order of the numbers.
fn bulk<W: Fn(usize, &mut Vec<u8>) + Sync>(
    server: &Server,
    count: usize,
    connections: usize,
    write: W,
) -> Result<Vec<Id>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let next = AtomicUsize::new(0);
    let work = async {
        let lanes = (0..connections).map(|_| bulk_lane(server, count, &next, &write));
        futures_util::future::try_join_all(lanes).await
    };
    let lanes = runtime
        .block_on(async { tokio::time::timeout(LIMIT, work).await })
        .context("filling took too long")??;
    let mut portions: Vec<(usize, Vec<Id>)> = lanes.into_iter().flatten().collect();
    portions.sort_unstable_by_key(|(first, _)| *first);
    let ids: Vec<Id> = portions.into_iter().flat_map(|(_, ids)| ids).collect();
    ensure!(ids.len() == count, "{} of {count} were created", ids.len());
    Ok(ids)
}

/// A bulk request of one operation for each number, the members of which `write` writes.
pub(crate) fn write_bulk(out: &mut Vec<u8>, numbers: Range<usize>, write: impl Fn(usize, &mut Vec<u8>)) {
    out.extend_from_slice(
        br#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"failOnErrors":1,"Operations":["#,
    );
    for (index, number) in numbers.enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let _written = write!(out, r#"{comma}{{"bulkId":"b{number}","#);
        write(number, out);
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
}

async fn bulk_lane<W: Fn(usize, &mut Vec<u8>)>(
    server: &Server,
    count: usize,
    next: &AtomicUsize,
    write: &W,
) -> Result<Vec<(usize, Vec<Id>)>> {
    let mut connection = Connection::open(server.address()).await?;
    let mut portions = Vec::new();
    let (mut body, mut request) = (Vec::new(), Vec::new());
    loop {
        let first = next.fetch_add(OPERATIONS, Ordering::Relaxed);
        if first >= count {
            return Ok(portions);
        }
        let numbers = first..count.min(first.saturating_add(OPERATIONS));
        let expected = numbers.len();
        body.clear();
        write_bulk(&mut body, numbers, write);
        ensure!(body.len() <= BYTES, "a bulk of {} bytes is too long", body.len());
        request.clear();
        write_request(&mut request, "POST /scim/v2/Bulk", server.secret(), "", &body);
        let status = connection.exchange(&request).await?;
        ensure!(status == 200, "bulk: status {status}: {}", connection.excerpt());
        let ids = created_ids(connection.body())?;
        ensure!(
            ids.len() == expected,
            "a bulk of {expected} created {}: {}",
            ids.len(),
            connection.excerpt()
        );
        portions.push((first, ids));
    }
}

/// The ids in the locations of a bulk answer, every operation of which has to have created something.
fn created_ids(body: &[u8]) -> Result<Vec<Id>> {
    let answer: Value = serde_json::from_slice(body).context("a bulk answer that is not JSON")?;
    let operations =
        answer.get("Operations").and_then(Value::as_array).context("a bulk answer without Operations")?;
    let id = |operation: &Value| {
        let created = operation.get("status").and_then(Value::as_str) == Some("201");
        let location = operation.get("location").and_then(Value::as_str).filter(|_| created);
        let id = location.and_then(|location| location.rsplit('/').next());
        let id = id.and_then(|id| Id::try_from(id.as_bytes()).ok());
        id.with_context(|| format!("an operation of a bulk created nothing: {operation}"))
    };
    operations.iter().map(id).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_whole() {
        let mut request = Vec::new();
        write_request(&mut request, "POST /x", "secret", "Prefer: y\r\n", b"{}");
        assert_eq!(
            String::from_utf8(request).expect("text"),
            "POST /x HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer secret\r\nPrefer: y\r\n\
             Content-Type: application/scim+json\r\nContent-Length: 2\r\n\r\n{}"
        );
    }

    #[test]
    fn ids_come_from_locations_of_what_was_created() {
        let id = "2819c223-7f76-453a-919d-413861904646";
        let answer = |status: &str| {
            format!(r#"{{"Operations":[{{"status":"{status}","location":"http://x/Users/{id}"}}]}}"#)
        };
        let ids = created_ids(answer("201").as_bytes()).expect("ids");
        assert_eq!(ids.iter().map(text).collect::<Vec<_>>(), [id]);
        assert!(created_ids(answer("409").as_bytes()).is_err());
        assert!(created_ids(b"{}").is_err());
    }
}
