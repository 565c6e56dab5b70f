//! The tenant: whose resources they are, what they can be, and by which rules.

pub mod config;
pub mod custom_headers;
pub mod limits;
pub mod log_level;
pub mod preset;
pub mod slug;
pub mod trusted_issuer;

use std::sync::Arc;

use crate::identifier::TenantId;
use crate::schema::TenantSchema;

pub use crate::input::InputError as ConfigError;
pub use config::TenantConfig;
pub use custom_headers::CustomHeaders;
pub use limits::{BulkConfig, FilterConfig, RateLimit};
pub use log_level::LogLevel;
pub use preset::{Preset, UnknownPreset};
pub use slug::check_slug;
pub use trusted_issuer::{IssuerKeys, JwtAlgorithm, SubjectAttribute, SubjectMapping, TrustedIssuer};

/// One tenant with all that a request on its resources needs to know.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name in URLs, unique.
    pub slug: String,
    /// Whether it may be used.
    pub active: bool,
    /// Its rules.
    pub config: Arc<TenantConfig>,
    /// Its schemas and resource types.
    pub schema: Arc<TenantSchema>,
}
