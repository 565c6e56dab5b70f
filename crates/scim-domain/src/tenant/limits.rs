//! How much a tenant's clients may ask for at once, and how often.

use std::ops::RangeInclusive;

use serde_json::{Map, Value, json};

use crate::input::{Field, InputError as ConfigError};

/// Limits of `/Bulk` (RFC 7644 §3.7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl BulkConfig {
    /// What `bulk.maxOperations` may be.
    pub const MAX_OPERATIONS: RangeInclusive<usize> = 1..=100_000;
    /// What `bulk.maxPayloadSize` may be: bodies are held in memory.
    pub const MAX_PAYLOAD_SIZE: RangeInclusive<usize> = 1..=67_108_864;

    pub(super) fn read(field: &Field<'_>) -> Result<Self, ConfigError> {
        let default = Self::default();
        let mut keys = field.section()?;
        let config = Self {
            max_operations: keys.take_or("maxOperations", default.max_operations, |field| {
                field.number(&Self::MAX_OPERATIONS)
            })?,
            max_payload_size: keys.take_or("maxPayloadSize", default.max_payload_size, |field| {
                field.number(&Self::MAX_PAYLOAD_SIZE)
            })?,
        };
        keys.finish()?;
        Ok(config)
    }

    pub(super) fn to_json(self) -> Value {
        let default = Self::default();
        let mut keys = Map::new();
        if self.max_operations != default.max_operations {
            keys.insert("maxOperations".into(), json!(self.max_operations));
        }
        if self.max_payload_size != default.max_payload_size {
            keys.insert("maxPayloadSize".into(), json!(self.max_payload_size));
        }
        Value::Object(keys)
    }
}

/// Limits of queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterConfig {
    /// The most resources in one page, and the size of a page where the client names none.
    pub max_results: usize,
}

impl Default for FilterConfig {
    fn default() -> Self {
        Self { max_results: 200 }
    }
}

impl FilterConfig {
    /// What `filter.maxResults` may be: a page is held in memory.
    pub const MAX_RESULTS: RangeInclusive<usize> = 1..=10_000;

    pub(super) fn read(field: &Field<'_>) -> Result<Self, ConfigError> {
        let mut keys = field.section()?;
        let default = Self::default().max_results;
        let max_results = keys.take_or("maxResults", default, |field| field.number(&Self::MAX_RESULTS))?;
        keys.finish()?;
        Ok(Self { max_results })
    }

    pub(super) fn to_json(self) -> Value {
        json!({"maxResults": self.max_results})
    }
}

/// How many requests each credential of the tenant may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// So many a second in the long run.
    pub per_second: u32,
    /// So many at once, where the config says it: see [`burst`](Self::burst).
    pub burst: Option<u32>,
}

impl RateLimit {
    /// What `rateLimit.perSecond` and `rateLimit.burst` may be.
    pub const RANGE: RangeInclusive<u32> = 1..=1_000_000;

    /// So many at once: what the config says, or twice what may come in a second.
    pub fn burst(self) -> u32 {
        self.burst.unwrap_or_else(|| self.per_second.saturating_mul(2))
    }

    pub(super) fn read(field: &Field<'_>) -> Result<Self, ConfigError> {
        let mut keys = field.section()?;
        let number = |field: &Field<'_>| field.number(&Self::RANGE);
        let limit = Self {
            per_second: keys.take_required("perSecond", number)?,
            burst: keys.take_some("burst", number)?,
        };
        keys.finish()?;
        Ok(limit)
    }

    pub(super) fn to_json(self) -> Value {
        let mut keys = Map::new();
        keys.insert("perSecond".into(), json!(self.per_second));
        keys.extend(self.burst.map(|burst| ("burst".into(), json!(burst))));
        Value::Object(keys)
    }
}
