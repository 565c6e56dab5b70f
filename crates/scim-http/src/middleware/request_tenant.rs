//! The tenant that a request turns out to be of, for what all of its answers have.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::{HttpMessage, HttpRequest};
use scim_domain::tenant::Tenant;

/// The tenant of a request, once it is known.
#[derive(Clone, Default)]
pub(crate) struct RequestTenant(Rc<OnceCell<Arc<Tenant>>>);

impl RequestTenant {
    /// Notes whose request it is: somebody was let in.
    pub(crate) fn note(request: &HttpRequest, tenant: &Arc<Tenant>) {
        if let Some(Self(known)) = request.extensions().get() {
            known.get_or_init(|| Arc::clone(tenant));
        }
    }

    /// The slug, where the tenant is known.
    pub(super) fn slug(&self) -> Option<&str> {
        self.0.get().map(|tenant| tenant.slug.as_str())
    }

    /// Sets the headers that the tenant wants on every answer, but for those that the answer has.
    pub(super) fn dress(&self, headers: &mut HeaderMap) {
        let Some(tenant) = self.0.get() else { return };
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
