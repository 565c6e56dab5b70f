//! Whether the attributes of a filter are known, in a query of several resource types.

use std::sync::Arc;

use crate::attribute::{AttributePath, AttributeRef};
use crate::error::ScimError;
use crate::filter::Filter;
use crate::schema::{ResolvedPath, ResourceType};

/// Refuses a filter on an attribute that none of the types has: an attribute that only some have
/// counts as absent from the others (RFC 7644 §3.4.2.1), but what nobody has is a mistake.
/// Recursive, as deep as filters may be.
pub(super) fn check(filter: &Filter, types: &[Arc<ResourceType>]) -> Result<(), ScimError> {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().try_for_each(|part| check(part, types)),
        Filter::Not(inner) => check(inner, types),
        Filter::Attribute { path, .. } => resolve(path, types).map(drop),
        Filter::ValuePath { path, filter, then } => {
            let attributes: Vec<AttributeRef> = resolve(path, types)?
                .into_iter()
                .filter_map(|resolved| match resolved {
                    ResolvedPath::Attribute(attribute) => Some(attribute),
                    ResolvedPath::Extension(_) | ResolvedPath::Base => None,
                })
                .collect();
            check_element(filter, &attributes)?;
            then.as_ref().map_or(Ok(()), |(name, _)| check_sub(name.as_str(), &attributes))
        }
    }
}

fn resolve(path: &AttributePath, types: &[Arc<ResourceType>]) -> Result<Vec<ResolvedPath>, ScimError> {
    let resolved: Vec<ResolvedPath> =
        types.iter().filter_map(|resource_type| resource_type.resolve(path)).collect();
    if resolved.is_empty() {
        return Err(ScimError::invalid_filter(format!(
            "filter: no resource type has an attribute {}",
            path.as_str()
        )));
    }
    Ok(resolved)
}

fn check_element(filter: &Filter, attributes: &[AttributeRef]) -> Result<(), ScimError> {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => {
            parts.iter().try_for_each(|part| check_element(part, attributes))
        }
        Filter::Not(inner) => check_element(inner, attributes),
        Filter::Attribute { path, .. } | Filter::ValuePath { path, .. } => {
            check_sub(path.as_str(), attributes)
        }
    }
}

fn check_sub(name: &str, attributes: &[AttributeRef]) -> Result<(), ScimError> {
    if attributes.iter().any(|attribute| attribute.sub(name).is_some()) {
        return Ok(());
    }
    let of = attributes.first().map(ToString::to_string).unwrap_or_default();
    Err(ScimError::invalid_filter(format!("filter: {of} has no sub-attribute {name}")))
}
