//! What the application needs from outside, as traits, and the kit that proves an adapter.
//!
//! An adapter implements these traits with `scim-domain` and this crate alone. Each method says
//! what it guarantees; each MUST is a case of the kit in `conformance` (a feature of this crate).
//! Nothing here knows HTTP, SQL, or any adapter.

mod audit_repository;
mod change_notices;
mod clock;
mod credential_repository;
mod error;
mod id_generator;
mod jwks_source;
mod observer;
mod password_hasher;
mod resource_repository;
mod schema_interner;
mod signing_key_repository;
mod tenant_registry;
mod tenant_repository;

#[cfg(feature = "conformance")]
#[expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a case of the kit reports by a panic"
)]
pub mod conformance;

pub use audit_repository::{AuditQuery, AuditRepository};
pub use change_notices::{ChangeListener, ChangeNotice, ChangeNotices};
pub use clock::Clock;
pub use credential_repository::{CredentialRepository, RotateCredential};
pub use error::RepositoryError;
pub use id_generator::IdGenerator;
pub use jwks_source::JwksSource;
pub use observer::{CacheOutcome, Observer, Operation, Outcome, SPANS, TenantPopulation, Unobserved};
pub use password_hasher::{PasswordError, PasswordHasher};
pub use resource_repository::{
    DeleteResource, ExpectedVersion, NewResource, RefusedCreate, ResourceRepository, UpdateResource, Updated,
};
pub use schema_interner::SchemaInterner;
pub use signing_key_repository::{SigningKeyRepository, StoredSigningKey};
pub use tenant_registry::{NewTenant, Statistics, TenantRecord, TenantRegistry, UpdateTenant};
pub use tenant_repository::TenantRepository;
