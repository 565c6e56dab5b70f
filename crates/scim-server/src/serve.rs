//! `scim-server serve`: from the listener to the orderly end.

use std::io::{Write, stdout};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use anyhow::{Context, bail};
use secrecy::ExposeSecret;
use tokio::time::Instant;

use crate::metrics::Metrics;
use crate::settings::Settings;
use crate::shutdown::{self, Signals};
use crate::telemetry::Telemetry;
use crate::tls::Tls;
use crate::wiring::Wiring;
use crate::{banner, clients, secret, telemetry};

/// For how long a client that is to read the last of an answer is waited for.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How much of bodies a connection of HTTP/2 takes before anybody reads it (RFC 9113 §5.2).
const UNREAD_BYTES: u32 = 256 * 1024;

/// Serves until a signal to end comes, and then until what was under way is done.
///
/// # Errors
/// Where the server cannot be started, or ends by itself.
pub(crate) fn run(settings: &Settings) -> anyhow::Result<()> {
    let metrics = settings.telemetry.metrics_enabled.then(Metrics::new);
    // Requests are served on threads that the HTTP server makes. This runtime waits for the end, and
    // carries what connections to a database were opened at the start.
    let threads = if settings.database.is_some() { settings.worker_threads } else { 1 };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    // What sends spans runs there too. A signal that comes during the start is heard: the first process of a
    // container is not ended by one that it does not listen to.
    let (signals, telemetry) = {
        let _entered = runtime.enter();
        (Signals::listen()?, telemetry::start(settings, metrics.as_deref())?)
    };
    let served = runtime.block_on(async {
        tokio::select! {
            ended = serve(settings, metrics, &telemetry, signals) => ended,
            never = telemetry.run() => match never {},
        }
    });
    // What is still under way is given up; nobody waits for it.
    runtime.shutdown_background();
    served
}

async fn serve(
    settings: &Settings,
    metrics: Option<Arc<Metrics>>,
    telemetry: &Telemetry,
    mut signals: Signals,
) -> anyhow::Result<()> {
    let (secret, is_random) = match &settings.scim_shared_secret {
        Some(secret) => (secret.clone(), false),
        None => (secret::random()?, true),
    };
    let limits = &settings.limits;
    clients::allow_files(limits);
    // A database that is not there may be waited for.
    let wired = tokio::select! {
        wired = Wiring::new(settings, secret.clone()) => wired?,
        signal = signals.next() => {
            tracing::info!(signal, "ended before it was started");
            return Ok(());
        }
    };
    let wiring = Wiring { metrics: metrics.clone(), ..wired };
    let state = wiring.state();
    let maintenance = Arc::clone(state.service.maintenance());
    let maintained = tokio::spawn(async move { maintenance.run().await });
    let place = (settings.server_host.as_str(), settings.server_port);
    let tls = settings.tls.as_ref().map(Tls::new).transpose()?;
    let served = Arc::clone(&state);
    let connections = clients::connections(limits);
    let watched = Arc::clone(&connections);
    let server = HttpServer::new(move || scim_http::app(&served))
        .workers(settings.worker_threads)
        .keep_alive(limits.keep_alive_timeout)
        .client_request_timeout(limits.header_read_timeout)
        .client_disconnect_timeout(DISCONNECT_TIMEOUT)
        .h2_initial_window_size(UNREAD_BYTES)
        .h2_initial_connection_window_size(UNREAD_BYTES)
        .max_connections(per_worker(limits.max_connections, settings.worker_threads))
        .on_connect(move |io, data| {
            clients::opened(&watched, io, data);
            data.insert(metrics.as_deref().map(Metrics::connection));
        })
        .shutdown_timeout(limits.shutdown_timeout.as_secs())
        .disable_signals();
    let server = match &tls {
        Some(tls) => server.bind_rustls_0_23(place, tls.config()),
        None => server.bind(place),
    };
    let server = server
        .with_context(|| format!("cannot listen on {}:{}", settings.server_host, settings.server_port))?;
    let Some(address) = server.addrs().first().copied() else {
        bail!("SERVER_HOST: {} is no address", settings.server_host);
    };
    // It ends with the process.
    let _watched = tls.map(|tls| tokio::spawn(tls.watch()));
    let running = server.run();
    let handle = running.handle();
    let mut running = tokio::spawn(running);
    let swept = tokio::spawn(clients::close_idle(Arc::clone(&connections)));

    let local = banner::local_url(address, settings.tls.is_some());
    let public = settings.public_base_url.as_deref().unwrap_or(&local);
    if is_random {
        // Where stdout is closed nobody wants to know.
        let is_verified = settings.tls.is_none() || settings.public_base_url.is_some();
        let banner = banner::text(&format!("{public}/scim/v2"), secret.expose_secret(), is_verified);
        let _closed = stdout().lock().write_all(banner.as_bytes());
    }
    tracing::info!(%address, base_url = format!("{public}/scim/v2"), "serving");

    tokio::select! {
        ended = &mut running => {
            ended??;
            bail!("the server ended by itself");
        }
        signal = signals.next() => tracing::info!(signal, "ending"),
    }
    let now = Instant::now();
    let deadline = now.checked_add(limits.shutdown_timeout).unwrap_or(now);
    let ended = shutdown::end(limits, &state, handle, &connections, &mut signals).await;
    swept.abort();
    maintained.abort();
    ended?;
    telemetry.flush(deadline.saturating_duration_since(Instant::now())).await;
    tracing::info!("ended");
    Ok(())
}

/// Each worker has its share of the connections.
fn per_worker(connections: usize, workers: usize) -> usize {
    connections.div_ceil(NonZeroUsize::new(workers).map_or(1, NonZeroUsize::get))
}
