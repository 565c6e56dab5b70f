//! The requests of the loads.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Result;

use crate::filled::Filled;
use crate::load::Lane;
use crate::seed::{self, Id, text, write_add_members, write_request};
use crate::users::{Name, write_user};

/// How many users a page has.
const PAGE: usize = 100;
/// The members of a small group, and how many such groups each connection has: so many that none
/// grows much while it is measured.
const FEW_MEMBERS: usize = 10;
const SMALL_GROUPS: usize = 1024;
/// The members of a large group; each connection has one, so that both sizes are written as much in parallel.
const MANY_MEMBERS: usize = 100_000;

/// `GET /Users/{id}`, any user.
pub(crate) fn get_by_id(filled: &Filled) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (ids, rest) = (Arc::clone(&filled.ids), filled.rest_of_get());
    move |lane, out| {
        out.extend_from_slice(b"GET /scim/v2/Users/");
        out.extend_from_slice(any(&ids, lane));
        out.extend_from_slice(rest.as_bytes());
    }
}

/// `PATCH /Users/{id}` of `title`, any user, each time to another value.
pub(crate) fn patch_title(filled: &Filled) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (ids, secret) = (Arc::clone(&filled.ids), filled.secret());
    move |lane, out| {
        let mut body = Vec::with_capacity(200);
        let _written = write!(
            body,
            concat!(
                r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"#,
                r#""Operations":[{{"op":"replace","path":"title","value":"Engineer {}-{}"}}]}}"#
            ),
            lane.number, lane.written
        );
        let target = format!("PATCH /scim/v2/Users/{}", text(any(&ids, lane)));
        write_request(out, &target, &secret, "", &body);
    }
}

/// `POST /Users`, each time a user that is not there.
pub(crate) fn create(filled: &Filled) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    // No two loads create the same user.
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    let secret = filled.secret();
    move |_, out| {
        let mut body = Vec::with_capacity(1200);
        write_user(&mut body, Name::Created, NEXT.fetch_add(1, Ordering::Relaxed));
        write_request(out, "POST /scim/v2/Users", &secret, "", &body);
    }
}

/// `POST /Bulk` that creates `count` users, each time others.
pub(crate) fn bulk_create(
    filled: &Filled,
    count: u32,
) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (next, secret) = (AtomicUsize::new(0), filled.secret());
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    move |_, out| {
        let mut body = Vec::with_capacity(count.saturating_mul(1300));
        let first = next.fetch_add(count, Ordering::Relaxed);
        seed::write_bulk(&mut body, first..first.saturating_add(count), |number, body| {
            seed::write_create_user(body, Name::Bulk, number);
        });
        write_request(out, "POST /scim/v2/Bulk", &secret, "", &body);
    }
}

/// `GET /Users?filter=userName eq "…"`, any user.
pub(crate) fn by_user_name(filled: &Filled) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (users, rest) = (filled.ids.len(), filled.rest_of_get());
    move |lane, out| {
        let name = Name::Seeded.of(lane.below(users));
        let _written = write!(out, "GET /scim/v2/Users?filter=userName%20eq%20%22{name}%22{rest}");
    }
}

/// `GET /Users?startIndex=…&count=100`, anywhere.
pub(crate) fn page(filled: &Filled) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (pages, rest) = (filled.ids.len().saturating_sub(PAGE), filled.rest_of_get());
    move |lane, out| {
        let start = lane.below(pages.saturating_add(1)).saturating_add(1);
        let _written = write!(out, "GET /scim/v2/Users?startIndex={start}&count={PAGE}{rest}");
    }
}

/// `GET` of a path and a query.
pub(crate) fn get(filled: &Filled, target: &str) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (target, rest) = (target.to_owned(), filled.rest_of_get());
    move |_, out| {
        let _written = write!(out, "GET /scim/v2{target}{rest}");
    }
}

/// `GET /Users?filter=emails[type eq "work"].value eq "…"`, any user.
pub(crate) fn by_work_email(filled: &Filled) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (users, rest) = (filled.ids.len(), filled.rest_of_get());
    move |lane, out| {
        let name = Name::Seeded.of(lane.below(users));
        let _written = write!(
            out,
            "GET /scim/v2/Users?filter=emails%5Btype%20eq%20%22work%22%5D.value%20eq%20%22{name}@work.example.com%22{rest}"
        );
    }
}

/// `GET /Users?filter=userName co "…"` with ten users that match.
pub(crate) fn by_part_of_name(filled: &Filled) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (tens, rest) = (filled.ids.len() / 10, filled.rest_of_get());
    move |lane, out| {
        let part = lane.below(tens);
        let _written = write!(out, "GET /scim/v2/Users?filter=userName%20co%20%22r{part:06}%22{rest}");
    }
}

/// How many members a large group has.
pub(crate) fn many_members(filled: &Filled) -> usize {
    MANY_MEMBERS.min(filled.ids.len() / 2)
}

/// The large groups, one for each connection; adds users that are not in them yet.
pub(crate) fn add_to_large_group(
    filled: &Filled,
    groups: Vec<Id>,
) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (size, ids, secret) = (many_members(filled), Arc::clone(&filled.ids), filled.secret());
    move |lane, out| {
        let member = *at(&ids, size.saturating_add(lane.written));
        write_add_members(out, at(&groups, lane.number), &secret, &[member]);
    }
}

/// Creates many small groups for each connection, which take turns; adds users that are not in them yet.
///
/// # Errors
/// When they cannot be created.
pub(crate) fn add_to_small_groups(
    filled: &Filled,
    connections: usize,
) -> Result<impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static + use<>> {
    let count = connections.saturating_mul(SMALL_GROUPS);
    let first = |group: usize| group.saturating_mul(FEW_MEMBERS);
    let members = |group: usize| {
        (0..FEW_MEMBERS).map(move |member| *at(&filled.ids, first(group).saturating_add(member)))
    };
    let groups = seed::groups(&filled.server, count, connections, |group| members(group).collect())?;
    let (ids, secret) = (Arc::clone(&filled.ids), filled.secret());
    Ok(move |lane: &mut Lane, out: &mut Vec<u8>| {
        let group = lane.number.saturating_mul(SMALL_GROUPS).saturating_add(lane.written % SMALL_GROUPS);
        let added = FEW_MEMBERS.saturating_add(lane.written / SMALL_GROUPS);
        let member = *at(&ids, first(group).saturating_add(added));
        write_add_members(out, at(&groups, group), &secret, &[member]);
    })
}

fn any<'a>(ids: &'a [Id], lane: &mut Lane) -> &'a Id {
    at(ids, lane.below(ids.len()))
}

/// The id of this number, counting round.
fn at(ids: &[Id], number: usize) -> &Id {
    const NONE: &Id = b"00000000-0000-0000-0000-000000000000";
    number.checked_rem(ids.len()).and_then(|index| ids.get(index)).unwrap_or(NONE)
}
