//! What becomes of what is seen of requests: metrics.

use std::sync::Arc;

use scim_http::{Answered, RequestObserver};

use crate::metrics::Metrics;

/// Shows requests to the metrics, where there are any.
pub struct ObservedRequests {
    /// The metrics.
    pub metrics: Option<Arc<Metrics>>,
}

impl RequestObserver for ObservedRequests {
    fn answered(&self, _span: &tracing::Span, answered: &Answered) {
        if let Some(metrics) = &self.metrics {
            metrics.answered(answered);
        }
    }

    fn exposition(&self) -> Option<String> {
        self.metrics.as_ref().map(|metrics| metrics.exposition())
    }
}
