//! Resources as stores give them: their attributes are text, which is read only where somebody has to
//! look into it. To show a resource nobody has to.

use serde_json::Value;

use super::{Attributes, Resource};

/// A resource whose attributes are as the store keeps them.
pub type StoredResource = Resource<StoredAttributes>;

/// [`Attributes`] as JSON text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAttributes(Box<str>);

/// What a store keeps is no JSON object.
#[derive(Debug, thiserror::Error)]
#[error("the attributes that are stored are not a JSON object")]
pub struct Unreadable(#[source] pub(crate) serde_json::Error);

impl StoredAttributes {
    /// The attributes that are written so: a JSON object. It is not looked into.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The tree of them.
    ///
    /// # Errors
    /// [`Unreadable`] where the text is no JSON object.
    pub fn read(&self) -> Result<Attributes, Unreadable> {
        serde_json::from_str(&self.0).map_err(Unreadable)
    }
}

impl From<Attributes> for StoredAttributes {
    fn from(attributes: Attributes) -> Self {
        Self(Value::Object(attributes).to_string().into())
    }
}

impl StoredResource {
    /// The resource with the tree of its attributes.
    ///
    /// # Errors
    /// As [`StoredAttributes::read`].
    pub fn read(self) -> Result<Resource, Unreadable> {
        let attributes = self.attributes.read()?;
        Ok(self.map(|_text| attributes))
    }
}

impl From<Resource> for StoredResource {
    fn from(resource: Resource) -> Self {
        resource.map(StoredAttributes::from)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::test_support::{resource, resource_type};

    #[test]
    fn what_is_stored_is_read_as_it_was() {
        let given = resource(
            &resource_type("User"),
            1,
            json!({"userName": "b\u{e9}\"\\", "name": {"familyName": "J"}, "active": true}),
        );
        let stored = StoredResource::from(given.clone());
        assert_eq!((stored.id, stored.version), (given.id, given.version));
        assert_eq!(stored.read().expect("readable").attributes, given.attributes);
    }

    #[test]
    fn what_is_no_object_is_unreadable() {
        for text in ["", "[]", "null", "{", "{\"a\":1}x"] {
            assert!(StoredAttributes::new(text).read().is_err(), "{text}");
        }
    }
}
