//! The settings of what protects the server: how much it takes on at once, for how long it waits for
//! slow clients, and how it ends.

use std::time::Duration;

use super::reader::Reader;
use super::{DatabaseSettings, keys, values};

const DEFAULT_MAX_CONNECTIONS: usize = 4096;
/// On the embedded store; see [`LimitSettings::max_concurrent_requests`].
const DEFAULT_CONCURRENT_REQUESTS: usize = 64;
/// On PostgreSQL, for each connection to it: one request runs its statements while another computes.
const REQUESTS_FOR_EACH_CONNECTION: usize = 2;
const DEFAULT_READ_TIMEOUT: Duration = Duration::from_secs(10);
/// Longer than the 60 seconds for which nginx and the load balancers of the clouds keep an idle connection: who closes
/// first should be the one that sends the next request.
const DEFAULT_KEEP_ALIVE: Duration = Duration::from_secs(75);
const DEFAULT_SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(30);

/// How much is taken on, and how long what is slow is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitSettings {
    /// `MAX_CONNECTIONS`: clients' connections; further ones wait until one is closed.
    pub max_connections: usize,
    /// `MAX_CONCURRENT_REQUESTS`: requests that are worked on at once. As many again wait for a moment; any other is
    /// answered 503. By default twice `DATABASE_MAX_CONNECTIONS`, or 64 on the embedded store.
    pub max_concurrent_requests: usize,
    /// `HEADER_READ_TIMEOUT`: for how long the head of a request may be on its way.
    pub header_read_timeout: Duration,
    /// `BODY_READ_TIMEOUT`: the same for a body, which has a second more for each KiB of it that has come.
    pub body_read_timeout: Duration,
    /// `KEEP_ALIVE_TIMEOUT`: after how long an idle connection is closed.
    pub keep_alive_timeout: Duration,
    /// `SHUTDOWN_DELAY`: for how long after the signal to end requests are still taken, while `/ready` says that
    /// they should not be sent: load balancers need a while to notice.
    pub shutdown_delay: Duration,
    /// `SHUTDOWN_TIMEOUT`: how long the end may take, from the signal, the delay included.
    pub shutdown_timeout: Duration,
}

/// Reads them.
pub(super) fn read(reader: &mut Reader<'_>, database: Option<&DatabaseSettings>) -> LimitSettings {
    let max_connections = reader.or_default(
        &keys::MAX_CONNECTIONS,
        values::CLIENT_CONNECTIONS,
        values::client_connections,
        DEFAULT_MAX_CONNECTIONS,
    );
    let for_database = |database: &DatabaseSettings| {
        database.max_connections.saturating_mul(REQUESTS_FOR_EACH_CONNECTION).min(values::MAX_REQUESTS)
    };
    let max_concurrent_requests = reader.or_default(
        &keys::MAX_CONCURRENT_REQUESTS,
        values::REQUESTS,
        values::requests,
        database.map_or(DEFAULT_CONCURRENT_REQUESTS, for_database),
    );
    let mut seconds = |key, default| {
        reader.or_default_shown(key, values::SECONDS, values::seconds, default, |timeout: &Duration| {
            timeout.as_secs().to_string()
        })
    };
    let header_read_timeout = seconds(&keys::HEADER_READ_TIMEOUT, DEFAULT_READ_TIMEOUT);
    let body_read_timeout = seconds(&keys::BODY_READ_TIMEOUT, DEFAULT_READ_TIMEOUT);
    let keep_alive_timeout = seconds(&keys::KEEP_ALIVE_TIMEOUT, DEFAULT_KEEP_ALIVE);
    let shutdown_timeout = seconds(&keys::SHUTDOWN_TIMEOUT, DEFAULT_SHUTDOWN_TIMEOUT);
    let shutdown_delay = reader.or_default_shown(
        &keys::SHUTDOWN_DELAY,
        values::DELAY,
        values::delay,
        Duration::ZERO,
        |delay| delay.as_secs().to_string(),
    );
    if shutdown_delay >= shutdown_timeout {
        reader.fault(format!(
            "SHUTDOWN_DELAY: got '{}'; expected less than SHUTDOWN_TIMEOUT, {}, of which it is a part",
            shutdown_delay.as_secs(),
            shutdown_timeout.as_secs()
        ));
    }
    LimitSettings {
        max_connections,
        max_concurrent_requests,
        header_read_timeout,
        body_read_timeout,
        keep_alive_timeout,
        shutdown_delay,
        shutdown_timeout,
    }
}
