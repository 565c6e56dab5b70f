//! How many rows the database reads for changes that come together.

use std::sync::Arc;

use futures_util::future::join_all;
use scim_adapter_postgres::{PostgresSettings, PostgresStore};
use scim_domain::audit::AuditOperation;
use scim_domain::listing::Include;
use scim_domain::resource::{MemberChange, unique_values};
use scim_domain::tenant::Tenant;
use scim_ports::{ExpectedVersion, ResourceRepository, UpdateResource};
use serde_json::json;

use super::{Filled, PATTERN_NAME, id_of, until_gone, user_type};
use crate::statements::sent;
use crate::support::{at, audit_entry, connect, on_one_thread, settings};

/// How often so many users are changed together: more often than a statement is planned for its values.
const ROUNDS: i64 = 8;
const TOGETHER: i64 = 4;

const NAME: &str = "plans-changed";

impl Filled {
    /// Users that are changed together are looked up by their ids, and nothing else is read; not even where the
    /// database takes every tenant for a small one, whose rows it could as well read all.
    pub(super) async fn check_changed(&self) {
        let client = connect(&self.url).await;
        let read = async || -> i64 {
            let query = "SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables WHERE relname = 'scim_resource'";
            client.query_one(query, &[]).await.expect("an answer").get(0)
        };
        let take_tenants_for_small = "ALTER TABLE scim_resource ALTER COLUMN tenant_id SET (n_distinct = -1); \
                                      ANALYZE scim_resource";
        for prepare in ["", take_tenants_for_small] {
            client.batch_execute(prepare).await.expect("it is done");
            let before = read().await;
            std::thread::scope(|scope| {
                let changed = scope.spawn(|| on_one_thread(change_together(&self.url, &self.large)));
                changed.join().expect("they are changed");
            });
            until_gone(&client, NAME).await;
            let read = read().await - before;
            // Each is read once to be locked and once to be changed, and has a version that is outdated.
            let most = ROUNDS * TOGETHER * 4;
            assert!((ROUNDS * TOGETHER..=most).contains(&read), "{read} rows are read {prepare}");
        }
    }
}

async fn change_together(url: &str, tenant: &Tenant) {
    let url = format!("{url}?application_name={NAME}");
    let one = PostgresSettings { max_connections: 1, ..settings(&url) };
    let store = PostgresStore::open(&one).await.expect("the database is there");
    let resources = store.resources();
    sent();
    for round in 0..ROUNDS {
        let change = async |number| {
            let attributes = json!({"userName": PATTERN_NAME, "title": format!("{round} of {}", at())});
            let attributes = attributes.as_object().expect("an object").clone();
            let update = UpdateResource {
                id: id_of(number),
                resource_type: Arc::clone(user_type(tenant)),
                expected: ExpectedVersion::Any,
                attributes: Some((attributes.clone(), unique_values(user_type(tenant), &attributes))),
                members: MemberChange::default(),
                at: at(),
                audit: audit_entry(AuditOperation::Modify),
            };
            let updated = resources.resource_update(tenant, update, Include::EVERYTHING).await;
            assert!(updated.expect("it is changed").changed);
        };
        join_all((1..=4).map(change)).await;
    }
    let together = sent().into_iter().filter(|statement| statement.contains("due AS MATERIALIZED ("));
    assert_eq!(together.count(), 8);
}
