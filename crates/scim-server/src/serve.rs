//! `scim-server serve`: from the listener to the orderly end.

use std::io::{Write, stdout};
use std::sync::Arc;

use actix_web::HttpServer;
use anyhow::{Context, bail};
use scim_http::AppState;
use secrecy::ExposeSecret;
use tokio::time::timeout;

use crate::settings::Settings;
use crate::tls::Tls;
use crate::wiring::Wiring;
use crate::{banner, secret, telemetry};

/// Serves until a signal to end comes, and then until what was under way is done.
///
/// # Errors
/// Where the server cannot be started, or ends by itself.
pub(crate) fn run(settings: &Settings) -> anyhow::Result<()> {
    telemetry::start(settings)?;
    // Requests are served on threads that the HTTP server makes. This runtime waits for the end, and
    // carries what connections to a database were opened at the start.
    let threads = if settings.database.is_some() { settings.worker_threads } else { 1 };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build()?;
    runtime.block_on(serve(settings))
}

async fn serve(settings: &Settings) -> anyhow::Result<()> {
    let (secret, is_random) = match &settings.scim_shared_secret {
        Some(secret) => (secret.clone(), false),
        None => (secret::random()?, true),
    };
    let state = Wiring::new(settings, secret.clone()).await?.state();
    let maintenance = Arc::clone(state.service.maintenance());
    let maintained = tokio::spawn(async move { maintenance.run().await });
    let place = (settings.server_host.as_str(), settings.server_port);
    let tls = settings.tls.as_ref().map(Tls::new).transpose()?;
    let served = Arc::clone(&state);
    let server = HttpServer::new(move || scim_http::app(&served))
        .workers(settings.worker_threads)
        .client_request_timeout(settings.request_timeout)
        .shutdown_timeout(settings.shutdown_timeout.as_secs())
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
        signal = signal_to_end() => tracing::info!(signal = signal?, "ending: no new connections"),
    }
    end(settings, &state, handle).await;
    maintained.abort();
    // What the last requests left behind.
    state.service.maintenance().flush().await;
    Ok(())
}

/// Lets what is under way finish, for as long as the settings allow.
async fn end(settings: &Settings, state: &AppState, handle: actix_web::dev::ServerHandle) {
    state.drain();
    match timeout(settings.shutdown_timeout, handle.stop(true)).await {
        Ok(()) => tracing::info!("ended"),
        Err(_elapsed) => tracing::warn!("ended before every request was done"),
    }
}

/// Waits for SIGTERM or SIGINT, and tells which it was.
#[cfg(unix)]
async fn signal_to_end() -> std::io::Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "SIGINT",
    })
}

/// Waits for Ctrl-C.
#[cfg(not(unix))]
async fn signal_to_end() -> std::io::Result<&'static str> {
    tokio::signal::ctrl_c().await.map(|()| "Ctrl-C")
}
