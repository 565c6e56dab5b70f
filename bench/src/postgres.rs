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
max_wal_size = '4GB'
checkpoint_timeout = '15min'
random_page_cost = 1.1
";

/// A server on a database of its own, and a bare handler on the same one.
struct Pair {
    filled: Filled,
    bare: Server,
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
    let place = std::env::current_exe()?;
    let place = place.parent().context("a program without a directory")?;
    let postgres = PrivateServer::start_local_in(place, SETTINGS)?;
    let cluster = Database::open(postgres.url())?;
    let small = Pair::start(&cluster, "few", |url| Filled::start(plan, Some(url), FEW_USERS))?;
    let large = Pair::start(&cluster, "many", |url| {
        let server = Server::start_on(Some(url), Command::new(&plan.server), None)?;
        let ids = fill::users(&Database::open(url)?, &server, plan.users)?;
        Ok(Filled { server, ids: Arc::new(ids) })
    })?;

    let mut outcome = Outcome::new(plan);
    println!("\n{}", report::head());
    reads(&mut outcome, &small, "1,000 users", true)?;
    reads(&mut outcome, &large, "all users", true)?;
    searches(&mut outcome, &large)?;
    writes(&mut outcome, &small, "1,000 users", true)?;
    writes(&mut outcome, &large, "all users", false)?;
    if outcome.is_wanted(ADD_MEMBER) {
        let (filled, size) = (&large.filled, many_members(&large.filled));
        let groups = seed::groups(&filled.server, plan.connections, 1, |_| Vec::new())?;
        fill::members(&large.database, &groups, size)?;
        let (many, few) =
            (add_to_large_group(filled, groups), add_to_small_groups(filled, plan.connections)?);
        outcome.compare(ADD_MEMBER, Some(0.80), filled.target(204, many), filled.target(204, few))?;
    }
    outcome.finish()
}

/// The name of the only load on groups.
const ADD_MEMBER: &str = "add a member, group of 100,000 / of 10";

fn reads(outcome: &mut Outcome<'_>, pair: &Pair, size: &str, is_judged: bool) -> Result<()> {
    let filled = &pair.filled;
    let select = || pair.bare(200, get_by_id(filled));
    let needed = |ratio| is_judged.then_some(ratio);
    outcome.compare(
        &format!("GET by id / bare SELECT, {size}"),
        needed(0.65),
        filled.target(200, get_by_id(filled)),
        select(),
    )?;
    outcome.compare(
        &format!("userName eq / bare SELECT, {size}"),
        needed(0.55),
        filled.target(200, by_user_name(filled)),
        select(),
    )
}

fn searches(outcome: &mut Outcome<'_>, large: &Pair) -> Result<()> {
    const QUICK: Goal = Goal::Within(Duration::from_millis(5));
    const PAGE: Goal = Goal::Within(Duration::from_millis(20));
    let filled = &large.filled;
    let department =
        "filter=urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department%20eq%20%22Sales%22";
    for connections in [1, outcome.connections()] {
        let mut single = |name: &str, goal, target| {
            let name = format!("{name}, {connections} conn.");
            outcome.single(&name, goal, (target, connections), 1)
        };
        let get = |query: &str| filled.target(200, get(filled, &format!("/Users?{query}")));
        single("emails[type eq work].value eq", QUICK, filled.target(200, by_work_email(filled)))?;
        single("userName co, 10 match", QUICK, filled.target(200, by_part_of_name(filled)))?;
        single("page of 100 anywhere, all match", Goal::Nothing, filled.target(200, page(filled)))?;
        single("page of 100, all match", PAGE, get("count=100"))?;
        single("count=0: the total alone", Goal::Nothing, get("count=0"))?;
        single("page of 100, a fifth matches", PAGE, get(&format!("count=100&{department}")))?;
        single("count=0, a fifth matches", Goal::Nothing, get(&format!("count=0&{department}")))?;
    }
    Ok(())
}

fn writes(outcome: &mut Outcome<'_>, pair: &Pair, size: &str, is_judged: bool) -> Result<()> {
    let filled = &pair.filled;
    let needed = |ratio| is_judged.then_some(ratio);
    outcome.compare(
        &format!("PATCH one attribute / bare UPDATE, {size}"),
        needed(0.60),
        filled.target(200, patch_title(filled)),
        pair.bare(200, patch_title(filled)),
    )?;
    outcome.compare(
        &format!("create / bare INSERT, {size}"),
        needed(0.60),
        filled.target(201, create(filled)),
        pair.bare(201, create(filled)),
    )?;
    let goal = if is_judged { Goal::Rate(3000.0) } else { Goal::Nothing };
    let bulk = filled.target(200, bulk_create(filled, BULK));
    let connections = outcome.connections();
    outcome.single(&format!("users created in bulk, {size}"), goal, (bulk, connections), BULK)
}

impl Pair {
    fn start(cluster: &Database, name: &str, fill: impl FnOnce(&str) -> Result<Filled>) -> Result<Self> {
        let database = cluster.create(name)?;
        let filled = fill(database.url())?;
        database.run(
            "CREATE TABLE bare_resource (id uuid PRIMARY KEY, version bigint NOT NULL, payload json NOT NULL); \
             INSERT INTO bare_resource SELECT id, version, payload FROM scim_resource ORDER BY id",
        )?;
        fill::settle(&database)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.arg("bare");
        let bare = Server::start_on(Some(database.url()), command, None).context("the bare handler")?;
        Ok(Self { filled, bare, database })
    }

    /// Requests to the bare handler.
    fn bare(&self, status: u16, write: impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static) -> Target {
        let target = self.filled.target(status, write);
        Target { address: self.bare.address(), pid: self.bare.pid(), ..target }
    }
}
