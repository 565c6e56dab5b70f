//! What a request turns out to be while it is served: where it goes, whose it is. For what all answers
//! have, for the log and for metrics.

use std::cell::{Cell, OnceCell};
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use scim_domain::audit::Actor;
use scim_domain::tenant::Tenant;
use tracing::Span;

use crate::observe::RoutePattern;
use crate::routes::{MountPoint, Route};

/// The field of a request's span that tells how much of it is logged, where its tenant says so.
pub(super) const LOG_LEVEL: &str = "tenant_log_level";

/// What is known of a request; nothing at first.
#[derive(Clone, Default)]
pub(crate) struct RequestNotes(Rc<Notes>);

#[derive(Default)]
struct Notes {
    route: Cell<Option<RoutePattern>>,
    tenant: OnceCell<Arc<Tenant>>,
    actor: OnceCell<Actor>,
}

impl RequestNotes {
    /// Notes where the request goes: where its handler comes to no end, nobody else knows.
    pub(crate) fn routed(request: &HttpRequest) {
        if let Some(Self(notes)) = request.extensions().get() {
            notes.route.set(route_of(request));
        }
    }

    /// Notes whose request it is: somebody was let in. MUST be called within the span of the request.
    pub(crate) fn let_in(request: &HttpRequest, tenant: Option<&Arc<Tenant>>, actor: Option<&Actor>) {
        let extensions = request.extensions();
        let Some(Self(notes)) = extensions.get() else { return };
        if let Some(actor) = actor {
            notes.actor.get_or_init(|| actor.clone());
        }
        let Some(tenant) = tenant else { return };
        let tenant = notes.tenant.get_or_init(|| Arc::clone(tenant));
        if let Some(level) = tenant.config.log_level {
            Span::current().record(LOG_LEVEL, level.as_str());
        }
    }

    /// Where the request went, as was noted.
    pub(super) fn route(&self) -> Option<RoutePattern> {
        self.0.route.get()
    }

    /// The slug, where the tenant is known.
    pub(super) fn slug(&self) -> Option<&str> {
        self.0.tenant.get().map(|tenant| tenant.slug.as_str())
    }

    /// By what somebody was let in.
    pub(super) fn credential(&self) -> Option<impl fmt::Display> {
        self.0.actor.get().map(CredentialName)
    }

    /// Sets the headers that the tenant wants on every answer, but for those that the answer has.
    pub(super) fn dress(&self, headers: &mut HeaderMap) {
        let Some(tenant) = self.0.tenant.get() else { return };
        for (name, value) in tenant.config.custom_headers.iter() {
            // The config takes none that is not one.
            let header = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value));
            if let (Ok(name), Ok(value)) = header
                && !headers.contains_key(&name)
            {
                headers.insert(name, value);
            }
        }
    }
}

/// The route that a request was matched with.
pub(super) fn route_of(request: &HttpRequest) -> Option<RoutePattern> {
    let pattern = request.app_data::<Route>()?.pattern;
    let mount = request.app_data::<MountPoint>().map_or("", |mount| mount.pattern());
    Some(RoutePattern { mount, pattern })
}

/// A credential by its id, or whoever has none by what kind of caller it is. Never a name.
struct CredentialName<'a>(&'a Actor);

impl fmt::Display for CredentialName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.credential() {
            Some(id) => id.fmt(f),
            None => f.write_str(self.0.kind()),
        }
    }
}
