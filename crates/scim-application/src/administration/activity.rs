//! What happened in a tenant: its audit log.

use scim_domain::audit::{AuditEvent, AuditFilter};
use scim_domain::identifier::{AuditEventId, TenantId};
use scim_ports::AuditQuery;
use serde_json::Value;

use super::page::PageOf;
use super::{AdminError, Administration, Parameters, no_tenant};

impl Administration {
    /// The records of a tenant, the newest first; with `filter`, those that match it. A tenant that was
    /// deleted is named by its id.
    ///
    /// # Errors
    /// 404; 400 for parameters that there are not, a filter that cannot be read, or a wrong cursor.
    pub async fn activity(&self, tenant: &str, parameters: &Parameters) -> Result<Value, AdminError> {
        let page = PageOf::read(parameters, &["filter"])?;
        let filter = parameters.get("filter").map(AuditFilter::parse).transpose();
        let filter = filter.map_err(|error| error.within("filter"))?;
        let before = page.after(AuditEventId::parse)?;
        let (id, is_known) = match TenantId::parse(tenant) {
            Some(id) => (id, self.ports.tenants.tenant_record(id).await?.is_some()),
            None => (self.tenant(tenant).await?.id, true),
        };
        let unfiltered = filter.is_none() && before.is_none();
        let query = AuditQuery { filter, before, limit: page.fetch() };
        let events = self.ports.audit.audit_page(id, &query).await?;
        if !is_known && events.is_empty() && (unfiltered || !self.had_activity(id).await?) {
            return Err(no_tenant(tenant));
        }
        Ok(page.answer(events, |event| event.id.to_string(), AuditEvent::to_json))
    }

    async fn had_activity(&self, id: TenantId) -> Result<bool, AdminError> {
        let query = AuditQuery { filter: None, before: None, limit: 1 };
        Ok(!self.ports.audit.audit_page(id, &query).await?.is_empty())
    }
}
