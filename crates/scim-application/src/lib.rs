//! The use cases of a SCIM service provider, over ports only: no HTTP, no SQL, no store.
//!
//! [`ScimService`] is the whole of it: authenticate a token for a mount, and run one use case for
//! the [`RequestContext`] that comes out. A host that speaks something other than HTTP uses the
//! same calls.

mod administration;
mod authentication;
mod bulk;
mod cache;
mod context;
mod discovery;
mod error;
mod maintenance;
mod me;
pub mod oauth;
mod observe;
mod operator_key;
mod orchestrator;
mod rate_limits;
mod service;
mod subjects;
mod tenant_directory;
#[cfg(test)]
mod testing;

pub use administration::{
    AdminContext, AdminError, Administration, AdministrationPorts, DefinitionAnswer, Parameters, PoolFigures,
    ServerStatus, StatusProvider, TenantAnswer,
};
pub use authentication::{
    Attempt, Authentication, Mount, OperatorAccess, Principal, Subject, TokenRefusal, TokenVerifier,
    VerifiedToken,
};
pub use bulk::BulkProcessor;
pub use context::RequestContext;
pub use discovery::{Discovery, DiscoveryEndpoint};
pub use error::ServiceError;
pub use maintenance::Maintenance;
use operator_key::OperatorKey;
pub use orchestrator::{
    AnswerShape, ReadAnswer, ResourceAnswer, ResourceOrchestrator, ResourceTarget, WriteAnswer,
};
pub use service::{OauthPorts, Ports, ScimService};
pub use tenant_directory::TenantDirectory;
