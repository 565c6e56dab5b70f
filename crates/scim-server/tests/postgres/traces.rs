//! Traces of a server on PostgreSQL: each query is in the use case that it is for.

use std::collections::BTreeSet;

use reqwest::Method;

use crate::collector::Collector;
use crate::server::{Server, database, user};

/// The kind of spans of those who ask (`SpanKind` in OTLP).
const CLIENT: i32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn each_query_is_in_its_use_case() {
    let collector = Collector::over("grpc");
    let database = database();
    let variables = [
        ("TRACING_ENABLED", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url.as_str()),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ];
    let server = Server::spawn(database.url(), &variables).serving();
    let id = server.created("bjensen@example.com").await;
    server.request(Method::POST, "/Users", Some(&user("other")), None).await.expect("an answer");
    server.get(&format!("/Users/{id}")).await.expect(200);
    server.get("/Users?filter=userName%20eq%20%22bjensen@example.com%22").await.expect(200);
    server.end();

    let spans = collector.spans();
    assert!(spans.iter().all(|span| span.service == "scim-server" && !span.is_error), "{spans:?}");
    for (name, query) in [("create User", "create"), ("read User", "get"), ("search User", "search")] {
        let use_case = spans.iter().find(|span| span.name == name).expect("its use case");
        let request = spans.iter().find(|span| span.id == use_case.parent).expect("its request");
        assert!(request.name.contains(" /scim/v2/{endpoint}"), "{request:?}");
        for child in collector.children(use_case, query) {
            assert_eq!(child.kind, CLIENT);
            assert_eq!(child.attributes["db.system.name"], "postgresql");
            assert_eq!(child.attributes["db.query.summary"], query);
        }
    }
    let operations: BTreeSet<&str> = spans
        .iter()
        .filter(|span| span.name == "search")
        .filter_map(|span| span.attributes.get("db.operation.name").map(String::as_str))
        .collect();
    assert!(operations.contains("SELECT") || operations.contains("WITH"), "{operations:?}");
    let everything = format!("{spans:?}");
    for private in ["bjensen", &id, "the-operator-secret"] {
        assert!(!everything.contains(private), "{private}: {everything}");
    }
}
