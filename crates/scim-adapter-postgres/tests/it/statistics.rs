//! Figures of what is stored.

use std::sync::Arc;

use scim_adapter_postgres::PostgresStore;
use scim_domain::audit::AuditOperation;
use scim_domain::identifier::{ResourceId, Timestamp};
use scim_domain::listing::Include;
use scim_domain::tenant::Tenant;
use scim_ports::{NewResource, ResourceRepository, Statistics, TenantRegistry, TenantRepository};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{at, audit_entry, block_on, create_tenant, delete_tenant, later, own_store};

async fn create(store: &PostgresStore, tenant: &Tenant, type_name: &str, attributes: Value, at: Timestamp) {
    let new = NewResource {
        id: ResourceId::new(Uuid::new_v4()),
        resource_type: Arc::clone(tenant.schema.resource_type(type_name).expect("the type")),
        attributes: attributes.as_object().expect("an object").clone(),
        unique_values: Vec::new(),
        members: Default::default(),
        at,
        audit: audit_entry(AuditOperation::Create),
    };
    store.resources().resource_create_all(tenant, vec![new], Include::NOTHING).await.expect("it is created");
}

#[test]
fn resources_are_counted_by_type_and_active_users_are_those_that_say_so() {
    block_on(async {
        let (store, _database) = own_store().await;
        let mut tenants = Vec::new();
        for _ in 0..3 {
            let id = create_tenant(&store).await;
            let found = store.tenants().tenant_by_id(id).await.expect("the store answers");
            tenants.push(found.expect("it is there"));
        }
        let nothing = store.tenants().statistics().await.expect("the store answers");
        assert_eq!(nothing, (3, Statistics::default()));
        for (number, active) in [json!(true), json!(true), json!(false), Value::Null].into_iter().enumerate()
        {
            let user = json!({"userName": format!("u{number}"), "active": active});
            create(&store, &tenants[0], "User", user, later(3)).await;
        }
        create(&store, &tenants[0], "Group", json!({"displayName": "true", "active": true}), later(5)).await;
        create(&store, &tenants[1], "User", json!({"userName": "u", "active": true}), at()).await;
        create(&store, &tenants[2], "User", json!({"userName": "u", "active": true}), later(8)).await;

        let figures = |users: u64, groups: u64, active_users: u64, last_write_at| Statistics {
            resources: [("User", users), ("Group", groups)]
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .map(|(name, count)| (name.to_owned(), count))
                .collect(),
            active_users,
            last_write_at: Some(last_write_at),
        };
        let of = async |tenant: &Tenant| {
            store.tenants().tenant_statistics(tenant.id).await.expect("the store answers")
        };
        assert_eq!(of(&tenants[0]).await, figures(4, 1, 2, later(5)));
        assert_eq!(of(&tenants[1]).await, figures(1, 0, 1, at()));
        delete_tenant(&store, tenants[2].id).await;
        assert_eq!(of(&tenants[2]).await, Statistics::default());
        let all = store.tenants().statistics().await.expect("the store answers");
        assert_eq!(all, (2, figures(5, 1, 3, later(5))));
    });
}
