//! Databases of the shared server, and servers that stop.
#![expect(clippy::expect_used, reason = "helpers of tests, which the setting for tests does not reach")]

use std::sync::Arc;

use scim_test_postgres::{PrivateServer, Shutdown, TestServer};
use tokio_postgres::{Client, NoTls};

async fn connect(url: &str) -> Client {
    try_connect(url).await.expect("a connection")
}

async fn try_connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

async fn number(client: &Client, query: &str) -> i64 {
    client.query_one(query, &[]).await.expect("a row").get(0)
}

async fn exists(client: &Client, name: &str) -> bool {
    let rows = client.query("SELECT 1 FROM pg_database WHERE datname = $1", &[&name]).await;
    !rows.expect("rows").is_empty()
}

#[tokio::test]
async fn a_database_is_made_used_and_dropped() {
    let server = TestServer::get().expect("a server");
    assert!(Arc::ptr_eq(&server, &TestServer::get().expect("a server")), "one server for the process");
    let witness = connect(server.url()).await;
    let (one, other) =
        (server.create_database().expect("a database"), server.create_database().expect("a database"));
    assert_ne!(one.name(), other.name());
    let name = one.name().to_owned();

    let client = connect(one.url()).await;
    client.batch_execute("CREATE TABLE a AS SELECT generate_series(1, 3)").await.expect("a table");
    assert_eq!(number(&client, "SELECT count(*) FROM a").await, 3);
    let other = connect(other.url()).await;
    assert_eq!(number(&other, "SELECT count(*) FROM pg_tables WHERE tablename = 'a'").await, 0);

    assert!(exists(&witness, &name).await);
    drop(one); // while `client` is connected
    assert!(!exists(&witness, &name).await);
    assert!(client.simple_query("SELECT 1").await.is_err());
}

#[tokio::test]
async fn a_copy_has_the_data_of_the_original_and_goes_its_own_way() {
    let server = TestServer::get().expect("a server");
    let original = server.create_database().expect("a database");
    let client = connect(original.url()).await;
    client.batch_execute("CREATE TABLE a AS SELECT 1 AS n").await.expect("a table");
    let copy = server.create_database_from(&original).expect("a copy");
    let copied = connect(copy.url()).await;
    copied.batch_execute("INSERT INTO a VALUES (2)").await.expect("a row");
    assert_eq!(number(&copied, "SELECT count(*) FROM a").await, 2);
    let client = connect(original.url()).await;
    assert_eq!(number(&client, "SELECT count(*) FROM a").await, 1);
}

#[test]
fn databases_can_be_made_without_a_runtime() {
    let database = TestServer::get().expect("a server").create_database().expect("a database");
    assert!(database.url().contains(database.name()));
}

#[tokio::test]
async fn a_private_server_stops_and_starts_again_with_its_data() {
    let server = PrivateServer::start().expect("a server");
    let client = connect(server.url()).await;
    client.batch_execute("CREATE TABLE a (n integer)").await.expect("a table");
    let mut rows = 0;
    for how in [Shutdown::Fast, Shutdown::Immediate, Shutdown::Kill] {
        let client = connect(server.url()).await;
        client.batch_execute("INSERT INTO a VALUES (1)").await.expect("a row");
        rows += 1;
        server.stop(how).expect("it stops");
        server.stop(how).expect("it has stopped already");
        assert!(client.simple_query("SELECT 1").await.is_err(), "{how:?}");
        assert!(try_connect(server.url()).await.is_err(), "{how:?}");
        server.start_again().expect("it starts");
        server.start_again().expect("it runs already");
        assert_eq!(number(&connect(server.url()).await, "SELECT count(*) FROM a").await, rows, "{how:?}");
    }
}

#[tokio::test]
async fn a_private_server_asks_for_its_password() {
    let server = PrivateServer::start().expect("a server");
    let mut config: tokio_postgres::Config = server.url().parse().expect("a URL");
    config.password("wrong");
    let error = config.connect(NoTls).await.err().expect("it is refused");
    assert_eq!(error.code(), Some(&tokio_postgres::error::SqlState::INVALID_PASSWORD));
}
