//! What the tests work with.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use scim_adapter_postgres::{PostgresSettings, PostgresStore};
use scim_domain::filter::{Binding, Filter, UnknownAttribute};
use scim_domain::identifier::{ResourceId, Timestamp};
use scim_domain::listing::{Include, PageRequest, QueryScope, ResourceQuery, SortOrder};
use scim_domain::resource::{Attributes, MemberChange, Resource, unique_values};
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::{ExpectedVersion, NewResource, ResourceRepository, UpdateResource};
use scim_test_postgres::{TestDatabase, TestServer};
use time::macros::datetime;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

/// Runs a test on a runtime of its own.
pub(crate) fn block_on<T>(test: impl Future<Output = T>) -> T {
    crate::statements::watch();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.expect("a runtime").block_on(test)
}

/// An empty database.
pub(crate) fn database() -> TestDatabase {
    let server = TestServer::get().unwrap_or_else(|error| panic!("{error}"));
    server.create_database().expect("a database")
}

/// A connection of the test's own.
pub(crate) async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(async move { drop(connection.await) });
    client
}

/// Settings for a database, with few connections, and patience with a machine that has much to do.
pub(crate) fn settings(url: &str) -> PostgresSettings {
    PostgresSettings {
        max_connections: 8,
        min_connections: 1,
        acquire_timeout: Duration::from_secs(60),
        ..PostgresSettings::new(url)
    }
}

/// A store on a migrated database that other tests use as well.
pub(crate) async fn shared_store() -> PostgresStore {
    static SHARED: OnceLock<TestDatabase> = OnceLock::new();
    let url = SHARED.get_or_init(database).url();
    let store = PostgresStore::open(&settings(url)).await.expect("the database is there");
    store.migrate().await.expect("the migrations apply");
    store
}

/// Registers tenants.
pub(crate) async fn register(store: &PostgresStore, tenants: &[Arc<Tenant>]) {
    for tenant in tenants {
        let registered = store.tenants().tenant_register(tenant, "A test's", at()).await;
        assert!(registered.expect("the store answers"), "the tenant is new");
    }
}

/// When everything happens.
pub(crate) fn at() -> Timestamp {
    Timestamp::new(datetime!(2026-01-01 00:00 UTC))
}

fn user_type(tenant: &Tenant) -> &Arc<ResourceType> {
    tenant.schema.resource_type("User").expect("User")
}

/// A user to be created.
pub(crate) fn new_user(tenant: &Tenant, user_name: &str) -> NewResource {
    let users = user_type(tenant);
    let attributes = named(user_name);
    NewResource {
        id: ResourceId::new(Uuid::new_v4()),
        resource_type: Arc::clone(users),
        unique_values: unique_values(users, &attributes),
        attributes,
        members: BTreeSet::new(),
        at: at(),
    }
}

/// Creates users.
pub(crate) async fn create_users<const N: usize>(
    store: &PostgresStore,
    tenant: &Tenant,
    user_names: [&str; N],
) -> Vec<Resource> {
    let new = user_names.iter().map(|user_name| new_user(tenant, user_name)).collect();
    store.resources().resource_create_all(tenant, new, Include::NOTHING).await.expect("they are created")
}

/// A change of a user's name.
pub(crate) fn update_to(user: &Resource, user_name: &str) -> UpdateResource {
    let attributes = named(user_name);
    let unique_values = unique_values(&user.resource_type, &attributes);
    UpdateResource {
        id: user.id,
        resource_type: Arc::clone(&user.resource_type),
        expected: ExpectedVersion::Any,
        attributes: Some((attributes, unique_values)),
        members: MemberChange::default(),
        at: at(),
    }
}

fn named(user_name: &str) -> Attributes {
    let mut attributes = Attributes::new();
    attributes.insert("userName".to_owned(), user_name.into());
    attributes
}

/// A search for users.
pub(crate) fn search(users: &Arc<ResourceType>, filter: &str) -> ResourceQuery {
    let binding = Binding { base_url: "https://scim.example", unknown: UnknownAttribute::Refuse };
    let filter = Filter::parse(filter).expect("a filter").bind(users, &binding).expect("it fits");
    ResourceQuery {
        scopes: vec![QueryScope { resource_type: Arc::clone(users), filter: Some(filter), sort_by: None }],
        sort_order: SortOrder::Ascending,
        page: PageRequest::Index { skip: 0, count: 100 },
        include: Include::EVERYTHING,
    }
}
