//! Bulk requests (RFC 7644 §3.7): reading them, the order in which `bulkId` references let their
//! operations run, and the response.

mod plan;
mod reference;
mod request;
mod response;

pub use plan::BulkPlan;
pub use reference::{bulk_ids, substitute};
pub use request::{BulkMethod, BulkOperation, BulkPath, BulkRequest, BulkTarget, RefusedOperation};
pub use response::{BulkOutcome, BulkResult, bulk_response};
