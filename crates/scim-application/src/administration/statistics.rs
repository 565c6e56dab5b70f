//! What is stored, in figures.

use scim_domain::tenant::Tenant;
use scim_ports::Statistics;
use serde_json::{Value, json};

use super::{AdminError, Administration};

impl Administration {
    /// The figures of a tenant: `resources` by type, `activeUsers`, `lastWriteAt`.
    ///
    /// # Errors
    /// 404
    pub async fn tenant_statistics(&self, tenant: &str) -> Result<Value, AdminError> {
        let tenant = self.tenant(tenant).await?;
        let mut statistics = self.ports.tenants.tenant_statistics(tenant.id).await?;
        name_every_type(&tenant, &mut statistics);
        Ok(show(&statistics))
    }

    /// The figures of all tenants together, and how many `tenants` there are.
    ///
    /// # Errors
    /// 503 where the store is out of reach.
    pub async fn statistics(&self) -> Result<Value, AdminError> {
        let (tenants, statistics) = self.ports.tenants.statistics().await?;
        let mut shown = show(&statistics);
        if let Some(shown) = shown.as_object_mut() {
            shown.insert("tenants".into(), json!(tenants));
        }
        Ok(shown)
    }
}

/// A type without resources has 0 of them.
fn name_every_type(tenant: &Tenant, statistics: &mut Statistics) {
    for resource_type in tenant.schema.resource_types() {
        statistics.resources.entry(resource_type.name().to_owned()).or_default();
    }
}

fn show(statistics: &Statistics) -> Value {
    json!({
        "resources": statistics.resources,
        "activeUsers": statistics.active_users,
        "lastWriteAt": statistics.last_write_at.map(|at| at.to_string()),
    })
}
