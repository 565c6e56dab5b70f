//! What one replica changes, another one knows within a second, whether notices of it arrive or not.

use std::time::{Duration, Instant};

use reqwest::Method;
use scim_test_postgres::TestDatabase;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, NoTls};

use crate::server::{Answer, Server, database};

/// When a change is known everywhere.
const KNOWN_WITHIN: Duration = Duration::from_secs(1);
/// How long a replica may take to listen to notices, and a request to be answered.
const PATIENCE: Duration = Duration::from_secs(30);

const BADGE: &str = "urn:example:params:scim:schemas:extension:badge:2.0:User";

/// The connections of the second replica by which notices arrive.
const LISTENERS: &str =
    "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'second notices'";

struct World {
    /// The one that changes things.
    first: Server,
    /// The one that has to know.
    second: Server,
    connection: Client,
    /// A token of the tenant `acme`, which the second replica has accepted.
    token: String,
    credential: String,
    database: TestDatabase,
}

impl World {
    async fn new() -> Self {
        let database = database();
        let separator = if database.url().contains('?') { '&' } else { '?' };
        let named = format!("{}{separator}application_name=second", database.url());
        let starting = [Server::spawn(database.url(), &[]), Server::spawn(&named, &[])];
        let [first, second] = starting.map(|server| server.serving());
        let (connection, worker) =
            tokio_postgres::connect(database.url(), NoTls).await.expect("a connection");
        tokio::spawn(async move { drop(worker.await) });

        first.admin(Method::POST, "/tenants", &json!({"slug": "acme"})).await.expect(201);
        let made = first.admin(Method::POST, "/tenants/acme/credentials", &json!({})).await.expect(201);
        let token = made.body["token"].as_str().expect("a token").to_owned();
        let world = Self { first, second, connection, token, credential: made.id(), database };
        world.until_listening().await;
        world.get("/Users").await.expect(200);
        world
    }

    /// Waits until notices arrive at the second replica.
    async fn until_listening(&self) {
        let begun = Instant::now();
        let listening = format!(
            "SELECT count(*) {LISTENERS} AND query IN ('LISTEN scim_changes', 'SELECT 1') AND state = 'idle'"
        );
        while self.connection.query_one(&listening, &[]).await.expect("a count").get::<_, i64>(0) == 0 {
            assert!(begun.elapsed() < PATIENCE, "nobody listens");
            tokio::task::yield_now().await;
        }
    }

    /// Cuts the connection by which the second replica gets its notices.
    async fn cut(&self) {
        let cut = format!("SELECT pg_terminate_backend(pid) {LISTENERS}");
        assert_eq!(self.connection.query(&cut, &[]).await.expect("it is cut").len(), 1);
    }

    /// Cuts it again and again, until the task ends.
    async fn keep_cutting(&self) -> JoinHandle<()> {
        let (connection, worker) =
            tokio_postgres::connect(self.database.url(), NoTls).await.expect("a connection");
        tokio::spawn(async move { drop(worker.await) });
        let cut = format!("SELECT pg_terminate_backend(pid) {LISTENERS}");
        let mut pulse = tokio::time::interval(Duration::from_millis(10));
        tokio::spawn(async move {
            while connection.batch_execute(&cut).await.is_ok() {
                pulse.tick().await;
            }
        })
    }

    async fn get(&self, path: &str) -> Answer {
        self.second.get_with(&self.token, path).await
    }

    /// A change through the first replica.
    async fn change(&self, method: Method, path: &str, body: &Value) -> Instant {
        let answer = self.first.admin(method, &format!("/tenants/acme{path}"), body).await;
        assert!([200, 201, 204].contains(&answer.status), "{} {}", answer.status, answer.body);
        Instant::now()
    }

    async fn revoke(&self) -> Instant {
        self.change(Method::DELETE, &format!("/credentials/{}", self.credential), &Value::Null).await
    }

    /// Asks the second replica until it knows of what was changed at `since`. What is asked later than a
    /// second afterwards has to be answered accordingly.
    async fn knows(&self, since: Instant, path: &str, is_known: impl Fn(&Answer) -> bool) {
        loop {
            let asked = since.elapsed();
            let answer = self.get(path).await;
            if is_known(&answer) {
                return;
            }
            assert!(asked < KNOWN_WITHIN, "after {asked:?}: {} {}", answer.status, answer.body);
        }
    }
}

fn refused(answer: &Answer) -> bool {
    answer.status == 401
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_credential_is_refused_by_every_replica() {
    let world = World::new().await;
    let since = world.revoke().await;
    world.knows(since, "/Users", refused).await;
    world.first.get_with(&world.token, "/Users").await.expect(401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_credential_is_refused_where_the_notice_was_lost() {
    let world = World::new().await;
    world.cut().await;
    let since = world.revoke().await;
    world.knows(since, "/Users", refused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_credential_is_refused_where_no_notice_arrives_at_all() {
    let world = World::new().await;
    let cutting = world.keep_cutting().await;
    world.get("/Users").await.expect(200);
    let since = world.revoke().await;
    world.knows(since, "/Users", refused).await;
    cutting.abort();
    // And what comes after all that is known at once again.
    world.until_listening().await;
    let made = world.first.admin(Method::POST, "/tenants/acme/credentials", &json!({})).await.expect(201);
    let token = made.body["token"].as_str().expect("a token");
    world.second.get_with(token, "/Users").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_credential_ends_where_its_grace_does() {
    let world = World::new().await;
    let path = format!("/tenants/acme/credentials/{}/rotate", world.credential);
    let rotated = world.first.admin(Method::POST, &path, &json!({"graceSeconds": 0})).await.expect(200);
    let since = Instant::now();
    let token = rotated.body["token"].as_str().expect("a token");
    world.second.get_with(token, "/Users").await.expect(200);
    world.knows(since, "/Users", refused).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn definitions_and_config_are_live_on_every_replica() {
    let world = World::new().await;
    let (schema, devices) = (format!("/Schemas/{BADGE}"), "/Devices");
    for is_cut in [false, true] {
        world.get(&schema).await.expect(404);
        world.get(devices).await.expect(404);
        if is_cut {
            world.cut().await;
        }
        let badge = json!({"id": BADGE, "name": "Badge", "attributes": [{"name": "code", "type": "string"}]});
        let since = world.change(Method::PUT, &format!("/schemas/{BADGE}"), &badge).await;
        world.knows(since, &schema, |answer| answer.status == 200).await;
        let device = json!({"name": "Device", "endpoint": devices, "schema": BADGE});
        let since = world.change(Method::PUT, "/resource-types/Device", &device).await;
        world.knows(since, devices, |answer| answer.status == 200).await;
        let since = world.change(Method::DELETE, "/resource-types/Device", &Value::Null).await;
        world.knows(since, devices, |answer| answer.status == 404).await;
        let since = world.change(Method::DELETE, &format!("/schemas/{BADGE}"), &Value::Null).await;
        world.knows(since, &schema, |answer| answer.status == 404).await;

        for most in [7, 200] {
            let since =
                world.change(Method::PATCH, "", &json!({"config": {"filter": {"maxResults": most}}})).await;
            let is_known = |answer: &Answer| answer.body["filter"]["maxResults"] == most;
            world.knows(since, "/ServiceProviderConfig", is_known).await;
        }
        world.until_listening().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_is_deactivated_and_deleted_on_every_replica() {
    let world = World::new().await;
    let since = world.change(Method::PATCH, "", &json!({"active": false})).await;
    world.knows(since, "/Users", |answer| answer.status == 403).await;
    let since = world.change(Method::PATCH, "", &json!({"active": true})).await;
    world.knows(since, "/Users", |answer| answer.status == 200).await;
    let since = world.change(Method::DELETE, "", &Value::Null).await;
    world.knows(since, "/Users", refused).await;
    world.second.admin(Method::GET, "/tenants/acme", &Value::Null).await.expect(404);
    // Its name is free, for a tenant that the old token does not open.
    let made = world.second.admin(Method::POST, "/tenants", &json!({"slug": "acme"})).await.expect(201);
    world.first.admin(Method::GET, &format!("/tenants/{}", made.id()), &Value::Null).await.expect(200);
    for server in [&world.first, &world.second] {
        server.get_with(&world.token, "/Users").await.expect(401);
    }
}
