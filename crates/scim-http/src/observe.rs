//! What a host is shown of every request: for metrics and traces, of which nothing is known here.

use std::fmt;
use std::time::Duration;

use actix_web::http::Method;
use actix_web::http::header::HeaderMap;
use tracing::Span;

/// Sees every request. Every method MUST return quickly.
pub trait RequestObserver: Send + Sync {
    /// A request came in. All that is done for it is done within the span that this answers.
    fn received(&self, _received: &Received<'_>) -> Span {
        Span::none()
    }

    /// A request was answered; `span` is the one that [`received`](Self::received) answered for it.
    fn answered(&self, _span: &Span, _answered: &Answered) {}

    /// The metrics, in the text format of Prometheus; `None` where there are none to be had.
    fn exposition(&self) -> Option<String> {
        None
    }
}

/// Nobody looks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unobserved;

impl RequestObserver for Unobserved {}

/// A request, before anything was done for it.
pub struct Received<'a> {
    /// Its method.
    pub method: &'static str,
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its id.
    pub request_id: &'a dyn fmt::Display,
    /// Whether it came by TLS.
    pub is_secure: bool,
}

/// A request, and what became of it.
#[derive(Debug, Clone, Copy)]
pub struct Answered {
    /// Its method.
    pub method: &'static str,
    /// Where it went; `None` where there is nothing.
    pub route: Option<RoutePattern>,
    /// The status of the answer.
    pub status: u16,
    /// How long it took.
    pub took: Duration,
}

/// The pattern of a route: one of those that there are, never a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RoutePattern {
    /// The mount's; empty outside every mount.
    pub mount: &'static str,
    /// The endpoint's, below its mount.
    pub pattern: &'static str,
}

impl fmt::Display for RoutePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.mount)?;
        f.write_str(self.pattern)
    }
}

/// The name of a method; every method that is not HTTP's own has the same.
pub(crate) fn method_name(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "CONNECT" => "CONNECT",
        "TRACE" => "TRACE",
        _ => "_OTHER",
    }
}
