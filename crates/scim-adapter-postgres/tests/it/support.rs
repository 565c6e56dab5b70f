//! What the tests work with.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use scim_adapter_postgres::{PostgresSettings, PostgresStore};
use scim_domain::audit::{AuditEvent, AuditOperation};
use scim_domain::credential::{Credential, CredentialKind};
use scim_domain::filter::{Binding, Filter, UnknownAttribute};
use scim_domain::identifier::{CredentialId, ResourceId, TenantId, Timestamp, Version};
use scim_domain::listing::{Include, PageRequest, QueryScope, ResourceQuery, SortOrder};
use scim_domain::resource::{Attributes, MemberChange, StoredResource, unique_values};
use scim_domain::schema::{ResourceType, TenantDefinitions};
use scim_domain::scope::Scopes;
use scim_domain::tenant::{Tenant, TenantConfig};
use scim_ports::{
    AuditQuery, AuditRepository, CredentialRepository, ExpectedVersion, NewResource, NewTenant,
    ResourceRepository, TenantRecord, TenantRegistry, UpdateResource, UpdateTenant,
};
use scim_test_postgres::{TestDatabase, TestServer};
use time::macros::datetime;
use tokio::sync::OnceCell;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

pub(crate) use scim_ports::conformance::audit_entry;

/// Runs a test on a runtime of its own.
pub(crate) fn block_on<T>(test: impl Future<Output = T>) -> T {
    crate::statements::watch();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(4).enable_all().build();
    runtime.expect("a runtime").block_on(test)
}

/// Runs a test on a runtime of one thread, as a server has for each of its workers.
pub(crate) fn on_one_thread<T>(test: impl Future<Output = T>) -> T {
    crate::statements::watch();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
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

/// The URL of the database of [`shared_store`].
pub(crate) fn shared_url() -> &'static str {
    static SHARED: OnceLock<TestDatabase> = OnceLock::new();
    SHARED.get_or_init(database).url()
}

/// A store on a migrated database that other tests use as well.
pub(crate) async fn shared_store() -> PostgresStore {
    let store = PostgresStore::open(&settings(shared_url())).await.expect("the database is there");
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

/// Some minutes later.
pub(crate) fn later(minutes: i64) -> Timestamp {
    Timestamp::new(at().date_time() + time::Duration::minutes(minutes))
}

/// A store on a migrated database of its own, which lasts as long as the second value.
pub(crate) async fn own_store() -> (PostgresStore, TestDatabase) {
    static MIGRATED: OnceCell<TestDatabase> = OnceCell::const_new();
    let open = async |database: &TestDatabase| {
        PostgresStore::open(&settings(database.url())).await.expect("the database is there")
    };
    let migrated = MIGRATED
        .get_or_init(async || {
            let database = database();
            open(&database).await.migrate().await.expect("the migrations apply");
            database
        })
        .await;
    let server = TestServer::get().unwrap_or_else(|error| panic!("{error}"));
    let database = server.create_database_from(migrated).expect("a database");
    (open(&database).await, database)
}

/// A tenant to be created.
pub(crate) fn new_tenant(slug: &str) -> NewTenant {
    NewTenant {
        record: TenantRecord {
            id: TenantId::new(Uuid::new_v4()),
            slug: slug.to_owned(),
            display_name: "A tenant".to_owned(),
            active: true,
            preset: "rfc".to_owned(),
            config: TenantConfig::default(),
            version: Version::FIRST,
            created_at: at(),
            updated_at: at(),
        },
        definitions: TenantDefinitions::rfc7643(),
        audit: audit_entry(AuditOperation::Create),
    }
}

/// Creates a tenant under a name of its own; answers its id.
pub(crate) async fn create_tenant(store: &PostgresStore) -> TenantId {
    let new = new_tenant(&format!("t-{}", Uuid::new_v4()));
    let id = new.record.id;
    store.tenants().tenant_create(new).await.expect("it is created");
    id
}

/// A change of nothing but the version.
pub(crate) fn tenant_update(id: TenantId, expected: Version) -> UpdateTenant {
    UpdateTenant {
        id,
        expected,
        slug: None,
        display_name: None,
        active: None,
        config: None,
        definitions: None,
        at: later(1),
        audit: audit_entry(AuditOperation::Modify),
        audit_target: None,
    }
}

/// Deletes a tenant.
pub(crate) async fn delete_tenant(store: &PostgresStore, id: TenantId) {
    let tenants = store.tenants();
    let record = tenants.tenant_record(id).await.expect("the store answers").expect("the tenant is there");
    let audit = audit_entry(AuditOperation::Delete);
    let deleted = tenants.tenant_delete(id, record.version, later(9), audit).await;
    deleted.expect("it is deleted");
}

/// The audit log of a tenant as operation, target and versions, the oldest first.
pub(crate) async fn log(store: &PostgresStore, tenant: TenantId) -> Vec<String> {
    let query = AuditQuery { filter: None, before: None, limit: 100 };
    let mut events = store.audit().audit_page(tenant, &query).await.expect("the store answers");
    events.reverse();
    let number = |version: Option<Version>| version.map_or("-".to_owned(), |it| it.number().to_string());
    let line = |event: &AuditEvent| {
        let target = event.target.as_ref().expect("a target");
        let versions = format!("{}>{}", number(event.version_before), number(event.version_after));
        format!("{} {} {} {versions}", event.operation.as_str(), target.resource_type, target.id)
    };
    events.iter().map(line).collect()
}

/// A credential of a tenant.
pub(crate) fn credential(tenant: TenantId) -> Credential {
    Credential {
        id: CredentialId::new(Uuid::new_v4()),
        tenant,
        kind: CredentialKind::Bearer,
        label: "For tests".to_owned(),
        scopes: Scopes::default(),
        subject: None,
        expires_at: None,
        created_at: at(),
        last_used_at: None,
        secret_hash: "first".to_owned(),
        previous: None,
    }
}

/// Stores a credential.
pub(crate) async fn store_credential(store: &PostgresStore, credential: &Credential) {
    let created =
        store.credentials().credential_create(credential.clone(), audit_entry(AuditOperation::Create)).await;
    created.expect("it is stored");
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
        audit: audit_entry(AuditOperation::Create),
    }
}

/// Creates users.
pub(crate) async fn create_users<const N: usize>(
    store: &PostgresStore,
    tenant: &Tenant,
    user_names: [&str; N],
) -> Vec<StoredResource> {
    let new = user_names.iter().map(|user_name| new_user(tenant, user_name)).collect();
    store.resources().resource_create_all(tenant, new, Include::NOTHING).await.expect("they are created")
}

/// A change of a user's name.
pub(crate) fn update_to(user: &StoredResource, user_name: &str) -> UpdateResource {
    let attributes = named(user_name);
    let unique_values = unique_values(&user.resource_type, &attributes);
    UpdateResource {
        id: user.id,
        resource_type: Arc::clone(&user.resource_type),
        expected: ExpectedVersion::Any,
        attributes: Some((attributes, unique_values)),
        members: MemberChange::default(),
        at: at(),
        audit: audit_entry(AuditOperation::Modify),
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
