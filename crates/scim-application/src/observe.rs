//! How use cases are shown to the operator: each has a span of its own, and the observer is told how it ended.

use std::future::Future;

use scim_ports::{Observer, Operation, Outcome, SPANS};
use tracing::{Instrument, Span};

use crate::{RequestContext, ServiceError};

/// What the type is called where a query is about several.
pub(crate) const SEVERAL_TYPES: &str = "*";

/// Runs a use case on resources, in a span, and tells how it ended.
pub(crate) async fn observed<T>(
    observer: &dyn Observer,
    context: &RequestContext,
    (operation, resource_type): (Operation, &str),
    work: impl Future<Output = Result<T, ServiceError>>,
) -> Result<T, ServiceError> {
    let outcome = work.instrument(span_of(context, operation, resource_type)).await;
    let ended = outcome_of(&outcome);
    tracing::debug!(
        operation = operation.as_str(),
        resource_type,
        outcome = ended.as_str(),
        "a use case ended"
    );
    observer.operation(&context.tenant().slug, resource_type, operation, ended);
    outcome
}

/// The span of a use case on resources.
fn span_of(context: &RequestContext, operation: Operation, resource_type: &str) -> Span {
    tracing::info_span!(
        target: SPANS,
        "use_case",
        otel.name = %format_args!("{} {resource_type}", operation.as_str()),
        scim.operation = operation.as_str(),
        scim.resource_type = resource_type,
        scim.tenant = context.tenant().slug.as_str()
    )
}

/// The span of any other use case.
pub(crate) fn span_called(name: &'static str) -> Span {
    tracing::info_span!(target: SPANS, "use_case", otel.name = name, scim.operation = name)
}

/// How a use case ended.
pub(crate) fn outcome_of<T>(outcome: &Result<T, ServiceError>) -> Outcome {
    match outcome {
        Ok(_) => Outcome::Success,
        Err(error) => error.outcome(),
    }
}
