//! What deleted tenants leave is removed, in pieces.

use std::collections::BTreeSet;
use std::sync::Arc;

use scim_adapter_postgres::PostgresStore;
use scim_domain::audit::AuditOperation;
use scim_domain::identifier::{ResourceId, TenantId};
use scim_domain::listing::Include;
use scim_ports::{NewResource, ResourceRepository, TenantRegistry, TenantRepository};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::statements::TABLES;
use crate::support::{
    at, audit_entry, block_on, connect, create_tenant, create_users, credential, delete_tenant, own_store,
    store_credential,
};

/// A tenant with three users, a group of all of them, and two credentials: 3 + 1 resources, 3 members,
/// 3 unique values, 2 credentials, and its definitions.
async fn fill(store: &PostgresStore) -> TenantId {
    let id = create_tenant(store).await;
    let tenant = store.tenants().tenant_by_id(id).await.expect("the store answers").expect("it is there");
    let users = create_users(store, &tenant, ["a", "b", "c"]).await;
    let group = NewResource {
        id: ResourceId::new(Uuid::new_v4()),
        resource_type: Arc::clone(tenant.schema.resource_type("Group").expect("Group")),
        attributes: [("displayName".to_owned(), "g".into())].into_iter().collect(),
        unique_values: Vec::new(),
        members: users.iter().map(|user| user.id).collect::<BTreeSet<_>>(),
        at: at(),
        audit: audit_entry(AuditOperation::Create),
    };
    let created = store.resources().resource_create_all(&tenant, vec![group], Include::NOTHING).await;
    created.expect("it is created");
    for _ in 0..2 {
        store_credential(store, &credential(id)).await;
    }
    id
}

/// How many rows a tenant has, its own among them, without its audit log.
async fn rows(client: &Client, tenant: TenantId) -> usize {
    let mut sum = 0;
    for table in TABLES.iter().filter(|table| **table != "audit_event") {
        let count = format!("SELECT count(*) FROM {table} WHERE tenant_id = '{tenant}'");
        sum += client.query_one(&count, &[]).await.expect("a row").get::<_, i64>(0);
    }
    let own = format!("SELECT count(*) FROM tenant WHERE id = '{tenant}'");
    sum += client.query_one(&own, &[]).await.expect("a row").get::<_, i64>(0);
    usize::try_from(sum).expect("a count")
}

async fn purge(store: &PostgresStore, limit: usize) -> usize {
    store.tenants().tenant_purge(limit).await.expect("the store answers")
}

#[test]
fn what_a_deleted_tenant_leaves_is_removed_in_pieces_and_nothing_else() {
    block_on(async {
        let (store, database) = own_store().await;
        let client = connect(database.url()).await;
        let (gone, kept) = (fill(&store).await, fill(&store).await);
        let (all, others) = (rows(&client, gone).await, rows(&client, kept).await);
        assert!(all > 12 && all == others, "{all} {others}");
        assert_eq!(purge(&store, 100).await, 0, "nobody is deleted");
        delete_tenant(&store, gone).await;
        assert_eq!(purge(&store, 0).await, 0);
        let mut left = all;
        while left > 0 {
            let removed = purge(&store, 2).await;
            assert!((1..=2).contains(&removed), "{removed}");
            left -= removed;
            assert_eq!(rows(&client, gone).await, left);
        }
        assert_eq!(purge(&store, 2).await, 0);
        assert_eq!(rows(&client, kept).await, others);
        let log = format!("SELECT count(*) FROM audit_event WHERE tenant_id = '{gone}'");
        assert!(client.query_one(&log, &[]).await.expect("a row").get::<_, i64>(0) > 0);
    });
}

#[test]
fn purges_at_once_share_the_work() {
    block_on(async {
        let (store, database) = own_store().await;
        let client = connect(database.url()).await;
        let mut tenants = Vec::new();
        for _ in 0..4 {
            tenants.push(fill(&store).await);
        }
        let all = rows(&client, tenants[0]).await * tenants.len();
        for tenant in &tenants {
            delete_tenant(&store, *tenant).await;
        }
        let purges: Vec<_> = (0..4)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move {
                    let mut sum = 0;
                    loop {
                        match purge(&store, 3).await {
                            0 => return sum,
                            removed => sum += removed,
                        }
                    }
                })
            })
            .collect();
        let mut sum = 0;
        for purge in purges {
            sum += purge.await.expect("it ends well");
        }
        // One may have found nothing while another was at the last rows.
        while sum < all {
            let removed = purge(&store, 100).await;
            assert!(removed > 0, "{sum} of {all}");
            sum += removed;
        }
        assert_eq!((sum, purge(&store, 100).await), (all, 0));
    });
}

#[test]
fn a_purge_waits_for_nobody() {
    block_on(async {
        let (store, database) = own_store().await;
        let client = connect(database.url()).await;
        let tenant = fill(&store).await;
        delete_tenant(&store, tenant).await;
        let all = rows(&client, tenant).await;
        // A write that was under way: its foreign key holds the tenant's row.
        let late = format!(
            "BEGIN; INSERT INTO tenant_credential (tenant_id, id, kind, label, scopes, created_at, secret_hash) \
             VALUES ('{tenant}', gen_random_uuid(), 'bearer', '', '', now(), '')"
        );
        client.batch_execute(&late).await.expect("a row");
        assert_eq!(purge(&store, 100).await, all - 1, "all but the tenant's own row");
        assert_eq!(purge(&store, 100).await, 0);
        client.batch_execute("COMMIT").await.expect("it ends");
        assert_eq!(purge(&store, 100).await, 2);
        assert_eq!(rows(&client, tenant).await, 0);
    });
}
