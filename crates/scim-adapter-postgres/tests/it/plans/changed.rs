//! How many rows the database reads for writes and for what they show, in a tenant with many users and a group of
//! all of them: a few for each that is named. So it is also where the database takes every tenant for a small one, as
//! it does where most are, and could as well read all that one has.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, join_all};
use scim_adapter_postgres::{PostgresResources, PostgresSettings, PostgresStore};
use scim_domain::audit::AuditOperation;
use scim_domain::identifier::ResourceId;
use scim_domain::listing::{Include, MemberInclude, PageRequest};
use scim_domain::resource::{Attributes, MemberChange, UniqueValue, unique_values};
use scim_domain::tenant::Tenant;
use scim_ports::{DeleteResource, ExpectedVersion, NewResource, ResourceRepository, UpdateResource};
use serde_json::json;
use tokio_postgres::Client;

use super::{PATTERN_NAME, id_of, query, until_gone, user_type};
use crate::statements::sent;
use crate::support::{at, audit_entry, new_user, on_one_thread, settings};

/// How often each is done: more often than a statement is planned for its values.
const ROUNDS: u64 = 8;

/// How many rows each may read for itself: there are some statements to each, and several users.
const MOST_EACH: i64 = 200;

const NAME: &str = "plans-changed";

const GROUP: u64 = 0xff_ffff_ffff;

/// What is done, for a round of that number.
type Deed = for<'a> fn(&'a World<'a>, u64) -> BoxFuture<'a, ()>;

struct World<'a> {
    resources: PostgresResources,
    tenant: &'a Tenant,
}

const DEEDS: &[(&str, Deed)] = &[
    ("changes together", |world, round| world.change_together(round).boxed()),
    ("creates together", |world, round| world.create_together(round).boxed()),
    ("creates in bulk", |world, round| world.create_in_bulk(round).boxed()),
    ("a member more", |world, round| world.change_group(round, true).boxed()),
    ("a member less", |world, round| world.change_group(round, false).boxed()),
    ("users with groups", |world, round| world.get_together(round).boxed()),
    ("a page with groups", |world, _| world.page().boxed()),
    ("a deletion", |world, round| world.delete(round).boxed()),
    ("a reindex", |world, round| world.reindex(round).boxed()),
];

pub(super) async fn check(client: &Client, url: &str, large: &Tenant) {
    let (tenant, group) = (large.id, id_of(GROUP));
    let fill = format!(
        "INSERT INTO scim_resource (tenant_id, id, resource_type, version, created_at, updated_at, member_count, \
             unique_digest, search_text, keys, payload) \
             SELECT '{tenant}', '{group}', 'Group', 1, now(), now(), count(*), '', '', '{{}}', '{{\"displayName\":\"all\"}}' \
             FROM scim_resource WHERE tenant_id = '{tenant}'; \
             INSERT INTO resource_member SELECT tenant_id, '{group}', id FROM scim_resource \
             WHERE tenant_id = '{tenant}' AND resource_type = 'User'; \
             INSERT INTO resource_unique_value SELECT tenant_id, 'User', 'userName', user_name_key, id FROM scim_resource \
             WHERE tenant_id = '{tenant}' AND resource_type = 'User'"
    );
    client.batch_execute(&fill).await.expect("the rows are made");
    for table in ["scim_resource", "resource_member", "resource_unique_value"] {
        // Twenty rows to a tenant.
        let small =
            format!("ALTER TABLE {table} ALTER COLUMN tenant_id SET (n_distinct = -0.05); ANALYZE {table}");
        client.batch_execute(&small).await.expect("it is analysed");
    }
    let mut bad = Vec::new();
    for (name, deed) in DEEDS {
        let before = rows_read(client).await;
        std::thread::scope(|scope| {
            let done = scope.spawn(|| on_one_thread(repeat(url, large, *deed)));
            done.join().expect("it is done");
        });
        until_gone(client, NAME).await;
        let each = (rows_read(client).await - before) / i64::try_from(ROUNDS).expect("a number");
        if !(1..=MOST_EACH).contains(&each) {
            bad.push(format!("{name}: {each} rows are read"));
        }
    }
    assert!(bad.is_empty(), "{bad:#?}");
}

/// How many rows were read, by connections that have ended.
async fn rows_read(client: &Client) -> i64 {
    let query = "SELECT sum(seq_tup_read + idx_tup_fetch)::bigint FROM pg_stat_user_tables";
    client.query_one(query, &[]).await.expect("an answer").get(0)
}

async fn repeat(url: &str, tenant: &Tenant, deed: Deed) {
    let url = format!("{url}?application_name={NAME}");
    let one = PostgresSettings { max_connections: 1, ..settings(&url) };
    let store = PostgresStore::open(&one).await.expect("the database is there");
    let world = World { resources: store.resources(), tenant };
    for round in 0..ROUNDS {
        deed(&world, round).await;
    }
}

/// A user that no other round has to do with.
fn user_of(round: u64, number: u64) -> ResourceId {
    id_of(1000 + 10 * round + number)
}

impl World<'_> {
    async fn change_together(&self, round: u64) {
        let change = async |number| {
            let attributes = json!({"userName": PATTERN_NAME, "title": format!("title {round}")});
            let attributes = attributes.as_object().expect("an object").clone();
            let values = unique_values(user_type(self.tenant), &attributes);
            self.update("User", id_of(number), Some((attributes, values)), MemberChange::default()).await;
        };
        sent();
        join_all((1..=4).map(change)).await;
        assert_eq!(sent().iter().filter(|sql| sql.contains("due AS MATERIALIZED (")).count(), 1);
    }

    async fn create_together(&self, round: u64) {
        let create = async |number| {
            let new = new_user(self.tenant, &format!("together-{round}-{number}"));
            let created =
                self.resources.resource_create_all(self.tenant, vec![new], Include::EVERYTHING).await;
            assert!(created.is_ok());
        };
        sent();
        join_all((1..=4).map(create)).await;
        assert_eq!(sent().iter().filter(|sql| sql.contains("claimed AS (")).count(), 1);
    }

    async fn create_in_bulk(&self, round: u64) {
        let new: Vec<NewResource> =
            (0..4).map(|number| new_user(self.tenant, &format!("bulk-{round}-{number}"))).collect();
        let created = self.resources.resource_create_each(self.tenant, new, Include::EVERYTHING).await;
        assert!(created.iter().all(Result::is_ok));
    }

    async fn change_group(&self, round: u64, is_in: bool) {
        let member = BTreeSet::from([user_of(round, 1)]);
        let without = MemberChange::Delta { add: BTreeSet::new(), remove: member.clone() };
        let with = MemberChange::Delta { add: member, remove: BTreeSet::new() };
        self.update("Group", id_of(GROUP), None, without).await;
        if is_in {
            self.update("Group", id_of(GROUP), None, with).await;
        }
    }

    async fn get_together(&self, round: u64) {
        let get = async |number| {
            let (id, users) = (user_of(round, number), user_type(self.tenant));
            let found = self.resources.resource_get(self.tenant, users, id, Include::EVERYTHING).await;
            let found = found.expect("an answer").expect("it is there");
            assert_eq!(found.groups.expect("groups").len(), 1);
        };
        join_all((2..=5).map(get)).await;
    }

    async fn page(&self) {
        let query = query(self.tenant, None, PageRequest::Index { skip: 0, count: 4 });
        let page = self.resources.resource_search(self.tenant, &query).await.expect("an answer");
        assert_eq!(page.resources.len(), 4);
    }

    async fn delete(&self, round: u64) {
        let delete = DeleteResource {
            id: user_of(round, 6),
            resource_type: Arc::clone(user_type(self.tenant)),
            expected: ExpectedVersion::Any,
            keep: None,
            at: at(),
            audit: audit_entry(AuditOperation::Delete),
        };
        self.resources.resource_delete(self.tenant, delete).await.expect("it is deleted");
    }

    async fn reindex(&self, round: u64) {
        let after = Some(user_of(round, 7));
        let reindexed = self.resources.resource_reindex(self.tenant, user_type(self.tenant), after, 4).await;
        assert!(reindexed.expect("an answer").is_some());
    }

    async fn update(
        &self,
        resource_type: &str,
        id: ResourceId,
        attributes: Option<(Attributes, Vec<UniqueValue>)>,
        members: MemberChange,
    ) {
        let update = UpdateResource {
            id,
            resource_type: Arc::clone(self.tenant.schema.resource_type(resource_type).expect("the type")),
            expected: ExpectedVersion::Any,
            attributes,
            members,
            at: at(),
            audit: audit_entry(AuditOperation::Modify),
        };
        let include = Include { members: MemberInclude::None, groups: true };
        let updated = self.resources.resource_update(self.tenant, update, include).await;
        assert!(updated.expect("it is changed").changed);
    }
}
