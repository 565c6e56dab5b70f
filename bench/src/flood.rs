//! Requests that come at a steady pace beside a load, whatever becomes of them.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::task::JoinSet;

use crate::client::Connection;
use crate::load::{Lane, Target};

/// Connections that the requests take turns on.
const CONNECTIONS: usize = 8;
/// The least part of the pace that makes a flood one of that pace.
const ENOUGH: f64 = 0.9;
/// The seconds for which a flood may be behind its pace: the first answers may take longer.
const BEHIND: f64 = 1.0;

/// What goes on beside a load.
#[derive(Clone)]
pub(crate) struct Beside {
    /// The requests.
    pub(crate) target: Target,
    /// How many a second.
    pub(crate) per_second: u32,
}

/// A flood that is under way.
pub(crate) struct Flood {
    is_over: Arc<AtomicBool>,
    thread: JoinHandle<Result<u32>>,
    started: Instant,
    per_second: u32,
}

impl Beside {
    /// Begins.
    pub(crate) fn start(&self) -> Flood {
        let is_over = Arc::new(AtomicBool::new(false));
        let (ends, this) = (Arc::clone(&is_over), self.clone());
        let thread = std::thread::spawn(move || this.run(&ends));
        Flood { is_over, thread, started: Instant::now(), per_second: self.per_second }
    }

    fn run(&self, is_over: &Arc<AtomicBool>) -> Result<u32> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let pace = f64::from(self.per_second) / f64::from(u32::try_from(CONNECTIONS)?);
        let interval = Duration::from_secs_f64(1.0 / pace);
        runtime.block_on(async {
            let mut connections = JoinSet::new();
            for lane in Lane::all(CONNECTIONS) {
                let (target, is_over) = (self.target.clone(), Arc::clone(is_over));
                connections.spawn(connection(target, lane, interval, is_over));
            }
            let mut sent: u32 = 0;
            while let Some(joined) = connections.join_next().await {
                sent = sent.saturating_add(joined??);
            }
            Ok(sent)
        })
    }
}

impl Flood {
    /// Ends it.
    ///
    /// # Errors
    /// When an answer was another one, or the pace was not kept.
    pub(crate) fn end(self) -> Result<()> {
        let elapsed = self.started.elapsed().as_secs_f64();
        self.is_over.store(true, Ordering::Release);
        let sent = self.thread.join().ok().context("the flood panicked")??;
        let needed = f64::from(self.per_second) * (elapsed - BEHIND) * ENOUGH;
        ensure!(f64::from(sent) >= needed, "the flood had {sent} requests where {needed:.0} were to be");
        Ok(())
    }
}

async fn connection(
    target: Target,
    mut lane: Lane,
    interval: Duration,
    is_over: Arc<AtomicBool>,
) -> Result<u32> {
    let mut connection = Connection::open(target.address).await?;
    let mut request = Vec::with_capacity(1024);
    let (mut sent, mut due) = (0_u32, Instant::now());
    while !is_over.load(Ordering::Acquire) {
        tokio::time::sleep_until(due.into()).await;
        due = due.checked_add(interval).context("the clock is at its end")?;
        request.clear();
        (target.write)(&mut lane, &mut request);
        lane.written = lane.written.saturating_add(1);
        let status = connection.exchange(&request).await?;
        ensure!(status == target.status, "flood: expected status {}, got {status}", target.status);
        sent = sent.saturating_add(1);
    }
    Ok(sent)
}
