//! What traces are sent to: receives OTLP over HTTP or gRPC, and decodes it.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex};

use actix_web::{App, HttpResponse, HttpServer, web};
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_server::{
    TraceService, TraceServiceServer,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use prost::Message;

/// A receiver on a free port.
pub(crate) struct Collector {
    /// Its base URL.
    pub(crate) url: String,
    requests: Requests,
}

#[derive(Clone, Default)]
struct Requests(Arc<Mutex<Vec<ExportTraceServiceRequest>>>);

impl Requests {
    fn take(&self, request: ExportTraceServiceRequest) {
        self.0.lock().expect("no panic").push(request);
    }
}

/// A span as it arrived.
#[derive(Debug, Clone)]
pub(crate) struct Span {
    pub(crate) name: String,
    pub(crate) kind: i32,
    pub(crate) trace: String,
    pub(crate) id: String,
    /// Empty where it has none.
    pub(crate) parent: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) is_error: bool,
    pub(crate) service: String,
}

impl Collector {
    /// Receives by this protocol, as `OTEL_EXPORTER_OTLP_PROTOCOL` calls it.
    pub(crate) fn over(protocol: &str) -> Self {
        if protocol == "grpc" { Self::over_grpc() } else { Self::over_http() }
    }

    fn over_http() -> Self {
        let requests = Requests::default();
        let taken = requests.clone();
        let server = HttpServer::new(move || {
            let taken = taken.clone();
            let take = move |body: web::Bytes| {
                let request = ExportTraceServiceRequest::decode(body).expect("protobuf");
                taken.take(request);
                async { HttpResponse::Ok().content_type("application/x-protobuf").finish() }
            };
            App::new().route("/v1/traces", web::post().to(take))
        });
        let server = server.workers(1).disable_signals().bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let url = format!("http://{}", server.addrs().first().expect("an address"));
        tokio::spawn(server.run());
        Self { url, requests }
    }

    fn over_grpc() -> Self {
        let requests = Requests::default();
        // Found free, and taken again at once.
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        drop(listener);
        let service = TraceServiceServer::new(requests.clone());
        tokio::spawn(tonic::transport::Server::builder().add_service(service).serve(address));
        Self { url: format!("http://{address}"), requests }
    }

    /// The spans that have arrived.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let requests = self.requests.0.lock().expect("no panic");
        let of_resources = requests.iter().flat_map(|request| &request.resource_spans);
        let mut spans = Vec::new();
        for resource in of_resources {
            let about = resource.resource.as_ref().map(|resource| attributes(&resource.attributes));
            let service = about.and_then(|mut about| about.remove("service.name")).unwrap_or_default();
            for span in resource.scope_spans.iter().flat_map(|scope| &scope.spans) {
                spans.push(Span {
                    name: span.name.clone(),
                    kind: span.kind,
                    trace: hex(&span.trace_id),
                    id: hex(&span.span_id),
                    parent: hex(&span.parent_span_id),
                    attributes: attributes(&span.attributes),
                    is_error: span.status.as_ref().is_some_and(|status| status.code == 2),
                    service: service.clone(),
                });
            }
        }
        spans
    }

    /// Those of the spans that have this parent and this name.
    #[track_caller]
    pub(crate) fn children(&self, parent: &Span, name: &str) -> Vec<Span> {
        let is_child = |span: &Span| span.parent == parent.id && span.name == name;
        let children: Vec<Span> = self.spans().into_iter().filter(is_child).collect();
        assert!(!children.is_empty(), "no {name} below {parent:?}: {:#?}", self.spans());
        assert!(children.iter().all(|child| child.trace == parent.trace), "{children:?}");
        children
    }
}

#[tonic::async_trait]
impl TraceService for Requests {
    async fn export(
        &self,
        request: tonic::Request<ExportTraceServiceRequest>,
    ) -> Result<tonic::Response<ExportTraceServiceResponse>, tonic::Status> {
        self.take(request.into_inner());
        Ok(tonic::Response::new(ExportTraceServiceResponse::default()))
    }
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    attributes.iter().map(|one| (one.key.clone(), shown(one.value.as_ref()))).collect()
}

fn shown(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::IntValue(number)) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
