//! Calls to the use cases over the database itself.

use anyhow::{Context, anyhow, bail};
use scim_application::{AdminContext, AdminError, Administration, Parameters};
use serde_json::Value;

use crate::settings::{Purpose, Settings};
use crate::wiring;

use super::call::Call;

/// The use cases of the admin API over a database.
pub(super) struct Direct {
    administration: Administration,
    context: AdminContext,
}

impl Direct {
    /// Over the database of the settings, whose migrations have to be applied.
    pub(super) async fn open(settings: &Settings) -> anyhow::Result<Self> {
        let Some(database) = &settings.database else {
            bail!(
                "--direct: there is no database; set DATABASE_URL, or leave it out to ask a running server"
            );
        };
        let store = wiring::open(database, settings.request_timeout, Purpose::Tool).await?;
        let pending = store.pending_migrations().await.context("the applied migrations")?;
        if !pending.is_empty() {
            bail!("migrations are not applied: {}; `scim-server migrate` applies them", pending.join(", "));
        }
        let (administration, context) = wiring::administration(&store);
        Ok(Self { administration, context })
    }

    /// Carries a call out; see [`Target`](super::Target).
    pub(super) async fn call(&self, call: &Call, cursor: Option<&str>) -> anyhow::Result<Value> {
        self.outcome(call, cursor).await.map_err(told)
    }

    async fn outcome(&self, call: &Call, cursor: Option<&str>) -> Result<Value, AdminError> {
        let (administration, context) = (&self.administration, &self.context);
        let page = Parameters::new(call.parameters(cursor))?;
        match call {
            Call::TenantCreate { body } => Ok(administration.tenant_create(context, body).await?.body),
            Call::TenantList => administration.tenant_list(&page).await,
            Call::TenantShow { tenant } => Ok(administration.tenant_show(tenant).await?.body),
            Call::TenantUpdate { tenant, patch } => {
                Ok(administration.tenant_modify(context, tenant, patch, None).await?.body)
            }
            Call::TenantDelete { tenant } => {
                administration.tenant_delete(context, tenant, None).await?;
                Ok(Value::Null)
            }
            Call::CredentialCreate { tenant, body } => {
                administration.credential_create(context, tenant, body).await
            }
            Call::CredentialList { tenant } => administration.credential_list(tenant, &page).await,
            Call::CredentialRevoke { tenant, credential } => {
                administration.credential_delete(context, tenant, credential).await?;
                Ok(Value::Null)
            }
            Call::CredentialRotate { tenant, credential, body } => {
                administration.credential_rotate(context, tenant, credential, Some(body)).await
            }
        }
    }
}

/// What a client would be told, and what the log of a server would say beside: both are for this reader.
fn told(error: AdminError) -> anyhow::Error {
    let detail = error.failure.error.detail;
    match error.failure.cause {
        Some(cause) => anyhow!(cause).context(detail),
        None => anyhow!(detail),
    }
}
