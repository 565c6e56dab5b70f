//! Four times the load that the server can serve. What it can serve is measured first, by clients that wait for each answer; then
//! requests are due at four times that rate, whatever becomes of those before them, on so many connections that many are
//! under way at once.

use std::collections::BTreeMap;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use tokio::task::JoinSet;
use tokio::time::{sleep_until, timeout};

use crate::Plan;
use crate::client::Connection;
use crate::filled::Filled;
use crate::load::{Lane, Load, Target};
use crate::process_figures::resident_kib;
use crate::report::percentile;

use super::{judged, mixed};

/// How much more is asked than can be served.
const TIMES: f64 = 4.0;
/// The connections that ask.
const CONNECTIONS: usize = 512;
/// How often the server is asked how it is.
const PROBE_INTERVAL: Duration = Duration::from_millis(20);
/// How long the last answers may take to come.
const GRACE: Duration = Duration::from_secs(20);
/// By how much its memory may grow, in KiB.
const GROWTH_KIB: u64 = 128 * 1024;

/// What became of the requests.
#[derive(Debug, Default)]
struct Tally {
    /// How long each answer took that was 200, in microseconds.
    accepted: Vec<u32>,
    /// The other statuses, and how often they came.
    others: BTreeMap<u16, usize>,
    /// Connections that ended without an answer.
    broken: usize,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.accepted.extend(other.accepted);
        for (status, count) in other.others {
            let sum = self.others.entry(status).or_default();
            *sum = sum.saturating_add(count);
        }
        self.broken = self.broken.saturating_add(other.broken);
    }

    /// Answers, whatever they say.
    fn answers(&self) -> usize {
        self.others.values().fold(self.accepted.len(), |sum, count| sum.saturating_add(*count))
    }

    /// Those that a server under too much load may not give.
    fn wrong(&self) -> usize {
        let wrong = self.others.iter().filter(|(status, _)| !matches!(status, 429 | 503));
        wrong.fold(self.broken, |sum, (_, count)| sum.saturating_add(*count))
    }
}

/// What the server said of itself meanwhile.
#[derive(Debug)]
struct Probed {
    /// How long each answer of `/health` took, in microseconds.
    latencies: Vec<u32>,
    /// The most memory that it took, in KiB.
    peak_kib: u64,
}

/// Measures, and names what falls short.
pub(super) fn run(plan: &Plan, filled: &Filled) -> Result<Vec<String>> {
    let target = filled.target(200, mixed(filled));
    let mut load = Load::new(target.clone(), plan.connections);
    load.round(plan.threads, plan.time / 20)?;
    let served = load.round(plan.threads, plan.time / 5)?.rate;
    let rate = served * TIMES;
    println!(
        "served without overload: {served:.0}/s; asked from now on: {rate:.0}/s on {CONNECTIONS} connections"
    );
    let before_kib = resident_kib(filled.server.pid())?;

    let end = Instant::now().checked_add(plan.time).context("the clock is at its end")?;
    let start = Instant::now();
    let lanes = Lane::all(CONNECTIONS);
    let share = CONNECTIONS.div_ceil(plan.threads);
    let interval = Duration::from_secs_f64(f64::from(u32::try_from(CONNECTIONS)?) / rate);
    let (tallies, probed) = thread::scope(|scope| {
        let askers: Vec<_> =
            lanes.chunks(share).map(|lanes| scope.spawn(|| ask_all(&target, lanes, interval, end))).collect();
        let prober = scope.spawn(|| probe(&target, end));
        let joined = askers.into_iter().map(|asker| asker.join().ok().context("a client panicked")?);
        let tallies: Result<Vec<Tally>> = joined.collect();
        anyhow::Ok((tallies?, prober.join().ok().context("the prober panicked")??))
    })?;
    let seconds = start.elapsed().as_secs_f64();
    let mut tally = Tally::default();
    tallies.into_iter().for_each(|part| tally.add(part));
    let after_kib = resident_kib(filled.server.pid())?;
    report(&mut tally, probed, seconds, (before_kib, after_kib))
}

fn report(
    tally: &mut Tally,
    mut probed: Probed,
    seconds: f64,
    (before_kib, after_kib): (u64, u64),
) -> Result<Vec<String>> {
    tally.accepted.sort_unstable();
    probed.latencies.sort_unstable();
    let a_second = |count: usize| -> Result<f64> { Ok(f64::from(u32::try_from(count)?) / seconds) };
    let milliseconds = |latencies: &[u32], percent| percentile(latencies, percent) / 1000.0;
    println!(
        "answered {:.0}/s, of which accepted {:.0}/s; others by status: {:?}",
        a_second(tally.answers())?,
        a_second(tally.accepted.len())?,
        tally.others
    );
    println!(
        "accepted: p50 {:.0} ms; /health: {} answers, p50 {:.1} ms, longest {:.1} ms; memory: {} MiB before, {} MiB after",
        milliseconds(&tally.accepted, 50),
        probed.latencies.len(),
        milliseconds(&probed.latencies, 50),
        milliseconds(&probed.latencies, 100),
        before_kib / 1024,
        after_kib / 1024
    );
    let mut short = Vec::new();
    let p99 = milliseconds(&tally.accepted, 99);
    let is_served = !tally.accepted.is_empty();
    judged(
        &mut short,
        "p99 of accepted requests",
        &format!("{p99:.0} ms"),
        "< 1000 ms",
        is_served && p99 < 1000.0,
    );
    let wrong = tally.wrong();
    judged(&mut short, "neither 200 nor 429 nor 503", &wrong.to_string(), "0", wrong == 0);
    let p99 = milliseconds(&probed.latencies, 99);
    judged(&mut short, "p99 of /health", &format!("{p99:.1} ms"), "< 50 ms", p99 < 50.0);
    let growth = probed.peak_kib.max(after_kib).saturating_sub(before_kib);
    let growth_mib = format!("{} MiB", growth / 1024);
    judged(&mut short, "growth of memory, at its peak", &growth_mib, "< 128 MiB", growth < GROWTH_KIB);
    Ok(short)
}

/// Asks on the connections of one thread, each in its turn.
fn ask_all(target: &Target, lanes: &[Lane], interval: Duration, end: Instant) -> Result<Tally> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let whole = end.saturating_duration_since(Instant::now()).saturating_add(GRACE);
    let work = async {
        let mut connections = JoinSet::new();
        for lane in lanes {
            connections.spawn(ask(target.clone(), lane.clone(), interval, end));
        }
        let mut tally = Tally::default();
        while let Some(joined) = connections.join_next().await {
            tally.add(joined??);
        }
        anyhow::Ok(tally)
    };
    runtime
        .block_on(async { timeout(whole, work).await })
        .with_context(|| format!("answers did not come in {GRACE:?}"))?
}

/// Asks on one connection. A request that is due before the last answer has come is asked as soon as that has.
async fn ask(target: Target, mut lane: Lane, interval: Duration, end: Instant) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut connection = Connection::open(target.address).await?;
    let mut request = Vec::with_capacity(4096);
    // Not all at once.
    let phase = f64::from(u32::try_from(lane.below(1000))?) / 1000.0;
    let mut due = Instant::now().checked_add(interval.mul_f64(phase)).context("the clock is at its end")?;
    while due < end {
        sleep_until(due.into()).await;
        request.clear();
        (target.write)(&mut lane, &mut request);
        lane.written = lane.written.saturating_add(1);
        let asked = Instant::now();
        match connection.exchange(&request).await {
            Ok(200) => {
                tally.accepted.push(u32::try_from(asked.elapsed().as_micros()).unwrap_or(u32::MAX));
            }
            Ok(status) => {
                let count = tally.others.entry(status).or_default();
                *count = count.saturating_add(1);
            }
            Err(_) => {
                tally.broken = tally.broken.saturating_add(1);
                connection = Connection::open(target.address).await?;
            }
        }
        due = due.checked_add(interval).context("the clock is at its end")?.max(Instant::now());
    }
    Ok(tally)
}

/// Asks the server how it is, on a connection and a thread of its own.
fn probe(target: &Target, end: Instant) -> Result<Probed> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut connection = Connection::open(target.address).await?;
        let mut probed = Probed { latencies: Vec::new(), peak_kib: 0 };
        while Instant::now() < end {
            tokio::time::sleep(PROBE_INTERVAL).await;
            let asked = Instant::now();
            let exchange = connection.exchange(b"GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
            let status = timeout(GRACE, exchange).await.context("/health does not answer")??;
            anyhow::ensure!(status == 200, "/health: status {status}");
            probed.latencies.push(u32::try_from(asked.elapsed().as_micros())?);
            probed.peak_kib = probed.peak_kib.max(resident_kib(target.pid)?);
        }
        Ok(probed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_under_load_may_say_is_not_wrong() {
        let mut tally = Tally { accepted: vec![1, 2], others: [(503, 3), (429, 4)].into(), broken: 0 };
        assert_eq!((tally.answers(), tally.wrong()), (9, 0));
        tally.add(Tally { accepted: vec![3], others: [(500, 1), (503, 1)].into(), broken: 2 });
        assert_eq!((tally.answers(), tally.wrong()), (12, 3));
    }
}
