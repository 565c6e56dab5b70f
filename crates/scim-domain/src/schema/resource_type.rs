//! A resource type with its schemas at hand (RFC 7643 §6), and the look-up of paths in them.

use std::sync::{Arc, OnceLock};

use crate::attribute::{
    AttributeDefinition, AttributePath, AttributeRef, AttributeSource, AttributeType, Returned, SchemaUrn,
    Uniqueness,
};
use crate::projection::Shown;

use super::common::CommonAttributes;
use super::{ResourceTypeDefinition, SchemaDefinition};

/// A resource type, compiled: its definition, its schemas, and what the engine needs to know of them.
#[derive(Debug)]
pub struct ResourceType {
    /// The definition as stored.
    pub definition: ResourceTypeDefinition,
    /// The base schema.
    pub schema: Arc<SchemaDefinition>,
    /// The extensions, in the order of the definition.
    pub extensions: Vec<Extension>,
    /// The attributes that every resource has.
    pub common: CommonAttributes,
    /// Every attribute whose values are unique, sub-attributes and extensions included.
    pub unique_attributes: Vec<AttributeRef>,
    /// Whether any attribute or sub-attribute is returned on `request` alone (RFC 7643 §7).
    pub(crate) returns_on_request: bool,
    members: Option<AttributeRef>,
    groups: Option<AttributeRef>,
    /// What answers show of these resources where the client says nothing: worked out when it is
    /// first needed, for every request after that.
    pub(crate) shown_by_default: OnceLock<Arc<Shown>>,
}

/// An extension of a resource type.
#[derive(Debug, Clone)]
pub struct Extension {
    /// Its schema.
    pub schema: Arc<SchemaDefinition>,
    /// Whether every resource must have it.
    pub required: bool,
}

/// What a path names in a resource type.
#[derive(Debug, Clone)]
pub enum ResolvedPath {
    /// An attribute or sub-attribute.
    Attribute(AttributeRef),
    /// An extension as a whole, by its URN in the schema's spelling.
    Extension(SchemaUrn),
    /// The resource as a whole, by the URN of its base schema.
    Base,
}

impl ResourceType {
    pub(super) fn new(
        definition: ResourceTypeDefinition,
        schema: Arc<SchemaDefinition>,
        extensions: Vec<Extension>,
    ) -> Self {
        let mut resource_type = Self {
            definition,
            schema,
            extensions,
            common: CommonAttributes::default(),
            unique_attributes: Vec::new(),
            returns_on_request: false,
            members: None,
            groups: None,
            shown_by_default: OnceLock::new(),
        };
        resource_type.members = resource_type.membership("members", AttributeSource::Members);
        resource_type.groups = resource_type.membership("groups", AttributeSource::Groups);
        let returns_on_request = resource_type.attributes().any(|attribute| {
            let subs = attribute.attribute.sub_attributes.iter();
            subs.chain([&attribute.attribute]).any(|part| part.returned == Returned::Request)
        });
        resource_type.returns_on_request = returns_on_request;
        resource_type.unique_attributes = resource_type
            .attributes()
            .flat_map(AttributeRef::with_subs)
            .filter(|attribute| {
                attribute.source == AttributeSource::Stored && attribute.leaf().uniqueness != Uniqueness::None
            })
            .collect();
        resource_type
    }

    /// RFC 7643 names two attributes that hold membership: `members` of a group (§4.2) and `groups`
    /// of a user (§4.1.2). A type has them where its base schema defines them so: complex,
    /// multi-valued, with a `value`.
    fn membership(&self, name: &str, source: AttributeSource) -> Option<AttributeRef> {
        let attribute = self.schema.attribute(name)?;
        let is_membership = attribute.multi_valued
            && attribute.data_type == AttributeType::Complex
            && attribute.sub_attribute("value").is_some()
            && attribute.sub_attribute("$ref").is_some();
        is_membership.then(|| AttributeRef {
            extension: None,
            attribute: Arc::clone(attribute),
            sub_attribute: None,
            source,
        })
    }

    /// The name (`User`).
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// The endpoint with its slash (`/Users`).
    pub fn endpoint(&self) -> &str {
        &self.definition.endpoint
    }

    /// `members`, where resources of this type are groups (RFC 7643 §4.2).
    pub fn members(&self) -> Option<&AttributeRef> {
        self.members.as_ref()
    }

    /// `groups`, where resources of this type show the groups they are in (RFC 7643 §4.1.2).
    pub fn groups(&self) -> Option<&AttributeRef> {
        self.groups.as_ref()
    }

    /// The extension with this URN, in whatever case.
    pub fn extension(&self, urn: &str) -> Option<&Extension> {
        self.extensions.iter().find(|extension| extension.schema.id.matches(urn))
    }

    /// Every attribute of this type: the common ones, the base schema's, then each extension's, in
    /// the order in which answers show them (`meta` apart, which comes last in an answer).
    pub fn attributes(&self) -> impl Iterator<Item = AttributeRef> + '_ {
        let common = [
            (&self.common.schemas, AttributeSource::Schemas),
            (&self.common.id, AttributeSource::Id),
            (&self.common.external_id, AttributeSource::Stored),
            (&self.common.meta, AttributeSource::Meta),
        ];
        let common = common.into_iter().map(|(attribute, source)| AttributeRef {
            extension: None,
            attribute: Arc::clone(attribute),
            sub_attribute: None,
            source,
        });
        let base =
            self.schema.attributes.iter().filter(|attribute| !self.is_common(attribute)).map(|attribute| {
                AttributeRef {
                    extension: None,
                    attribute: Arc::clone(attribute),
                    sub_attribute: None,
                    source: self.source_of(attribute),
                }
            });
        let extended = self.extensions.iter().flat_map(|extension| {
            extension.schema.attributes.iter().map(|attribute| AttributeRef {
                extension: Some(extension.schema.id.clone()),
                attribute: Arc::clone(attribute),
                sub_attribute: None,
                source: AttributeSource::Stored,
            })
        });
        common.chain(base).chain(extended)
    }

    fn is_common(&self, attribute: &AttributeDefinition) -> bool {
        ["schemas", "id", "externalId", "meta"].iter().any(|name| attribute.name.matches(name))
    }

    fn source_of(&self, attribute: &Arc<AttributeDefinition>) -> AttributeSource {
        let is = |membership: &Option<AttributeRef>| {
            membership.as_ref().is_some_and(|known| Arc::ptr_eq(&known.attribute, attribute))
        };
        if is(&self.members) {
            AttributeSource::Members
        } else if is(&self.groups) {
            AttributeSource::Groups
        } else {
            AttributeSource::Stored
        }
    }

    /// A core or common attribute by its name, in whatever case.
    pub fn core_attribute(&self, name: &str) -> Option<AttributeRef> {
        let common = &self.common;
        let (attribute, source) = if common.schemas.name.matches(name) {
            (&common.schemas, AttributeSource::Schemas)
        } else if common.id.name.matches(name) {
            (&common.id, AttributeSource::Id)
        } else if common.external_id.name.matches(name) {
            (&common.external_id, AttributeSource::Stored)
        } else if common.meta.name.matches(name) {
            (&common.meta, AttributeSource::Meta)
        } else {
            let attribute = self.schema.attribute(name)?;
            (attribute, self.source_of(attribute))
        };
        Some(AttributeRef { extension: None, attribute: Arc::clone(attribute), sub_attribute: None, source })
    }

    /// An attribute of the extension `urn` by its name, both in whatever case.
    pub fn extension_attribute(&self, urn: &str, name: &str) -> Option<AttributeRef> {
        let extension = self.extension(urn)?;
        Some(AttributeRef {
            extension: Some(extension.schema.id.clone()),
            attribute: Arc::clone(extension.schema.attribute(name)?),
            sub_attribute: None,
            source: AttributeSource::Stored,
        })
    }

    /// What `path` names in this type (RFC 7644 §3.10); `None` for what no schema of it defines.
    pub fn resolve(&self, path: &AttributePath) -> Option<ResolvedPath> {
        if self.schema.id.matches(path.as_str()) {
            return Some(ResolvedPath::Base);
        }
        if let Some(extension) = self.extension(path.as_str()) {
            return Some(ResolvedPath::Extension(extension.schema.id.clone()));
        }
        let name = path.attribute.as_ref()?.as_str();
        let whole = match path.schema.as_deref() {
            None => self.core_attribute(name),
            Some(urn) if self.schema.id.matches(urn) => self.core_attribute(name),
            Some(urn) => self.extension_attribute(urn, name),
        }?;
        let resolved = match &path.sub_attribute {
            None => whole,
            Some(sub_attribute) => whole.sub(sub_attribute.as_str())?,
        };
        Some(ResolvedPath::Attribute(resolved))
    }

    /// The attribute that `text` names; `None` where it names none, or a schema as a whole.
    pub fn attribute_at(&self, text: &str) -> Option<AttributeRef> {
        match self.resolve(&AttributePath::parse(text)?)? {
            ResolvedPath::Attribute(attribute) => Some(attribute),
            ResolvedPath::Extension(_) | ResolvedPath::Base => None,
        }
    }
}
