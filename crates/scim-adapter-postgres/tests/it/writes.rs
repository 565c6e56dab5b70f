//! What writes leave in the database beside the resource: audit records, unique values, what is put aside.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::Arc;

use scim_adapter_postgres::PostgresStore;
use scim_domain::audit::{Actor, AuditEntry, AuditOperation, Origin};
use scim_domain::identifier::{CredentialId, ResourceId, Version};
use scim_domain::listing::Include;
use scim_domain::resource::{Attributes, MemberChange, StoredResource};
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::conformance::tenant;
use scim_ports::{
    DeleteResource, ExpectedVersion, NewResource, RepositoryError, ResourceRepository, UpdateResource,
};
use serde_json::json;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::support::{
    at, audit_entry, block_on, connect, create_users, new_user, register, search, shared_store, shared_url,
    update_to,
};

/// A tenant of its own on the shared database, and a connection to look at its rows.
struct World {
    store: PostgresStore,
    tenant: Arc<Tenant>,
    client: Client,
}

impl World {
    async fn new() -> Self {
        let (store, tenant) = (shared_store().await, tenant());
        register(&store, &[Arc::clone(&tenant)]).await;
        Self { store, tenant, client: connect(shared_url()).await }
    }

    fn resource_type(&self, name: &str) -> &Arc<ResourceType> {
        self.tenant.schema.resource_type(name).expect("the type")
    }

    async fn user(&self, user_name: &str) -> StoredResource {
        create_users(&self.store, &self.tenant, [user_name]).await.remove(0)
    }

    fn new_group(&self, name: &str, members: &[ResourceId]) -> NewResource {
        let mut attributes = Attributes::new();
        attributes.insert("displayName".to_owned(), name.into());
        NewResource {
            resource_type: Arc::clone(self.resource_type("Group")),
            unique_values: Vec::new(),
            attributes,
            members: members.iter().copied().collect(),
            ..new_user(&self.tenant, name)
        }
    }

    async fn update(&self, update: UpdateResource) -> Result<u64, RepositoryError> {
        let updated =
            self.store.resources().resource_update(&self.tenant, update, Include::EVERYTHING).await?;
        Ok(updated.resource.version.number())
    }

    async fn delete(
        &self,
        resource: &StoredResource,
        keep: Option<Attributes>,
    ) -> Result<(), RepositoryError> {
        let delete = DeleteResource {
            id: resource.id,
            resource_type: Arc::clone(&resource.resource_type),
            expected: ExpectedVersion::OneOf(vec![resource.version]),
            keep,
            at: at(),
            audit: audit_entry(AuditOperation::Delete),
        };
        self.store.resources().resource_delete(&self.tenant, delete).await
    }

    async fn create_each(&self, resources: Vec<NewResource>) -> Vec<String> {
        let repository = self.store.resources();
        let created = repository.resource_create_each(&self.tenant, resources, Include::EVERYTHING);
        let told = |outcome: Result<StoredResource, RepositoryError>| match outcome {
            Ok(resource) => format!("v{}", resource.version.number()),
            Err(RepositoryError::Uniqueness { attribute }) => format!("{attribute} is taken"),
            Err(RepositoryError::UnknownMembers { ids }) => format!("{} unknown", ids.len()),
            Err(error) => format!("{error:?}"),
        };
        created.await.into_iter().map(told).collect()
    }

    /// The first column of the rows of a query that has the tenant as `$1`.
    async fn rows(&self, query: &str) -> Vec<String> {
        let query = query.replace("$1", &format!("'{}'", self.tenant.id));
        let rows = self.client.query(&query, &[]).await.expect("the query runs");
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// The audit log, with versions as `before>after`.
    async fn log(&self) -> Vec<String> {
        self.rows(
            "SELECT concat_ws(' ', operation, resource_type, COALESCE(version_before::text, '') || '>' || \
             COALESCE(version_after::text, ''), NULLIF(array_to_string(attributes, ','), '')) \
             FROM audit_event WHERE tenant_id = $1 ORDER BY id",
        )
        .await
    }
}

fn entry(operation: AuditOperation, attributes: &[&str]) -> AuditEntry {
    let attributes = attributes.iter().map(|&name| name.to_owned()).collect();
    AuditEntry { attributes, ..audit_entry(operation) }
}

fn none() -> Option<Attributes> {
    None
}

#[test]
fn each_write_is_written_down_with_its_versions() {
    block_on(async {
        let world = World::new().await;
        let user = world.user("a").await;
        // One round trip; a unique value; members; then everything at once.
        let mut titled = update_to(&user, "a");
        titled.attributes.as_mut().expect("attributes").0.insert("title".to_owned(), "T".into());
        titled.audit = entry(AuditOperation::Modify, &["title"]);
        assert_eq!(world.update(titled).await.expect("it is changed"), 2);
        let mut renamed = update_to(&user, "b");
        renamed.audit = entry(AuditOperation::Replace, &["userName", "title"]);
        assert_eq!(world.update(renamed).await.expect("it is changed"), 3);
        let group = vec![world.new_group("g", &[user.id])];
        let created =
            world.store.resources().resource_create_all(&world.tenant, group, Include::NOTHING).await;
        let group = created.expect("it is created").remove(0);
        let leave = UpdateResource {
            id: group.id,
            resource_type: Arc::clone(&group.resource_type),
            attributes: None,
            members: MemberChange::Delta { add: BTreeSet::new(), remove: [user.id].into() },
            audit: entry(AuditOperation::Modify, &["members"]),
            ..update_to(&user, "")
        };
        assert_eq!(world.update(leave).await.expect("it is changed"), 2);
        let user = StoredResource { version: Version::new(3), ..user };
        world.delete(&user, none()).await.expect("it is deleted");
        assert_eq!(
            world.log().await,
            [
                "create User >1",
                "modify User 1>2 title",
                "replace User 2>3 userName,title",
                "create Group >1",
                "modify Group 1>2 members",
                "delete User 3>",
            ]
        );
    });
}

#[test]
fn what_changes_nothing_or_is_refused_is_not_written_down() {
    block_on(async {
        let world = World::new().await;
        let (one, other) = (world.user("one").await, world.user("other").await);
        assert_eq!(world.update(update_to(&one, "one")).await.expect("nothing changes"), 1);
        let taken = world.update(update_to(&one, "other")).await;
        assert!(matches!(taken, Err(RepositoryError::Uniqueness { .. })), "{taken:?}");
        let stale = UpdateResource {
            expected: ExpectedVersion::OneOf(vec![Version::new(7)]),
            ..update_to(&one, "one more")
        };
        let stale = world.update(stale).await;
        assert!(matches!(stale, Err(RepositoryError::VersionConflict { .. })), "{stale:?}");
        let stale = StoredResource { version: Version::new(7), ..other.clone() };
        assert!(world.delete(&stale, Some(other.attributes.read().expect("readable"))).await.is_err());
        let gone = StoredResource { id: ResourceId::new(Uuid::new_v4()), ..one.clone() };
        assert!(world.update(update_to(&gone, "gone")).await.is_err());
        assert!(world.delete(&gone, none()).await.is_err());
        let pair = vec![new_user(&world.tenant, "new"), new_user(&world.tenant, "one")];
        assert!(
            world.store.resources().resource_create_all(&world.tenant, pair, Include::NOTHING).await.is_err()
        );
        let unknown = world.new_group("g", &[gone.id]);
        assert_eq!(world.create_each(vec![new_user(&world.tenant, "one"), unknown]).await.len(), 2);
        assert_eq!(world.log().await, ["create User >1", "create User >1"]);
        assert!(world.rows("SELECT id::text FROM hidden_resource WHERE tenant_id = $1").await.is_empty());
    });
}

/// Of changes that race for one version, the one that is made is written down, also where all of them
/// are the same.
#[test]
fn of_writers_that_race_the_one_that_won_is_written_down() {
    block_on(async {
        let world = Arc::new(World::new().await);
        let user = world.user("a").await;
        let writers: Vec<_> = (0..12)
            .map(|_| {
                let (world, user) = (Arc::clone(&world), user.clone());
                tokio::spawn(async move {
                    let mut update = update_to(&user, "a");
                    update.attributes.as_mut().expect("attributes").0.insert("title".to_owned(), "T".into());
                    update.expected = ExpectedVersion::OneOf(vec![Version::FIRST]);
                    world.update(update).await.is_ok()
                })
            })
            .collect();
        let mut won = 0;
        for writer in writers {
            won += usize::from(writer.await.expect("it ends well"));
        }
        assert_eq!(won, 1);
        assert_eq!(world.log().await, ["create User >1", "modify User 1>2"]);
    });
}

#[test]
fn a_record_says_who_and_by_which_request() {
    block_on(async {
        let world = World::new().await;
        let credential = CredentialId::new(Uuid::from_u128(7));
        let subject = ResourceId::new(Uuid::from_u128(8));
        let issuer = Actor::Issuer { issuer: "https://idp".into(), name: Some("x\0y".into()), subject: None };
        let origins = [
            (Actor::Credential { id: credential, subject: Some(subject) }, Some(Ipv6Addr::LOCALHOST.into())),
            (issuer, None::<IpAddr>),
        ];
        let mut new = Vec::new();
        for (number, (actor, client_address)) in origins.into_iter().enumerate() {
            let origin = Origin { actor, request_id: format!("request-{number}"), client_address };
            new.push(NewResource {
                audit: AuditEntry {
                    origin: Arc::new(origin),
                    attributes: vec!["userName".to_owned(), "urn:x:E:n".to_owned()],
                    ..audit_entry(AuditOperation::Create)
                },
                ..new_user(&world.tenant, &format!("user-{number}"))
            });
        }
        // The first is written by a statement for one record, then both by one for many.
        let query = "SELECT concat_ws('|', actor, credential_id, subject, issuer, actor_name, request_id, \
                     client_address, array_to_string(attributes, ','), occurrences, outcome, \
                     resource_id = (SELECT r.id::text FROM scim_resource r WHERE r.tenant_id = $1 \
                     AND r.id::text = resource_id)) \
                     FROM audit_event WHERE tenant_id = $1 ORDER BY id";
        let expected = [
            format!("credential|{credential}|{subject}|request-0|::1|userName,urn:x:E:n|1|success|t"),
            "issuer|https://idp|x\u{1}\u{2}\u{2}y|request-1|userName,urn:x:E:n|1|success|t".to_owned(),
        ];
        let resources = world.store.resources();
        let first = vec![new.remove(0)];
        resources.resource_create_all(&world.tenant, first, Include::NOTHING).await.expect("it is created");
        assert_eq!(world.rows(query).await, expected[..1]);
        new.push(new_user(&world.tenant, "another"));
        resources.resource_create_all(&world.tenant, new, Include::NOTHING).await.expect("they are created");
        assert_eq!(world.rows(query).await[..2], expected);
    });
}

#[test]
fn a_kept_resource_is_put_aside_one_version_on() {
    block_on(async {
        let world = World::new().await;
        let user = world.user("a").await;
        let group = vec![world.new_group("g", &[user.id])];
        world
            .store
            .resources()
            .resource_create_all(&world.tenant, group, Include::NOTHING)
            .await
            .expect("a group");
        let kept = json!({"userName": "a", "active": false});
        world.delete(&user, kept.as_object().cloned()).await.expect("it is put aside");
        let aside = "SELECT concat_ws(' ', resource_type, version, payload) FROM hidden_resource WHERE tenant_id = $1";
        assert_eq!(world.rows(aside).await, [format!("User 2 {kept}")]);
        let found = search(world.resource_type("User"), "userName pr");
        let found = world.store.resources().resource_search(&world.tenant, &found).await;
        assert_eq!(found.expect("the store answers").total_results, 0);
        for (table, left) in [("resource_member", 0), ("resource_unique_value", 0), ("hidden_resource", 1)] {
            let rows = world.rows(&format!("SELECT tenant_id::text FROM {table} WHERE tenant_id = $1")).await;
            assert_eq!(rows.len(), left, "{table}");
        }
        assert_eq!(world.log().await.last().map(String::as_str), Some("delete User 1>"));
        world.user("a").await;
    });
}

#[test]
fn each_of_a_batch_gets_what_it_alone_would_get() {
    block_on(async {
        let world = World::new().await;
        let stored = world.user("stored").await;
        let nobody = ResourceId::new(Uuid::new_v4());
        let user = |name: &str| new_user(&world.tenant, name);
        let with_members = |new: NewResource, member| NewResource { members: [member].into(), ..new };
        let again = user("again");
        let same_id = NewResource { id: again.id, ..user("same id") };
        let outcomes = world
            .create_each(vec![
                user("x"),
                user("STORED"),
                user("X"),
                world.new_group("g", &[stored.id]),
                world.new_group("h", &[stored.id, nobody]),
                // A user has no members, so that this one fails, and the next has the name.
                with_members(user("y"), stored.id),
                user("y"),
                user("Y"),
                user("z"),
            ])
            .await;
        let taken = "userName is taken";
        assert_eq!(outcomes, ["v1", taken, taken, "v1", "1 unknown", "1 unknown", "v1", taken, "v1"]);
        assert_eq!(
            world.log().await,
            ["create User >1", "create User >1", "create Group >1", "create User >1", "create User >1"]
        );
        let values = "SELECT v.value_key FROM resource_unique_value v JOIN scim_resource r \
                      ON r.tenant_id = v.tenant_id AND r.id = v.resource_id \
                      WHERE v.tenant_id = $1 AND v.value_key = r.user_name_key ORDER BY 1";
        assert_eq!(world.rows(values).await, ["stored", "x", "y", "z"]);
        assert_eq!(world.create_each(vec![again, same_id, user("last")]).await, ["v1", "id is taken", "v1"]);
    });
}

/// Batches that want the same names in different orders: each name goes to one, and nobody waits for ever.
#[test]
fn batches_that_race_share_the_names() {
    block_on(async {
        let world = Arc::new(World::new().await);
        let batches: Vec<_> = (0..6)
            .map(|batch: usize| {
                let world = Arc::clone(&world);
                tokio::spawn(async move {
                    let mut names: Vec<String> = (0..120).map(|name| format!("name-{name}")).collect();
                    names.rotate_left(batch * 20);
                    if batch % 2 == 1 {
                        names.reverse();
                    }
                    let new = names.iter().map(|name| new_user(&world.tenant, name)).collect();
                    world.create_each(new).await
                })
            })
            .collect();
        let mut outcomes: Vec<String> = Vec::new();
        for batch in batches {
            outcomes.extend(batch.await.expect("it ends well"));
        }
        assert_eq!(outcomes.iter().filter(|outcome| *outcome == "v1").count(), 120);
        assert!(outcomes.iter().all(|outcome| outcome == "v1" || outcome == "userName is taken"));
        assert_eq!(world.log().await.len(), 120);
        let users = "SELECT DISTINCT user_name_key FROM scim_resource WHERE tenant_id = $1";
        assert_eq!(world.rows(users).await.len(), 120);
    });
}

/// More than a transaction takes: the second one knows of the first.
#[test]
fn a_large_batch_is_several_transactions() {
    block_on(async {
        let world = World::new().await;
        let mut new: Vec<NewResource> =
            (0..1100).map(|number| new_user(&world.tenant, &format!("user-{number}"))).collect();
        new.push(new_user(&world.tenant, "user-7"));
        let outcomes = world.create_each(new).await;
        assert_eq!(outcomes.len(), 1101);
        assert_eq!(outcomes.iter().filter(|outcome| *outcome == "v1").count(), 1100);
        assert_eq!(outcomes.last().map(String::as_str), Some("userName is taken"));
        let transactions = "SELECT DISTINCT xmin::text FROM scim_resource WHERE tenant_id = $1";
        assert_eq!(world.rows(transactions).await.len(), 3);
    });
}

/// A definition changes: what is found and what is unique follows it, and nothing else changes.
#[test]
fn reindexing_follows_the_definition() {
    block_on(async {
        let world = World::new().await;
        let users = create_users(&world.store, &world.tenant, ["a", "b", "c", "d"]).await;
        let resources = world.store.resources();
        let all = "SELECT concat_ws(' ', id, version, updated_at, unique_digest, user_name_key, search_text, keys) \
                   FROM scim_resource WHERE tenant_id = $1 ORDER BY id";
        let before = world.rows(all).await;
        let values = "SELECT concat_ws(' ', v.value_key, v.resource_id) FROM resource_unique_value v \
                      WHERE v.tenant_id = $1 ORDER BY 1";
        let values_before = world.rows(values).await;
        // As if "b" alone had been written under the definition of now.
        let spoil = format!(
            "UPDATE scim_resource SET keys = '{{}}', search_text = '', user_name_key = NULL, unique_digest = '' \
             WHERE tenant_id = '{tenant}' AND id <> '{b}'; \
             DELETE FROM resource_unique_value WHERE tenant_id = '{tenant}' AND resource_id = '{a}'; \
             UPDATE resource_unique_value SET value_key = 'old' WHERE tenant_id = '{tenant}' AND resource_id = '{d}'",
            tenant = world.tenant.id,
            a = users[0].id,
            b = users[1].id,
            d = users[3].id,
        );
        world.client.batch_execute(&spoil).await.expect("the rows are changed");
        assert_ne!(world.rows(all).await, before);
        let of_b = "SELECT xmin::text FROM scim_resource WHERE tenant_id = $1 AND user_name_key = 'b'";
        let untouched = world.rows(of_b).await;
        let reindex = async |name, after| {
            let resource_type = world.resource_type(name);
            let last = resources.resource_reindex(&world.tenant, resource_type, after, 2).await;
            last.expect("the store answers")
        };
        let mut ids: Vec<ResourceId> = users.iter().map(|user| user.id).collect();
        ids.sort_unstable();
        assert_eq!(reindex("Group", None).await, None);
        assert_eq!(reindex("User", None).await, Some(ids[1]));
        assert_eq!(reindex("User", Some(ids[1])).await, Some(ids[3]));
        assert_eq!(reindex("User", Some(ids[3])).await, None);
        assert_eq!(world.rows(values).await, values_before);
        assert_eq!(world.rows(all).await, before);
        assert_eq!(world.rows(of_b).await, untouched, "what is as it should be is not written");
        assert_eq!(world.log().await.len(), 4);
    });
}

/// Of two resources with one value the one that has it keeps it, and the other is asked to choose.
#[test]
fn reindexing_leaves_a_value_to_whom_has_it() {
    block_on(async {
        let world = World::new().await;
        let (holder, other) = (world.user("same").await, world.user("other").await);
        let spoil = format!(
            "UPDATE scim_resource SET payload = '{{\"userName\":\"same\"}}' WHERE tenant_id = '{}' AND id = '{}'",
            world.tenant.id, other.id
        );
        world.client.batch_execute(&spoil).await.expect("the row is changed");
        let users = world.resource_type("User");
        let end = world.store.resources().resource_reindex(&world.tenant, users, None, 10).await;
        assert_eq!(end.expect("the store answers"), None);
        let holders = "SELECT v.resource_id::text FROM resource_unique_value v WHERE v.tenant_id = $1";
        assert_eq!(world.rows(holders).await, [holder.id.to_string()]);
        let mut titled = update_to(&other, "same");
        titled.attributes.as_mut().expect("attributes").0.insert("title".to_owned(), "T".into());
        let refused = world.update(titled).await;
        assert!(matches!(refused, Err(RepositoryError::Uniqueness { .. })), "{refused:?}");
        assert_eq!(world.update(update_to(&other, "free")).await.expect("it is changed"), 2);
    });
}
