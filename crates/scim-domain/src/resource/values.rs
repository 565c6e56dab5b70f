//! Reading the values of an attribute from a resource, whatever their source.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::attribute::{AttributeRef, AttributeSource};

use super::{Attributes, Resource};

/// The values of a stored attribute, arrays taken apart.
pub(super) fn stored_values<'a>(attributes: &'a Attributes, attribute: &AttributeRef) -> Vec<&'a Value> {
    let container = match &attribute.extension {
        None => Some(attributes),
        Some(urn) => attributes.get(urn.as_str()).and_then(Value::as_object),
    };
    let Some(value) = container.and_then(|object| object.get(attribute.attribute.name.as_str())) else {
        return Vec::new();
    };
    let Some(sub_attribute) = &attribute.sub_attribute else { return each(value).collect() };
    each(value).filter_map(|element| element.get(sub_attribute.name.as_str())).flat_map(each).collect()
}

fn each(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(items) => items.iter(),
        single => std::slice::from_ref(single).iter(),
    }
}

pub(super) fn values<'a>(resource: &'a Resource, attribute: &AttributeRef) -> Vec<Cow<'a, Value>> {
    let whole: Vec<Value> = match attribute.source {
        AttributeSource::Stored => {
            return stored_values(&resource.attributes, attribute).into_iter().map(Cow::Borrowed).collect();
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
    let mut meta = Map::new();
    meta.insert("resourceType".into(), Value::from(resource.resource_type.name()));
    meta.insert("created".into(), Value::String(resource.created.to_string()));
    meta.insert("lastModified".into(), Value::String(resource.last_modified.to_string()));
    meta.insert("location".into(), Value::String(resource.location()));
    meta.insert("version".into(), Value::String(resource.version.to_string()));
    meta
}
