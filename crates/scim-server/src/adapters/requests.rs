//! What becomes of what is seen of requests: metrics and traces.

use std::sync::Arc;

use scim_http::{Answered, Received, RequestObserver};
use tracing::Span;

use crate::metrics::Metrics;
use crate::telemetry::traces;

/// Shows requests to the metrics, where there are any, and as spans to who traces them.
pub struct ObservedRequests {
    /// The metrics.
    pub metrics: Option<Arc<Metrics>>,
}

impl RequestObserver for ObservedRequests {
    fn received(&self, received: &Received<'_>) -> Span {
        traces::request_span(received)
    }

    fn answered(&self, span: &Span, answered: &Answered) {
        traces::answered(span, answered);
        if let Some(metrics) = &self.metrics {
            metrics.answered(answered);
        }
    }

    fn exposition(&self) -> Option<String> {
        self.metrics.as_ref().map(|metrics| metrics.exposition())
    }
}
