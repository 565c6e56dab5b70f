//! Querying resources (RFC 7644 §3.4.2, §3.4.3; RFC 9865).

use std::sync::Arc;

use scim_domain::listing::parameters::ListParameters;
use scim_domain::listing::plan::QueryPlan;
use scim_domain::listing::response::write_list_response;
use scim_domain::schema::ResourceType;

use crate::{RequestContext, ServiceError};

use super::ResourceOrchestrator;

impl ResourceOrchestrator {
    /// The list response to a query on `resource_types`.
    ///
    /// # Errors
    /// 400 for a filter that does not parse or bind, and for cursors and counts that RFC 9865 refuses.
    pub async fn search(
        &self,
        context: &RequestContext,
        resource_types: &[Arc<ResourceType>],
        parameters: &ListParameters,
    ) -> Result<Vec<u8>, ServiceError> {
        let now = self.clock.now();
        let tenant = context.tenant();
        let plan = QueryPlan::new(parameters, resource_types, tenant, &context.base_url, &self.cursors, now)?;
        let page = self.resources.resource_search(tenant, &plan.query).await?;
        let mut body = Vec::with_capacity(page.resources.len().saturating_mul(1024).saturating_add(256));
        let (sealer, nonces) = (&self.cursors, [self.ids.nonce(), self.ids.nonce()]);
        write_list_response(&mut body, &plan, &page, &context.base_url, sealer, now, nonces)?;
        Ok(body)
    }
}
