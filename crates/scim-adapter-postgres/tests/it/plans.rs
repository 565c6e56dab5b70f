//! Which searches an index serves, by the plans that the database makes of them.

use std::sync::Arc;

use scim_adapter_postgres::PostgresStore;
use scim_domain::audit::AuditOperation;
use scim_domain::identifier::{ResourceId, Timestamp};
use scim_domain::listing::Include;
use scim_domain::resource::unique_values;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::conformance::{audit_entry, tenant};
use scim_ports::{NewResource, ResourceRepository};
use serde_json::json;
use time::macros::datetime;
use uuid::Uuid;

use crate::support::{block_on, connect, database, register, search, settings};

/// How many users the tenant has that is searched, among how many tenants with as many as it takes
/// for their rows not to be a small part of the table.
const USERS: i64 = 40_000;
const OTHER_TENANTS: i64 = 200;
const OTHER_USERS: i64 = 100;

/// One user, as the repository stores it; the others are copies of its row under other names.
async fn first_user(store: &PostgresStore, tenant: &Tenant, users: &Arc<ResourceType>) {
    let attributes = json!({
        "userName": "user000000@example.com", "externalId": "ext-000000", "displayName": "Display 000000",
        "name": {"familyName": "Family000000", "givenName": "Given000000", "formatted": "Formatted 000000"},
        "emails": [
            {"value": "work000000@example.com", "type": "work", "primary": true},
            {"value": "home000000@example.org", "type": "home"}
        ],
        "userType": "Type000000", "title": "Engineer", "active": true
    });
    let attributes = attributes.as_object().expect("an object").clone();
    let new = NewResource {
        id: ResourceId::new(Uuid::from_u128(1)),
        resource_type: Arc::clone(users),
        unique_values: unique_values(users, &attributes),
        attributes,
        members: Default::default(),
        at: Timestamp::new(datetime!(2026-01-01 00:00 UTC)),
        audit: audit_entry(AuditOperation::Create),
    };
    store.resources().resource_create_all(tenant, vec![new], Include::NOTHING).await.expect("it is created");
}

async fn fill(url: &str) {
    let client = connect(url).await;
    let copy = |tenant: &str, numbers: String| {
        format!(
            "INSERT INTO scim_resource SELECT {tenant} AS tenant_id, gen_random_uuid(), resource_type, version, \
             created_at, updated_at + n * interval '1 second', member_count, display, display_key, \
             replace(user_name_key, '000000', n::text), unique_digest, \
             replace(search_text, '000000', n::text), \
             replace(keys::text, '000000', n::text)::jsonb, replace(payload::text, '000000', n::text)::json \
             FROM scim_resource, {numbers} WHERE id = '00000000-0000-0000-0000-000000000001'"
        )
    };
    let others = format!(
        "INSERT INTO tenant SELECT gen_random_uuid(), 'other-' || n, '', TRUE, '{{}}', now(), now() \
         FROM generate_series(1, {OTHER_TENANTS}) n;"
    );
    let columns = "tenant_id, id, resource_type, version, created_at, updated_at, member_count, display, \
                   display_key, user_name_key, unique_digest, search_text, keys, payload";
    let into = |sql: String| sql.replace("INTO scim_resource", &format!("INTO scim_resource ({columns})"));
    let script = format!(
        "{others} {}; {}; ANALYZE scim_resource; ANALYZE resource_member;",
        into(copy("scim_resource.tenant_id", format!("generate_series(100001, 100000 + {USERS}) n"))),
        into(copy("o.id", format!(
            "generate_series(100001, 100000 + {OTHER_USERS}) n, (SELECT id FROM tenant WHERE slug LIKE 'other-%') o"
        )).replace("WHERE id =", "WHERE scim_resource.id =")),
    );
    client.batch_execute(&script).await.expect("the rows are copied");
}

#[test]
fn searches_are_served_by_indexes() {
    block_on(async {
        let database = database();
        let store = PostgresStore::open(&settings(database.url())).await.expect("the database is there");
        store.migrate().await.expect("the migrations apply");
        let tenant = tenant();
        register(&store, &[Arc::clone(&tenant)]).await;
        let users = tenant.schema.resource_type("User").expect("User");
        first_user(&store, &tenant, users).await;
        fill(database.url()).await;
        let keys = "scim_resource_keys_ix";
        let trigrams = "scim_resource_search_ix";
        for (filter, index, found) in [
            ("id eq \"00000000-0000-0000-0000-000000000001\"", "scim_resource_type_ix", 1),
            ("userName eq \"USER100007@example.com\"", "scim_resource_user_name_ix", 1),
            ("externalId eq \"ext-100007\"", keys, 1),
            ("emails.value eq \"work100007@example.com\"", keys, 1),
            ("emails[type eq \"work\"].value eq \"work100007@example.com\"", keys, 1),
            ("emails[type eq \"home\" and value eq \"work100007@example.com\"]", keys, 0),
            ("displayName eq \"display 100007\"", keys, 1),
            ("name.familyName eq \"family100007\"", keys, 1),
            ("userType eq \"type100007\" and active eq true", keys, 1),
            ("userType eq \"type100007\" or userType eq \"type100008\"", keys, 2),
            ("meta.lastModified gt \"2026-01-02T14:53:15Z\"", "scim_resource_updated_ix", 5),
            ("userName co \"100007@\"", trigrams, 1),
            ("userName sw \"user100007\"", trigrams, 1),
            ("displayName ew \"100007\"", trigrams, 1),
            ("emails.value co \"work100007\"", trigrams, 1),
            ("name.familyName sw \"family100007\"", trigrams, 1),
            ("name.givenName co \"given100007\" and title eq \"engineer\"", trigrams, 1),
        ] {
            let query = search(users, filter);
            let resources = store.resources();
            let plan = resources.search_plan(&tenant, &query).await.expect("a plan").join("\n");
            assert!(!plan.contains("Seq Scan on scim_resource"), "{filter}\n{plan}");
            assert!(plan.contains(index), "{filter} is not served by {index}\n{plan}");
            let page = resources.resource_search(&tenant, &query).await.expect("the store answers");
            assert_eq!(page.total_results, found, "{filter}");
        }
    });
}
