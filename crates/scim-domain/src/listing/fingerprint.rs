//! What makes two queries the same walk: the tenant, the resource types, what is filtered and how it
//! is sorted.
//!
//! RFC 9865 §2 has the client repeat all parameters of the first request, but its own example
//! repeats `userName` as `username`. So what is taken is the meaning: the filter and `sortBy` as
//! bound to the schema. What is shown (`attributes`, `excludedAttributes`) does not change the walk
//! and may differ; `count` is in the cursor itself.

use sha2::{Digest, Sha256};

use crate::filter::{Operand, TypedFilter};
use crate::identifier::TenantId;

use super::query::QueryScope;
use super::sort::{Direction, SortOrder};

/// The digest of a query, to which a cursor is bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueryFingerprint([u8; 32]);

impl QueryFingerprint {
    /// The fingerprint of a query of `tenant`.
    pub fn new(tenant: TenantId, scopes: &[QueryScope], sort_order: SortOrder) -> Self {
        let mut text = Feed(Sha256::new());
        text.part("scim cursor 1");
        text.0.update(tenant.uuid().as_bytes());
        let sorted = scopes.iter().any(|scope| scope.sort_by.is_some());
        text.part(if sorted && sort_order == Direction::Descending { "descending" } else { "ascending" });
        for scope in scopes {
            text.part(scope.resource_type.name());
            text.part(&scope.sort_by.as_ref().map(ToString::to_string).unwrap_or_default());
            match &scope.filter {
                None => text.part("all"),
                Some(filter) => text.filter(filter),
            }
        }
        Self(text.0.finalize().into())
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    #[cfg(test)]
    pub(super) fn of_text(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }
}

/// Parts with their lengths before them, so that no two lists of parts read the same.
struct Feed(Sha256);

impl Feed {
    fn part(&mut self, text: &str) {
        self.number(text.len());
        self.0.update(text);
    }

    fn number(&mut self, number: usize) {
        self.0.update(u64::try_from(number).unwrap_or(u64::MAX).to_be_bytes());
    }

    /// Recursive, as deep as filters may be.
    fn filter(&mut self, filter: &TypedFilter) {
        match filter {
            TypedFilter::And(parts) | TypedFilter::Or(parts) => {
                self.part(if matches!(filter, TypedFilter::And(_)) { "and" } else { "or" });
                self.number(parts.len());
                for part in parts {
                    self.filter(part);
                }
            }
            TypedFilter::Not(inner) => {
                self.part("not");
                self.filter(inner);
            }
            TypedFilter::Present(attribute) => {
                self.part("pr");
                self.part(&attribute.to_string());
            }
            TypedFilter::Compare { attribute, operator, operand } => {
                self.part(&format!("{operator:?}"));
                self.part(&attribute.to_string());
                match operand {
                    Operand::Boolean(value) => self.part(&value.to_string()),
                    Operand::Number(value) => self.part(&value.to_string()),
                    Operand::Text(text) => {
                        self.part("text");
                        self.part(text);
                    }
                }
            }
            TypedFilter::ValuePath { attribute, filter } => {
                self.part("path");
                self.part(&attribute.to_string());
                self.filter(filter);
            }
            TypedFilter::Constant(value) => self.part(if *value { "everything" } else { "nothing" }),
        }
    }
}
