//! What happens when the database goes away, comes back, or has no time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use scim_adapter_postgres::{OpenError, PostgresSettings, PostgresStore};
use scim_domain::listing::Include;
use scim_domain::resource::StoredResource;
use scim_domain::tenant::Tenant;
use scim_ports::conformance::tenant;
use scim_ports::{RepositoryError, ResourceRepository, UpdateResource};
use scim_test_postgres::{PrivateServer, Shutdown};

use crate::support::{
    block_on, connect, create_users, database, new_user, register, search, settings, update_to,
};

async fn get(
    store: &PostgresStore,
    tenant: &Tenant,
    resource: &StoredResource,
) -> Result<bool, RepositoryError> {
    let resources = store.resources();
    let got = resources.resource_get(tenant, &resource.resource_type, resource.id, Include::NOTHING).await;
    got.map(|found| found.is_some())
}

#[track_caller]
fn is_unavailable<T: std::fmt::Debug>(outcome: Result<T, RepositoryError>) {
    assert!(matches!(outcome, Err(RepositoryError::Unavailable(_))), "{outcome:?}");
}

#[test]
fn a_database_that_is_not_there_is_given_up_in_time() {
    block_on(async {
        let url = "postgresql://nobody@127.0.0.1:1/nothing";
        let acquire_timeout = Duration::from_millis(700);
        let began = Instant::now();
        let opened = PostgresStore::open(&PostgresSettings { acquire_timeout, ..settings(url) }).await;
        assert!(matches!(opened.err(), Some(OpenError::Unreachable { .. })));
        assert!(began.elapsed() >= Duration::from_millis(200), "it was tried again");
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    });
}

/// While another transaction holds the tables, a statement takes longer than it may, and the one
/// connection there is is not free.
#[test]
fn what_takes_too_long_is_cancelled_and_what_waits_too_long_is_refused() {
    block_on(async {
        let database = database();
        let store = PostgresStore::open(&PostgresSettings {
            max_connections: 1,
            acquire_timeout: Duration::from_secs(1),
            statement_timeout: Duration::from_secs(3),
            ..settings(database.url())
        })
        .await
        .expect("the database is there");
        store.migrate().await.expect("the migrations apply");
        let tenant = tenant();
        register(&store, &[Arc::clone(&tenant)]).await;
        let user = create_users(&store, &tenant, ["a"]).await.remove(0);
        let users = &user.resource_type;

        let client = connect(database.url()).await;
        client.batch_execute("BEGIN; LOCK TABLE scim_resource").await.expect("a lock");
        let (slow, refused) = tokio::join!(
            async {
                let began = Instant::now();
                let resources = store.resources();
                let found = resources.resource_search(&tenant, &search(users, "userName pr")).await;
                (found.map(|page| page.total_results), began.elapsed())
            },
            async {
                // Polled after the other, which has the connection then.
                let began = Instant::now();
                (get(&store, &tenant, &user).await, began.elapsed())
            }
        );
        is_unavailable(slow.0);
        is_unavailable(refused.0);
        assert!(slow.1 >= Duration::from_millis(2900) && slow.1 < Duration::from_secs(10), "{:?}", slow.1);
        assert!(refused.1 < Duration::from_millis(2900), "{:?}", refused.1);
        client.batch_execute("COMMIT").await.expect("the lock is released");
        // A connection in place of the one that was cut off may take a busy machine longer than a call waits.
        let released = Instant::now();
        while !matches!(get(&store, &tenant, &user).await, Ok(true)) {
            assert!(released.elapsed() < Duration::from_secs(60), "the store answers again");
        }
    });
}

/// A caller that goes away in the middle of a write leaves nothing half done: what it wrote is there as
/// a whole or not at all, and its connection is not given to anybody else.
#[test]
fn a_call_that_is_dropped_leaves_nothing_half_done() {
    block_on(async {
        let database = database();
        let one = PostgresSettings { max_connections: 1, ..settings(database.url()) };
        let store = PostgresStore::open(&one).await.expect("the database is there");
        store.migrate().await.expect("the migrations apply");
        let tenant = tenant();
        register(&store, &[Arc::clone(&tenant)]).await;
        let user = create_users(&store, &tenant, ["a"]).await.remove(0);

        let client = connect(database.url()).await;
        client.batch_execute("BEGIN; LOCK TABLE resource_unique_value").await.expect("a lock");
        let resources = store.resources();
        let create = resources.resource_create_all(&tenant, vec![new_user(&tenant, "b")], Include::NOTHING);
        let cut = tokio::time::timeout(Duration::from_millis(500), create).await;
        assert!(cut.is_err(), "it waits for the lock");
        client.batch_execute("COMMIT").await.expect("the lock is released");
        assert!(get(&store, &tenant, &user).await.expect("the store answers"));
        // Waits for the end of the first write, if that goes on.
        let again =
            resources.resource_create_all(&tenant, vec![new_user(&tenant, "b")], Include::NOTHING).await;
        let was_written = match again {
            Ok(_) => false,
            Err(refused) => {
                assert!(matches!(refused.error, RepositoryError::Uniqueness { .. }), "{refused:?}");
                true
            }
        };
        let users = tenant.schema.resource_type("User").expect("User");
        let found = resources.resource_search(&tenant, &search(users, "userName eq \"b\"")).await;
        assert_eq!(found.expect("the store answers").total_results, 1, "written before: {was_written}");
    });
}

/// A caller that goes away takes its statement with it, which would go on until its own time limit otherwise; its
/// connection is replaced.
#[test]
fn a_call_that_is_dropped_is_cancelled_in_the_database() {
    const RUNNING: &str = "SELECT count(*) FROM pg_stat_activity \
                           WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'";
    block_on(async {
        let database = database();
        let settings = PostgresSettings {
            max_connections: 2,
            statement_timeout: Duration::from_secs(600),
            ..settings(database.url())
        };
        let store = PostgresStore::open(&settings).await.expect("the database is there");
        store.migrate().await.expect("the migrations apply");
        let tenant = tenant();
        register(&store, &[Arc::clone(&tenant)]).await;
        let user = create_users(&store, &tenant, ["a"]).await.remove(0);

        let holder = connect(database.url()).await;
        let observer = connect(database.url()).await;
        holder.batch_execute("BEGIN; LOCK TABLE scim_resource").await.expect("a lock");
        let running = async || -> i64 { observer.query_one(RUNNING, &[]).await.expect("a count").get(0) };
        assert_eq!(running().await, 1, "the transaction that holds the lock");
        // A read, and a write in the middle of its transaction.
        let resources = store.resources();
        let update = resources.resource_update(&tenant, update_to(&user, "b"), Include::NOTHING);
        let read = get(&store, &tenant, &user);
        let cut = tokio::time::timeout(Duration::from_secs(60), async {
            tokio::select! {
                _ = update => panic!("the table is locked"),
                _ = read => panic!("the table is locked"),
                () = async { while running().await < 3 {} } => {}
            }
        });
        cut.await.expect("both are under way");
        let gone = async { while running().await > 1 {} };
        let gone = tokio::time::timeout(Duration::from_secs(30), gone).await;
        gone.expect("both were cancelled, while the lock is held");
        holder.batch_execute("COMMIT").await.expect("the lock is released");
        assert!(get(&store, &tenant, &user).await.expect("the store answers"));
        let updated = resources.resource_update(&tenant, update_to(&user, "c"), Include::NOTHING).await;
        assert_eq!(
            updated.expect("it is written").resource.version.number(),
            2,
            "nothing was written before"
        );
    });
}

/// The database is stopped in the middle of a storm of writes, and started again. Every write that
/// was acknowledged is there; no resource has a version that no write made.
#[test]
fn acknowledged_writes_survive_a_database_that_stops() {
    let server = PrivateServer::start_local().unwrap_or_else(|error| panic!("{error}"));
    block_on(async {
        let store = PostgresStore::open(&settings(server.url())).await.expect("the database is there");
        store.migrate().await.expect("the migrations apply");
        let tenant = tenant();
        register(&store, &[Arc::clone(&tenant)]).await;
        let ends = Arc::new(AtomicBool::new(false));
        let acknowledged = Arc::new(AtomicBool::new(false));
        let writers: Vec<_> = (0..6)
            .map(|writer| {
                let (store, tenant) = (store.clone(), Arc::clone(&tenant));
                let (ends, acknowledged) = (Arc::clone(&ends), Arc::clone(&acknowledged));
                tokio::spawn(async move {
                    let resources = store.resources();
                    let mut written: Vec<StoredResource> = Vec::new();
                    for number in 0.. {
                        if ends.load(Ordering::Acquire) {
                            break;
                        }
                        let new = new_user(&tenant, &format!("user-{writer}-{number}"));
                        let created = resources.resource_create_all(&tenant, vec![new], Include::NOTHING);
                        let Ok(mut created) = created.await else { continue };
                        let user = created.remove(0);
                        written.push(user.clone());
                        let update: UpdateResource = update_to(&user, &format!("changed-{writer}-{number}"));
                        if let Ok(updated) =
                            resources.resource_update(&tenant, update, Include::NOTHING).await
                            && let Some(last) = written.last_mut()
                        {
                            *last = updated.resource;
                            acknowledged.store(true, Ordering::Release);
                        }
                    }
                    written
                })
            })
            .collect();
        while !acknowledged.load(Ordering::Acquire) {
            tokio::task::yield_now().await;
        }
        server.stop(Shutdown::Immediate).expect("it stops");
        is_unavailable(store.resources().ping().await);
        server.start_again().expect("it starts");
        let back = Instant::now();
        while store.resources().ping().await.is_err() {
            assert!(back.elapsed() < Duration::from_secs(1), "the store has not recovered");
        }
        ends.store(true, Ordering::Release);
        let resources = store.resources();
        for writer in writers {
            for user in writer.await.expect("it ends well") {
                let got = resources.resource_get(&tenant, &user.resource_type, user.id, Include::NOTHING);
                let got = got.await.expect("the store answers").expect("an acknowledged user is there");
                // The second write may have been done without its answer having come back.
                assert!(got.version == user.version || got.version == user.version.next());
                assert!(got.version.number() <= 2);
            }
        }
    });
}
