//! A server of the application's own, for one test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::ServerHandle;
use anyhow::{Context, Result};
use scim_adapter_postgres::{PostgresSettings, PostgresStore};
use scim_domain::tenant::TenantConfig;
use scim_http::{AppState, HttpSettings};
use scim_server::adapters::{SystemClock, UuidV7Ids};
use scim_server::wiring::{Store, Wiring};
use scim_test_postgres::{TestDatabase, TestServer};
use secrecy::SecretString;

use crate::Client;

/// The operator's secret of every server under test.
pub const SECRET: &str = "the-operator-secret-of-the-tests";

/// The cost of password hashes: the least that there is.
const BCRYPT_COST: u32 = 4;

/// Which store is under test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Adapter {
    /// The embedded store.
    Memory,
    /// PostgreSQL, with a database for each test.
    Postgres,
}

impl Adapter {
    /// Every store that this build has.
    pub const ALL: &[Self] = &[Self::Memory, Self::Postgres];

    /// The one named by `SCIM_TEST_ADAPTER`; the embedded store where nothing is.
    ///
    /// # Errors
    /// A name that is none.
    pub fn from_environment() -> Result<Self> {
        let Some(name) = std::env::var_os("SCIM_TEST_ADAPTER") else {
            return Ok(Self::Memory);
        };
        let known = Self::ALL.iter().find(|adapter| name == adapter.name());
        known.copied().with_context(|| format!("SCIM_TEST_ADAPTER: got {}", name.display()))
    }

    fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Postgres => "postgres",
        }
    }

    async fn store(self, config: TenantConfig, ids: &UuidV7Ids) -> Result<(Store, Option<TestDatabase>)> {
        match self {
            Self::Memory => Ok((Store::in_memory(config, ids)?, None)),
            Self::Postgres => {
                let database = TestServer::get()?.create_database()?;
                let settings = PostgresSettings {
                    max_connections: 8,
                    min_connections: 1,
                    ..PostgresSettings::new(database.url())
                };
                let store = PostgresStore::open(&settings).await?;
                store.migrate().await?;
                let store = Store::in_postgres(&store, config, ids, Arc::new(SystemClock)).await?;
                Ok((store, Some(database)))
            }
        }
    }
}

/// A server on a free port; it ends when this is dropped.
pub struct TestApp {
    address: SocketAddr,
    state: Arc<AppState>,
    server: ServerHandle,
    http: reqwest::Client,
    _database: Option<TestDatabase>,
}

/// How a server under test is to be.
pub struct Builder {
    adapter: Option<Adapter>,
    store: Option<Store>,
    config: TenantConfig,
    http: HttpSettings,
}

impl TestApp {
    /// A server as it is without any configuration.
    ///
    /// # Errors
    /// See [`Builder::start`].
    pub async fn start() -> Result<Self> {
        Self::builder().start().await
    }

    /// A server that is to be different.
    pub fn builder() -> Builder {
        Builder {
            adapter: None,
            store: None,
            config: TenantConfig::default(),
            http: HttpSettings {
                public_base_url: None,
                max_request_size: 1024 * 1024,
                request_timeout: Duration::from_secs(30),
                store_name: "store",
            },
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

    /// A client without a credential, at `/scim/v2`.
    pub fn anonymous(&self) -> Client {
        self.client(None)
    }

    /// A client with a token that opens nothing, at `/scim/v2`.
    pub fn intruder(&self) -> Client {
        self.client(Some("a-token-that-nobody-was-ever-given"))
    }

    fn client(&self, token: Option<&str>) -> Client {
        Client::new(self.http.clone(), self.base_url(), token.map(str::to_owned))
    }
}

impl Drop for TestApp {
    fn drop(&mut self) {
        // Stopping is asked for when it is called; what is awaited is only its end.
        drop(self.server.stop(false));
    }
}

impl Builder {
    /// On this store, whatever the environment says.
    #[must_use]
    pub fn adapter(mut self, adapter: Adapter) -> Self {
        self.adapter = Some(adapter);
        self
    }

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

    /// Starts it.
    ///
    /// # Errors
    /// Where the store, or a port, is not to be had.
    pub async fn start(self) -> Result<TestApp> {
        let ids = Arc::new(UuidV7Ids::new(Arc::new(SystemClock)));
        let (store, database) = match self.store {
            Some(store) => (store, None),
            None => {
                let adapter = self.adapter.map_or_else(Adapter::from_environment, Ok)?;
                adapter.store(self.config, &ids).await?
            }
        };
        let wiring = Wiring {
            store,
            secret: SecretString::from(SECRET),
            http: self.http,
            bcrypt_cost: BCRYPT_COST,
            ids,
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
        let http = reqwest::Client::builder().no_proxy().build()?;
        Ok(TestApp { address, state, server, http, _database: database })
    }
}
