//! The versions that a request is about (RFC 7644 §3.14).

use actix_web::http::header::{HeaderMap, HeaderName, IF_MATCH, IF_NONE_MATCH};
use scim_domain::error::{ErrorKind, ScimError};
use scim_domain::precondition::VersionCondition;

/// `If-Match`
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<VersionCondition>, ScimError> {
    condition(headers, &IF_MATCH)
}

/// `If-None-Match`
pub(crate) fn if_none_match(headers: &HeaderMap) -> Result<Option<VersionCondition>, ScimError> {
    condition(headers, &IF_NONE_MATCH)
}

/// Several headers of one name are one list (RFC 9110 §5.3).
fn condition(headers: &HeaderMap, name: &HeaderName) -> Result<Option<VersionCondition>, ScimError> {
    let mut list: Option<String> = None;
    for value in headers.get_all(name) {
        let value = value.to_str().map_err(|_not_ascii| malformed(name))?;
        match &mut list {
            None => list = Some(value.to_owned()),
            Some(list) => {
                list.push(',');
                list.push_str(value);
            }
        }
    }
    list.map(|list| VersionCondition::parse(&list).ok_or_else(|| malformed(name))).transpose()
}

fn malformed(name: &HeaderName) -> ScimError {
    ScimError::new(ErrorKind::BadRequest, format!("{name}: expected * or a list of entity tags"))
}
