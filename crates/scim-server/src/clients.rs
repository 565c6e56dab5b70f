//! The connections of clients as the system sees them: how many there may be, and that none is held for ever.

use std::any::Any;
use std::sync::Arc;

use actix_web::dev::Extensions;
use scim_http::{Connections, Limits};

use crate::settings::LimitSettings;

/// Open files beside those of clients' connections: the log, the database, other issuers.
const OTHER_FILES: u64 = 256;
/// A connection is a file, and another that it can be closed by.
const FILES_FOR_EACH: u64 = 2;

/// The connections that there are.
pub(crate) fn connections(limits: &LimitSettings) -> Arc<Connections> {
    // The server closes an idle one itself; this is for those that only pretend to send a request, or to read an answer.
    let limit = limits.keep_alive_timeout.saturating_add(limits.header_read_timeout);
    Connections::new(limit, Limits::max_requests_of_connection(limits.max_concurrent_requests))
}

/// Closes connections that are held and not used, for as long as it runs.
pub(crate) async fn close_idle(connections: Arc<Connections>) {
    loop {
        tokio::time::sleep(connections.interval()).await;
        let closed = connections.close_idle();
        if closed > 0 {
            tracing::debug!(closed, "connections without a request were closed");
        }
    }
}

/// Takes a new connection in.
#[cfg(unix)]
pub(crate) fn opened(connections: &Arc<Connections>, io: &dyn Any, data: &mut Extensions) {
    use std::os::fd::AsFd;

    use actix_tls::accept::rustls_0_23::TlsStream;
    use actix_web::rt::net::TcpStream;
    use rustix::net::{Shutdown, shutdown};

    let plain = io.downcast_ref::<TcpStream>();
    let secure = io.downcast_ref::<TlsStream<TcpStream>>().map(|stream| stream.get_ref());
    let Some(stream) = plain.or_else(|| secure.map(|(stream, _)| stream)) else { return };
    let is_http2 = secure.is_some_and(|(_, session)| session.alpn_protocol() == Some(b"h2"));
    // Where there are no more files, the connection is served without; its requests are counted all the same.
    let socket = stream.as_fd().try_clone_to_owned().ok();
    data.insert(connections.opened(is_http2, move || {
        // It fails for a connection that the client has closed.
        let _closed = socket.as_ref().map(|socket| shutdown(socket, Shutdown::Both));
    }));
}

/// Takes a new connection in.
#[cfg(not(unix))]
pub(crate) fn opened(_: &Arc<Connections>, _: &dyn Any, _: &mut Extensions) {}

/// Lets the process have as many open files as its connections take, as far as the system allows.
#[cfg(unix)]
pub(crate) fn allow_files(limits: &LimitSettings) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let connections = u64::try_from(limits.max_connections).unwrap_or(u64::MAX);
    let needed = connections.saturating_mul(FILES_FOR_EACH).saturating_add(OTHER_FILES);
    let allowed = getrlimit(Resource::Nofile);
    if allowed.current.is_none_or(|current| current >= needed) {
        return;
    }
    let current = Some(allowed.maximum.map_or(needed, |maximum| maximum.min(needed)));
    // What is not allowed is told below.
    let _refused = setrlimit(Resource::Nofile, Rlimit { current, ..allowed });
    let current = getrlimit(Resource::Nofile).current;
    if let Some(current) = current.filter(|current| *current < needed) {
        tracing::warn!(
            open_files = current,
            needed,
            "MAX_CONNECTIONS: the process may not open as many files as so many connections take"
        );
    }
}

/// Lets the process have as many open files as its connections take.
#[cfg(not(unix))]
pub(crate) fn allow_files(_: &LimitSettings) {}
