//! A thousand clients that send a byte a second, half of them the head of a request and half of them a body, beside ordinary
//! ones. Who is cut off comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, interval_at};

use crate::Plan;
use crate::filled::Filled;
use crate::load::Load;
use crate::report::{median, percentile};

use super::{judged, mixed};

/// How many there are.
const SLOW: usize = 1000;
/// How long a slow client waits between two bytes.
const PAUSE: Duration = Duration::from_secs(1);
/// How often ordinary clients are measured, with the others and without.
const ROUNDS: u32 = 3;
/// How many times as long as without the others the answers to ordinary clients may take.
const TIMES: f64 = 2.0;

/// How the slow clients fare.
#[derive(Debug, Default)]
struct Fate {
    connected: AtomicUsize,
    cut_off: AtomicUsize,
    is_over: AtomicBool,
}

/// Measures, and names what falls short.
pub(super) fn run(plan: &Plan, filled: &Filled) -> Result<Vec<String>> {
    let mut load = Load::new(filled.target(200, mixed(filled)), plan.connections);
    let time = plan.time / (2 * ROUNDS);
    load.round(plan.threads, time / 4)?;
    let mut measure = || -> Result<(f64, f64)> {
        let mut p99 = Vec::new();
        let mut rates = Vec::new();
        for _ in 0..ROUNDS {
            let round = load.round(plan.threads, time)?;
            p99.push(percentile(&round.latencies, 99));
            rates.push(round.rate);
        }
        Ok((median(p99.into_iter()), median(rates.into_iter())))
    };
    let (alone, alone_rate) = measure()?;
    let fate = Arc::new(Fate::default());
    let slow = {
        let (fate, address, secret) = (Arc::clone(&fate), filled.server.address(), filled.secret());
        thread::spawn(move || drip_all(address, &secret, &fate))
    };
    while fate.connected.load(Ordering::Relaxed) < SLOW && !slow.is_finished() {
        thread::sleep(Duration::from_millis(10));
    }
    let beside = measure();
    fate.is_over.store(true, Ordering::Relaxed);
    slow.join().ok().context("a slow client panicked")??;
    let (beside, beside_rate) = beside?;
    println!(
        "ordinary clients: {alone_rate:.0}/s alone, {beside_rate:.0}/s beside {SLOW} slow ones, of which {} were cut off",
        fate.cut_off.load(Ordering::Relaxed)
    );
    let mut short = Vec::new();
    let value = format!("{beside:.0} µs ({alone:.0} alone)");
    judged(&mut short, "p99 of ordinary clients", &value, "at most twice", beside <= alone * TIMES);
    Ok(short)
}

fn drip_all(address: std::net::SocketAddr, secret: &str, fate: &Arc<Fate>) -> Result<()> {
    let head = format!(
        "POST /scim/v2/Users HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret}\r\n\
         Content-Type: application/scim+json\r\nContent-Length: 100000\r\n\r\n"
    );
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut clients = JoinSet::new();
        for number in 0..SLOW {
            let (fate, head) = (Arc::clone(fate), head.clone());
            clients.spawn(async move {
                let at_once = if number.is_multiple_of(2) { 0 } else { head.len() };
                while !fate.is_over.load(Ordering::Relaxed) {
                    drip(address, &head, at_once, number, &fate).await?;
                }
                anyhow::Ok(())
            });
        }
        while let Some(joined) = clients.join_next().await {
            joined??;
        }
        anyhow::Ok(())
    })
}

/// One request, of which the first bytes come at once and each other one after a pause, until the server has enough of it.
async fn drip(
    address: std::net::SocketAddr,
    head: &str,
    at_once: usize,
    number: usize,
    fate: &Fate,
) -> Result<()> {
    let mut stream = TcpStream::connect(address).await.context("a slow client cannot connect")?;
    let (now, later) = head.as_bytes().split_at(at_once);
    // A connection that is cut off refuses what comes after, which reading shows as well.
    let _refused = stream.write_all(now).await;
    fate.connected.fetch_add(1, Ordering::Relaxed);
    let (mut reading, mut writing) = stream.split();
    // They do not all write in the same moment.
    let phase = Duration::from_millis(u64::try_from(number % 1000)?);
    let mut turns = interval_at(Instant::now().checked_add(phase).context("the clock is at its end")?, PAUSE);
    let mut rest = later.iter().chain(std::iter::repeat(&b' '));
    let mut answer = [0; 1024];
    while !fate.is_over.load(Ordering::Relaxed) {
        tokio::select! {
            _ = turns.tick() => {
                let byte = rest.next().copied().unwrap_or(b' ');
                let _refused = writing.write_all(&[byte]).await;
            }
            read = reading.read(&mut answer) => {
                if !read.is_ok_and(|length| length > 0) {
                    fate.cut_off.fetch_add(1, Ordering::Relaxed);
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}
