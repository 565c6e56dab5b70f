//! What of a stored resource does not go with the definitions of its type: nothing, unless the
//! definitions have changed since it was written (RFC 7643 §7).

use std::convert::Infallible;
use std::fmt;

use serde_json::{Map, Value};

use crate::attribute::{AttributeDefinition, AttributeRef, AttributeSource, AttributeType};
use crate::keyword::keywords;
use crate::leniency;
use crate::resource::{Attributes, Resource};
use crate::tenant::TenantConfig;

use super::location::Location;
use super::{SchemaValidator, required, scalar};

mod report;

pub use report::ViolationReport;

/// An attribute of a stored resource that is not as its definition says.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Violation {
    /// The path of the attribute, without the places of elements; of an extension its URN. Empty where
    /// the resource type itself is concerned.
    pub attribute: String,
    /// What is not as it should be.
    pub reason: ViolationReason,
}

/// Why a stored resource does not go with a definition.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ViolationReason {
    /// A required value, or a required extension, is missing.
    Required,
    /// A value is not of the type.
    Type,
    /// There is an array where one value is defined, or one value where an array is.
    MultiValued,
    /// A value is not among `canonicalValues`, which strict mode enforces.
    CanonicalValues,
    /// There is a value of an attribute that is not defined, or not in this spelling.
    Removed,
    /// Another resource has the same value of an attribute that has to be unique.
    Uniqueness,
    /// The resource type is not defined.
    ResourceTypeRemoved,
}

keywords!(ViolationReason {
    Required = "required",
    Type = "type",
    MultiValued = "multiValued",
    CanonicalValues = "canonicalValues",
    Removed = "removed",
    Uniqueness = "uniqueness",
    ResourceTypeRemoved = "resourceTypeRemoved",
});

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.attribute, self.reason.as_str())
    }
}

impl SchemaValidator<'_> {
    /// What of `resource` does not go with the definitions of this validator's type, which need not be
    /// those under which it was written; each attribute and reason once. Its members are looked at where
    /// they were read.
    pub fn violations(&self, resource: &Resource) -> Vec<Violation> {
        let mut finder = Finder { config: self.config, found: Vec::new() };
        finder.stored(self, &resource.attributes);
        finder.missing(self, &resource.attributes);
        finder.members(self, resource);
        finder.found
    }
}

struct Finder<'a> {
    config: &'a TenantConfig,
    found: Vec<Violation>,
}

impl Finder<'_> {
    fn add(&mut self, attribute: impl fmt::Display, reason: ViolationReason) {
        let violation = Violation { attribute: attribute.to_string(), reason };
        if !self.found.contains(&violation) {
            self.found.push(violation);
        }
    }

    /// Everything that is stored, against the definition that it has, if it has one.
    fn stored(&mut self, validator: &SchemaValidator<'_>, attributes: &Attributes) {
        let resource_type = validator.resource_type;
        for (key, value) in attributes {
            let extension = resource_type.extension(key).filter(|known| known.schema.id.as_str() == key);
            match (extension, value) {
                (Some(_), Value::Object(object)) => {
                    for (name, value) in object {
                        let known = resource_type.extension_attribute(key, name);
                        self.attribute(known, name, format_args!("{key}:{name}"), value);
                    }
                }
                (Some(_), _) => self.add(key, ViolationReason::Type),
                (None, _) => {
                    self.attribute(resource_type.core_attribute(key), key, format_args!("{key}"), value)
                }
            }
        }
    }

    fn attribute(
        &mut self,
        known: Option<AttributeRef>,
        name: &str,
        path: fmt::Arguments<'_>,
        value: &Value,
    ) {
        let known = known
            .filter(|known| known.source == AttributeSource::Stored && known.attribute.name.as_str() == name);
        match known {
            Some(known) => self.whole(&known.attribute, value, &Location::of(&known)),
            None => self.add(path, ViolationReason::Removed),
        }
    }

    fn whole(&mut self, definition: &AttributeDefinition, value: &Value, at: &Location<'_>) {
        match (definition.multi_valued, value) {
            (true, Value::Array(elements)) => {
                elements.iter().for_each(|element| self.single(definition, element, at));
            }
            (false, Value::Array(_)) | (true, _) => self.add(at.path(), ViolationReason::MultiValued),
            (false, single) => self.single(definition, single, at),
        }
    }

    fn single(&mut self, definition: &AttributeDefinition, value: &Value, at: &Location<'_>) {
        match (definition.data_type, value) {
            (AttributeType::Complex, Value::Object(object)) => self.complex(definition, object, at),
            (AttributeType::Complex, _) => self.add(at.path(), ViolationReason::Type),
            _ if !scalar::is_of_type(definition, value) => self.add(at.path(), ViolationReason::Type),
            (_, Value::String(text))
                if !leniency::accepts_other_than_canonical(self.config)
                    && !scalar::is_canonical(definition, text) =>
            {
                self.add(at.path(), ViolationReason::CanonicalValues);
            }
            _ => {}
        }
    }

    fn complex(&mut self, definition: &AttributeDefinition, object: &Map<String, Value>, at: &Location<'_>) {
        for (name, value) in object {
            let at = at.sub(name);
            match definition.sub_attribute(name).filter(|known| known.name.as_str() == name) {
                Some(sub_attribute) => self.whole(sub_attribute, value, &at),
                None => self.add(at.path(), ViolationReason::Removed),
            }
        }
    }

    /// What is required and not there.
    fn missing(&mut self, validator: &SchemaValidator<'_>, attributes: &Attributes) {
        for attribute in validator.resource_type.attributes() {
            let Ok(()) = required::missing::<Infallible>(attributes, &attribute, &mut |at| {
                self.add(at.path(), ViolationReason::Required);
                Ok(())
            });
        }
        for urn in required::missing_extensions(validator.resource_type, attributes) {
            self.add(urn, ViolationReason::Required);
        }
    }

    fn members(&mut self, validator: &SchemaValidator<'_>, resource: &Resource) {
        let Some(members) = &resource.members else { return };
        match validator.resource_type.members() {
            Some(definition) if definition.attribute.required && members.is_empty() => {
                self.add(definition, ViolationReason::Required);
            }
            None if !members.is_empty() => {
                if let Some(was) = resource.resource_type.members() {
                    self.add(was, ViolationReason::Removed);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
