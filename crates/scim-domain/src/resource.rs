//! A resource (RFC 7643 §3) as the engine and the stores hold it.

mod membership;
mod stored;
mod values;

use std::collections::HashSet;
use std::sync::Arc;

use serde_json::{Map, Value};

use crate::attribute::AttributeRef;
use crate::comparison::{equality_key, number_key};
use crate::identifier::{ResourceId, Timestamp, Version};
use crate::schema::ResourceType;

pub(crate) use values::values_in;

pub use membership::{GroupMembership, Member, MemberChange};
pub use stored::{StoredAttributes, StoredResource, Unreadable};

/// Attributes in the schema's spelling: core attributes by name, each extension under its URN.
///
/// Normalised: no `null`, no empty array or object anywhere (RFC 7643 §2.5 makes them all
/// "unassigned"); `id`, `schemas`, `meta`, `members` and `groups` are not in it.
pub type Attributes = Map<String, Value>;

/// A resource of one tenant. Its attributes are a tree, or as a store keeps them ([`StoredResource`]).
#[derive(Debug, Clone)]
pub struct Resource<A = Attributes> {
    /// Its `id`.
    pub id: ResourceId,
    /// Its type.
    pub resource_type: Arc<ResourceType>,
    /// Its stored attributes.
    pub attributes: A,
    /// Its version, `meta.version`.
    pub version: Version,
    /// `meta.created`
    pub created: Timestamp,
    /// `meta.lastModified`
    pub last_modified: Timestamp,
    /// The members of a group, in the order of their ids; `None` where they were not read.
    pub members: Option<Vec<Member>>,
    /// The groups that it is in, direct ones first, each in the order of ids; `None` where they were not read.
    pub groups: Option<Vec<GroupMembership>>,
}

/// A value that no other resource of the type may have (RFC 7643 §7, `uniqueness`).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UniqueValue {
    /// The path of the attribute in the schema's spelling.
    pub attribute: String,
    /// The key under which values are equal.
    pub key: String,
}

/// Every unique value among `attributes`, each once.
pub fn unique_values(resource_type: &ResourceType, attributes: &Attributes) -> Vec<UniqueValue> {
    unique_values_of(&resource_type.unique_attributes, attributes)
}

/// Every value of the attributes `unique_attributes` among `attributes`, each once.
pub(crate) fn unique_values_of(
    unique_attributes: &[AttributeRef],
    attributes: &Attributes,
) -> Vec<UniqueValue> {
    let mut unique: Vec<UniqueValue> = Vec::new();
    let mut seen = HashSet::new();
    for attribute in unique_attributes {
        for value in values::stored_values(attributes, attribute) {
            let key = match value {
                Value::String(text) => equality_key(attribute, text).into_owned(),
                Value::Number(number) => number_key(number).to_string(),
                other => other.to_string(),
            };
            let value = UniqueValue { attribute: attribute.to_string(), key };
            if seen.insert(value.clone()) {
                unique.push(value);
            }
        }
    }
    unique
}

impl<A> Resource<A> {
    /// The path of the resource under its mount, `/Users/2819c223-…`; `meta.location` and `$ref`
    /// are this after the base URL.
    pub fn location(&self) -> String {
        location(&self.resource_type, self.id)
    }

    /// The same resource with its attributes in another form.
    fn map<B>(self, attributes: impl FnOnce(A) -> B) -> Resource<B> {
        Resource {
            id: self.id,
            resource_type: self.resource_type,
            attributes: attributes(self.attributes),
            version: self.version,
            created: self.created,
            last_modified: self.last_modified,
            members: self.members,
            groups: self.groups,
        }
    }
}

impl Resource {
    /// The name under which people know the resource, for `display` beside a reference to it
    /// (RFC 7643 §2.4): its `displayName` or else its `userName`.
    pub fn display(&self) -> Option<&str> {
        display(&self.attributes)
    }

    /// The URNs for `schemas` (RFC 7643 §3): the base schema and every extension that has attributes.
    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        let extensions = self.resource_type.extensions.iter().map(|extension| extension.schema.id.as_str());
        std::iter::once(self.resource_type.schema.id.as_str())
            .chain(extensions.filter(|urn| self.attributes.contains_key(*urn)))
    }

    /// Every value of `attribute`, arrays taken apart. See [`AttributeRef`] for where values come from.
    pub fn values<'a>(&'a self, attribute: &AttributeRef) -> Vec<std::borrow::Cow<'a, Value>> {
        values::values(self, attribute)
    }

    /// Whether `test` holds for any of those values. They are made one at a time and not kept.
    pub fn any_value(&self, attribute: &AttributeRef, test: impl FnMut(&Value) -> bool) -> bool {
        values::any_value(self, attribute, test)
    }
}

/// The path of a resource under its mount.
pub fn location(resource_type: &ResourceType, id: ResourceId) -> String {
    format!("{}/{id}", resource_type.endpoint())
}

/// See [`Resource::display`].
pub fn display(attributes: &Attributes) -> Option<&str> {
    ["displayName", "userName"].iter().find_map(|name| attributes.get(*name)).and_then(Value::as_str)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::test_support::custom_type;

    #[track_caller]
    fn check(definition: Value, value: Value, expected: &[&str]) {
        let thing = custom_type(json!([definition]));
        let name = definition["name"].as_str().expect("a name");
        let unique = unique_values(&thing, &Attributes::from_iter([(name.to_owned(), value)]));
        let keys: Vec<&str> = unique.iter().map(|unique| unique.key.as_str()).collect();
        assert_eq!(keys, expected);
    }

    #[test]
    fn values_that_compare_as_equal_are_one_unique_value() {
        let codes = |data_type: &str| json!({"name": "codes", "type": data_type, "multiValued": true, "uniqueness": "server"});
        check(codes("string"), json!(["B", "a", "b"]), &["b", "a"]);
        check(codes("decimal"), json!([1.0, 1, 1.5, 100, 1e2, -0.0, 0]), &["1", "1.5", "100", "0"]);
        check(
            codes("dateTime"),
            json!(["2011-05-13T04:42:34Z", "2011-05-13T06:42:34+02:00"]),
            &["2011-05-13T04:42:34.000000000Z"],
        );
    }

    #[test]
    fn many_unique_values_take_linear_time() {
        let codes: Vec<String> = (0..200_000).map(|number| format!("code {number}")).collect();
        let expected: Vec<&str> = codes.iter().map(String::as_str).collect();
        check(
            json!({"name": "codes", "type": "string", "multiValued": true, "uniqueness": "server"}),
            json!(codes),
            &expected,
        );
    }
}
