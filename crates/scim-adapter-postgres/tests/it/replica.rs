//! A streaming replica that searches go to.

use std::sync::Arc;
use std::time::{Duration, Instant};

use scim_adapter_postgres::{PostgresSettings, PostgresStore};
use scim_domain::listing::Include;
use scim_domain::resource::StoredResource;
use scim_domain::tenant::Tenant;
use scim_ports::ResourceRepository;
use scim_ports::conformance::tenant;
use scim_test_postgres::{PrivateServer, Shutdown};
use tokio_postgres::Client;

use crate::support::{block_on, connect, create_users, database, register, search, settings, update_to};

/// How long the replica may take for anything.
const PATIENCE: Duration = Duration::from_secs(20);

async fn ask(client: &Client, query: &str) -> String {
    client.query_one(query, &[]).await.expect("an answer").get(0)
}

async fn wait_for(client: &Client, query: &str, answer: &str) {
    let began = Instant::now();
    while ask(client, query).await != answer {
        assert!(began.elapsed() < PATIENCE, "{query} is not {answer}");
    }
}

/// Waits until the replica has replayed what was written by now.
async fn catch_up(primary: &Client, replica: &Client) {
    let written = ask(primary, "SELECT pg_current_wal_lsn()::text").await;
    wait_for(replica, &format!("SELECT (pg_last_wal_replay_lsn() >= '{written}')::text"), "true").await;
}

async fn pause(replica: &Client) {
    replica.batch_execute("SELECT pg_wal_replay_pause()").await.expect("it pauses");
    wait_for(replica, "SELECT pg_get_wal_replay_pause_state()", "paused").await;
}

/// The names that a search shows, sorted.
async fn listed(store: &PostgresStore, tenant: &Tenant, filter: &str) -> String {
    let users = tenant.schema.resource_type("User").expect("User");
    let page = store.resources().resource_search(tenant, &search(users, filter)).await;
    let mut names: Vec<String> = page.expect("an answer").resources.iter().map(name_of).collect();
    names.sort();
    names.join(" ")
}

fn name_of(user: &StoredResource) -> String {
    let attributes = user.attributes.read().expect("readable");
    attributes.get("userName").and_then(|name| name.as_str()).expect("a userName").to_owned()
}

/// The name and version that reading by id shows.
async fn read(store: &PostgresStore, tenant: &Tenant, user: &StoredResource) -> (String, u64) {
    let resources = store.resources();
    let got = resources.resource_get(tenant, &user.resource_type, user.id, Include::NOTHING).await;
    let got = got.expect("an answer").expect("it is there");
    (name_of(&got), got.version.number())
}

#[test]
fn searches_go_to_the_replica_and_everything_else_to_the_database() {
    /// One for each way in which a search is run: any number, a few, one.
    const FILTERS: [&str; 3] = ["userName pr", "userName co \"user\"", "userName eq \"user-a\""];
    let primary = PrivateServer::start_local().unwrap_or_else(|error| panic!("{error}"));
    let replica = primary.start_replica().expect("it follows");
    block_on(async {
        let with_replica =
            PostgresSettings { read_url: Some(replica.url().to_owned()), ..settings(primary.url()) };
        let store = PostgresStore::open(&with_replica).await.expect("the database is there");
        store.migrate().await.expect("the migrations apply");
        let tenant = tenant();
        register(&store, &[Arc::clone(&tenant)]).await;
        let (primary, follower) = (connect(primary.url()).await, connect(replica.url()).await);
        let a = create_users(&store, &tenant, ["user-a"]).await.remove(0);
        catch_up(&primary, &follower).await;
        for filter in FILTERS {
            assert_eq!(listed(&store, &tenant, filter).await, "user-a", "{filter}");
        }

        pause(&follower).await;
        let b = create_users(&store, &tenant, ["user-b"]).await.remove(0);
        let resources = store.resources();
        let changed = resources.resource_update(&tenant, update_to(&a, "user-c"), Include::NOTHING);
        changed.await.expect("it is changed");
        assert_eq!(read(&store, &tenant, &b).await, ("user-b".to_owned(), 1));
        assert_eq!(read(&store, &tenant, &a).await, ("user-c".to_owned(), 2));
        for filter in FILTERS {
            assert_eq!(listed(&store, &tenant, filter).await, "user-a", "{filter}");
        }

        follower.batch_execute("SELECT pg_wal_replay_resume()").await.expect("it goes on");
        catch_up(&primary, &follower).await;
        assert_eq!(listed(&store, &tenant, "userName pr").await, "user-b user-c");

        // Without the replica nothing is old, and nothing fails.
        replica.stop(Shutdown::Immediate).expect("it stops");
        create_users(&store, &tenant, ["user-d"]).await;
        for _ in 0..3 {
            assert_eq!(listed(&store, &tenant, "userName pr").await, "user-b user-c user-d");
        }

        replica.start_again().expect("it starts");
        let follower = connect(replica.url()).await;
        catch_up(&primary, &follower).await;
        pause(&follower).await;
        create_users(&store, &tenant, ["user-e"]).await;
        let began = Instant::now();
        while listed(&store, &tenant, "userName pr").await != "user-b user-c user-d" {
            assert!(began.elapsed() < PATIENCE, "searches do not go to the replica again");
        }
    });
}

#[test]
fn a_replica_that_cannot_answer_does_no_harm() {
    block_on(async {
        let (database, empty) = (database(), database());
        for read_url in [empty.url(), "postgresql://nobody@127.0.0.1:1/nothing"] {
            let with_replica =
                PostgresSettings { read_url: Some(read_url.to_owned()), ..settings(database.url()) };
            let store = PostgresStore::open(&with_replica).await.expect("the database is there");
            store.migrate().await.expect("the migrations apply");
            let tenant = tenant();
            register(&store, &[Arc::clone(&tenant)]).await;
            create_users(&store, &tenant, ["user-a", "user-b"]).await;
            for filter in ["userName pr", "userName co \"user\"", "userName sw \"user\""] {
                assert_eq!(listed(&store, &tenant, filter).await, "user-a user-b", "{filter}");
            }
            store.resources().ping().await.expect("the store is ready");
        }
    });
}
