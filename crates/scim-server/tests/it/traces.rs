//! Traces: over gRPC and HTTP, with whom they go on, and what becomes of them when nobody takes them.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::collector::{Collector, Span};
use crate::process::ServerProcess;

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";
/// The kinds of spans (`SpanKind` in OTLP).
const SERVER: i32 = 2;

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().expect("a client")
}

/// The spans of the requests with this id: one, or none.
fn requests(collector: &Collector, request_id: &str) -> Vec<Span> {
    let is_it = |span: &Span| span.attributes.get("scim.request_id").is_some_and(|id| id == request_id);
    collector.spans().into_iter().filter(is_it).collect()
}

/// The span of the request with this id.
#[track_caller]
fn request(collector: &Collector, request_id: &str) -> Span {
    let mut found = requests(collector, request_id);
    assert_eq!(found.len(), 1, "{request_id}: {:#?}", collector.spans());
    found.remove(0)
}

/// GET of the users, with this id; in the trace of a caller that records it, or does not.
async fn list(server: &ServerProcess, id: &str, flags: Option<&str>) -> u16 {
    let mut request = client().get(format!("{}/Users", server.base_url())).bearer_auth(server.secret());
    request = request.header("X-Request-Id", id);
    if let Some(flags) = flags {
        request = request.header("traceparent", format!("00-{TRACE}-{CALLER}-{flags}"));
    }
    request.send().await.expect("an answer").status().as_u16()
}

async fn traced(protocol: &str) {
    let collector = Collector::over(protocol);
    let server = ServerProcess::start_with(&[
        ("TRACING_ENABLED", "true"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &collector.url),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
        ("OTEL_SERVICE_NAME", "identities"),
    ]);
    assert_eq!(list(&server, "r-caller", Some("01")).await, 200);
    assert_eq!(list(&server, "r-alone", None).await, 200);
    assert_eq!(list(&server, "r-unrecorded", Some("00")).await, 200);
    let user =
        json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "bjensen@example.com"});
    let made = client().post(format!("{}/Users", server.base_url())).bearer_auth(server.secret());
    made.header("X-Request-Id", "r-create").json(&user).send().await.expect("an answer");
    let path = format!("{}/Users/bjensen@example.com?filter=bjensen", server.base_url());
    let read = client().get(path).bearer_auth("a-wrong-token").header("X-Request-Id", "r-wrong");
    read.send().await.expect("an answer");
    let secret = server.secret().to_owned();
    server.end();

    let span = request(&collector, "r-caller");
    assert_eq!((span.trace.as_str(), span.parent.as_str(), span.kind), (TRACE, CALLER, SERVER));
    assert_eq!((span.name.as_str(), span.service.as_str()), ("GET /scim/v2/{endpoint}", "identities"));
    assert!(!span.is_error);
    for (name, expected) in [
        ("http.request.method", "GET"),
        ("http.route", "/scim/v2/{endpoint}"),
        ("http.response.status_code", "200"),
        ("url.scheme", "http"),
    ] {
        assert_eq!(span.attributes.get(name).map(String::as_str), Some(expected), "{name}: {span:?}");
    }
    collector.children(&span, "authenticate");
    let search = &collector.children(&span, "search User")[0];
    assert_eq!(search.attributes["scim.operation"], "search");
    assert_eq!(search.attributes["scim.tenant"], "default");
    let alone = request(&collector, "r-alone");
    assert!(alone.parent.is_empty() && alone.trace != TRACE, "{alone:?}");
    let create = request(&collector, "r-create");
    collector.children(&create, "create User");
    assert_eq!(request(&collector, "r-wrong").attributes["http.response.status_code"], "401");
    let spans = collector.spans();
    assert!(requests(&collector, "r-unrecorded").is_empty(), "its caller does not record it");
    let everything = format!("{spans:?}");
    for private in ["bjensen", "a-wrong-token", &secret] {
        assert!(!everything.contains(private), "{private}: {everything}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_arrive_over_grpc() {
    traced("grpc").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn traces_arrive_over_http() {
    traced("http/protobuf").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_all_requests_is_traced() {
    let collector = Collector::over("http/protobuf");
    let server = ServerProcess::start_with(&[
        ("TRACING_ENABLED", "true"),
        ("JAEGER_ENDPOINT", &collector.url),
        ("OTEL_TRACES_SAMPLER", "parentbased_traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0"),
    ]);
    list(&server, "r-alone", None).await;
    list(&server, "r-caller", Some("01")).await;
    server.end();
    request(&collector, "r-caller");
    let traces: Vec<String> = collector.spans().into_iter().map(|span| span.trace).collect();
    assert!(traces.iter().all(|trace| trace == TRACE), "{traces:?}");
}

/// A receiver that is not there, and one that takes and never answers.
#[tokio::test(flavor = "multi_thread")]
async fn who_takes_no_traces_holds_up_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let silent = format!("http://{}", listener.local_addr().expect("an address"));
    for (endpoint, protocol) in [
        ("http://127.0.0.1:1", "grpc"),
        ("http://127.0.0.1:1", "http/protobuf"),
        (silent.as_str(), "http/protobuf"),
    ] {
        let server = ServerProcess::start_with(&[
            ("TRACING_ENABLED", "true"),
            ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", protocol),
            ("SHUTDOWN_TIMEOUT", "2"),
            ("RUST_LOG", "warn"),
        ]);
        let began = Instant::now();
        for number in 0..100 {
            assert_eq!(list(&server, &format!("r-{number}"), None).await, 200);
        }
        // Each is a connection of its own, on a busy machine; a receiver that is waited for takes seconds.
        assert!(began.elapsed() < Duration::from_secs(20), "{protocol}: {:?}", began.elapsed());
        let began = Instant::now();
        let log = server.end();
        assert!(began.elapsed() < Duration::from_secs(6), "{protocol}: {:?}", began.elapsed());
        assert!(log.contains("spans") || log.contains("BatchSpanProcessor"), "it is told: {log}");
    }
}
