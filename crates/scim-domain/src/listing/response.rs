//! The `ListResponse` message (RFC 7644 §3.4.2), with the cursors of RFC 9865 §2.

use crate::error::ScimError;
use crate::identifier::Timestamp;
use crate::representation::{write_json, write_resource};
use crate::resource::{StoredResource, Unreadable};

use super::cursor::{Cursor, CursorSealer};
use super::plan::{Paging, QueryPlan};
use super::query::ResourcePage;
use super::sort::Direction;

/// The URN of the `ListResponse` message (RFC 7644 §3.4.2).
pub const LIST_RESPONSE_URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// Why an answer could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ListResponseError {
    /// A cursor could not be sealed.
    #[error(transparent)]
    Cursor(#[from] ScimError),
    /// A resource is not as a store keeps them.
    #[error(transparent)]
    Attributes(#[from] Unreadable),
}

/// Appends the answer to a query: the page that the store gave, under the mount `base_url`.
///
/// Pages by position have `startIndex`; pages by cursor have `previousCursor` unless they are the
/// first, and `nextCursor` unless they are the last. `nonces` are for those two cursors, which are
/// sealed at the time `now`.
///
/// # Errors
/// What [`CursorSealer::seal`] and [`write_resource`] give; `out` then holds the beginning of an answer.
pub fn write_list_response(
    out: &mut Vec<u8>,
    plan: &QueryPlan,
    page: &ResourcePage,
    base_url: &str,
    sealer: &CursorSealer,
    now: Timestamp,
    nonces: [[u8; 24]; 2],
) -> Result<(), ListResponseError> {
    out.extend_from_slice(b"{\"schemas\":[\"");
    out.extend_from_slice(LIST_RESPONSE_URN.as_bytes());
    out.extend_from_slice(b"\"],\"totalResults\":");
    write_json(out, &page.total_results);
    out.extend_from_slice(b",\"itemsPerPage\":");
    write_json(out, &page.resources.len());
    match &plan.paging {
        Paging::Index { start_index } => {
            out.extend_from_slice(b",\"startIndex\":");
            write_json(out, start_index);
        }
        Paging::Cursor { at, fingerprint } => {
            let neighbours = Neighbours::of(plan, page, at, now)?;
            let [for_previous, for_next] = nonces;
            let mut write = |name: &str, cursor: Option<Cursor>, nonce| {
                cursor.map_or(Ok::<(), ScimError>(()), |cursor| {
                    write_cursor(out, name, &sealer.seal(&cursor, fingerprint, nonce)?);
                    Ok(())
                })
            };
            write("previousCursor", neighbours.previous, for_previous)?;
            write("nextCursor", neighbours.next, for_next)?;
        }
    }
    out.extend_from_slice(b",\"Resources\":[");
    let first = out.len();
    for resource in &page.resources {
        let Some(projection) = plan.projection(&resource.resource_type) else { continue };
        if out.len() > first {
            out.push(b',');
        }
        write_resource(out, resource, projection, base_url)?;
    }
    out.extend_from_slice(b"]}");
    Ok(())
}

fn write_cursor(out: &mut Vec<u8>, name: &str, text: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":\"");
    // Base64url needs no escapes.
    out.extend_from_slice(text.as_bytes());
    out.push(b'"');
}

/// The pages next to one that was reached by cursor.
struct Neighbours {
    previous: Option<Cursor>,
    next: Option<Cursor>,
}

impl Neighbours {
    /// On the side in which the walk goes there is a page where the store has seen more; on the
    /// other side, where the walk came from, there is one unless it began here.
    fn of(plan: &QueryPlan, page: &ResourcePage, at: &Cursor, now: Timestamp) -> Result<Self, Unreadable> {
        // A client that asks for a total alone (RFC 9865 §2, table 1) is not on a walk.
        if at.count == 0 {
            return Ok(Self { previous: None, next: None });
        }
        let to = |position, direction| Cursor { position, direction, count: at.count, issued_at: now };
        let beside = |resource: Option<&StoredResource>, direction| {
            let position = resource.map(|resource| plan.position(resource)).transpose()?;
            Ok::<_, Unreadable>(position.map(|position| to(Some(position), direction)))
        };
        let before = beside(page.resources.first(), Direction::Descending)?;
        let after = beside(page.resources.last(), Direction::Ascending)?;
        Ok(match at.direction {
            Direction::Ascending => Self {
                previous: before.filter(|_| at.position.is_some()),
                next: after.filter(|_| page.has_more),
            },
            Direction::Descending => Self {
                previous: before.filter(|_| page.has_more),
                // Where everything on this side has gone meanwhile, the result begins on the other.
                next: after.or_else(|| (page.total_results > 0).then(|| to(None, Direction::Ascending))),
            },
        })
    }
}

#[cfg(test)]
mod tests;
