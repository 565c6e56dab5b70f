//! Reading and writing one attribute, or sub-attribute of a single-valued complex one, among stored
//! attributes: core attributes by name, those of an extension under its URN.

use serde_json::{Map, Value};

use crate::attribute::AttributeRef;
use crate::resource::Attributes;

/// The value of `attribute`; `None` where it is unassigned, or a sub-attribute of several elements.
pub(super) fn get<'a>(attributes: &'a Attributes, attribute: &AttributeRef) -> Option<&'a Value> {
    let container = match &attribute.extension {
        None => attributes,
        Some(urn) => attributes.get(urn.as_str())?.as_object()?,
    };
    let value = container.get(attribute.attribute.name.as_str())?;
    match &attribute.sub_attribute {
        None => Some(value),
        Some(sub_attribute) => value.get(sub_attribute.name.as_str()),
    }
}

/// Assigns `value` to `attribute`, and makes the extension and the complex value around it where they
/// are missing. The value of a multi-valued attribute is assigned as a whole only.
pub(super) fn set(attributes: &mut Attributes, attribute: &AttributeRef, value: Value) {
    let mut container = attributes;
    let around = attribute
        .extension
        .iter()
        .map(|urn| urn.as_str())
        .chain(attribute.sub_attribute.is_some().then(|| attribute.attribute.name.as_str()));
    for name in around {
        let inner = container.entry(name).or_insert_with(|| Value::Object(Map::new()));
        let Value::Object(object) = inner else { return };
        container = object;
    }
    container.insert(attribute.leaf().name.as_str().to_owned(), value);
}
