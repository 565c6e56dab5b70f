//! Requests for single resources that come together.

mod names;
mod writes;

use std::error::Error;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use scim_adapter_postgres::{PostgresResources, PostgresSettings, PostgresStore};
use scim_domain::identifier::ResourceId;
use scim_domain::listing::Include;
use scim_domain::resource::{Attributes, StoredResource};
use scim_domain::tenant::Tenant;
use scim_ports::conformance::tenant;
use scim_ports::{NewResource, RepositoryError, ResourceRepository};
use scim_test_postgres::TestDatabase;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::statements::sent;
use crate::support::{
    block_on, connect, create_users, new_user, on_one_thread, own_store, register, search, settings,
};

/// A tenant with three users, in a database of its own.
struct World {
    store: PostgresStore,
    resources: PostgresResources,
    tenant: Arc<Tenant>,
    users: Vec<StoredResource>,
    client: Client,
    _database: TestDatabase,
}

impl World {
    async fn new() -> Self {
        Self::with(settings).await
    }

    async fn with(settings: impl Fn(&str) -> PostgresSettings) -> Self {
        let (_, database) = own_store().await;
        let store = PostgresStore::open(&settings(database.url())).await.expect("the database is there");
        let (tenant, users) = (tenant(), ["a", "b", "c"]);
        register(&store, &[Arc::clone(&tenant)]).await;
        let users = create_users(&store, &tenant, users).await;
        let client = connect(database.url()).await;
        Self { resources: store.resources(), store, tenant, users, client, _database: database }
    }

    async fn group_of(&self, member: ResourceId) -> ResourceId {
        let mut attributes = Attributes::new();
        attributes.insert("displayName".to_owned(), "g".into());
        let group = NewResource {
            resource_type: Arc::clone(self.tenant.schema.resource_type("Group").expect("Group")),
            unique_values: Vec::new(),
            attributes,
            members: [member].into(),
            ..new_user(&self.tenant, "g")
        };
        let id = group.id;
        let created = self.resources.resource_create_all(&self.tenant, vec![group], Include::NOTHING);
        created.await.expect("it is created");
        id
    }

    /// What a read of a user, or of what is taken for one, comes to.
    async fn get(&self, id: ResourceId) -> String {
        self.get_as("User", id, Include::NOTHING).await
    }

    async fn get_as(&self, resource_type: &str, id: ResourceId, include: Include) -> String {
        told(get(&self.resources, &self.tenant, resource_type, id, include).await)
    }

    /// Makes a row one that cannot be read.
    async fn spoil(&self, id: ResourceId) {
        let spoil = format!(
            "UPDATE scim_resource SET version = -1 WHERE tenant_id = '{}' AND id = '{id}'",
            self.tenant.id
        );
        self.client.batch_execute(&spoil).await.expect("the row is changed");
    }

    /// How many others are at work in the database, or wait for a lock.
    async fn running(&self) -> i64 {
        let running = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'";
        self.client.query_one(running, &[]).await.expect("a count").get(0)
    }

    async fn until_running(&self, count: i64) {
        let reached = async { while self.running().await != count {} };
        tokio::time::timeout(Duration::from_secs(60), reached).await.expect("so many are under way");
    }

    /// Has every read of a resource wait until what this answers is told to commit.
    async fn lock(&self) -> Client {
        let holder = connect(self._database.url()).await;
        holder.batch_execute("BEGIN; LOCK TABLE scim_resource").await.expect("a lock");
        holder
    }
}

async fn get(
    resources: &PostgresResources,
    tenant: &Tenant,
    resource_type: &str,
    id: ResourceId,
    include: Include,
) -> Result<Option<StoredResource>, RepositoryError> {
    let resource_type = tenant.schema.resource_type(resource_type).expect("the type");
    let found = resources.resource_get(tenant, resource_type, id, include).await?;
    assert!(found.as_ref().is_none_or(|found| found.id == id), "another one was answered");
    Ok(found)
}

/// The name of what was found, with how many groups it is in if that was read.
fn told(outcome: Result<Option<StoredResource>, RepositoryError>) -> String {
    match outcome {
        Ok(None) => "nothing".to_owned(),
        Ok(Some(resource)) => {
            let attributes = resource.attributes.read().expect("readable");
            let name = ["userName", "displayName"].iter().find_map(|name| attributes.get(*name));
            let name = name.and_then(|name| name.as_str()).expect("a name").to_owned();
            resource.groups.map_or(name.clone(), |groups| format!("{name} in {}", groups.len()))
        }
        Err(RepositoryError::Unavailable(cause)) => format!("unavailable: {cause}"),
        Err(RepositoryError::Uniqueness { attribute }) => format!("{attribute} is taken"),
        Err(RepositoryError::VersionConflict { current }) => format!("the version is {}", current.number()),
        Err(RepositoryError::NotFound) => "there is no such resource".to_owned(),
        Err(error) => format!("{error}: {}", error.source().expect("a source")),
    }
}

/// How many statements for one resource and how many for several were sent since it was asked last.
#[track_caller]
fn check_sent(of_one: usize, of_several: usize) {
    check_sent_by([" AND r.id = $2", " AND r.id = wanted.id"], of_one, of_several);
}

/// The same for statements with the one of these conditions and with the other.
#[track_caller]
fn check_sent_by(conditions: [&str; 2], of_one: usize, of_several: usize) {
    let sent = sent();
    let count = |condition| sent.iter().filter(|statement| statement.contains(condition)).count();
    assert_eq!(conditions.map(count), [of_one, of_several], "{sent:#?}");
}

#[test]
fn reads_that_come_together_share_a_statement() {
    on_one_thread(async {
        let world = World::new().await;
        let [a, b, c] = [0, 1, 2].map(|index: usize| world.users[index].id);
        let group = world.group_of(b).await;
        let other = tenant();
        register(&world.store, &[Arc::clone(&other)]).await;
        let foreign = create_users(&world.store, &other, ["x"]).await.remove(0).id;
        let missing = ResourceId::new(Uuid::new_v4());
        sent();

        assert_eq!(world.get(a).await, "a");
        check_sent(1, 0);

        // The same one, a missing one, one of another type and one of another tenant.
        let found = join_all([a, b, a, missing, group, c, foreign].map(|id| world.get(id))).await;
        assert_eq!(found, ["a", "b", "a", "nothing", "nothing", "c", "nothing"]);
        check_sent(0, 1);

        assert_eq!(join_all([a, a, a].map(|id| world.get(id))).await, ["a", "a", "a"]);
        check_sent(1, 0);

        // What differs in more than the id is read apart.
        let (with, without, device, of_other) = tokio::join!(
            join_all([a, b].map(|id| world.get_as("User", id, Include::EVERYTHING))),
            join_all([a, b].map(|id| world.get(id))),
            world.get_as("Device", a, Include::NOTHING),
            get(&world.resources, &other, "User", foreign, Include::NOTHING),
        );
        assert_eq!(
            (with, without),
            (vec!["a in 0".to_owned(), "b in 1".into()], vec!["a".into(), "b".into()])
        );
        assert_eq!((device.as_str(), told(of_other).as_str()), ("nothing", "x"));
        check_sent(2, 2);

        // Groups are read by themselves.
        let groups = join_all([group, group].map(|id| world.get_as("Group", id, Include::NOTHING))).await;
        assert_eq!(groups, ["g", "g"]);
        check_sent(2, 0);
    });
}

#[test]
fn many_reads_share_a_few_statements() {
    on_one_thread(async {
        let world = World::new().await;
        let new: Vec<_> = (0..150).map(|number| new_user(&world.tenant, &format!("user-{number}"))).collect();
        let ids: Vec<ResourceId> = new.iter().map(|new| new.id).collect();
        let created = world.resources.resource_create_all(&world.tenant, new, Include::NOTHING).await;
        created.expect("they are created");
        sent();
        let found = join_all(ids.iter().map(|id| world.get(*id))).await;
        let expected: Vec<String> = (0..150).map(|number| format!("user-{number}")).collect();
        assert_eq!(found, expected);
        check_sent(0, 3);
    });
}

/// On several threads, each time that some are read another way.
#[test]
fn each_caller_gets_its_own_answer() {
    block_on(async {
        let world = Arc::new(World::new().await);
        let readers = (0..8).map(|reader| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                for round in 0..200 {
                    let index = (reader + round) % 3;
                    assert_eq!(world.get(world.users[index].id).await, ["a", "b", "c"][index]);
                }
            })
        });
        for reader in join_all(readers).await {
            reader.expect("every answer was right");
        }
    });
}

#[test]
fn a_row_that_cannot_be_read_fails_nobody_else() {
    on_one_thread(async {
        let world = World::new().await;
        let [a, b, c] = [0, 1, 2].map(|index: usize| world.users[index].id);
        world.spoil(b).await;
        sent();
        let found = join_all([a, b, c, a].map(|id| world.get(id))).await;
        assert_eq!([&found[0], &found[2], &found[3]], ["a", "c", "a"]);
        assert!(found[1].starts_with("the store failed: "), "{found:?}");
        check_sent(4, 1);
        let by_itself = world.get(b).await;
        assert_eq!(by_itself, found[1]);
        check_sent(1, 0);
    });
}

/// A statement goes on for as long as one of those waits that it reads for, and holds up nobody who comes
/// later.
#[test]
fn a_statement_is_cancelled_with_the_last_who_waits_for_it() {
    on_one_thread(async {
        let patient =
            |url: &str| PostgresSettings { statement_timeout: Duration::from_secs(600), ..settings(url) };
        let world = World::with(patient).await;
        let [a, b, c] = [0, 1, 2].map(|index: usize| world.users[index].id);
        let holder = world.lock().await;
        assert_eq!(world.running().await, 1, "the transaction that holds the lock");
        let mut first = Box::pin(world.get(a));
        let mut second = Box::pin(world.get(b));
        tokio::select! {
            biased;
            _ = &mut first => panic!("the table is locked"),
            _ = &mut second => panic!("the table is locked"),
            () = world.until_running(2) => {}
        }
        drop(first);
        let mut third = Box::pin(world.get(c));
        tokio::select! {
            biased;
            _ = &mut second => panic!("the table is locked"),
            _ = &mut third => panic!("the table is locked"),
            () = world.until_running(3) => {}
        }
        drop(second);
        tokio::select! {
            _ = &mut third => panic!("the table is locked"),
            () = world.until_running(2) => {}
        }
        holder.batch_execute("COMMIT").await.expect("the lock is released");
        assert_eq!(third.await, "c");

        // Who goes away before the statement is not read for.
        sent();
        let mut gone = Box::pin(world.get(a));
        assert!(futures_util::poll!(&mut gone).is_pending());
        drop(gone);
        assert_eq!(world.get(b).await, "b");
        check_sent(1, 0);
        let status = world.store.pool_status();
        assert_eq!((status.idle, status.waiting), (status.open, 0), "every connection is back");
    });
}

#[test]
fn without_a_connection_all_are_refused_after_one_wait() {
    const WAIT: Duration = Duration::from_secs(3);
    on_one_thread(async {
        let world = World::with(|url| PostgresSettings {
            max_connections: 1,
            acquire_timeout: WAIT,
            statement_timeout: Duration::from_secs(600),
            ..settings(url)
        })
        .await;
        let [a, b, c] = [0, 1, 2].map(|index: usize| world.users[index].id);
        let holder = world.lock().await;
        let users = &world.users[0].resource_type;
        let query = search(users, "userName eq \"a\"");
        let mut searched = world.resources.resource_search(&world.tenant, &query);
        tokio::select! {
            _ = &mut searched => panic!("the table is locked"),
            () = world.until_running(2) => {}
        }
        let began = Instant::now();
        let refused = join_all([a, b, c].map(|id| world.get(id))).await;
        assert!(began.elapsed() < 2 * WAIT, "{:?}", began.elapsed());
        let expected = format!("unavailable: no connection to the database became free within {WAIT:?}");
        assert_eq!(refused, [expected.as_str(); 3]);
        holder.batch_execute("COMMIT").await.expect("the lock is released");
        assert_eq!(searched.await.expect("an answer").total_results, 1);
        assert_eq!(world.get(a).await, "a");
    });
}

#[test]
fn who_outlives_the_runtime_of_a_read_gets_an_answer() {
    on_one_thread(async {
        let world = World::new().await;
        let ended = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let mut read = Box::pin(world.get(world.users[0].id));
        {
            let _entered = ended.enter();
            assert!(futures_util::poll!(&mut read).is_pending());
        }
        ended.shutdown_background();
        assert_eq!(read.await, "a");
    });
}
