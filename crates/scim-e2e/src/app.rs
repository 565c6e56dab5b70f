//! A server of the application's own, for one test.

mod stored;

use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::ServerHandle;
use anyhow::{Context, Result};
use scim_adapter_postgres::{PostgresSettings, PostgresStore};
use scim_domain::tenant::{RateLimit, TenantConfig};
use scim_http::{AllowedOrigins, AppState, HttpSettings, TrustedProxies};
use scim_ports::{AuditRepository, CredentialRepository, PasswordHasher, TenantRegistry};
use scim_server::adapters::{BcryptPasswords, HttpJwks, SystemClock, UuidV7Ids};
use scim_server::metrics::Metrics;
use scim_server::wiring::{Store, Wiring};
use scim_test_postgres::{TestDatabase, TestServer};
use secrecy::SecretString;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use crate::Client;

pub use stored::TestCredential;

/// The operator's secret of every server under test.
pub const SECRET: &str = "the-operator-secret-of-the-tests";

/// What seals stored secrets.
const ENCRYPTION_KEY: [u8; 32] = [7; 32];

/// The cost of password hashes: the least that there is.
const BCRYPT_COST: u32 = 4;
/// How long the audit log is kept: longer than any test takes.
const AUDIT_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// Which store is under test.
pub trait Backend: Send + 'static {
    /// An empty store with the tenant `default`, and the database that goes with it.
    fn store(
        config: TenantConfig,
        ids: &UuidV7Ids,
    ) -> impl Future<Output = Result<(Store, Option<TestDatabase>)>> + Send;
}

/// The embedded store.
#[derive(Debug)]
pub enum Memory {}

impl Backend for Memory {
    async fn store(config: TenantConfig, ids: &UuidV7Ids) -> Result<(Store, Option<TestDatabase>)> {
        Ok((Store::in_memory(config, ids)?, None))
    }
}

/// PostgreSQL, with a database for each test: a copy of one that is migrated.
#[derive(Debug)]
pub enum Postgres {}

impl Postgres {
    async fn open(database: &TestDatabase) -> Result<PostgresStore> {
        let settings = PostgresSettings {
            max_connections: 8,
            min_connections: 1,
            ..PostgresSettings::new(database.url())
        };
        Ok(PostgresStore::open(&settings).await?)
    }

    async fn template() -> Result<&'static TestDatabase> {
        static TEMPLATE: OnceCell<TestDatabase> = OnceCell::const_new();
        let migrated = async || {
            let database = TestServer::get()?.create_database()?;
            Self::open(&database).await?.migrate().await?;
            anyhow::Ok(database)
        };
        TEMPLATE.get_or_try_init(migrated).await
    }
}

impl Backend for Postgres {
    async fn store(config: TenantConfig, ids: &UuidV7Ids) -> Result<(Store, Option<TestDatabase>)> {
        let database = TestServer::get()?.create_database_from(Self::template().await?)?;
        let store = Self::open(&database).await?;
        let store = Store::in_postgres(&store, config, ids, Arc::new(SystemClock)).await?;
        Ok((store, Some(database)))
    }
}

/// A server on a free port; it ends when this is dropped.
pub struct TestApp<B> {
    address: SocketAddr,
    state: Arc<AppState>,
    server: ServerHandle,
    http: reqwest::Client,
    tenants: Arc<dyn TenantRegistry>,
    credentials: Arc<dyn CredentialRepository>,
    audit: Arc<dyn AuditRepository>,
    passwords: Arc<dyn PasswordHasher>,
    ids: Arc<UuidV7Ids>,
    maintenance: JoinHandle<()>,
    _database: Option<TestDatabase>,
    backend: PhantomData<B>,
}

/// How a server under test is to be.
pub struct Builder<B> {
    backend: PhantomData<B>,
    store: Option<Store>,
    config: TenantConfig,
    http: HttpSettings,
    secret_opens_every_tenant: bool,
    rate_limit: Option<RateLimit>,
    jwt_secret: Option<SecretString>,
    passwords: Arc<dyn PasswordHasher>,
    metrics: bool,
}

impl<B: Backend> TestApp<B> {
    /// A server as it is without any configuration.
    ///
    /// # Errors
    /// See [`Builder::start`].
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// A server that is to be different.
    pub fn builder() -> Builder<B> {
        Builder {
            backend: PhantomData,
            store: None,
            config: TenantConfig::default(),
            http: HttpSettings {
                public_base_url: None,
                max_request_size: 1024 * 1024,
                request_timeout: Duration::from_secs(30),
                trusted_proxies: TrustedProxies::default(),
                allowed_origins: AllowedOrigins::default(),
                store_name: "store",
            },
            secret_opens_every_tenant: false,
            rate_limit: None,
            jwt_secret: None,
            passwords: Arc::new(BcryptPasswords::new(BCRYPT_COST)),
            metrics: true,
        }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL of `/scim/v2`.
    pub fn base_url(&self) -> String {
        format!("http://{}/scim/v2", self.address)
    }

    /// What it serves, for tests of how it ends.
    pub fn state(&self) -> &AppState {
        &self.state
    }

    /// A client with the operator's secret, at `/scim/v2`.
    pub fn operator(&self) -> Client {
        self.client(Some(SECRET))
    }

    /// A client with the operator's secret, at `/admin`.
    pub fn admin(&self) -> Client {
        self.operator().at_admin()
    }

    /// A client without a credential, at `/scim/v2`.
    pub fn anonymous(&self) -> Client {
        self.client(None)
    }

    /// A client with a token that opens nothing, at `/scim/v2`.
    pub fn intruder(&self) -> Client {
        self.client(Some("a-token-that-nobody-was-ever-given"))
    }

    /// A client with this token, at `/scim/v2`.
    pub fn bearer(&self, token: &str) -> Client {
        self.client(Some(token))
    }

    fn client(&self, token: Option<&str>) -> Client {
        Client::new(self.http.clone(), self.base_url(), token.map(str::to_owned))
    }
}

impl<B> Drop for TestApp<B> {
    fn drop(&mut self) {
        // Stopping is asked for when it is called; what is awaited is only its end.
        drop(self.server.stop(false));
        self.maintenance.abort();
    }
}

impl<B: Backend> Builder<B> {
    /// On this very store.
    #[must_use]
    pub fn store(mut self, store: Store) -> Self {
        self.store = Some(store);
        self
    }

    /// With the tenant's config changed.
    #[must_use]
    pub fn config(mut self, change: impl FnOnce(&mut TenantConfig)) -> Self {
        change(&mut self.config);
        self
    }

    /// With the HTTP settings changed.
    #[must_use]
    pub fn http(mut self, change: impl FnOnce(&mut HttpSettings)) -> Self {
        change(&mut self.http);
        self
    }

    /// With so many requests for each credential, where its tenant does not say.
    #[must_use]
    pub fn rate_limit(mut self, per_second: u32, burst: Option<u32>) -> Self {
        self.rate_limit = Some(RateLimit { per_second, burst });
        self
    }

    /// With access tokens that this secret signs.
    #[must_use]
    pub fn jwt_secret(mut self, secret: &str) -> Self {
        self.jwt_secret = Some(SecretString::from(secret));
        self
    }

    /// With an operator's secret that opens every tenant.
    #[must_use]
    pub fn secret_opens_every_tenant(mut self) -> Self {
        self.secret_opens_every_tenant = true;
        self
    }

    /// With this in place of the hashes of passwords and secrets.
    #[must_use]
    pub fn passwords(mut self, passwords: Arc<dyn PasswordHasher>) -> Self {
        self.passwords = passwords;
        self
    }

    /// Without metrics.
    #[must_use]
    pub fn without_metrics(mut self) -> Self {
        self.metrics = false;
        self
    }

    /// Starts it.
    ///
    /// # Errors
    /// Where the store, or a port, is not to be had.
    pub async fn start(self) -> Result<TestApp<B>> {
        let ids = Arc::new(UuidV7Ids::new(Arc::new(SystemClock)));
        let (store, database) = match self.store {
            Some(store) => (store, None),
            // What opening a store takes is not part of every test's own future.
            None => Box::pin(B::store(self.config, &ids)).await?,
        };
        let (tenants, credentials) = (Arc::clone(&store.tenants), Arc::clone(&store.credentials));
        let audit = Arc::clone(&store.audit);
        let wiring = Wiring {
            store,
            secret: SecretString::from(SECRET),
            secret_opens_every_tenant: self.secret_opens_every_tenant,
            rate_limit: self.rate_limit,
            audit_retention: AUDIT_RETENTION,
            jwt_secret: self.jwt_secret,
            encryption_key: ENCRYPTION_KEY,
            jwks: Arc::new(HttpJwks::new()?),
            http: self.http,
            passwords: Arc::clone(&self.passwords),
            ids: Arc::clone(&ids),
            metrics: self.metrics.then(Metrics::new),
        };
        let state = wiring.state();
        let served = Arc::clone(&state);
        let server = HttpServer::new(move || scim_http::app(&served))
            .workers(2)
            .disable_signals()
            .bind(("127.0.0.1", 0))
            .context("no free port")?;
        let address = server.addrs().first().copied().context("no address")?;
        let running = server.run();
        let server = running.handle();
        tokio::spawn(running);
        let maintenance = Arc::clone(state.service.maintenance());
        let maintenance = tokio::spawn(async move { match maintenance.run().await {} });
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(TestApp {
            address,
            state,
            server,
            http,
            tenants,
            credentials,
            audit,
            passwords: self.passwords,
            ids,
            maintenance,
            _database: database,
            backend: PhantomData,
        })
    }
}
