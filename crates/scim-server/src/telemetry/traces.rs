//! Traces by OTLP, over HTTP and gRPC.
//!
//! What is a span of a trace is told by its target, [`SPANS`]: one for each request, made here, and within
//! it one for the use case and one for each query. A thread of its own sends them: where nobody takes them
//! the queue runs full and spans are dropped, which is logged, and no request waits.

use std::time::Duration;

use anyhow::Context as _;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{TraceContextExt, TracerProvider};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::tonic_types::transport::ClientTlsConfig;
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithTonicConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{
    BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider,
};
use scim_http::{Answered, Received};
use scim_ports::SPANS;
use tracing::field::{Empty, display};
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::registry::LookupSpan;

use crate::settings::{OtlpProtocol, TracesSampler, TracingSettings};

/// The most spans that wait to be sent.
const MOST_WAITING: usize = 8192;
/// How long spans are gathered before they are sent.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a batch of them may take to be sent.
const TIMEOUT: Duration = Duration::from_secs(5);
/// What is sent to a receiver's base URL over HTTP (the OTLP specification, "OTLP/HTTP Request").
const TRACES_PATH: &str = "/v1/traces";

/// Sends spans. MUST be called within a Tokio runtime.
///
/// # Errors
/// Where the settings do not make an exporter.
pub(super) fn provider(settings: &TracingSettings) -> anyhow::Result<SdkTracerProvider> {
    let endpoint = settings.endpoint.as_str();
    let exporter = match settings.protocol {
        OtlpProtocol::Http => {
            let base = endpoint.strip_suffix(TRACES_PATH).unwrap_or(endpoint);
            let url = format!("{base}{TRACES_PATH}");
            SpanExporter::builder().with_http().with_endpoint(url).with_timeout(TIMEOUT).build()
        }
        OtlpProtocol::Grpc => {
            let builder = SpanExporter::builder().with_tonic().with_endpoint(endpoint).with_timeout(TIMEOUT);
            let is_tls = endpoint.starts_with("https:");
            let tls = is_tls.then(|| ClientTlsConfig::new().with_enabled_roots());
            match tls {
                Some(tls) => builder.with_tls_config(tls).build(),
                None => builder.build(),
            }
        }
    };
    let exporter = exporter.context("OTEL_EXPORTER_OTLP_ENDPOINT")?;
    let batches =
        BatchConfigBuilder::default().with_max_queue_size(MOST_WAITING).with_scheduled_delay(PAUSE).build();
    let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
    let resource =
        Resource::builder().with_service_name(settings.service_name.clone()).with_attribute(version).build();
    Ok(SdkTracerProvider::builder()
        .with_span_processor(BatchSpanProcessor::builder(exporter).with_batch_config(batches).build())
        .with_sampler(sampler(settings.sampler))
        .with_resource(resource)
        .build())
}

fn sampler(sampler: TracesSampler) -> Sampler {
    let with_parent = |sampler| Sampler::ParentBased(Box::new(sampler));
    match sampler {
        TracesSampler::AlwaysOn => Sampler::AlwaysOn,
        TracesSampler::AlwaysOff => Sampler::AlwaysOff,
        TracesSampler::Ratio(ratio) => Sampler::TraceIdRatioBased(ratio),
        TracesSampler::ParentBasedAlwaysOn => with_parent(Sampler::AlwaysOn),
        TracesSampler::ParentBasedAlwaysOff => with_parent(Sampler::AlwaysOff),
        TracesSampler::ParentBasedRatio(ratio) => with_parent(Sampler::TraceIdRatioBased(ratio)),
    }
}

/// Makes traces of spans.
pub(crate) fn layer<S>(provider: &SdkTracerProvider) -> impl Layer<S> + use<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let is_traced = filter_fn(|metadata| metadata.is_span() && metadata.target() == SPANS);
    let layer: OpenTelemetryLayer<S, SdkTracer> = OpenTelemetryLayer::new(provider.tracer("scim-server"));
    layer
        .with_location(false)
        .with_threads(false)
        .with_level(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_context_activation(false)
        .with_filter(is_traced.with_max_level_hint(LevelFilter::INFO))
}

/// The span of a request, which goes on with the caller's trace (W3C Trace Context §2).
pub(crate) fn request_span(received: &Received<'_>) -> Span {
    let span = tracing::info_span!(
        target: SPANS,
        "request",
        otel.name = received.method,
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = received.method,
        http.route = Empty,
        http.response.status_code = Empty,
        url.scheme = if received.is_secure { "https" } else { "http" },
        scim.request_id = %received.request_id
    );
    if !span.is_disabled() {
        let parent = TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(received));
        // There is no other parent, and the span was not entered yet.
        let _set = span.set_parent(parent);
    }
    span
}

/// Notes in the span of a request what became of it.
pub(crate) fn answered(span: &Span, answered: &Answered) {
    if span.is_disabled() {
        return;
    }
    let Answered { method, route, status, .. } = *answered;
    if let Some(route) = route {
        span.record("http.route", display(route));
        // What has children has begun, and `otel.name` names it no more.
        span.context().span().update_name(format!("{method} {route}"));
    }
    span.record("http.response.status_code", i64::from(status));
    if status >= 500 {
        span.record("otel.status_code", "ERROR");
    }
}

/// The span of a request to another server. What is asked for is not in it.
pub(crate) fn client_span(method: &'static str, host: Option<&str>) -> Span {
    tracing::info_span!(
        target: SPANS,
        "client_request",
        otel.name = method,
        otel.kind = "client",
        http.request.method = method,
        server.address = host
    )
}

/// The headers that make another server go on with the trace of `span`; none where it is not traced.
pub(crate) fn headers_of(span: &Span) -> Vec<(String, String)> {
    let mut headers = Carried(Vec::new());
    if !span.is_disabled() {
        TraceContextPropagator::new().inject_context(&span.context(), &mut headers);
    }
    headers.0
}

struct Headers<'a>(&'a Received<'a>);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.headers.get(key).and_then(|value| value.to_str().ok())
    }

    fn keys(&self) -> Vec<&str> {
        self.0.headers.keys().map(|name| name.as_str()).collect()
    }
}

struct Carried(Vec<(String, String)>);

impl Injector for Carried {
    fn set(&mut self, key: &str, value: String) {
        // An empty `tracestate` says nothing.
        if !value.is_empty() {
            self.0.push((key.to_owned(), value));
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
    use tracing_subscriber::layer::SubscriberExt;

    use tracing::Dispatch;

    use super::*;

    /// One that makes traces, and one that makes none: while there is only one in the process, a thread
    /// without any may decide for all of them that nobody is interested in a span.
    pub(crate) fn subscribers() -> [Dispatch; 2] {
        let provider = SdkTracerProvider::builder().build();
        let tracing = Dispatch::new(tracing_subscriber::registry().with(layer(&provider)));
        [tracing, Dispatch::new(tracing_subscriber::registry())]
    }

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const CALLER: &str = "b7ad6b7169203331";

    /// What a request is asked with that is made for one which came with this `traceparent`.
    fn carried(traceparent: &str) -> Vec<(String, String)> {
        let mut headers = HeaderMap::new();
        let value = HeaderValue::from_str(traceparent).expect("a value");
        headers.insert(HeaderName::from_static("traceparent"), value);
        let received = Received { method: "GET", headers: &headers, request_id: &"r", is_secure: false };
        let request = request_span(&received);
        let _entered = request.enter();
        headers_of(&client_span("GET", Some("idp.example")))
    }

    #[test]
    fn who_is_asked_goes_on_with_the_trace() {
        let subscribers = subscribers();
        tracing::dispatcher::with_default(&subscribers[0], || {
            let headers = carried(&format!("00-{TRACE}-{CALLER}-01"));
            let (name, value) = headers.first().expect("a header");
            assert_eq!((headers.len(), name.as_str()), (1, "traceparent"));
            let is_ours = value.starts_with(&format!("00-{TRACE}-")) && value.ends_with("-01");
            assert!(is_ours && !value.contains(CALLER), "{value}");
            let fresh = carried("00-nonsense");
            assert!(fresh.iter().all(|(_, value)| !value.contains(TRACE)) && fresh.len() == 1, "{fresh:?}");
        });
    }

    #[test]
    fn without_traces_nothing_is_carried() {
        let subscribers = subscribers();
        // A bare registry is interested in every span, and knows nothing of traces.
        tracing::dispatcher::with_default(&subscribers[1], || {
            assert_eq!(carried(&format!("00-{TRACE}-{CALLER}-01")), []);
        });
    }
}
