//! What is measured, against what, and what is asked of it.

use std::fs;
use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use xtask::server::Server;

use crate::Plan;
use crate::client::Connection;
use crate::load::{Lane, Load, Target};
use crate::process_figures::resident_kib;
use crate::report::{self, Comparison};
use crate::seed::{self, Id, text, write_add_members, write_request};
use crate::users::{Name, write_user};

/// How many users the small server holds.
const FEW_USERS: usize = 1000;
/// How many users a page has.
const PAGE: usize = 100;
/// The members of a small group, and how many such groups each connection has: so many that none
/// grows much while it is measured.
const FEW_MEMBERS: usize = 10;
const SMALL_GROUPS: usize = 1024;
/// The members of a large group; each connection has one, so that both sizes are written as much in parallel.
const MANY_MEMBERS: usize = 100_000;
/// What a million users may take.
const MEMORY_KIB: u64 = 4 * 1024 * 1024;

/// A server with users in it.
struct Filled {
    server: Server,
    ids: Arc<Vec<Id>>,
}

/// Runs every scenario and prints the table.
///
/// # Errors
/// When a server fails, an answer is wrong, or a figure falls short in a run that is judged.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    println!(
        "{} connections, {} client threads, {} rounds of {:?}; {FEW_USERS} and {} users",
        plan.connections, plan.threads, plan.rounds, plan.round, plan.users
    );
    let small = Filled::start(plan, FEW_USERS)?;
    let empty_kib = resident_kib(small.server.pid())?;
    let large = Filled::start(plan, plan.users)?;
    let memory_kib = resident_kib(large.server.pid())?;
    let baseline = start_baseline(&large)?;

    let mut outcome = Outcome { plan, short: Vec::new() };
    println!("\n{}", report::head());
    let empty = || Target {
        address: baseline.address(),
        pid: baseline.pid(),
        status: 200,
        write: large.target(200, get_by_id(&large)).write,
    };
    outcome.compare("GET by id / empty handler", 0.60, small.target(200, get_by_id(&small)), empty())?;
    outcome.compare(
        "PATCH one attribute / empty handler",
        0.25,
        small.target(200, patch_title(&small)),
        empty(),
    )?;
    outcome.compare(
        "GET by id, all users / 1,000 users",
        0.80,
        large.target(200, get_by_id(&large)),
        small.target(200, get_by_id(&small)),
    )?;
    outcome.compare(
        "userName eq, all users / 1,000 users",
        0.80,
        large.target(200, by_user_name(&large)),
        small.target(200, by_user_name(&small)),
    )?;
    outcome.compare(
        "page of 100, all users / 1,000 users",
        0.80,
        large.target(200, page(&large)),
        small.target(200, page(&small)),
    )?;
    // Last of those on the small server, which it fills.
    outcome.compare("create / empty handler", 0.25, small.target(201, create(&small)), empty())?;
    if outcome.is_wanted(ADD_MEMBER) {
        let (many, few) = (large_groups(plan, &large)?, small_groups(plan, &large)?);
        outcome.compare(ADD_MEMBER, 0.80, large.target(204, many), large.target(204, few))?;
    }

    outcome.memory(memory_kib, empty_kib);
    outcome.finish()
}

const ADD_MEMBER: &str = "add a member, group of 100,000 / of 10";

/// What has been found so far.
struct Outcome<'a> {
    plan: &'a Plan,
    short: Vec<String>,
}

impl Outcome<'_> {
    fn is_wanted(&self, name: &str) -> bool {
        name.contains(&self.plan.only)
    }

    /// Runs both loads in turns and prints their line.
    fn compare(&mut self, name: &str, needed: f64, measured: Target, reference: Target) -> Result<()> {
        if !self.is_wanted(name) {
            return Ok(());
        }
        let plan = self.plan;
        let mut measured = Load::new(measured, plan.connections);
        let mut reference = Load::new(reference, plan.connections);
        let warm_up = plan.round / 4;
        let mut run = |time: Duration| {
            let measured = measured.round(plan.threads, time).with_context(|| name.to_owned())?;
            let reference =
                reference.round(plan.threads, time).with_context(|| format!("{name}: reference"))?;
            anyhow::Ok((measured, reference))
        };
        run(warm_up)?;
        let pairs = (0..plan.rounds).map(|_| run(plan.round)).collect::<Result<_>>()?;
        let comparison = Comparison { name: name.to_owned(), needed: Some(needed), pairs };
        println!("{}", comparison.line());
        if !comparison.passes() {
            self.short.push(name.to_owned());
        }
        Ok(())
    }

    fn memory(&mut self, memory_kib: u64, empty_kib: u64) {
        // Fewer users may take their share of what a million may, beside what the process takes anyway.
        let users = u64::try_from(self.plan.users).unwrap_or(u64::MAX);
        let anyway_kib = if users < 1_000_000 { empty_kib } else { 0 };
        let allowed_kib = (MEMORY_KIB.saturating_mul(users) / 1_000_000).saturating_add(anyway_kib);
        let passes = memory_kib < allowed_kib;
        let verdict = if passes { "PASS" } else { "SHORT" };
        println!(
            "resident memory with {users} users: {} MiB ({} MiB with {FEW_USERS}), needed under {} MiB: {verdict}",
            memory_kib / 1024,
            empty_kib / 1024,
            allowed_kib / 1024
        );
        if !passes {
            self.short.push("resident memory".to_owned());
        }
    }

    fn finish(self) -> Result<()> {
        if self.short.is_empty() {
            println!("every figure is reached");
        } else if self.plan.judged {
            bail!("short: {}", self.short.join("; "));
        } else {
            println!("short, in a run that is not judged: {}", self.short.join("; "));
        }
        Ok(())
    }
}

impl Filled {
    fn start(plan: &Plan, users: usize) -> Result<Self> {
        let server = Server::start(Command::new(&plan.server), None)?;
        let start = Instant::now();
        let ids = Arc::new(seed::users(&server, users, plan.connections)?);
        println!("created {users} users over /Bulk in {:.1} s", start.elapsed().as_secs_f64());
        Ok(Self { server, ids })
    }

    fn target(&self, status: u16, write: impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static) -> Target {
        Target { address: self.server.address(), pid: self.server.pid(), status, write: Arc::new(write) }
    }

    fn secret(&self) -> String {
        self.server.secret().to_owned()
    }
}

/// Records the answer to `GET` by id and starts the empty handler that gives it.
fn start_baseline(large: &Filled) -> Result<Server> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let recorded = runtime.block_on(async {
        let mut connection = Connection::open(large.server.address()).await?;
        let mut request = Vec::new();
        get_by_id(large)(&mut first_lane()?, &mut request);
        let status = connection.exchange(&request).await?;
        ensure!(status == 200, "GET by id: status {status}: {}", connection.excerpt());
        anyhow::Ok(connection.answer().to_owned())
    })?;
    let program = std::env::current_exe()?;
    let file = program.with_file_name(format!("scim-bench-answer-{}.http", std::process::id()));
    fs::write(&file, &recorded).with_context(|| format!("cannot write {}", file.display()))?;
    let mut command = Command::new(program);
    command.arg("baseline").arg("--answer").arg(&file);
    let started = Server::start(command, None);
    // It has read the file once it answers.
    fs::remove_file(&file)?;
    println!("the empty handler gives an answer of {} bytes", recorded.len());
    started.context("the empty handler")
}

fn first_lane() -> Result<Lane> {
    Lane::all(1).pop().context("no lane")
}

/// `GET /Users/{id}`, any user.
fn get_by_id(filled: &Filled) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (ids, rest) = (Arc::clone(&filled.ids), rest_of_get(filled));
    move |lane, out| {
        out.extend_from_slice(b"GET /scim/v2/Users/");
        out.extend_from_slice(any(&ids, lane));
        out.extend_from_slice(rest.as_bytes());
    }
}

/// `PATCH /Users/{id}` of `title`, any user, each time to another value.
fn patch_title(filled: &Filled) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
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
fn create(filled: &Filled) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (next, secret) = (AtomicUsize::new(0), filled.secret());
    move |_, out| {
        let mut body = Vec::with_capacity(1200);
        write_user(&mut body, Name::Created, next.fetch_add(1, Ordering::Relaxed));
        write_request(out, "POST /scim/v2/Users", &secret, "", &body);
    }
}

/// `GET /Users?filter=userName eq "…"`, any user.
fn by_user_name(filled: &Filled) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (users, rest) = (filled.ids.len(), rest_of_get(filled));
    move |lane, out| {
        let name = Name::Seeded.of(lane.below(users));
        let _written = write!(out, "GET /scim/v2/Users?filter=userName%20eq%20%22{name}%22{rest}");
    }
}

/// `GET /Users?startIndex=…&count=100`, anywhere.
fn page(filled: &Filled) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (pages, rest) = (filled.ids.len().saturating_sub(PAGE), rest_of_get(filled));
    move |lane, out| {
        let start = lane.below(pages.saturating_add(1)).saturating_add(1);
        let _written = write!(out, "GET /scim/v2/Users?startIndex={start}&count={PAGE}{rest}");
    }
}

/// One large group for each connection; adds users that are not in it yet.
fn large_groups(
    plan: &Plan,
    filled: &Filled,
) -> Result<impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static + use<>> {
    let size = MANY_MEMBERS.min(filled.ids.len() / 2);
    let (members, _) = filled.ids.split_at(size);
    let start = Instant::now();
    let groups = (0..plan.connections).map(|_| seed::large_group(&filled.server, members));
    let groups = groups.collect::<Result<Vec<Id>>>()?;
    println!("filled {} groups with {size} members in {:.1} s", groups.len(), start.elapsed().as_secs_f64());
    let (ids, secret) = (Arc::clone(&filled.ids), filled.secret());
    Ok(move |lane: &mut Lane, out: &mut Vec<u8>| {
        let member = *at(&ids, size.saturating_add(lane.written));
        write_add_members(out, at(&groups, lane.number), &secret, &[member]);
    })
}

/// Many small groups for each connection, which take turns; adds users that are not in them yet.
fn small_groups(
    plan: &Plan,
    filled: &Filled,
) -> Result<impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static + use<>> {
    let count = plan.connections.saturating_mul(SMALL_GROUPS);
    let first = |group: usize| group.saturating_mul(FEW_MEMBERS);
    let members = |group: usize| {
        (0..FEW_MEMBERS).map(move |member| *at(&filled.ids, first(group).saturating_add(member)))
    };
    let groups = seed::groups(&filled.server, count, plan.connections, |group| members(group).collect())?;
    let (ids, secret) = (Arc::clone(&filled.ids), filled.secret());
    Ok(move |lane: &mut Lane, out: &mut Vec<u8>| {
        let group = lane.number.saturating_mul(SMALL_GROUPS).saturating_add(lane.written % SMALL_GROUPS);
        let added = FEW_MEMBERS.saturating_add(lane.written / SMALL_GROUPS);
        let member = *at(&ids, first(group).saturating_add(added));
        write_add_members(out, at(&groups, group), &secret, &[member]);
    })
}

fn rest_of_get(filled: &Filled) -> String {
    let mut rest = Vec::new();
    write_request(&mut rest, "", filled.server.secret(), "", b"");
    String::from_utf8_lossy(&rest).into_owned()
}

fn any<'a>(ids: &'a [Id], lane: &mut Lane) -> &'a Id {
    at(ids, lane.below(ids.len()))
}

/// The id of this number, counting round.
fn at(ids: &[Id], number: usize) -> &Id {
    const NONE: &Id = b"00000000-0000-0000-0000-000000000000";
    number.checked_rem(ids.len()).and_then(|index| ids.get(index)).unwrap_or(NONE)
}
