//! The server on its embedded store, beside an empty handler and beside itself at other sizes.

use std::fs;
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use xtask::server::Server;

use crate::Plan;
use crate::client::Connection;
use crate::filled::Filled;
use crate::load::{Lane, Target};
use crate::outcome::Outcome;
use crate::process_figures::resident_kib;
use crate::report;
use crate::requests::{
    add_to_large_group, add_to_small_groups, by_user_name, create, get_by_id, many_members, page, patch_title,
};
use crate::seed::{self, Id};
use crate::tenants;

/// How many users the small server holds.
const FEW_USERS: usize = 1000;
/// What a million users may take.
const MEMORY_KIB: u64 = 4 * 1024 * 1024;

/// Runs every scenario and prints the table.
///
/// # Errors
/// When a server fails, an answer is wrong, or a figure falls short in a run that is judged.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    println!(
        "{} connections, {} client threads, {} rounds of {:?}; {FEW_USERS} and {} users",
        plan.connections, plan.threads, plan.rounds, plan.round, plan.users
    );
    let small = Filled::start(plan, None, FEW_USERS)?;
    let empty_kib = resident_kib(small.server.pid())?;
    let large = Filled::start(plan, None, plan.users)?;
    let memory_kib = resident_kib(large.server.pid())?;
    let baseline = start_baseline(&large)?;

    let mut outcome = Outcome::new(plan);
    println!("\n{}", report::head());
    let empty = || Target {
        address: baseline.address(),
        pid: baseline.pid(),
        status: 200,
        write: large.target(200, get_by_id(&large)).write,
        beside: None,
    };
    outcome.compare(
        "GET by id / empty handler",
        Some(0.60),
        small.target(200, get_by_id(&small)),
        empty(),
    )?;
    outcome.compare(
        "PATCH one attribute / empty handler",
        Some(0.25),
        small.target(200, patch_title(&small)),
        empty(),
    )?;
    outcome.compare(
        "GET by id, all users / 1,000 users",
        Some(0.80),
        large.target(200, get_by_id(&large)),
        small.target(200, get_by_id(&small)),
    )?;
    outcome.compare(
        "userName eq, all users / 1,000 users",
        Some(0.80),
        large.target(200, by_user_name(&large)),
        small.target(200, by_user_name(&small)),
    )?;
    outcome.compare(
        "page of 100, all users / 1,000 users",
        Some(0.80),
        large.target(200, page(&large)),
        small.target(200, page(&small)),
    )?;
    // Last of those on the small server, which it fills.
    outcome.compare("create / empty handler", Some(0.25), small.target(201, create(&small)), empty())?;
    if outcome.is_wanted(ADD_MEMBER) {
        let many = add_to_large_group(&large, large_groups(plan, &large)?);
        let few = add_to_small_groups(&large, plan.connections)?;
        outcome.compare(ADD_MEMBER, Some(0.80), large.target(204, many), large.target(204, few))?;
    }

    tenants::run(&mut outcome, plan, None)?;
    judge_memory(&mut outcome, plan.users, memory_kib, empty_kib);
    outcome.finish()
}

/// The name of the only load on groups.
const ADD_MEMBER: &str = "add a member, group of 100,000 / of 10";

/// Judges the memory of a server with all users, beside one with few.
fn judge_memory(outcome: &mut Outcome<'_>, users: usize, memory_kib: u64, empty_kib: u64) {
    // Fewer users may take their share of what a million may, beside what the process takes anyway.
    let share = u64::try_from(users).unwrap_or(u64::MAX);
    let anyway_kib = if users < 1_000_000 { empty_kib } else { 0 };
    let allowed_kib = (MEMORY_KIB.saturating_mul(share) / 1_000_000).saturating_add(anyway_kib);
    let passes = memory_kib < allowed_kib;
    let verdict = if passes { "PASS" } else { "SHORT" };
    println!(
        "resident memory with {users} users: {} MiB ({} MiB with {FEW_USERS}), needed under {} MiB: {verdict}",
        memory_kib / 1024,
        empty_kib / 1024,
        allowed_kib / 1024
    );
    outcome.note("resident memory", passes);
}

/// Fills one large group for each connection.
fn large_groups(plan: &Plan, filled: &Filled) -> Result<Vec<Id>> {
    let size = many_members(filled);
    let (members, _) = filled.ids.split_at(size);
    let start = Instant::now();
    let groups = (0..plan.connections).map(|_| seed::large_group(&filled.server, members));
    let groups = groups.collect::<Result<Vec<Id>>>()?;
    println!("filled {} groups with {size} members in {:.1} s", groups.len(), start.elapsed().as_secs_f64());
    Ok(groups)
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
