//! The tenant: whose resources they are, what they can be, and by which rules.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::identifier::TenantId;
use crate::schema::TenantSchema;

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

/// The rules of one tenant. Every key is optional in JSON; an unknown key or a wrong type is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TenantConfig {
    /// By the letter: unknown attributes are 400, `If-Match` is required, no leniency applies.
    pub strict_mode: bool,
    /// Dotted and URN-qualified keys inside the `value` of a PATCH operation are paths.
    pub verbose_patch: bool,
    /// One PATCH operation may add more than one member.
    pub multi_member_add: bool,
    /// One PATCH operation may remove more than one member.
    pub multi_member_remove: bool,
    /// `remove` of `members` may go without a filter or value.
    pub allow_remove_all_members: bool,
    /// Limits of `/Bulk`.
    pub bulk: BulkConfig,
    /// Limits of queries.
    pub filter: FilterConfig,
    /// A PATCH on a group with more members than this answers 204 unless `attributes` is asked for.
    pub patch_response_member_limit: usize,
    /// The discovery endpoints answer without a credential.
    pub anonymous_discovery: bool,
    /// Shown in ServiceProviderConfig.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documentation_uri: Option<String>,
}

impl Default for TenantConfig {
    fn default() -> Self {
        Self {
            strict_mode: false,
            verbose_patch: true,
            multi_member_add: true,
            multi_member_remove: true,
            allow_remove_all_members: true,
            bulk: BulkConfig::default(),
            filter: FilterConfig::default(),
            patch_response_member_limit: 1000,
            anonymous_discovery: false,
            documentation_uri: None,
        }
    }
}

/// Limits of `/Bulk` (RFC 7644 §3.7.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BulkConfig {
    /// The most operations in one request.
    pub max_operations: usize,
    /// The largest body, in bytes.
    pub max_payload_size: usize,
}

impl Default for BulkConfig {
    fn default() -> Self {
        Self { max_operations: 1000, max_payload_size: 1_048_576 }
    }
}

/// Limits of queries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct FilterConfig {
    /// The most resources in one page, and the size of a page where the client names none.
    pub max_results: usize,
}

impl Default for FilterConfig {
    fn default() -> Self {
        Self { max_results: 200 }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_config_takes_known_keys_only() {
        let config: TenantConfig =
            serde_json::from_value(json!({"strictMode": true, "bulk": {"maxOperations": 10}}))
                .expect("valid");
        assert!(config.strict_mode && config.verbose_patch);
        assert_eq!((config.bulk.max_operations, config.bulk.max_payload_size), (10, 1_048_576));
        let error = serde_json::from_value::<TenantConfig>(json!({"strict": true})).expect_err("unknown");
        assert!(error.to_string().contains("unknown field `strict`"), "{error}");
    }
}
