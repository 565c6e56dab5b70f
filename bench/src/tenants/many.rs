//! Ten thousand tenants: how long the server takes to start among them, how much memory one takes that
//! is not used, and how long the first request to one takes.

use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use serde_json::json;
use xtask::server::Server;

use crate::Plan;
use crate::outcome::Outcome;
use crate::process_figures::resident_kib;

use super::operator::Operator;
use super::start;

const NAME: &str = "10,000 tenants";
const TENANTS: u32 = 10_000;
const STARTED_WITHIN: Duration = Duration::from_secs(2);
const BYTES_EACH: f64 = 10.0 * 1024.0;
const FIRST_ANSWER_WITHIN: Duration = Duration::from_millis(50);

/// Makes the tenants over the admin API, starts the server again where it keeps them, and asks each.
pub(super) fn run(outcome: &mut Outcome<'_>, plan: &Plan, database_url: Option<&str>) -> Result<()> {
    if !outcome.is_wanted(NAME) {
        return Ok(());
    }
    let tenants = if plan.judged { TENANTS } else { TENANTS / 20 };
    let mut server = start(plan, database_url)?;
    let empty_kib = resident_kib(server.pid())?;
    let began = Instant::now();
    make(&server, tenants, plan.connections)?;
    println!("{NAME}: made {tenants} over the admin API in {:.1} s", began.elapsed().as_secs_f64());
    let mut judge = |what: &str, passes: bool| outcome.note(&format!("{NAME}: {what}"), passes);
    if database_url.is_some() {
        drop(server);
        let began = Instant::now();
        server = start(plan, database_url)?;
        let took = began.elapsed();
        let passes = took < STARTED_WITHIN;
        println!("{NAME}: started in {took:.2?}, needed under {STARTED_WITHIN:?}: {}", verdict(passes));
        judge("start", passes);
    }
    let mut operator = Operator::new(&server)?;
    let mut latencies = Vec::new();
    for number in 0..tenants {
        let began = Instant::now();
        operator.get(&format!("/tenants/{}/Users?count=1", slug(number)))?;
        latencies.push(began.elapsed());
    }
    latencies.sort_unstable();
    let of = |percent: usize| latencies.get(latencies.len().saturating_sub(1) * percent / 100);
    let (median, late) = (of(50).context("no answer")?, of(99).context("no answer")?);
    let passes = *late < FIRST_ANSWER_WITHIN;
    println!(
        "{NAME}: first answer p50 {median:.2?}, p99 {late:.2?}, longest {:.2?}, needed under {FIRST_ANSWER_WITHIN:?}: {}",
        latencies.last().copied().unwrap_or_default(),
        verdict(passes)
    );
    judge("first answer", passes);
    let grown_kib = u32::try_from(resident_kib(server.pid())?.saturating_sub(empty_kib))?;
    let each = f64::from(grown_kib) * 1024.0 / f64::from(tenants);
    let passes = each < BYTES_EACH;
    println!(
        "{NAME}: {each:.0} bytes of memory for each, after one request to it, needed under {BYTES_EACH:.0}: {}",
        verdict(passes)
    );
    judge("memory", passes);
    Ok(())
}

/// Makes the tenants on several connections, which share them.
fn make(server: &Server, tenants: u32, connections: usize) -> Result<()> {
    let next = AtomicU32::new(0);
    let lane = || {
        let mut operator = Operator::new(server)?;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= tenants {
                return anyhow::Ok(());
            }
            operator.create("/admin/tenants", &json!({"slug": slug(number)}))?;
        }
    };
    thread::scope(|scope| {
        let lanes: Vec<_> = (0..connections).map(|_| scope.spawn(lane)).collect();
        lanes.into_iter().try_for_each(|lane| lane.join().ok().context("a thread panicked")?)
    })
}

fn slug(number: u32) -> String {
    format!("tenant-{number:05}")
}

fn verdict(passes: bool) -> &'static str {
    if passes { "PASS" } else { "SHORT" }
}
