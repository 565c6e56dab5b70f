//! Bulk requests (RFC 7644 §3.7): each operation is the use case that its method names, run when
//! every `bulkId` that it refers to is known. POSTs that come one after the other are given to the store together, where
//! nobody can tell.

mod run;

use scim_domain::bulk::{BulkPlan, BulkRequest, bulk_response};
use scim_domain::scope::Access;
use serde_json::Value;
use tracing::Instrument;

use crate::observe::span_called;
use crate::{RequestContext, ResourceOrchestrator, ServiceError};

use run::Run;

/// Runs bulk requests.
pub struct BulkProcessor {
    orchestrator: ResourceOrchestrator,
}

impl BulkProcessor {
    pub(crate) fn new(orchestrator: ResourceOrchestrator) -> Self {
        Self { orchestrator }
    }

    /// Runs the operations of a bulk request and answers the body of the bulk response: the
    /// outcome of each in the order of the request, up to where `failOnErrors` ended it.
    ///
    /// # Errors
    /// 403 without the scope `bulk`; 400 for a body that is no bulk request; 413 for more operations than the tenant takes. What
    /// goes wrong in one operation, which needs the scope of its own use case as well, is told in the response.
    pub async fn process(&self, context: &RequestContext, body: &Value) -> Result<Value, ServiceError> {
        let work = async {
            context.require(Access::Bulk)?;
            let request = BulkRequest::parse(body, &context.tenant().config)?;
            let plan = BulkPlan::new(&request);
            let mut run = Run::new(&self.orchestrator, context, &request);
            let mut steps = plan.steps.as_slice();
            while !run.is_over()
                && let Some((now, later)) = steps.split_at_checked(run.at_once(steps))
                && !now.is_empty()
            {
                run.steps(now).await;
                steps = later;
            }
            Ok(bulk_response(&run.into_results()))
        };
        work.instrument(span_called("bulk")).await
    }
}
