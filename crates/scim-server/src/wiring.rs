//! Where adapters are chosen, and put behind the ports that the application asks for.

use std::sync::Arc;

use anyhow::Context;
use scim_adapter_memory::{MemoryResources, MemoryTenants};
use scim_adapter_postgres::PostgresStore;
use scim_application::{OperatorSecret, Ports, ScimService};
use scim_domain::identifier::TenantId;
use scim_domain::schema::TenantSchema;
use scim_domain::tenant::{Tenant, TenantConfig};
use scim_http::{AppState, HttpSettings};
use scim_ports::{Clock, IdGenerator, ResourceRepository, TenantRepository};
use secrecy::{ExposeSecret, SecretString};

use crate::adapters::{BcryptPasswords, SystemClock, UuidV7Ids};
use crate::secret::derive_key;
use crate::settings::Settings;

/// The tenant that the operator's secret opens.
const OPERATOR_TENANT: &str = "default";
/// What the key that seals cursors is derived for.
const CURSOR_LABEL: &str = "scim cursor v1";

/// Where resources and tenants are kept.
pub struct Store {
    /// The store of resources.
    pub resources: Arc<dyn ResourceRepository>,
    /// The registry of tenants.
    pub tenants: Arc<dyn TenantRepository>,
    /// What it is called in `/ready`.
    pub name: &'static str,
}

impl Store {
    /// The embedded store, with the tenant `default`.
    ///
    /// # Errors
    /// Where the published schemas do not compile, which a test excludes.
    pub fn in_memory(config: TenantConfig, ids: &dyn IdGenerator) -> anyhow::Result<Self> {
        let tenant = operator_tenant(config, ids)?;
        Ok(Self {
            resources: Arc::new(MemoryResources::new()),
            tenants: Arc::new(MemoryTenants::new(vec![tenant])),
            name: "memory",
        })
    }

    /// A PostgreSQL database whose migrations are applied, with the tenant `default`: the one that is
    /// there, or else a new one.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn in_postgres(
        store: &PostgresStore,
        config: TenantConfig,
        ids: &dyn IdGenerator,
        clock: &dyn Clock,
    ) -> anyhow::Result<Self> {
        let tenant = operator_tenant(config, ids)?;
        let registered = store.tenants().tenant_register(&tenant, OPERATOR_TENANT, clock.now()).await;
        registered.context("the tenant of the operator's secret")?;
        Ok(Self {
            resources: Arc::new(store.resources()),
            tenants: Arc::new(store.tenants()),
            name: "database",
        })
    }
}

fn operator_tenant(config: TenantConfig, ids: &dyn IdGenerator) -> anyhow::Result<Tenant> {
    Ok(Tenant {
        id: TenantId::new(ids.random_uuid()),
        slug: OPERATOR_TENANT.to_owned(),
        active: true,
        config: Arc::new(config),
        schema: Arc::new(TenantSchema::rfc7643().context("the schemas of RFC 7643")?),
    })
}

/// What [`Wiring::state`] puts together.
pub struct Wiring {
    /// Where resources are kept.
    pub store: Store,
    /// The operator's secret.
    pub secret: SecretString,
    /// How SCIM is served.
    pub http: HttpSettings,
    /// The cost of password hashes.
    pub bcrypt_cost: u32,
    /// Makes ids.
    pub ids: Arc<UuidV7Ids>,
}

impl Wiring {
    /// What the settings ask for.
    ///
    /// # Errors
    /// See [`Store::in_memory`].
    pub fn new(settings: &Settings, secret: SecretString) -> anyhow::Result<Self> {
        let ids = Arc::new(UuidV7Ids::new(Arc::new(SystemClock)));
        let store = Store::in_memory(TenantConfig::default(), &*ids)?;
        let http = HttpSettings {
            public_base_url: settings.public_base_url.clone(),
            max_request_size: settings.max_request_size,
            request_timeout: settings.request_timeout,
            store_name: store.name,
        };
        Ok(Self { store, secret, http, bcrypt_cost: BcryptPasswords::COST, ids })
    }

    /// The service over the adapters, ready to be served.
    pub fn state(self) -> Arc<AppState> {
        let authenticator = OperatorSecret::new(
            self.secret.expose_secret(),
            OPERATOR_TENANT,
            Arc::clone(&self.store.tenants),
        );
        let clock = Arc::new(SystemClock);
        let service = ScimService::new(Ports {
            resources: self.store.resources,
            tenants: self.store.tenants,
            authenticator: Arc::new(authenticator),
            passwords: Arc::new(BcryptPasswords::new(self.bcrypt_cost)),
            clock: clock.clone(),
            ids: self.ids.clone(),
            cursor_key: derive_key(&self.secret, CURSOR_LABEL),
        });
        Arc::new(AppState::new(service, self.http, clock, self.ids))
    }
}
