//! Creates and changes that come together.

use std::sync::Arc;

use futures_util::future::join_all;
use scim_domain::audit::AuditOperation;
use scim_domain::identifier::{ResourceId, Version};
use scim_domain::listing::Include;
use scim_domain::resource::{StoredResource, UniqueValue};
use scim_domain::tenant::Tenant;
use scim_ports::conformance::tenant;
use scim_ports::{DeleteResource, ExpectedVersion, NewResource, ResourceRepository, UpdateResource};
use uuid::Uuid;

use super::{World, check_sent_by, told};
use crate::statements::sent;
use crate::support::{at, audit_entry, block_on, connect, log, new_user, on_one_thread, register, update_to};

impl World {
    /// What creating one comes to.
    async fn create_one(&self, new: NewResource) -> String {
        self.create_in(&self.tenant, new, Include::EVERYTHING).await
    }

    async fn create_in(&self, tenant: &Tenant, new: NewResource, include: Include) -> String {
        let created = self.resources.resource_create_all(tenant, vec![new], include).await;
        told(created.map(|mut created| created.pop()).map_err(|refused| refused.error))
    }

    async fn create_users_together(&self, names: &[&str]) -> Vec<String> {
        join_all(names.iter().map(|name| self.create_one(new_user(&self.tenant, name)))).await
    }

    /// What a change comes to, with the version after it.
    async fn change(&self, update: UpdateResource) -> String {
        match self.resources.resource_update(&self.tenant, update, Include::EVERYTHING).await {
            Ok(updated) => {
                let (version, changed) = (updated.resource.version.number(), updated.changed);
                let told = told(Ok(Some(updated.resource)));
                format!("{told} v{version}{}", if changed { "" } else { ", unchanged" })
            }
            Err(error) => told(Err(error)),
        }
    }

    async fn change_together(&self, updates: Vec<UpdateResource>) -> Vec<String> {
        join_all(updates.into_iter().map(|update| self.change(update))).await
    }

    async fn log(&self) -> Vec<String> {
        log(&self.store, self.tenant.id).await
    }

    /// Who has which unique value.
    async fn values(&self) -> Vec<String> {
        let query = format!(
            "SELECT value_key || ' ' || resource_id FROM resource_unique_value WHERE tenant_id = '{}' ORDER BY 1",
            self.tenant.id
        );
        let rows = self.client.query(&query, &[]).await.expect("the query runs");
        rows.iter().map(|row| row.get(0)).collect()
    }
}

/// A change of a user's nickname.
fn nicknamed(user: &StoredResource, name: &str, nickname: &str) -> UpdateResource {
    let mut update = update_to(user, name);
    if let Some((attributes, _)) = &mut update.attributes {
        attributes.insert("nickName".to_owned(), nickname.into());
    }
    update
}

fn at_version(update: UpdateResource, versions: &[u64]) -> UpdateResource {
    let version = |number: &u64| Version::new(*number);
    UpdateResource { expected: ExpectedVersion::OneOf(versions.iter().map(version).collect()), ..update }
}

/// How many creates of one and of several were sent since it was asked last.
#[track_caller]
fn check_created(of_one: usize, of_several: usize) {
    check_sent_by(["search_text, keys, payload) VALUES (", "claimed AS ("], of_one, of_several);
}

/// How many changes of one and of several were sent since it was asked last.
#[track_caller]
fn check_changed(of_one: usize, of_several: usize) {
    check_sent_by(["+ 1, change_id = ", "due AS MATERIALIZED ("], of_one, of_several);
}

#[test]
fn creates_that_come_together_share_a_statement() {
    on_one_thread(async {
        let world = World::new().await;
        let other = tenant();
        register(&world.store, &[Arc::clone(&other)]).await;
        sent();
        assert_eq!(world.create_users_together(&["d"]).await, ["d in 0"]);
        check_created(1, 0);
        let new: Vec<NewResource> = ["e", "f", "g"].map(|name| new_user(&world.tenant, name)).into();
        let ids: Vec<ResourceId> = new.iter().map(|new| new.id).collect();
        let foreign = new_user(&other, "e");
        let (created, foreign) = tokio::join!(
            join_all(new.into_iter().map(|new| world.create_one(new))),
            world.create_in(&other, foreign, Include::EVERYTHING),
        );
        assert_eq!(
            (created, foreign.as_str()),
            (vec!["e in 0".into(), "f in 0".into(), "g in 0".into()], "e in 0")
        );
        check_created(1, 1);
        for (id, name) in ids.iter().zip(["e", "f", "g"]) {
            assert_eq!(world.get_as("User", *id, Include::EVERYTHING).await, format!("{name} in 0"));
            let record = format!("create User {id} ->1");
            assert_eq!(world.log().await.iter().filter(|line| **line == record).count(), 1);
            assert!(world.values().await.contains(&format!("{name} {id}")));
        }
    });
}

#[test]
fn who_wants_a_name_that_is_taken_is_in_nobodys_way() {
    on_one_thread(async {
        let world = World::new().await;
        sent();
        let mut created = world.create_users_together(&["d", "a", "e", "d", "f", "e"]).await;
        created.sort();
        let taken = "userName is taken";
        assert_eq!(created, ["d in 0", "e in 0", "f in 0", taken, taken, taken]);
        check_created(3, 1);
        assert_eq!(world.values().await.len(), 6, "{:?}", world.values().await);
        assert_eq!(world.log().await.len(), 6, "{:?}", world.log().await);
    });
}

#[test]
fn an_id_that_is_in_use_is_in_nobodys_way() {
    on_one_thread(async {
        let world = World::new().await;
        let [a, b] = [0, 1].map(|index: usize| &world.users[index]);
        let delete = DeleteResource {
            id: b.id,
            resource_type: Arc::clone(&b.resource_type),
            expected: ExpectedVersion::Any,
            keep: Some(b.attributes.read().expect("readable")),
            at: at(),
            audit: audit_entry(AuditOperation::Delete),
        };
        world.resources.resource_delete(&world.tenant, delete).await.expect("it is put aside");
        for used in [a.id, b.id] {
            let names = ["x", "y", "z"].map(|name| format!("{name}-{used}"));
            let mut new = names.each_ref().map(|name| new_user(&world.tenant, name));
            new[1].id = used;
            sent();
            let created = join_all(new.into_iter().map(|new| world.create_one(new))).await;
            let [x, y, z] = &names;
            assert_eq!(created, [format!("{x} in 0"), "id is taken".to_owned(), format!("{z} in 0")]);
            // Each again, and the one that is refused in more than one trip.
            check_created(4, 1);
            let values = world.values().await;
            assert!(!values.iter().any(|value| value.starts_with(&y.to_lowercase())), "{values:?}");
            assert!(values.iter().any(|value| value.starts_with(&z.to_lowercase())), "{values:?}");
        }
        assert_eq!(world.get(a.id).await, "a");
    });
}

#[test]
fn changes_that_come_together_share_a_statement() {
    on_one_thread(async {
        let world = World::new().await;
        let [a, b, c] = [0, 1, 2].map(|index: usize| &world.users[index]);
        world.group_of(b.id).await;
        sent();
        assert_eq!(world.change(nicknamed(a, "a", "one")).await, "a in 0 v2");
        check_changed(1, 0);

        let changes = vec![
            at_version(nicknamed(a, "a", "two"), &[1, 2]),
            at_version(nicknamed(b, "b", "two"), &[1]),
            nicknamed(c, "c", "two"),
        ];
        assert_eq!(world.change_together(changes).await, ["a in 0 v3", "b in 1 v2", "c in 0 v2"]);
        check_changed(0, 1);
        let log = world.log().await;
        for (user, versions) in [(a, "1>2"), (a, "2>3"), (b, "1>2"), (c, "1>2")] {
            let record = format!("modify User {} {versions}", user.id);
            assert_eq!(log.iter().filter(|line| **line == record).count(), 1, "{log:?}");
        }
        let nickname = |found: Option<StoredResource>| {
            let attributes = found.expect("it is there").attributes.read().expect("readable");
            attributes["nickName"].as_str().expect("a nickname").to_owned()
        };
        for user in [a, b, c] {
            let found =
                world.resources.resource_get(&world.tenant, &user.resource_type, user.id, Include::NOTHING);
            assert_eq!(nickname(found.await.expect("an answer")), "two");
        }
    });
}

#[test]
fn a_change_that_does_not_apply_is_in_nobodys_way() {
    on_one_thread(async {
        let world = World::new().await;
        let [a, b, c] = [0, 1, 2].map(|index: usize| &world.users[index]);
        let missing = StoredResource { id: ResourceId::new(Uuid::new_v4()), ..a.clone() };
        let device = world.tenant.schema.resource_type("Device").expect("Device");
        let device = UpdateResource { resource_type: Arc::clone(device), ..nicknamed(a, "a", "no device") };
        sent();
        let changes = vec![
            at_version(nicknamed(a, "a", "outdated"), &[7]),
            nicknamed(b, "b", "it"),
            nicknamed(b, "b", "again"),
            nicknamed(&missing, "missing", "nobody"),
            // Nothing changes; the name does, to a free one and to one that is taken.
            update_to(c, "c"),
            update_to(c, "a"),
            device,
        ];
        let changed = world.change_together(changes).await;
        let outdated = "the version is 1";
        let nothing = "there is no such resource";
        assert_eq!(changed[0], outdated);
        assert_eq!(changed[3..], [nothing, "c in 0 v1, unchanged", "userName is taken", nothing]);
        let mut of_b = changed[1..3].to_vec();
        of_b.sort();
        assert_eq!(of_b, ["b in 0 v2", "b in 0 v3"]);
        assert_eq!(world.log().await.len(), 3 + 2, "{:?}", world.log().await);

        sent();
        let changes = vec![update_to(a, "d"), nicknamed(b, "b", "third"), nicknamed(c, "c", "one")];
        assert_eq!(world.change_together(changes).await, ["d in 0 v2", "b in 0 v4", "c in 0 v2"]);
        check_changed(0, 1);
    });
}

/// What others come to, who came after one that has to wait.
async fn meanwhile<T>(
    waits: &mut (impl Future<Output = String> + Unpin),
    others: impl Future<Output = T>,
) -> T {
    tokio::select! {
        biased;
        told = waits => panic!("it did not wait: {told}"),
        told = others => told,
    }
}

/// Whoever changes a row that another transaction holds waits for it, and nobody with them.
#[test]
fn a_locked_row_is_in_nobodys_way() {
    on_one_thread(async {
        let world = World::new().await;
        let [a, b, c] = [0, 1, 2].map(|index: usize| &world.users[index]);
        let holder = connect(world._database.url()).await;
        let lock = format!("BEGIN; SELECT 1 FROM scim_resource WHERE id = '{}' FOR UPDATE", a.id);
        holder.batch_execute(&lock).await.expect("a lock");
        sent();
        let mut locked = Box::pin(world.change(nicknamed(a, "a", "late")));
        let others = world.change_together(vec![nicknamed(b, "b", "soon"), nicknamed(c, "c", "soon")]);
        assert_eq!(meanwhile(&mut locked, others).await, ["b in 0 v2", "c in 0 v2"]);
        holder.batch_execute("COMMIT").await.expect("the lock is released");
        assert_eq!(locked.await, "a in 0 v2");
        check_changed(0, 1);
    });
}

/// Whoever wants a value that another transaction has claimed waits for that, and others not for long.
#[test]
fn a_value_that_is_waited_for_is_in_nobodys_way() {
    on_one_thread(async {
        let world = World::new().await;
        let holder = connect(world._database.url()).await;
        let claim = format!(
            "BEGIN; INSERT INTO resource_unique_value VALUES ('{}', 'User', 'userName', 'x', '{}')",
            world.tenant.id, world.users[0].id
        );
        holder.batch_execute(&claim).await.expect("it is claimed");
        sent();
        let mut waits = Box::pin(world.create_one(new_user(&world.tenant, "x")));
        let others = world.create_users_together(&["y", "z"]);
        assert_eq!(meanwhile(&mut waits, others).await, ["y in 0", "z in 0"]);
        holder.batch_execute("ROLLBACK").await.expect("it is free");
        assert_eq!(waits.await, "x in 0");
        check_created(3, 1);
    });
}

/// What has two unique values is created by itself.
#[test]
fn several_unique_values_are_claimed_alone() {
    on_one_thread(async {
        let world = World::new().await;
        let new = ["x", "y"].map(|name| {
            let mut new = new_user(&world.tenant, name);
            let other = UniqueValue { attribute: "nickName".to_owned(), ..new.unique_values[0].clone() };
            new.unique_values.push(other);
            new
        });
        sent();
        assert_eq!(join_all(new.map(|new| world.create_one(new))).await, ["x in 0", "y in 0"]);
        check_created(2, 0);
    });
}

/// Whether it was written is not known: it is not run again.
#[test]
fn who_outlives_the_runtime_of_a_statement_is_told_so() {
    on_one_thread(async {
        let world = World::new().await;
        let holder = world.lock().await;
        let ended = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let ended = ended.expect("a runtime");
        // Its only thread does nothing until both wait for it.
        let (go, held) = std::sync::mpsc::channel::<()>();
        ended.spawn(async move { held.recv().is_ok() });
        let [a, b] = [0, 1].map(|index: usize| &world.users[index]);
        let mut changes = [
            Box::pin(world.change(nicknamed(a, "a", "it"))),
            Box::pin(world.change(nicknamed(b, "b", "it"))),
        ];
        {
            let _entered = ended.enter();
            for change in &mut changes {
                assert!(futures_util::poll!(change).is_pending());
            }
        }
        drop(go);
        world.until_running(2).await;
        ended.shutdown_background();
        let told = "unavailable: what ran this with others ended before it was done";
        assert_eq!(join_all(changes).await, [told, told]);
        holder.batch_execute("COMMIT").await.expect("the lock is released");
    });
}

/// A change is written when its row comes. Where that cannot be read, nobody's change is made a second time.
#[test]
fn what_is_written_and_cannot_be_read_is_not_written_again() {
    on_one_thread(async {
        let world = World::new().await;
        let [a, b] = [0, 1].map(|index: usize| &world.users[index]);
        let spoil = format!("UPDATE scim_resource SET created_at = 'infinity' WHERE id = '{}'", a.id);
        world.client.batch_execute(&spoil).await.expect("the row is changed");
        sent();
        let changes =
            vec![at_version(nicknamed(a, "a", "it"), &[1]), at_version(nicknamed(b, "b", "it"), &[1])];
        let changed = world.change_together(changes).await;
        assert!(changed.iter().all(|told| told.starts_with("unavailable: ")), "{changed:?}");
        check_changed(0, 1);
        let query = "SELECT count(*) FROM scim_resource WHERE version = 2";
        let row = world.client.query_one(query, &[]).await.expect("a count");
        assert_eq!(row.get::<_, i64>(0), 2);
        let log = world.log().await;
        assert_eq!(log.iter().filter(|line| line.starts_with("modify ")).count(), 2, "{log:?}");
    });
}

/// Documents that are long together are not held in one statement.
#[test]
fn long_documents_are_written_apart() {
    on_one_thread(async {
        let world = World::new().await;
        let long = "x".repeat(400_000);
        let new: Vec<NewResource> = (0..4)
            .map(|number| {
                let mut new = new_user(&world.tenant, &format!("user-{number}"));
                new.attributes.insert("nickName".to_owned(), long.as_str().into());
                new
            })
            .collect();
        sent();
        let created = join_all(new.into_iter().map(|new| world.create_one(new))).await;
        assert_eq!(created, ["user-0 in 0", "user-1 in 0", "user-2 in 0", "user-3 in 0"]);
        let together: Vec<String> = sent().into_iter().filter(|sql| sql.contains("claimed AS (")).collect();
        assert_eq!(together.len(), 2, "two have room in one");
        assert_eq!(world.values().await.len(), 3 + 4);
    });
}

/// On several threads, with rivals for each name and each version: nobody's write is lost or made twice.
#[test]
fn writers_that_race_write_once_each() {
    block_on(async {
        let world = Arc::new(World::new().await);
        let writers = (0..8).map(|writer| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                let (mut created, mut changed) = (0, 0);
                for round in 0..25 {
                    let new = new_user(&world.tenant, &format!("round-{round}"));
                    let rest = new_user(&world.tenant, &format!("round-{round}-{writer}"));
                    let user = &world.users[round % 3];
                    let name = ["a", "b", "c"][round % 3];
                    let (first, second, change) = tokio::join!(
                        world.create_one(new),
                        world.create_one(rest),
                        world.change(nicknamed(user, name, &format!("{writer}-{round}"))),
                    );
                    assert_eq!(second, format!("round-{round}-{writer} in 0"));
                    assert!(!change.contains("unchanged"), "{change}");
                    match first.as_str() {
                        "userName is taken" => {}
                        first => {
                            assert_eq!(first, format!("round-{round} in 0"));
                            created += 1;
                        }
                    }
                    changed += 1;
                }
                (created, changed)
            })
        });
        let (mut created, mut changed) = (0, 0);
        for writer in join_all(writers).await {
            let (creates, changes) = writer.expect("every answer was right");
            created += creates;
            changed += changes;
        }
        assert_eq!((created, changed), (25, 8 * 25));
        let mut versions = 0;
        for user in &world.users {
            let found =
                world.resources.resource_get(&world.tenant, &user.resource_type, user.id, Include::NOTHING);
            versions += found.await.expect("an answer").expect("it is there").version.number() - 1;
        }
        assert_eq!(versions, 8 * 25);
        let query = format!(
            "SELECT count(*), count(DISTINCT (resource_id, version_after)) FROM audit_event WHERE tenant_id = '{}'",
            world.tenant.id
        );
        let row = world.client.query_one(&query, &[]).await.expect("a count");
        let (records, distinct): (i64, i64) = (row.get(0), row.get(1));
        assert_eq!((records, distinct), (3 + 25 + 200 + 200, 3 + 25 + 200 + 200));
    });
}

#[test]
fn who_outlives_the_runtime_of_a_write_gets_an_answer() {
    on_one_thread(async {
        let world = World::new().await;
        let ended = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut create = Box::pin(world.create_one(new_user(&world.tenant, "d")));
        let mut change = Box::pin(world.change(nicknamed(&world.users[0], "a", "it")));
        {
            let _entered = ended.enter();
            assert!(futures_util::poll!(&mut create).is_pending());
            assert!(futures_util::poll!(&mut change).is_pending());
        }
        ended.shutdown_background();
        assert_eq!((create.await.as_str(), change.await.as_str()), ("d in 0", "a in 0 v2"));
    });
}
