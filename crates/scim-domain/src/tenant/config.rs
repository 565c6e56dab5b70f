//! The rules of one tenant, as operators set them and as they are stored.
//!
//! What operators send is taken by the letter: an unknown key, a wrong type or a number out of range is an
//! error that names the key, so that no setting is accepted and then ignored. What is stored is read
//! back whatever version wrote it: keys that this version does not know are passed over.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::custom_headers::CustomHeaders;
use super::limits::{BulkConfig, FilterConfig, RateLimit};
use super::log_level::LogLevel;
use super::trusted_issuer::{self, TrustedIssuer, http_uri};
use crate::input::{Field, InputError as ConfigError, UnknownKeys};

/// The rules of one tenant. Every key is optional in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// DELETE hides a resource that has `active`, and sets that to false: see
    /// [`deletion`](crate::deletion).
    pub soft_delete: bool,
    /// Limits of `/Bulk`.
    pub bulk: BulkConfig,
    /// Limits of queries.
    pub filter: FilterConfig,
    /// A PATCH on a group with more members than this answers 204 unless `attributes` is asked for.
    pub patch_response_member_limit: usize,
    /// The discovery endpoints answer without a credential.
    pub anonymous_discovery: bool,
    /// Shown in ServiceProviderConfig.
    pub documentation_uri: Option<String>,
    /// Set on every answer.
    pub custom_headers: CustomHeaders,
    /// How much is logged of the tenant's requests; `None` where it is as everywhere.
    pub log_level: Option<LogLevel>,
    /// How many requests a credential may send; `None` where it is as everywhere.
    pub rate_limit: Option<RateLimit>,
    /// Whose tokens open the tenant beside its own.
    pub trusted_issuers: Vec<TrustedIssuer>,
}

impl Default for TenantConfig {
    fn default() -> Self {
        Self {
            strict_mode: false,
            verbose_patch: true,
            multi_member_add: true,
            multi_member_remove: true,
            allow_remove_all_members: true,
            soft_delete: false,
            bulk: BulkConfig::default(),
            filter: FilterConfig::default(),
            patch_response_member_limit: 1000,
            anonymous_discovery: false,
            documentation_uri: None,
            custom_headers: CustomHeaders::default(),
            log_level: None,
            rate_limit: None,
            trusted_issuers: Vec::new(),
        }
    }
}

impl TenantConfig {
    /// The config that an operator sends; what it leaves out, or gives as `null`, has its default.
    ///
    /// # Errors
    /// [`ConfigError`] for an unknown key, a value of the wrong type, or one out of range.
    pub fn from_json(config: &Value) -> Result<Self, ConfigError> {
        Self::read(&Field::root(config, UnknownKeys::Refuse))
    }

    /// This config with `patch` applied (RFC 7396): what it leaves out stays, what it has as `null` goes
    /// back to its default.
    ///
    /// # Errors
    /// As for [`from_json`](Self::from_json); a patch that is no object is an error too.
    pub fn merge_patch(&self, patch: &Value) -> Result<Self, ConfigError> {
        // RFC 7396 would have the patch replace the config, which then is no config either.
        Field::root(patch, UnknownKeys::Refuse).section()?;
        let mut config = self.to_json();
        merge(&mut config, patch);
        Self::from_json(&config)
    }

    /// The config as JSON: an object of all that is not as by default.
    pub fn to_json(&self) -> Value {
        let default = Self::default();
        let mut keys = Map::new();
        let mut put = |key: &str, differs: bool, value: Value| {
            if differs {
                keys.insert(key.to_owned(), value);
            }
        };
        let mut flag = |key: &str, value: bool, default: bool| put(key, value != default, json!(value));
        flag("strictMode", self.strict_mode, default.strict_mode);
        flag("verbosePatch", self.verbose_patch, default.verbose_patch);
        flag("multiMemberAdd", self.multi_member_add, default.multi_member_add);
        flag("multiMemberRemove", self.multi_member_remove, default.multi_member_remove);
        flag("allowRemoveAllMembers", self.allow_remove_all_members, default.allow_remove_all_members);
        flag("softDelete", self.soft_delete, default.soft_delete);
        flag("anonymousDiscovery", self.anonymous_discovery, default.anonymous_discovery);
        put("bulk", self.bulk != default.bulk, self.bulk.to_json());
        put("filter", self.filter != default.filter, self.filter.to_json());
        let limit = self.patch_response_member_limit;
        put("patchResponseMemberLimit", limit != default.patch_response_member_limit, json!(limit));
        put("documentationUri", self.documentation_uri.is_some(), json!(self.documentation_uri));
        put("customHeaders", !self.custom_headers.is_empty(), self.custom_headers.to_json());
        put("logLevel", self.log_level.is_some(), json!(self.log_level.map(LogLevel::as_str)));
        put("rateLimit", self.rate_limit.is_some(), json!(self.rate_limit.map(RateLimit::to_json)));
        let issuers: Vec<Value> = self.trusted_issuers.iter().map(TrustedIssuer::to_json).collect();
        put("trustedIssuers", !issuers.is_empty(), Value::Array(issuers));
        Value::Object(keys)
    }

    /// The rules in force as JSON, those that are as by default too. What is as everywhere is left out.
    pub fn effective(&self) -> Value {
        let mut config = json!({
            "strictMode": self.strict_mode,
            "verbosePatch": self.verbose_patch,
            "multiMemberAdd": self.multi_member_add,
            "multiMemberRemove": self.multi_member_remove,
            "allowRemoveAllMembers": self.allow_remove_all_members,
            "softDelete": self.soft_delete,
            "bulk": {
                "maxOperations": self.bulk.max_operations,
                "maxPayloadSize": self.bulk.max_payload_size,
            },
            "filter": {"maxResults": self.filter.max_results},
            "patchResponseMemberLimit": self.patch_response_member_limit,
            "anonymousDiscovery": self.anonymous_discovery,
            "customHeaders": {},
            "trustedIssuers": [],
        });
        if let Some(rate_limit) = self.rate_limit {
            merge(&mut config, &json!({"rateLimit": {"burst": rate_limit.burst()}}));
        }
        merge(&mut config, &self.to_json());
        config
    }

    fn read(field: &Field<'_>) -> Result<Self, ConfigError> {
        let default = Self::default();
        let mut keys = field.section()?;
        let mut flag = |key: &str, default: bool| keys.take_or(key, default, Field::boolean);
        let mut config = Self {
            strict_mode: flag("strictMode", default.strict_mode)?,
            verbose_patch: flag("verbosePatch", default.verbose_patch)?,
            multi_member_add: flag("multiMemberAdd", default.multi_member_add)?,
            multi_member_remove: flag("multiMemberRemove", default.multi_member_remove)?,
            allow_remove_all_members: flag("allowRemoveAllMembers", default.allow_remove_all_members)?,
            soft_delete: flag("softDelete", default.soft_delete)?,
            anonymous_discovery: flag("anonymousDiscovery", default.anonymous_discovery)?,
            ..default
        };
        config.bulk = keys.take_or("bulk", config.bulk, BulkConfig::read)?;
        config.filter = keys.take_or("filter", config.filter, FilterConfig::read)?;
        config.patch_response_member_limit =
            keys.take_or("patchResponseMemberLimit", config.patch_response_member_limit, |field| {
                field.number(&(0..=1_000_000))
            })?;
        config.documentation_uri =
            keys.take_some("documentationUri", |field| http_uri(field).map(|uri| uri.text.to_owned()))?;
        config.custom_headers = keys.take_or("customHeaders", config.custom_headers, CustomHeaders::read)?;
        config.log_level = keys.take_some("logLevel", |field| field.keyword(LogLevel::ALL))?;
        config.rate_limit = keys.take_some("rateLimit", RateLimit::read)?;
        config.trusted_issuers =
            keys.take_or("trustedIssuers", config.trusted_issuers, trusted_issuer::read_all)?;
        keys.finish()?;
        Ok(config)
    }
}

/// What is stored: see [`to_json`](TenantConfig::to_json).
impl Serialize for TenantConfig {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_json().serialize(serializer)
    }
}

/// What was stored. For what a client sends, see [`from_json`](TenantConfig::from_json).
impl<'de> Deserialize<'de> for TenantConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let config = Value::deserialize(deserializer)?;
        Self::read(&Field::root(&config, UnknownKeys::Ignore)).map_err(serde::de::Error::custom)
    }
}

/// RFC 7396 §2. As deep as `patch` is, which the reading of JSON bounds.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.as_str()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests;
