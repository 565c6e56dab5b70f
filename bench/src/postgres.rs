//! The server on PostgreSQL, beside a bare handler that runs one prepared statement for each request,
//! and beside itself at other sizes.
//!
//! The database runs from the programs on this machine, with its data beside the program and with the
//! settings of a production server: what is committed is on the disk.

pub(crate) mod bare;
mod database;
mod fill;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use scim_test_postgres::PrivateServer;
use xtask::server::Server;

use crate::Plan;
use crate::filled::Filled;
use crate::load::{Lane, Target};
use crate::outcome::Outcome;
use crate::report::{self, Goal};
use crate::requests::{
    add_to_large_group, add_to_small_groups, bulk_create, by_part_of_name, by_user_name, by_work_email,
    create, get, get_by_id, many_members, page, patch_title,
};
use crate::seed;
use crate::tenants;

use database::Database;

/// How many users the small database holds.
const FEW_USERS: usize = 1000;
/// How many users one bulk request creates.
const BULK: u32 = 700;

/// Settings of a production server of this size, on top of those for tests, which do not wait for the disk.
pub(crate) const SETTINGS: &str = "\
fsync = on
full_page_writes = on
synchronous_commit = on
shared_buffers = '512MB'
effective_cache_size = '2GB'
maintenance_work_mem = '256MB'
max_wal_size = '1GB'
checkpoint_timeout = '15min'
random_page_cost = 1.1
";

/// A server on a database of its own, and two bare handlers on the same one.
struct Pair {
    filled: Filled,
    /// Writes where the server writes.
    same_table: Server,
    /// Writes to a table that has nothing but its key.
    bare_table: Server,
    database: Database,
}

/// Runs every scenario and prints the table.
///
/// # Errors
/// When a server fails, an answer is wrong, or a figure falls short in a run that is judged.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    println!(
        "PostgreSQL: {} connections, {} client threads, {} rounds of {:?}; {FEW_USERS} and {} users",
        plan.connections, plan.threads, plan.rounds, plan.round, plan.users
    );
    let place = std::env::current_exe()?.with_file_name("scim-bench-postgres");
    let postgres = PrivateServer::start_local_in(&place, SETTINGS)?;
    let cluster = Database::open(postgres.url())?;
    let small = Pair::start(&cluster, "few", |url| Filled::start(plan, Some(url), FEW_USERS))?;
    let large = Pair::start(&cluster, "many", |url| {
        let server = Server::start_on(Some(url), Command::new(&plan.server), None)?;
        let ids = fill::users(&Database::open(url)?, &server, plan.users)?;
        Ok(Filled { server, ids: Arc::new(ids) })
    })?;

    let mut outcome = Outcome::new(plan);
    println!("\n{}", report::head());
    reads(&mut outcome, &small, "1,000 users")?;
    reads(&mut outcome, &large, "all users")?;
    searches(&mut outcome, &large)?;
    writes(&mut outcome, &small)?;
    if outcome.is_wanted(ADD_MEMBER) {
        let (filled, size) = (&large.filled, many_members(&large.filled));
        let groups = seed::groups(&filled.server, plan.connections, 1, |_| Vec::new())?;
        fill::members(&large.database, &groups, size)?;
        let (many, few) =
            (add_to_large_group(filled, groups), add_to_small_groups(filled, plan.connections)?);
        outcome.compare(ADD_MEMBER, Some(0.80), filled.target(204, many), filled.target(204, few))?;
    }
    tenants::run(&mut outcome, plan, Some(cluster.create("tenants")?.url()))?;
    outcome.finish()
}

/// The name of the only load on groups.
const ADD_MEMBER: &str = "add a member, group of 100,000 / of 10";

fn reads(outcome: &mut Outcome<'_>, pair: &Pair, size: &str) -> Result<()> {
    let filled = &pair.filled;
    let select = || pair.on(&pair.same_table, 200, get_by_id(filled));
    outcome.compare(
        &format!("GET by id / bare SELECT, {size}"),
        Some(0.65),
        filled.target(200, get_by_id(filled)),
        select(),
    )?;
    outcome.compare(
        &format!("userName eq / bare SELECT, {size}"),
        Some(0.55),
        filled.target(200, by_user_name(filled)),
        select(),
    )
}

/// Searches, by one client that waits for each answer, which is what their goals are for, and by as many
/// as there are in the other loads, who wait for each other.
fn searches(outcome: &mut Outcome<'_>, large: &Pair) -> Result<()> {
    const QUICK: Duration = Duration::from_millis(5);
    const PAGE: Duration = Duration::from_millis(20);
    const FIFTH: &str =
        "filter=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department%20eq%20%22Sales%22";
    let filled = &large.filled;
    let get = |query: &str| filled.target(200, get(filled, &format!("/Users?{query}")));
    for connections in [1, outcome.connections()] {
        let within = |time| if connections == 1 { Goal::Within(time) } else { Goal::Nothing };
        let mut single = |name: &str, goal, target| {
            outcome.single(&format!("{name}, {connections} conn."), goal, (target, connections), 1)
        };
        single("emails[type eq work].value eq", within(QUICK), filled.target(200, by_work_email(filled)))?;
        single("userName co, 10 match", within(QUICK), filled.target(200, by_part_of_name(filled)))?;
        single("page of 100, all match", within(PAGE), get("count=100"))?;
        single("page of 100, a fifth matches", within(PAGE), get(&format!("count=100&{FIFTH}")))?;
        single("page of 100 anywhere, all match", Goal::Nothing, filled.target(200, page(filled)))?;
    }
    // A total is counted again after each write, which is what these take longer for.
    let _writer = Writer::start(large)?;
    for (name, query) in [
        ("page of 100, all match, with writes", "count=100".to_owned()),
        ("the total alone, all match, with writes", "count=0".to_owned()),
        ("page of 100, a fifth matches, with writes", format!("count=100&{FIFTH}")),
        ("the total alone, a fifth matches, with writes", format!("count=0&{FIFTH}")),
    ] {
        outcome.single(name, Goal::Nothing, (get(&query), 1), 1)?;
    }
    Ok(())
}

/// Somebody who writes to a database all the time, until it is dropped.
struct Writer {
    is_over: Arc<AtomicBool>,
    thread: Option<thread::JoinHandle<Result<()>>>,
}

impl Writer {
    fn start(pair: &Pair) -> Result<Self> {
        let database = Database::open(pair.database.url())?;
        let is_over = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&is_over);
        let write = "UPDATE bare_resource SET version = version + 1 \
                     WHERE id = (SELECT id FROM bare_resource LIMIT 1)";
        let thread = thread::spawn(move || {
            while !ends.load(Ordering::Acquire) {
                database.run(write)?;
                thread::sleep(Duration::from_millis(1));
            }
            Ok(())
        });
        Ok(Self { is_over, thread: Some(thread) })
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take()
            && !matches!(thread.join(), Ok(Ok(())))
        {
            println!("the writer failed: there were fewer writes than the names of the loads say");
        }
    }
}

/// The ceiling of a write is the bare handler on the same table, with the indexes that searches need. What those
/// cost is seen beside a table without them.
fn writes(outcome: &mut Outcome<'_>, small: &Pair) -> Result<()> {
    let filled = &small.filled;
    for (name, needed, handler) in
        [("", Some(0.60), &small.same_table), (" of a bare table", None, &small.bare_table)]
    {
        outcome.compare(
            &format!("PATCH one attribute / bare UPDATE{name}"),
            needed,
            filled.target(200, patch_title(filled)),
            small.on(handler, 200, patch_title(filled)),
        )?;
        outcome.compare(
            &format!("create / bare INSERT{name}"),
            needed,
            filled.target(201, create(filled)),
            small.on(handler, 201, create(filled)),
        )?;
    }
    let bulk = filled.target(200, bulk_create(filled, BULK));
    let connections = outcome.connections();
    outcome.single("users created in bulk", Goal::Rate(3000.0), (bulk, connections), BULK)
}

impl Pair {
    fn start(cluster: &Database, name: &str, fill: impl FnOnce(&str) -> Result<Filled>) -> Result<Self> {
        let database = cluster.create(name)?;
        let filled = fill(database.url())?;
        database.run(&format!(
            "CREATE TABLE bare_resource (id uuid PRIMARY KEY, version bigint NOT NULL, payload json NOT NULL); \
             INSERT INTO bare_resource SELECT id, version, payload FROM scim_resource ORDER BY id LIMIT {FEW_USERS}"
        ))?;
        fill::settle(&database)?;
        let bare = |table| {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["bare", "--table", table]);
            Server::start_on(Some(database.url()), command, None).context("a bare handler")
        };
        Ok(Self { filled, same_table: bare("resource")?, bare_table: bare("bare")?, database })
    }

    /// Requests to a bare handler.
    fn on(
        &self,
        handler: &Server,
        status: u16,
        write: impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static,
    ) -> Target {
        let target = self.filled.target(status, write);
        Target { address: handler.address(), pid: handler.pid(), ..target }
    }
}
