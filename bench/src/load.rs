//! One load: requests of one kind against one server, on all connections for a time.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use crate::client::Connection;
use crate::flood::{Beside, Flood};
use crate::process_figures::processor_time;

/// How much longer than its time a round may take until it is given up.
const GRACE: Duration = Duration::from_secs(20);

/// Writes the next request of a connection.
pub(crate) type Writer = Arc<dyn Fn(&mut Lane, &mut Vec<u8>) + Send + Sync>;

/// Requests of one kind against one server.
#[derive(Clone)]
pub(crate) struct Target {
    /// The server.
    pub(crate) address: SocketAddr,
    /// Its process.
    pub(crate) pid: u32,
    /// The status of every answer.
    pub(crate) status: u16,
    /// What is asked.
    pub(crate) write: Writer,
    /// What goes on at the same time.
    pub(crate) beside: Option<Box<Beside>>,
}

/// A target with what its connections remember from round to round.
pub(crate) struct Load {
    target: Target,
    lanes: Vec<Lane>,
}

/// What one connection remembers of a load.
#[derive(Debug, Clone)]
pub(crate) struct Lane {
    /// Which connection it is.
    pub(crate) number: usize,
    /// How many requests it has written.
    pub(crate) written: usize,
    random: u64,
}

/// What one round measured.
#[derive(Debug, Default, Clone)]
pub(crate) struct Round {
    /// Answers in a second.
    pub(crate) rate: f64,
    /// The server's processor time for one answer, in microseconds.
    pub(crate) server_microseconds: f64,
    /// How long each answer took, in microseconds, in order.
    pub(crate) latencies: Vec<u32>,
}

impl Lane {
    /// One lane for each connection.
    pub(crate) fn all(connections: usize) -> Vec<Self> {
        let seed = 0x9e37_79b9_7f4a_7c15_u64;
        (0..connections)
            .map(|number| {
                let random = u64::try_from(number).unwrap_or(0).wrapping_add(1).wrapping_mul(seed);
                Self { number, written: 0, random }
            })
            .collect()
    }

    /// A number below `bound`, the same ones in every run (xorshift).
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from((self.random >> 11) % bound).unwrap_or(0)
    }
}

impl Load {
    /// A load on `connections` connections.
    pub(crate) fn new(target: Target, connections: usize) -> Self {
        Self { target, lanes: Lane::all(connections) }
    }

    /// Runs one round.
    ///
    /// # Errors
    /// When a connection fails or an answer has another status.
    pub(crate) fn round(&mut self, threads: usize, time: Duration) -> Result<Round> {
        let per_thread = self.lanes.len().div_ceil(threads.max(1)).max(1);
        let beside = self.target.beside.as_deref().map(Beside::start);
        let before = processor_time(self.target.pid)?;
        let start = Instant::now();
        let target = &self.target;
        let driven: Vec<Vec<Driven>> = thread::scope(|scope| {
            let threads: Vec<_> = self
                .lanes
                .chunks(per_thread)
                .map(|lanes| scope.spawn(move || drive(target, lanes, time)))
                .collect();
            let joined = threads.into_iter().map(|thread| thread.join());
            joined
                .map(|result| result.ok().context("a thread of the client panicked")?)
                .collect::<Result<_>>()
        })?;
        let elapsed = start.elapsed();
        let used = processor_time(self.target.pid)?.saturating_sub(before);
        beside.map_or(Ok(()), Flood::end)?;
        let (mut lanes, latencies): (Vec<Lane>, Vec<Vec<u32>>) = driven.into_iter().flatten().unzip();
        lanes.sort_unstable_by_key(|lane| lane.number);
        self.lanes = lanes;
        Round::new(elapsed, used, latencies.concat())
    }
}

impl Round {
    fn new(elapsed: Duration, used: Duration, mut latencies: Vec<u32>) -> Result<Self> {
        ensure!(!latencies.is_empty(), "no answer came in {elapsed:?}");
        latencies.sort_unstable();
        let answers = f64::from(u32::try_from(latencies.len())?);
        Ok(Self {
            rate: answers / elapsed.as_secs_f64(),
            server_microseconds: used.as_secs_f64() * 1e6 / answers,
            latencies,
        })
    }
}

/// What a connection brings back: its lane, and the time of each answer.
type Driven = (Lane, Vec<u32>);

/// Drives the connections of one thread.
fn drive(target: &Target, lanes: &[Lane], time: Duration) -> Result<Vec<Driven>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let deadline = Instant::now().checked_add(time).context("the clock is at its end")?;
    let work = async {
        let mut connections = JoinSet::new();
        for lane in lanes {
            connections.spawn(connection(target.clone(), lane.clone(), deadline));
        }
        let mut driven = Vec::with_capacity(lanes.len());
        while let Some(joined) = connections.join_next().await {
            driven.push(joined??);
        }
        anyhow::Ok(driven)
    };
    let whole = time.saturating_add(GRACE);
    runtime
        .block_on(async { tokio::time::timeout(whole, work).await })
        .with_context(|| format!("a round was not over after {whole:?}"))?
}

async fn connection(target: Target, mut lane: Lane, deadline: Instant) -> Result<Driven> {
    let mut connection = Connection::open(target.address).await?;
    let mut request = Vec::with_capacity(4096);
    let mut latencies = Vec::with_capacity(64 * 1024);
    let mut now = Instant::now();
    while now < deadline {
        request.clear();
        (target.write)(&mut lane, &mut request);
        lane.written = lane.written.saturating_add(1);
        let answered = connection.exchange(&request).await?;
        ensure!(
            answered == target.status,
            "expected status {}, got {answered}: {} for {}",
            target.status,
            connection.excerpt(),
            String::from_utf8_lossy(&request).lines().next().unwrap_or_default()
        );
        let then = Instant::now();
        latencies.push(u32::try_from(then.duration_since(now).as_micros()).unwrap_or(u32::MAX));
        now = then;
    }
    Ok((lane, latencies))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_round_counts() {
        let round =
            Round::new(Duration::from_secs(2), Duration::from_secs(1), vec![9, 3, 5, 7]).expect("a round");
        assert_eq!((round.rate, round.server_microseconds), (2.0, 250_000.0));
        assert_eq!(round.latencies, [3, 5, 7, 9]);
        assert!(Round::new(Duration::from_secs(2), Duration::ZERO, Vec::new()).is_err());
    }

    #[test]
    fn random_numbers_stay_below_their_bound_and_differ_by_lane() {
        let mut lanes = Lane::all(2);
        let drawn: Vec<Vec<usize>> =
            lanes.iter_mut().map(|lane| (0..1000).map(|_| lane.below(10)).collect()).collect();
        assert!(drawn.iter().flatten().all(|number| *number < 10));
        assert_ne!(drawn[0], drawn[1]);
        assert!((0..10).all(|number| drawn[0].contains(&number)));
    }
}
