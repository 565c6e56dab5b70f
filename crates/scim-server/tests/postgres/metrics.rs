//! What a server on PostgreSQL measures of its database and of its connections.

use std::collections::BTreeSet;

use crate::server::{Server, database, set_title};

#[tokio::test]
async fn queries_are_measured_by_what_they_are_for() {
    let database = database();
    let server = Server::start(database.url());
    let id = server.created("a").await;
    server.get(&format!("/Users/{id}")).await.expect(200);
    server.get("/Users?filter=title%20pr").await.expect(200);
    server.patch(&format!("/Users/{id}"), &set_title("x")).await.expect("an answer").expect(200);
    let metrics = server.text("/metrics").await;
    let queries: BTreeSet<&str> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("db_query_duration_seconds_count{query=\"")?.split('"').next())
        .collect();
    for query in ["create", "get", "search", "tenants", "transaction", "update", "migrate"] {
        assert!(queries.contains(query), "{query}: {queries:?}");
    }
    assert!(queries.len() < 25, "{queries:?}");
    assert!(metrics.contains("\ndb_pool_connections{state=\"idle\"} "), "{metrics}");
    // This client's, which it keeps.
    assert!(metrics.contains("\nactive_connections 1\n"), "{metrics}");
}

#[tokio::test]
async fn nothing_is_measured_where_metrics_are_off() {
    let database = database();
    let server = Server::spawn(database.url(), &[("METRICS_ENABLED", "false")]).serving();
    server.created("a").await;
    server.probe("/metrics").await.expect(404);
}
