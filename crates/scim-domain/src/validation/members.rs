//! The members of a group (RFC 7643 §4.2), which are kept as rows and never among the attributes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::attribute::AttributeRef;
use crate::error::ScimError;
use crate::identifier::ResourceId;
use crate::leniency;
use crate::tenant::TenantConfig;

use super::location::{Location, excerpt};
use super::scalar::mismatch;
use super::value::{is_unassigned, single};

/// The ids among `value`, what a client sent for the attribute `members`: in time and space linear
/// in its length, however many there are.
///
/// # Errors
/// `invalidValue` for what is no list of members, a member without an id or with one that no
/// resource can have, or a `type` that cannot be a member.
pub(super) fn ids(
    config: &TenantConfig,
    members: &AttributeRef,
    value: &Value,
) -> Result<BTreeSet<ResourceId>, ScimError> {
    let at = Location::of(members);
    let member = |value: &Value, at: &Location<'_>| id(config, members, value, at);
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| member(item, &at.element(index)).transpose())
            .collect(),
        unassigned if is_unassigned(unassigned) => Ok(BTreeSet::new()),
        one if leniency::single_value_for_array(config) => Ok(member(one, &at)?.into_iter().collect()),
        other => Err(mismatch(&at, "an array", other)),
    }
}

/// The id in one element; `None` where the element is unassigned.
fn id(
    config: &TenantConfig,
    members: &AttributeRef,
    value: &Value,
    at: &Location<'_>,
) -> Result<Option<ResourceId>, ScimError> {
    let definition = &members.attribute;
    if is_unassigned(value) {
        return Ok(None);
    }
    let element = single(config, definition, value, at)?;
    let text = |name: &str| {
        let name = definition.sub_attribute(name)?.name.as_str();
        element.as_ref()?.get(name)?.as_str()
    };
    let Some(id) = text("value") else {
        return Err(ScimError::invalid_value(format!("{at}.value: required, the id of the member")));
    };
    if let Some(kind) = text("type") {
        check_type(members, kind, at)?;
    }
    ResourceId::parse(id).map(Some).ok_or_else(|| {
        ScimError::invalid_value(format!("{at}.value: no resource has the id '{}'", excerpt(id)))
    })
}

/// `type` is the name of a resource type to which the `$ref` of a member may point. Whether the member
/// is of that type is for those who know the resources.
fn check_type(members: &AttributeRef, kind: &str, at: &Location<'_>) -> Result<(), ScimError> {
    let Some(reference) = members.attribute.sub_attribute("$ref") else { return Ok(()) };
    let types = &reference.reference_types;
    if types.is_empty() || types.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
        return Ok(());
    }
    Err(ScimError::invalid_value(format!(
        "{at}.type: expected one of '{}', got '{}'",
        types.join("', '"),
        excerpt(kind)
    )))
}
