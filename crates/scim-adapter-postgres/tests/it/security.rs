//! Row-level security, as `deploy/postgres/rls.sql` sets it up.

use std::sync::Arc;

use async_trait::async_trait;
use scim_adapter_postgres::PostgresStore;
use scim_domain::tenant::Tenant;
use scim_ports::conformance::{BoxFuture, Harness, Stores, run};
use scim_test_postgres::TestDatabase;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::support::{block_on, connect, create_users, database, register, settings};

const SCRIPT: &str = include_str!("../../../../deploy/postgres/rls.sql");

/// A migrated database under row-level security.
struct Guarded {
    url: String,
    database: TestDatabase,
}

impl Guarded {
    async fn new() -> Self {
        let database = database();
        let owner = PostgresStore::open(&settings(database.url())).await.expect("the database is there");
        owner.migrate().await.expect("the migrations apply");
        let client = connect(database.url()).await;
        for _ in 0..2 {
            client.batch_execute(SCRIPT).await.expect("the script runs, and runs again");
        }
        client.batch_execute("ALTER ROLE scim_app PASSWORD 'for tests'").await.expect("a password");
        let config: Config = database.url().parse().expect("a URL");
        let Some(Host::Tcp(host)) = config.get_hosts().first() else { panic!("a host: {config:?}") };
        let port = config.get_ports().first().expect("a port");
        let url = format!("postgresql://scim_app:for%20tests@{host}:{port}/{}", database.name());
        Self { url, database: database }
    }
}

#[async_trait]
impl Harness for Guarded {
    async fn stores(&self, tenants: &[Arc<Tenant>]) -> Stores {
        let store = PostgresStore::open(&settings(&self.url)).await.expect("the database is there");
        register(&store, tenants).await;
        Stores { resources: Arc::new(store.resources()), tenants: Arc::new(store.tenants()) }
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

/// A table whose rows belong to tenants is one that both scripts know.
#[test]
fn every_table_of_tenants_is_guarded_and_distributed() {
    const DISTRIBUTION: &str = include_str!("../../../../deploy/postgres/citus.sql");
    block_on(async {
        let guarded = Guarded::new().await;
        let client = connect(guarded.database.url()).await;
        let tables = "SELECT c.relname, c.relrowsecurity FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid \
                      WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attname = 'tenant_id'";
        let tables = client.query(tables, &[]).await.expect("the query runs");
        assert!(tables.len() >= 7, "{}", tables.len());
        for table in tables {
            let (name, is_guarded): (String, bool) = (table.get(0), table.get(1));
            assert!(is_guarded, "{name} is not in rls.sql");
            assert!(
                DISTRIBUTION.contains(&format!("create_distributed_table('{name}', 'tenant_id'")),
                "{name} is not in citus.sql"
            );
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
