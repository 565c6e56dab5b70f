//! Scenarios: what becomes of the server under more than it can serve, and beside clients that take their time. Loopback only, and
//! bounded in time.

mod overload;
mod slow_clients;

use anyhow::{Context, Result, bail};
use scim_test_postgres::PrivateServer;

use crate::filled::Filled;
use crate::load::Lane;
use crate::requests::{by_user_name, get_by_id, patch_title};
use crate::{Plan, Store, postgres};

/// How many users the server holds.
const USERS: usize = 1000;
/// The open files that a scenario takes at most, with room to spare.
const FILES: u64 = 8192;

/// What is to be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Scenario {
    /// Four times the load that the server can serve
    Overload,
    /// A thousand clients that send a byte a second, beside others
    SlowClients,
}

/// Tries it on one store.
///
/// # Errors
/// When a server fails, an answer is wrong, or a figure falls short in a run that is judged.
pub(crate) fn run(plan: &Plan, scenario: Scenario, store: Store) -> Result<()> {
    allow_files();
    println!("{scenario:?} on {store:?}: {USERS} users, {} s", plan.time.as_secs());
    match store {
        Store::Memory => on(plan, scenario, &Filled::start(plan, None, USERS)?),
        Store::Postgres => {
            let place = std::env::current_exe()?;
            let place = place.parent().context("a program without a directory")?;
            let postgres = PrivateServer::start_local_in(place, postgres::SETTINGS)?;
            on(plan, scenario, &Filled::start(plan, Some(postgres.url()), USERS)?)
        }
    }
}

fn on(plan: &Plan, scenario: Scenario, filled: &Filled) -> Result<()> {
    let short = match scenario {
        Scenario::Overload => overload::run(plan, filled)?,
        Scenario::SlowClients => slow_clients::run(plan, filled)?,
    };
    if short.is_empty() {
        println!("every figure is reached");
    } else if plan.judged {
        bail!("short: {}", short.join("; "));
    } else {
        println!("short, in a run that is not judged: {}", short.join("; "));
    }
    Ok(())
}

/// What ordinary clients do: two reads by id and a search for each change, all answered with 200.
fn mixed(filled: &Filled) -> impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static {
    let (get, search, change) = (get_by_id(filled), by_user_name(filled), patch_title(filled));
    move |lane, out| match lane.written % 4 {
        0 | 2 => get(lane, out),
        1 => search(lane, out),
        _ => change(lane, out),
    }
}

/// Prints one figure and what is asked of it; its name where it falls short.
fn judged(short: &mut Vec<String>, name: &str, value: &str, needed: &str, passes: bool) {
    let verdict = if passes { "PASS" } else { "SHORT" };
    println!("{name:<44} {value:>16}  needed {needed:<12} {verdict}");
    if !passes {
        short.push(name.to_owned());
    }
}

/// Lets this process, and the servers that it starts, have as many open files as a scenario takes.
fn allow_files() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let allowed = getrlimit(Resource::Nofile);
    if allowed.current.is_some_and(|current| current < FILES) {
        let current = Some(allowed.maximum.map_or(FILES, |maximum| maximum.min(FILES)));
        if let Err(error) = setrlimit(Resource::Nofile, Rlimit { current, ..allowed }) {
            println!("no more open files are allowed: {error}");
        }
    }
}
