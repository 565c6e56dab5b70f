//! `/Me`, the resource that the credential speaks for (RFC 7644 §3.11).

use scim_domain::error::{ErrorKind, ScimError};

use crate::{RequestContext, ResourceTarget};

impl RequestContext {
    /// The resource that the credential of this request speaks for: what GET, PUT, PATCH and DELETE
    /// on `/Me` are about.
    ///
    /// # Errors
    /// 501 for a credential that speaks for none (RFC 7644 §3.11).
    pub fn me(&self) -> Result<ResourceTarget, ScimError> {
        let Some(subject) = &self.principal.subject else {
            return Err(ScimError::new(
                ErrorKind::NotImplemented,
                "/Me: the credential of this request speaks for no resource",
            ));
        };
        Ok(ResourceTarget { resource_type: subject.resource_type.clone(), id: subject.id.to_string() })
    }
}
