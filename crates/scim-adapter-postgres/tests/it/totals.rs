//! Totals that are remembered are right, whatever transactions end in between.

use std::sync::Arc;

use scim_adapter_postgres::{PostgresResources, PostgresStore};
use scim_domain::listing::{PageRequest, ResourceQuery};
use scim_domain::tenant::Tenant;
use scim_ports::ResourceRepository;
use scim_ports::conformance::tenant;
use scim_test_postgres::PrivateServer;
use tokio_postgres::NoTls;

use crate::support::{block_on, create_users, register, search, settings};

const COPY: &str = "INSERT INTO scim_resource SELECT tenant_id, gen_random_uuid(), resource_type, version, \
     created_at, updated_at, member_count, display, display_key, user_name_key || 'x', unique_digest, \
     search_text, keys, payload FROM scim_resource LIMIT 1";

async fn total(resources: &PostgresResources, tenant: &Tenant, query: &ResourceQuery) -> usize {
    resources.resource_search(tenant, query).await.expect("the store answers").total_results
}

// A server of its own: the transactions of other tests would end too, and no total would be remembered.
#[test]
fn totals_follow_the_transactions_that_end() {
    block_on(async {
        let server = PrivateServer::start().expect("a server");
        let store = PostgresStore::open(&settings(server.url())).await.expect("the database is there");
        store.migrate().await.expect("the migrations apply");
        let tenant = tenant();
        register(&store, &[Arc::clone(&tenant)]).await;
        create_users(&store, &tenant, ["a", "b"]).await;
        let users = tenant.schema.resource_type("User").expect("User");
        let page = search(users, "userName pr");
        let count = ResourceQuery { page: PageRequest::Index { skip: 0, count: 0 }, ..page.clone() };
        let resources = store.resources();
        let (client, connection) = tokio_postgres::connect(server.url(), NoTls).await.expect("a connection");
        tokio::spawn(async move { drop(connection.await) });

        let leave_one = "DELETE FROM scim_resource WHERE ctid <> (SELECT min(ctid) FROM scim_resource)";
        for (statements, expected) in [
            ("SELECT 1", 2),
            (&*format!("BEGIN; {COPY}"), 2),
            ("COMMIT", 3),
            (&*format!("BEGIN; {leave_one}"), 3),
            ("ROLLBACK", 3),
            (&*format!("BEGIN; SELECT txid_current(); SAVEPOINT s; {COPY}; RELEASE s"), 3),
            (&*format!("SAVEPOINT t; {COPY}; ROLLBACK TO t"), 3),
            ("COMMIT", 4),
            (leave_one, 1),
        ] {
            client.batch_execute(statements).await.unwrap_or_else(|error| panic!("{statements}: {error}"));
            for _ in 0..3 {
                assert_eq!(total(&resources, &tenant, &page).await, expected, "{statements}");
                assert_eq!(total(&resources, &tenant, &count).await, expected, "{statements}");
            }
        }
    });
}
