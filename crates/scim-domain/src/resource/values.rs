//! Reading the values of an attribute from a resource, whatever their source.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::attribute::{AttributeRef, AttributeSource};

use super::{Attributes, Resource};

/// The values of a stored attribute, arrays taken apart.
pub(super) fn stored_values<'a>(
    attributes: &'a Attributes,
    attribute: &AttributeRef,
) -> impl Iterator<Item = &'a Value> {
    let container = match &attribute.extension {
        None => Some(attributes),
        Some(urn) => attributes.get(urn.as_str()).and_then(Value::as_object),
    };
    let value = container.and_then(|object| object.get(attribute.attribute.name.as_str()));
    value.into_iter().flat_map(each).flat_map(|element| values_in(element, attribute))
}

/// The values of `attribute` in one element of it: of its sub-attribute, arrays taken apart, or,
/// where it names none, the element itself.
pub(crate) fn values_in<'a>(element: &'a Value, attribute: &AttributeRef) -> std::slice::Iter<'a, Value> {
    match &attribute.sub_attribute {
        None => std::slice::from_ref(element).iter(),
        Some(sub_attribute) => element.get(sub_attribute.name.as_str()).map_or([].iter(), each),
    }
}

fn each(value: &Value) -> std::slice::Iter<'_, Value> {
    match value {
        Value::Array(items) => items.iter(),
        single => std::slice::from_ref(single).iter(),
    }
}

/// See [`Resource::any_value`].
pub(super) fn any_value(
    resource: &Resource,
    attribute: &AttributeRef,
    mut test: impl FnMut(&Value) -> bool,
) -> bool {
    let mut in_element = |element: Value| values_in(&element, attribute).any(&mut test);
    match attribute.source {
        AttributeSource::Stored => stored_values(&resource.attributes, attribute).any(test),
        AttributeSource::Id => in_element(Value::String(resource.id.to_string())),
        AttributeSource::Schemas => resource.schemas().map(Value::from).any(in_element),
        AttributeSource::Meta => match &attribute.sub_attribute {
            Some(sub_attribute) => {
                meta_value(resource, sub_attribute.name.as_str()).is_some_and(|value| test(&value))
            }
            None => in_element(Value::Object(meta(resource))),
        },
        AttributeSource::Members => {
            resource.members.iter().flatten().map(super::Member::to_json).any(in_element)
        }
        AttributeSource::Groups => {
            resource.groups.iter().flatten().map(super::GroupMembership::to_json).any(in_element)
        }
    }
}

pub(super) fn values<'a>(resource: &'a Resource, attribute: &AttributeRef) -> Vec<Cow<'a, Value>> {
    let whole: Vec<Value> = match attribute.source {
        AttributeSource::Stored => {
            return stored_values(&resource.attributes, attribute).map(Cow::Borrowed).collect();
        }
        AttributeSource::Id => vec![Value::String(resource.id.to_string())],
        AttributeSource::Schemas => resource.schemas().map(Value::from).collect(),
        AttributeSource::Meta => vec![Value::Object(meta(resource))],
        AttributeSource::Members => resource.members.iter().flatten().map(super::Member::to_json).collect(),
        AttributeSource::Groups => {
            resource.groups.iter().flatten().map(super::GroupMembership::to_json).collect()
        }
    };
    match &attribute.sub_attribute {
        None => whole.into_iter().map(Cow::Owned).collect(),
        Some(sub_attribute) => whole
            .into_iter()
            .filter_map(|mut element| element.get_mut(sub_attribute.name.as_str()).map(Value::take))
            .map(Cow::Owned)
            .collect(),
    }
}

/// `meta` (RFC 7643 §3.1), with `location` relative to the mount.
fn meta(resource: &Resource) -> Map<String, Value> {
    ["resourceType", "created", "lastModified", "location", "version"]
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), meta_value(resource, name)?)))
        .collect()
}

fn meta_value(resource: &Resource, name: &str) -> Option<Value> {
    Some(Value::String(match name {
        "resourceType" => resource.resource_type.name().to_owned(),
        "created" => resource.created.to_string(),
        "lastModified" => resource.last_modified.to_string(),
        "location" => resource.location(),
        "version" => resource.version.to_string(),
        _ => return None,
    }))
}
