//! Row-level security, as `deploy/postgres/rls.sql` sets it up.

use std::sync::Arc;

use async_trait::async_trait;
use scim_adapter_postgres::{PostgresSettings, PostgresStore};
use scim_domain::audit::{AuditOperation, AuditTarget};
use scim_domain::identifier::Version;
use scim_domain::listing::Include;
use scim_domain::schema::TenantDefinitions;
use scim_domain::tenant::Tenant;
use scim_ports::conformance::{BoxFuture, Harness, Stores, run};
use scim_ports::{
    AuditRepository, CredentialRepository, ResourceRepository, SigningKeyRepository, StoredSigningKey,
    TenantRegistry, TenantRepository, UpdateTenant,
};
use scim_test_postgres::TestDatabase;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::support::{
    audit_entry, block_on, connect, create_tenant, create_users, credential, database, delete_tenant, later,
    log, register, settings, store_credential, tenant_update,
};

const SCRIPT: &str = include_str!("../../../../deploy/postgres/rls.sql");

/// A migrated database under row-level security.
struct Guarded {
    url: String,
    database: TestDatabase,
}

impl Guarded {
    async fn new() -> Self {
        let database = database();
        guard(&database).await;
        let client = connect(database.url()).await;
        client.batch_execute("ALTER ROLE scim_app PASSWORD 'for tests'").await.expect("a password");
        let config: Config = database.url().parse().expect("a URL");
        let Some(Host::Tcp(host)) = config.get_hosts().first() else { panic!("a host: {config:?}") };
        let port = config.get_ports().first().expect("a port");
        let url = format!("postgresql://scim_app:for%20tests@{host}:{port}/{}", database.name());
        Self { url, database }
    }
}

/// Makes the tables and their policies.
async fn guard(database: &TestDatabase) {
    let owner = PostgresStore::open(&settings(database.url())).await.expect("the database is there");
    owner.migrate().await.expect("the migrations apply");
    let client = connect(database.url()).await;
    for _ in 0..2 {
        client.batch_execute(SCRIPT).await.expect("the script runs, and runs again");
    }
}

#[async_trait]
impl Harness for Guarded {
    async fn stores(&self, tenants: &[Arc<Tenant>]) -> Stores {
        let store = PostgresStore::open(&settings(&self.url)).await.expect("the database is there");
        register(&store, tenants).await;
        Stores {
            resources: Arc::new(store.resources()),
            tenants: Arc::new(store.tenants()),
            audit: Arc::new(store.audit()),
        }
    }

    fn spawn(&self, task: BoxFuture<'static>) -> BoxFuture<'static> {
        let task = tokio::spawn(task);
        Box::pin(async move { task.await.expect("the task ends well") })
    }
}

#[test]
fn promises_are_kept_under_row_level_security() {
    block_on(async {
        let guarded = Guarded::new().await;
        for case in [
            "a_created_resource_is_read_back_as_it_was_given",
            "another_tenant_sees_nothing",
            "another_tenant_writes_nothing",
            "tenants_are_found_by_id_and_by_slug",
            "members_come_and_go_by_name",
            "filters_on_groups",
            "pages_by_cursor_go_both_ways",
            "of_many_creations_of_one_name_one_succeeds",
            "members_deleted_while_they_are_added_leave_no_trace",
            "a_store_answers_when_it_is_well",
        ] {
            run(&guarded, case).await;
        }
    });
}

#[test]
fn the_database_itself_shows_the_rows_of_one_tenant() {
    block_on(async {
        let guarded = Guarded::new().await;
        let store = PostgresStore::open(&settings(&guarded.url)).await.expect("the database is there");
        let tenants = [scim_ports::conformance::tenant(), scim_ports::conformance::tenant()];
        register(&store, &tenants).await;
        create_users(&store, &tenants[0], ["a", "b"]).await;
        create_users(&store, &tenants[1], ["a"]).await;
        let client = connect(&guarded.url).await;
        let count = async || -> i64 {
            client.query_one("SELECT count(*) FROM scim_resource", &[]).await.expect("a row").get(0)
        };
        assert_eq!(count().await, 0);
        for (tenant, expected) in tenants.iter().zip([2, 1]) {
            client.batch_execute(&format!("SET scim.tenant_id = '{}'", tenant.id)).await.expect("it is set");
            assert_eq!(count().await, expected);
        }
        let foreign = format!(
            "INSERT INTO resource_member VALUES ('{}', gen_random_uuid(), gen_random_uuid())",
            tenants[0].id
        );
        let refused = client.batch_execute(&foreign).await.expect_err("a row of another tenant");
        assert_eq!(refused.code().map(|code| code.code()), Some("42501"));
    });
}

#[test]
fn a_connection_that_is_older_than_the_tables_shows_a_tenant_its_rows() {
    block_on(async {
        let guarded = Guarded::new().await;
        let owner =
            PostgresStore::open(&settings(guarded.database.url())).await.expect("the database is there");
        owner.revert().await.expect("the tables go");
        let one = PostgresSettings { max_connections: 1, ..settings(&guarded.url) };
        let store = PostgresStore::open(&one).await.expect("the database is there");
        store.resources().ping().await.expect_err("there are no tables");
        guard(&guarded.database).await;
        let tenant = scim_ports::conformance::tenant();
        register(&store, &[Arc::clone(&tenant)]).await;
        let user = create_users(&store, &tenant, ["a"]).await.remove(0);
        let resources = store.resources();
        let got = resources.resource_get(&tenant, &user.resource_type, user.id, Include::NOTHING).await;
        assert!(got.expect("the store answers").is_some());
    });
}

#[test]
fn tenants_credentials_and_the_log_are_kept_under_row_level_security() {
    block_on(async {
        let guarded = Guarded::new().await;
        let store = PostgresStore::open(&settings(&guarded.url)).await.expect("the database is there");
        let (gone, kept) = (create_tenant(&store).await, create_tenant(&store).await);
        let definitions = TenantDefinitions::rfc7643();
        let defined = definitions.schemas.len() + definitions.resource_types.len();
        let update = UpdateTenant { definitions: Some(definitions), ..tenant_update(kept, Version::FIRST) };
        store.tenants().tenant_update(update).await.expect("it is changed");
        let mut uses = Vec::new();
        for tenant in [gone, kept] {
            let credential = credential(tenant);
            store_credential(&store, &credential).await;
            uses.push((tenant, credential.id, later(3)));
            let found = store.tenants().tenant_by_id(tenant).await.expect("the store answers");
            create_users(&store, &found.expect("it is there"), ["a", "b"]).await;
        }
        store.credentials().credential_used(uses.clone()).await.expect("it is noted");
        for (tenant, id, at) in uses {
            let found = store.credentials().credential_get(tenant, id).await.expect("the store answers");
            assert_eq!(found.expect("it is there").last_used_at, Some(at));
        }
        let (count, statistics) = store.tenants().statistics().await.expect("the store answers");
        assert_eq!((count, statistics.resources["User"]), (2, 4));

        delete_tenant(&store, gone).await;
        let mut removed = 0;
        loop {
            match store.tenants().tenant_purge(3).await.expect("the store answers") {
                0 => break,
                some => removed += some,
            }
        }
        assert_eq!(
            removed,
            2 + 2 + 1 + defined + 1,
            "users, their names, a credential, definitions, the tenant"
        );

        let events = [gone, kept].map(|tenant| {
            let target = AuditTarget { resource_type: "User".to_owned(), id: "1".to_owned() };
            audit_entry(AuditOperation::Create).record(tenant, later(100), target, None, None)
        });
        store.audit().audit_append(events.to_vec()).await.expect("they are added");
        let pruned = store.audit().audit_prune(later(50), 100).await.expect("the store answers");
        assert_eq!(pruned, 10, "of each tenant two of its own changes, its credential's and its users'");
        for tenant in [gone, kept] {
            assert_eq!(log(&store, tenant).await, ["create User 1 ->-"]);
        }
        let key = StoredSigningKey {
            id: "a".to_owned(),
            algorithm: "EdDSA".to_owned(),
            sealed: Vec::new(),
            public_jwk: "{}".to_owned(),
            created_at: later(0),
            expires_at: later(1),
        };
        assert!(store.signing_keys().signing_key_add(key, None).await.expect("the store answers"));
    });
}
