//! The orderly end.
//!
//! From the signal on the server is not ready, and every answer asks its client to come back on another connection. For
//! `SHUTDOWN_DELAY` requests are taken as before: a load balancer goes on sending them until it has noticed. Then nobody is
//! listened to any more, what is under way is finished, and what it left behind is written. A second signal ends all of this.
//!
//! The HTTP server closes connections of HTTP/1.1 after the answer that is under way. It knows no end of one of HTTP/2 but the
//! client's: those are closed by [`Connections`].

use std::time::Duration;

use actix_web::dev::ServerHandle;
use anyhow::bail;
use scim_http::{AppState, Connections};
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::settings::LimitSettings;

/// The least time between the signal and the end of listening: whoever is sending one request after the other on a connection
/// learns from an answer that it is to be closed, and no request is on its way when it is.
const NOTICE: Duration = Duration::from_millis(250);
/// Of the time that is left after the delay, the part that is kept for writing what is left behind: one in so many.
const FLUSH_SHARE: u32 = 8;

/// Ends what is served, within `SHUTDOWN_TIMEOUT`.
///
/// # Errors
/// Where a second signal ends it at once.
pub(crate) async fn end(
    limits: &LimitSettings,
    state: &AppState,
    server: ServerHandle,
    connections: &Connections,
    signals: &mut Signals,
) -> anyhow::Result<()> {
    let Times { listening, stopped, deadline } = Times::new(limits, Instant::now());
    let orderly = async {
        state.drain();
        sleep_until(listening).await;
        tracing::info!("no new connections");
        let is_stopped = async {
            tokio::select! {
                () = server.stop(true) => {}
                never = connections.end() => match never {},
            }
        };
        if timeout_at(stopped, is_stopped).await.is_err() {
            tracing::warn!("SHUTDOWN_TIMEOUT: ended before every request was done");
        }
        if timeout_at(deadline, state.service.maintenance().flush()).await.is_err() {
            tracing::warn!("SHUTDOWN_TIMEOUT: ended before everything was written");
        }
    };
    tokio::select! {
        () = orderly => Ok(()),
        signal = signals.next() => bail!("ended at once: a second signal, {signal}"),
    }
}

/// Until when each part of the end may last.
struct Times {
    /// Requests are taken as before.
    listening: Instant,
    /// What is under way is finished.
    stopped: Instant,
    /// What it left behind is written.
    deadline: Instant,
}

impl Times {
    fn new(limits: &LimitSettings, now: Instant) -> Self {
        let at = |time| now.checked_add(time).unwrap_or(now);
        let delay = limits.shutdown_delay.max(NOTICE);
        let flush = limits.shutdown_timeout.saturating_sub(delay) / FLUSH_SHARE;
        Self {
            listening: at(delay),
            stopped: at(limits.shutdown_timeout.saturating_sub(flush)),
            deadline: at(limits.shutdown_timeout),
        }
    }
}

/// The signals that end the process.
#[cfg(unix)]
pub(crate) struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From now on they do not end it by themselves.
    ///
    /// # Errors
    /// Where the system does not allow that.
    pub(crate) fn listen() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    /// Waits for SIGTERM or SIGINT, and tells which it was.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// The signals that end the process.
#[cfg(not(unix))]
pub(crate) struct Signals;

#[cfg(not(unix))]
impl Signals {
    /// Nothing is to be set up.
    ///
    /// # Errors
    /// None.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self)
    }

    /// Waits for Ctrl-C.
    pub(crate) async fn next(&mut self) -> &'static str {
        if tokio::signal::ctrl_c().await.is_err() {
            // Nobody can tell: it is ended in another way.
            std::future::pending::<()>().await;
        }
        "Ctrl-C"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When each part of the end is over, in milliseconds from the signal on.
    #[track_caller]
    fn check(delay: u64, timeout: u64, expected: [u128; 3]) {
        let limits = LimitSettings {
            max_connections: 1,
            max_concurrent_requests: 1,
            header_read_timeout: Duration::ZERO,
            body_read_timeout: Duration::ZERO,
            keep_alive_timeout: Duration::ZERO,
            shutdown_delay: Duration::from_secs(delay),
            shutdown_timeout: Duration::from_secs(timeout),
        };
        let now = Instant::now();
        let Times { listening, stopped, deadline } = Times::new(&limits, now);
        let ends = [listening, stopped, deadline].map(|end| end.duration_since(now).as_millis());
        assert_eq!(ends, expected, "{delay} of {timeout}");
    }

    #[test]
    fn whatever_the_delay_most_of_the_rest_is_for_requests() {
        check(0, 30, [250, 26_281, 30_000]);
        check(14, 30, [14_000, 28_000, 30_000]);
        check(28, 30, [28_000, 29_750, 30_000]);
        check(29, 30, [29_000, 29_875, 30_000]);
        check(0, 1, [250, 906, 1_000]);
    }
}
