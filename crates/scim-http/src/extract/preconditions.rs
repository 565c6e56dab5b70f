//! The versions that a request is about (RFC 7644 §3.14).

use actix_web::http::header::{HeaderMap, IF_MATCH, IF_NONE_MATCH};
use scim_domain::error::ScimError;
use scim_domain::precondition::{IfMatch, IfNoneMatch, VersionCondition};

use super::list;

/// `If-Match`
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<VersionCondition>, ScimError> {
    let condition = list(headers, &IF_MATCH).map(|list| IfMatch::parse(&list)).transpose()?;
    Ok(condition.map(|condition| condition.expected().clone()))
}

/// `If-None-Match`
pub(crate) fn if_none_match(headers: &HeaderMap) -> Result<Option<IfNoneMatch>, ScimError> {
    list(headers, &IF_NONE_MATCH).map(|list| IfNoneMatch::parse(&list)).transpose()
}
