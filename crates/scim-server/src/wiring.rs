//! Where adapters are chosen, and put behind the ports that the application asks for.

mod seeded;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use scim_adapter_memory::MemoryStore;
use scim_adapter_postgres::{PostgresSettings, PostgresStore};
use scim_application::oauth::Sealer;
use scim_application::{
    AdminContext, Administration, AdministrationPorts, OauthPorts, OperatorAccess, Ports, ScimService,
    StatusProvider,
};
use scim_domain::audit::{Actor, AuditEntry, AuditOperation, Origin};
use scim_domain::identifier::{TenantId, Version};
use scim_domain::schema::{TenantDefinitions, TenantSchema};
use scim_domain::tenant::{Preset, RateLimit, Tenant, TenantConfig};
use scim_http::{AppState, HttpSettings};
use scim_ports::{
    AuditRepository, ChangeNotices, Clock, CredentialRepository, IdGenerator, JwksSource, NewTenant,
    PasswordHasher, ResourceRepository, SigningKeyRepository, TenantRecord, TenantRegistry,
};
use secrecy::{ExposeSecret, SecretString};

use crate::adapters::{BcryptPasswords, HttpJwks, MemoryStatus, PostgresStatus, SystemClock, UuidV7Ids};
use crate::secret::derive_key;
use crate::settings::{DatabaseSettings, Purpose, Settings};

use seeded::SeededTenants;

/// The tenant that the operator's secret opens.
const OPERATOR_TENANT: &str = "default";
/// What the key that seals cursors is derived for.
const CURSOR_LABEL: &str = "scim cursor v1";
/// What the key that seals stored secrets is derived for, where none is given.
const SEALING_LABEL: &str = "scim sealing v1";

/// Where everything is kept.
pub struct Store {
    /// The store of resources.
    pub resources: Arc<dyn ResourceRepository>,
    /// The registry of tenants.
    pub tenants: Arc<dyn TenantRegistry>,
    /// The credentials of tenants.
    pub credentials: Arc<dyn CredentialRepository>,
    /// The audit log.
    pub audit: Arc<dyn AuditRepository>,
    /// What is known of it, for `/admin/version`.
    pub status: Arc<dyn StatusProvider>,
    /// The keys that sign tokens.
    pub signing_keys: Arc<dyn SigningKeyRepository>,
    /// Tells of changes.
    pub notices: Arc<dyn ChangeNotices>,
    /// What it is called in `/ready`.
    pub name: &'static str,
}

impl Store {
    /// The embedded store, with the tenant `default`.
    ///
    /// # Errors
    /// Where the published schemas do not compile, which a test excludes.
    pub fn in_memory(config: TenantConfig, ids: &dyn IdGenerator) -> anyhow::Result<Self> {
        let store = MemoryStore::new();
        let tenant = operator_tenant(config, ids)?;
        let at = SystemClock.now();
        let origin = Origin { actor: Actor::Service, request_id: String::new(), client_address: None };
        store.tenants().create(NewTenant {
            record: TenantRecord {
                id: tenant.id,
                slug: tenant.slug.clone(),
                display_name: tenant.slug,
                active: tenant.active,
                preset: Preset::DEFAULT.to_owned(),
                config: TenantConfig::clone(&tenant.config),
                version: Version::FIRST,
                created_at: at,
                updated_at: at,
            },
            definitions: TenantDefinitions::of(&tenant.schema),
            audit: AuditEntry {
                id: ids.audit_event_id(),
                origin: Arc::new(origin),
                operation: AuditOperation::Create,
                attributes: Vec::new(),
            },
        })?;
        Ok(Self {
            resources: store.resources(),
            tenants: store.tenants(),
            credentials: store.credentials(),
            audit: store.audit(),
            status: Arc::new(MemoryStatus),
            signing_keys: store.signing_keys(),
            notices: store.notices(),
            name: "memory",
        })
    }

    /// A PostgreSQL database, with the tenant `default`: the one that is there, or else a new one. Where
    /// migrations are not applied it is not ready, and the tenant is made as soon as they are.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn in_postgres(
        store: &PostgresStore,
        config: TenantConfig,
        ids: &dyn IdGenerator,
        clock: Arc<dyn Clock>,
    ) -> anyhow::Result<Self> {
        let tenants = SeededTenants::new(store.clone(), operator_tenant(config, ids)?, clock);
        let pending = store.pending_migrations().await.context("the applied migrations")?;
        if pending.is_empty() {
            tenants.seed().await.context("the tenant of the operator's secret")?;
        } else {
            tracing::warn!(
                pending = pending.join(", "),
                "not ready: migrations are not applied; `scim-server migrate` applies them"
            );
        }
        Ok(Self {
            resources: Arc::new(store.resources()),
            tenants: Arc::new(tenants),
            credentials: Arc::new(store.credentials()),
            audit: Arc::new(store.audit()),
            status: Arc::new(PostgresStatus(store.clone())),
            signing_keys: Arc::new(store.signing_keys()),
            notices: Arc::new(store.notices()),
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
    /// Whether it opens every tenant.
    pub secret_opens_every_tenant: bool,
    /// How many requests each credential may make, where its tenant does not say.
    pub rate_limit: Option<RateLimit>,
    /// For how long the audit log is kept.
    pub audit_retention: Duration,
    /// What access tokens are signed with, rather than with keys of our own.
    pub jwt_secret: Option<SecretString>,
    /// What seals stored secrets that have to be read back.
    pub encryption_key: [u8; 32],
    /// Where the keys of other issuers come from.
    pub jwks: Arc<dyn JwksSource>,
    /// How SCIM is served.
    pub http: HttpSettings,
    /// Hashes passwords and secrets.
    pub passwords: Arc<dyn PasswordHasher>,
    /// Makes ids.
    pub ids: Arc<UuidV7Ids>,
}

impl Wiring {
    /// What the settings ask for. On PostgreSQL pending migrations are applied, unless the settings say
    /// otherwise.
    ///
    /// # Errors
    /// Where the store cannot be opened.
    pub async fn new(settings: &Settings, secret: SecretString) -> anyhow::Result<Self> {
        let clock = Arc::new(SystemClock);
        let ids = Arc::new(UuidV7Ids::new(clock.clone()));
        let config = TenantConfig::default();
        let store = match &settings.database {
            None => Store::in_memory(config, &*ids)?,
            Some(database) => {
                let store = open(database, settings.request_timeout, Purpose::Serving).await?;
                if database.auto_migrate {
                    store.migrate().await.context("the migrations could not be applied")?;
                }
                Store::in_postgres(&store, config, &*ids, clock).await?
            }
        };
        let encryption_key = match &settings.encryption_key {
            Some(key) => *key.expose_secret(),
            None => derive_key(&secret, SEALING_LABEL),
        };
        let http = HttpSettings {
            public_base_url: settings.public_base_url.clone(),
            max_request_size: settings.max_request_size,
            request_timeout: settings.request_timeout,
            trusted_proxies: settings.protection.trusted_proxies.clone(),
            allowed_origins: settings.protection.cors_allowed_origins.clone(),
            store_name: store.name,
        };
        Ok(Self {
            store,
            secret,
            secret_opens_every_tenant: settings.scim_shared_secret_fallback,
            rate_limit: settings.protection.rate_limit,
            audit_retention: settings.audit_retention,
            jwt_secret: settings.jwt_secret.clone(),
            encryption_key,
            jwks: Arc::new(HttpJwks::new().context("an HTTP client")?),
            http,
            passwords: Arc::new(BcryptPasswords::new(BcryptPasswords::COST)),
            ids,
        })
    }

    /// The service over the adapters, ready to be served.
    pub fn state(self) -> Arc<AppState> {
        let operator = OperatorAccess {
            secret: self.secret.expose_secret().to_owned(),
            tenant: OPERATOR_TENANT.to_owned(),
            opens_every_tenant: self.secret_opens_every_tenant,
        };
        let clock = Arc::new(SystemClock);
        let Store { resources, tenants, credentials, audit, signing_keys, status, notices, name: _ } =
            self.store;
        let service = ScimService::new(Ports {
            resources,
            tenants,
            credentials,
            audit,
            notices,
            operator,
            oauth: OauthPorts {
                shared_secret: self.jwt_secret.map(|secret| secret.expose_secret().as_bytes().to_vec()),
                signing_keys,
                sealer: Sealer::new(self.encryption_key),
                jwks: self.jwks,
            },
            passwords: self.passwords,
            clock: clock.clone(),
            ids: self.ids.clone(),
            cursor_key: derive_key(&self.secret, CURSOR_LABEL),
            audit_retention: self.audit_retention,
            status,
            rate_limit: self.rate_limit,
        });
        Arc::new(AppState::new(service, self.http, clock, self.ids))
    }
}

/// Administration of a database, for the command line: servers learn of what it changes by notices.
pub(crate) fn administration(store: &PostgresStore) -> (Administration, AdminContext) {
    let clock = Arc::new(SystemClock);
    Administration::direct(AdministrationPorts {
        tenants: Arc::new(store.tenants()),
        credentials: Arc::new(store.credentials()),
        audit: Arc::new(store.audit()),
        resources: Arc::new(store.resources()),
        passwords: Arc::new(BcryptPasswords::new(BcryptPasswords::COST)),
        clock: clock.clone(),
        ids: Arc::new(UuidV7Ids::new(clock)),
        listeners: Vec::new(),
        status: Arc::new(PostgresStatus(store.clone())),
        operator_tenant: OPERATOR_TENANT.to_owned(),
    })
}

/// Connects to the database that the settings name.
///
/// # Errors
/// Where it cannot be reached in time.
pub(crate) async fn open(
    database: &DatabaseSettings,
    request_timeout: Duration,
    purpose: Purpose,
) -> anyhow::Result<PostgresStore> {
    let settings = PostgresSettings {
        url: database.url.expose_secret().to_owned(),
        read_url: database.read_url.as_ref().map(|url| url.expose_secret().to_owned()),
        max_connections: database.max_connections,
        min_connections: match purpose {
            Purpose::Serving => database.min_connections,
            // It does one thing after another.
            Purpose::Tool => 1,
        },
        acquire_timeout: database.acquire_timeout,
        idle_timeout: database.idle_timeout,
        max_lifetime: database.max_lifetime,
        // Nobody waits for its result any longer.
        statement_timeout: request_timeout,
    };
    Ok(PostgresStore::open(&settings).await?)
}
