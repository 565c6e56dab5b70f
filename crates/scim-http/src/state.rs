//! What every worker of the HTTP server shares.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use scim_application::ScimService;
use scim_ports::{Clock, IdGenerator};

use crate::docs::Documentation;
use crate::observe::{RequestObserver, Unobserved};
use crate::{AllowedOrigins, TrustedProxies};

/// How SCIM is served over HTTP.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// What `meta.location` and `$ref` start with, before the path of the mount and without a slash
    /// at its end; without it, scheme and host as the request names them.
    pub public_base_url: Option<String>,
    /// The most bytes of a body, but for `/Bulk`, where the tenant's `bulk.maxPayloadSize` counts.
    pub max_request_size: usize,
    /// How long a request may take, from its head to its answer.
    pub request_timeout: Duration,
    /// Whose `Forwarded` and `X-Forwarded-*` are believed.
    pub trusted_proxies: TrustedProxies,
    /// Whose pages may send requests and read the answers.
    pub allowed_origins: AllowedOrigins,
    /// What the store is called in `/ready`.
    pub store_name: &'static str,
}

/// The service, and what serving it over HTTP takes.
pub struct AppState {
    /// The use cases.
    pub service: ScimService,
    /// How they are served.
    pub settings: HttpSettings,
    /// The time that `/health` tells.
    pub clock: Arc<dyn Clock>,
    /// Where ids of requests come from.
    pub ids: Arc<dyn IdGenerator>,
    draining: AtomicBool,
    observer: Arc<dyn RequestObserver>,
    documentation: OnceLock<Documentation>,
}

impl AppState {
    /// The state of a server that takes requests.
    pub fn new(
        service: ScimService,
        settings: HttpSettings,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        let (draining, documentation) = (AtomicBool::new(false), OnceLock::new());
        let observer = Arc::new(Unobserved);
        Self { service, settings, clock, ids, draining, documentation, observer }
    }

    /// Shows every request to `observer`.
    #[must_use]
    pub fn observed_by(self, observer: Arc<dyn RequestObserver>) -> Self {
        Self { observer, ..self }
    }

    /// Who sees every request.
    pub(crate) fn observer(&self) -> &dyn RequestObserver {
        &*self.observer
    }

    /// From now on the server is not ready, and asks clients to come back on another connection:
    /// the first step of an orderly end.
    pub fn drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
    }

    /// Whether [`drain`](Self::drain) was called.
    pub fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// What `/docs` and `/openapi.json` serve: made when it is first asked for.
    pub(crate) fn documentation(&self) -> &Documentation {
        self.documentation.get_or_init(|| Documentation::new(self.settings.public_base_url.as_deref()))
    }
}
