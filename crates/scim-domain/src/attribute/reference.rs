//! An attribute reference: a path that was found in a resource type's schemas.

use std::fmt;
use std::sync::Arc;

use super::{AttributeDefinition, AttributeType, SchemaUrn};

/// Where the values of an attribute come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AttributeSource {
    /// The resource's stored attributes.
    Stored,
    /// `id`, which the service provider makes (RFC 7643 §3.1).
    Id,
    /// `schemas`, which follows from the attributes that are there (RFC 7643 §3).
    Schemas,
    /// `meta` (RFC 7643 §3.1).
    Meta,
    /// The `members` of a group (RFC 7643 §4.2), which are kept as rows.
    Members,
    /// The `groups` of a user (RFC 7643 §4.1.2), computed from members.
    Groups,
}

/// An attribute, or a sub-attribute of it, of one resource type.
#[derive(Debug, Clone)]
pub struct AttributeRef {
    /// The extension that defines it; `None` for core and common attributes.
    pub extension: Option<SchemaUrn>,
    /// The attribute.
    pub attribute: Arc<AttributeDefinition>,
    /// The sub-attribute, where the path names one.
    pub sub_attribute: Option<Arc<AttributeDefinition>>,
    /// Where its values come from.
    pub source: AttributeSource,
}

impl AttributeRef {
    /// The definition of what is named: the sub-attribute if there is one, else the attribute.
    pub fn leaf(&self) -> &Arc<AttributeDefinition> {
        self.sub_attribute.as_ref().unwrap_or(&self.attribute)
    }

    /// The same attribute without its sub-attribute.
    #[must_use]
    pub fn whole(&self) -> Self {
        Self { sub_attribute: None, ..self.clone() }
    }

    /// The sub-attribute of this name.
    pub fn sub(&self, name: &str) -> Option<Self> {
        let sub_attribute = Some(Arc::clone(self.attribute.sub_attribute(name)?));
        Some(Self { sub_attribute, ..self.clone() })
    }

    /// The attribute, followed by each of its sub-attributes.
    pub fn with_subs(self) -> impl Iterator<Item = Self> {
        let subs: Vec<Self> = self
            .attribute
            .sub_attributes
            .iter()
            .map(|sub| Self { sub_attribute: Some(Arc::clone(sub)), ..self.clone() })
            .collect();
        std::iter::once(self).chain(subs)
    }

    /// Whether both name the same attribute and sub-attribute.
    pub fn same_as(&self, other: &Self) -> bool {
        self.same_attribute_as(other)
            && self.sub_attribute.as_ref().map(|sub| &sub.name)
                == other.sub_attribute.as_ref().map(|sub| &sub.name)
    }

    /// Whether both name the same attribute, whatever the sub-attributes.
    pub fn same_attribute_as(&self, other: &Self) -> bool {
        self.extension == other.extension && self.attribute.name == other.attribute.name
    }

    /// Whether any value on the way may be one of several.
    pub fn is_multi_valued(&self) -> bool {
        self.attribute.multi_valued || self.sub_attribute.as_ref().is_some_and(|sub| sub.multi_valued)
    }

    /// Whether this is `userName` as RFC 7643 §4.1.1 has it, which compares by PRECIS (RFC 7644 §5): one
    /// string that is not `caseExact`. A schema that gives another meaning to the name has its own.
    pub fn is_user_name(&self) -> bool {
        self.source == AttributeSource::Stored
            && self.extension.is_none()
            && self.sub_attribute.is_none()
            && self.attribute.name.matches("userName")
            && self.attribute.data_type == AttributeType::String
            && !self.attribute.multi_valued
            && !self.attribute.case_exact
    }
}

/// The path in the schema's spelling, with the URN of its extension.
impl fmt::Display for AttributeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(extension) = &self.extension {
            write!(f, "{extension}:")?;
        }
        write!(f, "{}", self.attribute.name)?;
        if let Some(sub_attribute) = &self.sub_attribute {
            write!(f, ".{}", sub_attribute.name)?;
        }
        Ok(())
    }
}
