//! The one routing table (RFC 7644 §3.2, §4).
//!
//! The same endpoints are served at every mount. Whoever has no credential for a mount learns
//! nothing of what is there: every answer under a mount, 404 and 405 too, comes after authentication.

use actix_web::dev::{AppService, HttpServiceFactory};
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, HttpRequest, Resource, Responder, Scope, guard, web};
use scim_application::Mount;

use crate::admin::{
    self, activity, credentials, no_admin_endpoint, no_admin_method, statistics, tenants, version,
};
use crate::handlers::{
    bulk, collection, documentation, fallback, health, index, me, metrics, oauth, ready, resource,
    resource_types, schemas, search, service_provider_config,
};

/// Registers every route.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    // The longer spelling comes before the shorter one: a scope keeps what matches its prefix.
    for mount in MountPoint::ALL {
        let scope = web::scope(mount.pattern()).app_data(mount);
        let scope = mounted().into_iter().fold(scope, Scope::service);
        config.service(scope.default_service(web::to(fallback::no_endpoint)));
    }
    for endpoint in public().into_iter().chain(administered()) {
        config.service(endpoint);
    }
    config
        .service(web::scope(ADMIN).default_service(web::to(no_admin_endpoint)))
        .default_service(web::to(fallback::no_page));
}

/// Every route, below its mount where it is SCIM's, with the methods that it takes.
pub(crate) fn table() -> Vec<Listed> {
    let scim = MountPoint::ALL.iter().flat_map(|mount| {
        mounted().into_iter().map(|endpoint| endpoint.listed(Some(*mount))).collect::<Vec<_>>()
    });
    let others = public().into_iter().chain(administered()).map(|endpoint| endpoint.listed(None));
    scim.chain(others).collect()
}

/// A route as [`table`] lists it.
#[derive(Debug, Clone)]
pub(crate) struct Listed {
    /// The mount that it is below.
    pub(crate) mount: Option<MountPoint>,
    /// Its pattern there.
    pub(crate) pattern: &'static str,
    /// The methods that it takes, HEAD among them where GET is.
    pub(crate) methods: Vec<&'static str>,
}

/// What is open to everyone.
fn public() -> Vec<Endpoint> {
    let at = |pattern: &'static str| Endpoint { others: Others::Anyone, ..Endpoint::at(pattern) };
    vec![
        at("/health").get(health::show),
        at("/ready").get(ready::show),
        at("/metrics").get(metrics::show),
        at(TOKEN).post(oauth::token),
        at("/.well-known/jwks.json").get(oauth::jwks),
        at("/.well-known/oauth-authorization-server").get(oauth::metadata),
        at("/openapi.json").get(documentation::openapi),
        at("/docs").get(documentation::page),
        at("/docs/style.css").get(documentation::style),
        at("/").get(index::show),
    ]
}

/// What the operator's secret opens.
fn administered() -> Vec<Endpoint> {
    let at = |pattern: &'static str| Endpoint { others: Others::Operator, ..Endpoint::at(pattern) };
    vec![
        at("/admin/tenants").get(tenants::list).post(tenants::create),
        at("/admin/tenants/{tenant}").get(tenants::show).patch(tenants::modify).delete(tenants::delete),
        at("/admin/tenants/{tenant}/credentials").get(credentials::list).post(credentials::create),
        at("/admin/tenants/{tenant}/credentials/{credential}").delete(credentials::revoke),
        at("/admin/tenants/{tenant}/credentials/{credential}/rotate").post(credentials::rotate),
        at("/admin/tenants/{tenant}/schemas").get(admin::schemas::list),
        at("/admin/tenants/{tenant}/schemas/{urn}")
            .get(admin::schemas::show)
            .put(admin::schemas::replace)
            .delete(admin::schemas::delete),
        at("/admin/tenants/{tenant}/resource-types").get(admin::resource_types::list),
        at("/admin/tenants/{tenant}/resource-types/{name}")
            .get(admin::resource_types::show)
            .put(admin::resource_types::replace)
            .delete(admin::resource_types::delete),
        at("/admin/tenants/{tenant}/stats").get(statistics::of_tenant),
        at("/admin/tenants/{tenant}/activity").get(activity::list),
        at("/admin/stats").get(statistics::of_all),
        at("/admin/version").get(version::show),
    ]
}

/// Where clients get tokens.
pub(crate) const TOKEN: &str = "/oauth/token";

/// What is below this is the operator's.
const ADMIN: &str = "/admin";

/// Whether a path is the operator's.
pub(crate) fn is_admin(path: &str) -> bool {
    path.strip_prefix(ADMIN).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The SCIM endpoints of one mount.
fn mounted() -> Vec<Endpoint> {
    vec![
        // What is asked for most is matched first: each pattern that is tried costs a microsecond.
        Endpoint::at("/{endpoint}/{id}")
            .of_resources()
            .get(resource::show)
            .put(resource::replace)
            .patch(resource::modify)
            .delete(resource::delete),
        Endpoint::at("/{endpoint}").of_resources().get(collection::list).post(collection::create),
        Endpoint::at("/ServiceProviderConfig").get(service_provider_config::show),
        Endpoint::at("/Schemas").get(schemas::list),
        Endpoint::at("/Schemas/{urn}").get(schemas::show),
        Endpoint::at("/ResourceTypes").get(resource_types::list),
        Endpoint::at("/ResourceTypes/{name}").get(resource_types::show),
        Endpoint::at("/Bulk").post(bulk::process),
        Endpoint::at("/Me")
            .get(me::show)
            .put(me::replace)
            .patch(me::modify)
            .delete(me::delete)
            .post(me::create),
        Endpoint::at("/.search").post(search::everything),
        Endpoint::at("/").or_without_slash().get(search::root),
        Endpoint::at("/{endpoint}/.search").post(search::one_type),
    ]
}

/// The endpoints that are not those of resource types.
const FIXED: [&str; 6] = ["ServiceProviderConfig", "Schemas", "ResourceTypes", "Bulk", "Me", ".search"];

/// Whether the last one or two segments of `path` can be those of a resource type's endpoint.
fn names_resources(path: &str, segments: usize) -> bool {
    path.rsplit('/').take(segments).all(|segment| !FIXED.contains(&segment))
}

/// Where SCIM is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MountPoint {
    /// The tenant that the credential belongs to.
    Credential,
    /// A tenant by id or slug.
    Tenant,
    /// Another spelling of [`Tenant`](Self::Tenant).
    TenantLong,
}

impl MountPoint {
    /// Every mount, the longer spelling of a tenant's before the shorter one.
    pub(crate) const ALL: [Self; 3] = [Self::Credential, Self::TenantLong, Self::Tenant];

    /// The pattern of its paths.
    pub(crate) fn pattern(self) -> &'static str {
        match self {
            Self::Credential => "/scim/v2",
            Self::Tenant => "/tenants/{tenant}",
            Self::TenantLong => "/tenants/{tenant}/scim/v2",
        }
    }

    /// How many segments of a path are the mount's.
    pub(crate) fn segments(self) -> usize {
        match self {
            Self::Credential | Self::Tenant => 2,
            Self::TenantLong => 4,
        }
    }

    /// The mount that the request was sent to.
    pub(crate) fn mount(self, request: &HttpRequest) -> Mount {
        match self {
            Self::Credential => Mount::Credential,
            Self::Tenant | Self::TenantLong => Mount::Tenant(crate::extract::segment(request, "tenant")),
        }
    }
}

/// What a matched route is called, and what it takes.
#[derive(Debug)]
pub(crate) struct Route {
    /// Its pattern, below its mount.
    pub(crate) pattern: &'static str,
    /// The methods that it takes, as `Allow` lists them (RFC 9110 §10.2.1).
    pub(crate) allow: String,
}

/// One path and the handlers of its methods; any other method is answered 405.
struct Endpoint {
    pattern: &'static str,
    allow: Vec<&'static str>,
    resource: Resource,
    others: Others,
}

/// Who is told that a method is not taken.
#[derive(Debug, Clone, Copy)]
enum Others {
    /// Who has a credential of the mount.
    Authorized,
    /// The operator.
    Operator,
    /// Everyone.
    Anyone,
}

impl Endpoint {
    fn at(pattern: &'static str) -> Self {
        Self { pattern, allow: Vec::new(), resource: web::resource(pattern), others: Others::Authorized }
    }

    /// Leaves the paths of the fixed endpoints to those.
    fn of_resources(mut self) -> Self {
        let segments = self.pattern.matches('/').count();
        let guard = guard::fn_guard(move |context| names_resources(context.head().uri.path(), segments));
        self.resource = self.resource.guard(guard);
        self
    }

    /// GET, and with it HEAD (RFC 9110 §9.3.2): the server sends the head of GET's answer alone.
    fn get<F, Args>(mut self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.allow.extend(["GET", "HEAD"]);
        let reads = guard::Any(guard::Get()).or(guard::Head());
        self.resource = self.resource.route(web::route().guard(reads).to(handler));
        self
    }

    fn post<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.method("POST", Method::POST, handler)
    }

    fn put<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.method("PUT", Method::PUT, handler)
    }

    fn patch<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.method("PATCH", Method::PATCH, handler)
    }

    fn delete<F, Args>(self, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.method("DELETE", Method::DELETE, handler)
    }

    fn method<F, Args>(mut self, name: &'static str, method: Method, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.allow.push(name);
        self.resource = self.resource.route(web::method(method).to(handler));
        self
    }

    /// Also without the slash that is all of its pattern.
    fn or_without_slash(mut self) -> Self {
        self.resource = web::resource(["", self.pattern]);
        self
    }

    fn listed(self, mount: Option<MountPoint>) -> Listed {
        Listed { mount, pattern: self.pattern, methods: self.allow }
    }
}

impl HttpServiceFactory for Endpoint {
    fn register(self, config: &mut AppService) {
        let route = Route { pattern: self.pattern, allow: self.allow.join(", ") };
        let resource = self.resource.app_data(route);
        let resource = match self.others {
            Others::Authorized => resource.default_service(web::to(fallback::no_method)),
            Others::Operator => resource.default_service(web::to(no_admin_method)),
            Others::Anyone => resource.default_service(web::to(fallback::no_public_method)),
        };
        resource.register(config);
    }
}
