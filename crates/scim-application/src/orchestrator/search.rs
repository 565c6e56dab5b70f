//! Querying resources (RFC 7644 §3.4.2, §3.4.3; RFC 9865).

use std::borrow::Cow;
use std::sync::Arc;

use scim_domain::error::ScimError;
use scim_domain::listing::parameters::ListParameters;
use scim_domain::listing::plan::QueryPlan;
use scim_domain::listing::response::write_list_response;
use scim_domain::schema::ResourceType;
use scim_domain::scope::Access;
use scim_ports::Operation;

use crate::observe::{SEVERAL_TYPES, observed};
use crate::{RequestContext, ServiceError};

use super::ResourceOrchestrator;

impl ResourceOrchestrator {
    /// The list response to a query on those of `resource_types` that the credential may read.
    ///
    /// # Errors
    /// 403 where it may read none of them; 400 for a filter that does not parse or bind, and for cursors and counts that RFC 9865 refuses.
    pub async fn search(
        &self,
        context: &RequestContext,
        resource_types: &[Arc<ResourceType>],
        parameters: &ListParameters,
    ) -> Result<Vec<u8>, ServiceError> {
        let work = async {
            let readable = readable(context, resource_types)?;
            let now = self.clock.now();
            let tenant = context.tenant();
            let plan = QueryPlan::new(parameters, &readable, tenant, &context.base_url, &self.cursors, now)?;
            let page = self.resources.resource_search(tenant, &plan.query).await?;
            let mut body = Vec::with_capacity(page.resources.len().saturating_mul(1024).saturating_add(256));
            let (sealer, nonces) = (&self.cursors, [self.ids.nonce(), self.ids.nonce()]);
            write_list_response(&mut body, &plan, &page, &context.base_url, sealer, now, nonces)?;
            Ok(body)
        };
        observed(&*self.observer, context, (Operation::Search, types_name(resource_types)), work).await
    }
}

/// What the observer is told that the query is about.
fn types_name(resource_types: &[Arc<ResourceType>]) -> &str {
    match resource_types {
        [one] => one.name(),
        _ => SEVERAL_TYPES,
    }
}

/// Those of `resource_types` that the credential may read, of which there has to be one.
fn readable<'a>(
    context: &RequestContext,
    resource_types: &'a [Arc<ResourceType>],
) -> Result<Cow<'a, [Arc<ResourceType>]>, ScimError> {
    let mut refused = None;
    let mut may_be_read = |resource_type: &&Arc<ResourceType>| {
        let allowed = context.require(Access::Read(resource_type.name()));
        let is_allowed = allowed.is_ok();
        refused = refused.take().or(allowed.err());
        is_allowed
    };
    if resource_types.iter().all(|resource_type| may_be_read(&resource_type)) {
        return Ok(Cow::Borrowed(resource_types));
    }
    let readable: Vec<_> = resource_types.iter().filter(may_be_read).cloned().collect();
    match refused {
        Some(error) if readable.is_empty() => Err(error),
        _ => Ok(Cow::Owned(readable)),
    }
}
