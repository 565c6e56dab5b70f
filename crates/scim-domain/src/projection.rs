//! Which attributes an answer shows: `attributes` and `excludedAttributes` (RFC 7644 §3.9), and each
//! attribute's `returned` characteristic (RFC 7643 §7).
//!
//! A projection is worked out once for a request and a resource type; writing a resource then only
//! walks along its fields. How it decides:
//!
//! - `always` is shown, `never` is not, whatever the client asks for; `request` is shown where it is
//!   named itself (or was written by this very request); `default` as the lists say.
//! - Naming an attribute shows its `always` and `default` sub-attributes; naming a sub-attribute
//!   shows that one, with the `always` ones beside it. What a sub-attribute's `returned` says is
//!   relative to its attribute: an `always` sub-attribute is there whenever the attribute is.
//! - The URN of a schema names every attribute that the schema defines and that is not `request`.
//! - Names compare in any case; names that no schema of the type defines are ignored. A list of
//!   nothing but such names is still a list: `attributes` then shows the `always` attributes alone.

mod fields;

use std::sync::Arc;

use crate::attribute::{AttributeName, AttributePath, AttributeRef, AttributeSource, Returned, SchemaUrn};
use crate::error::ScimError;
use crate::listing::{Include, MemberInclude};
use crate::schema::{ResolvedPath, ResourceType};

pub(crate) use fields::{ExtensionFields, Field, FieldKind, MembershipPart, MetaPart};

/// What an answer shows of the resources of one type. Cheap to clone, and where the client gave no
/// list, cheap to make.
#[derive(Debug, Clone)]
pub struct Projection {
    pub(crate) shown: Arc<Shown>,
    asked_attributes: bool,
    asked_exclusion: bool,
}

/// The fields that are shown.
#[derive(Debug)]
pub(crate) struct Shown {
    /// `externalId` and the base schema's attributes.
    pub(crate) core: Vec<Field>,
    /// The extensions of which anything can be shown.
    pub(crate) extensions: Vec<ExtensionFields>,
    /// `meta`, where it is shown.
    pub(crate) meta: Option<Field>,
    /// The URN of the base schema as JSON text.
    pub(crate) base_urn: Box<str>,
}

impl Projection {
    /// The projection for an answer that shows resources of `resource_type`, with the names in
    /// `attributes` or `excludedAttributes`; an empty list is as good as none.
    ///
    /// # Errors
    /// `invalidValue` where both lists have names: RFC 7644 §3.9 makes them mutually exclusive.
    pub fn new(
        resource_type: &ResourceType,
        attributes: &[String],
        excluded: &[String],
    ) -> Result<Self, ScimError> {
        Self::for_write(resource_type, attributes, excluded, &[])
    }

    /// The same for the answer to a POST, PUT or PATCH in which the client specified the attributes
    /// `written`: of those, the ones that are returned on `request` are shown too (RFC 7643 §7),
    /// unless one of the lists says otherwise.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn for_write(
        resource_type: &ResourceType,
        attributes: &[String],
        excluded: &[String],
        written: &[AttributeRef],
    ) -> Result<Self, ScimError> {
        if !attributes.is_empty() && !excluded.is_empty() {
            return Err(ScimError::invalid_value(
                "attributes, excludedAttributes: expected at most one of the two",
            ));
        }
        let (asked_attributes, asked_exclusion) = (!attributes.is_empty(), !excluded.is_empty());
        let shown = if asked_attributes {
            let request = Request::Attributes(Names::resolve(resource_type, attributes));
            Arc::new(Shown::new(resource_type, &request))
        } else if asked_exclusion || !written.is_empty() {
            let request = Request::Excluding(Names::resolve(resource_type, excluded), written);
            Arc::new(Shown::new(resource_type, &request))
        } else {
            let default = || Arc::new(Shown::new(resource_type, &Request::Excluding(Names::default(), &[])));
            Arc::clone(resource_type.shown_by_default.get_or_init(default))
        };
        Ok(Self { shown, asked_attributes, asked_exclusion })
    }

    /// What has to be read beside the stored attributes to show all this.
    pub fn include(&self) -> Include {
        let members = self.shown.core.iter().any(|field| matches!(field.kind, FieldKind::Members(_)));
        let groups = self.shown.core.iter().any(|field| matches!(field.kind, FieldKind::Groups(_)));
        Include { members: if members { MemberInclude::All } else { MemberInclude::None }, groups }
    }

    /// Whether the client gave neither of the lists.
    pub fn is_default(&self) -> bool {
        !self.asked_attributes && !self.asked_exclusion
    }

    /// Whether the client gave `attributes`.
    pub fn has_asked_attributes(&self) -> bool {
        self.asked_attributes
    }
}

impl Shown {
    fn new(resource_type: &ResourceType, request: &Request<'_>) -> Self {
        let mut shown = Self {
            core: Vec::new(),
            extensions: Vec::new(),
            meta: None,
            base_urn: fields::json_text(resource_type.schema.id.as_str()),
        };
        for attribute in resource_type.attributes() {
            let Some(field) = request.field(&attribute) else { continue };
            match (&attribute.extension, attribute.source) {
                (Some(urn), _) => match shown.extensions.last_mut() {
                    // An extension's attributes come one after the other.
                    Some(last) if last.urn == *urn => last.fields.push(field),
                    _ => shown.extensions.push(ExtensionFields::new(urn, field)),
                },
                (None, AttributeSource::Meta) => shown.meta = Some(field),
                // Both are in every answer (RFC 7643 §3, §3.1), so there is nothing to decide.
                (None, AttributeSource::Id | AttributeSource::Schemas) => {}
                (None, _) => shown.core.push(field),
            }
        }
        shown
    }
}

/// The attributes of `resource_type` that a whole-resource body specifies and that are returned on
/// `request`, sub-attributes included:
/// what [`Projection::for_write`] takes for a POST or PUT.
pub fn written_attributes(resource_type: &ResourceType, body: &serde_json::Value) -> Vec<AttributeRef> {
    let mut written = Vec::new();
    if !resource_type.returns_on_request {
        return written;
    }
    for (name, value) in body.as_object().into_iter().flatten() {
        match AttributePath::parse(name).and_then(|path| resource_type.resolve(&path)) {
            Some(ResolvedPath::Attribute(attribute)) => add_written(&mut written, attribute, value),
            Some(ResolvedPath::Extension(urn)) => {
                for (name, value) in value.as_object().into_iter().flatten() {
                    if let Some(attribute) = resource_type.extension_attribute(urn.as_str(), name) {
                        add_written(&mut written, attribute, value);
                    }
                }
            }
            Some(ResolvedPath::Base) | None => {}
        }
    }
    written
}

/// Adds `attribute` and those of its sub-attributes that `value` has, as far as they are returned on
/// `request`: all others are shown or not whether they were written or not.
pub(crate) fn add_written(
    written: &mut Vec<AttributeRef>,
    attribute: AttributeRef,
    value: &serde_json::Value,
) {
    let has = |object: &serde_json::Value, name: &AttributeName| {
        object.as_object().is_some_and(|object| object.keys().any(|key| name.matches(key)))
    };
    for sub in attribute.attribute.sub_attributes.iter().filter(|sub| sub.returned == Returned::Request) {
        let is_written = has(value, &sub.name)
            || value.as_array().is_some_and(|items| items.iter().any(|item| has(item, &sub.name)));
        if is_written {
            written.extend(attribute.sub(sub.name.as_str()));
        }
    }
    if attribute.leaf().returned == Returned::Request {
        written.push(attribute);
    }
}

/// One list of names, looked up.
#[derive(Debug, Default)]
struct Names {
    attributes: Vec<AttributeRef>,
    base: bool,
    extensions: Vec<SchemaUrn>,
}

impl Names {
    fn resolve(resource_type: &ResourceType, names: &[String]) -> Self {
        let mut resolved = Self::default();
        for name in names {
            match AttributePath::parse(name).and_then(|path| resource_type.resolve(&path)) {
                Some(ResolvedPath::Attribute(attribute)) => {
                    let known = resolved.has(&attribute);
                    push_new(&mut resolved.attributes, attribute, known);
                }
                Some(ResolvedPath::Extension(urn)) => {
                    let known = resolved.extensions.contains(&urn);
                    push_new(&mut resolved.extensions, urn, known);
                }
                Some(ResolvedPath::Base) => resolved.base = true,
                None => {}
            }
        }
        resolved
    }

    fn has(&self, attribute: &AttributeRef) -> bool {
        self.attributes.iter().any(|named| named.same_as(attribute))
    }

    /// Whether the schema that defines `attribute` is named as a whole. The common attributes are
    /// defined by no schema (RFC 7643 §3.1).
    fn has_schema_of(&self, attribute: &AttributeRef) -> bool {
        match &attribute.extension {
            Some(urn) => self.extensions.contains(urn),
            None => self.base && !is_common(attribute),
        }
    }
}

/// Each name once, so that a long list of one name costs no more than its reading.
fn push_new<T>(names: &mut Vec<T>, name: T, known: bool) {
    if !known {
        names.push(name);
    }
}

fn is_common(attribute: &AttributeRef) -> bool {
    match attribute.source {
        AttributeSource::Id | AttributeSource::Schemas | AttributeSource::Meta => true,
        AttributeSource::Stored => attribute.attribute.name.matches("externalId"),
        AttributeSource::Members | AttributeSource::Groups => false,
    }
}

/// What the client asks for.
enum Request<'a> {
    /// `attributes`: these and no more.
    Attributes(Names),
    /// All but these; with what the request itself has written.
    Excluding(Names, &'a [AttributeRef]),
}

impl Request<'_> {
    /// The field for `attribute`; `None` where nothing of it is shown.
    fn field(&self, attribute: &AttributeRef) -> Option<Field> {
        let subs = &attribute.attribute.sub_attributes;
        let shown_subs: Vec<AttributeRef> = subs
            .iter()
            .map(|sub| AttributeRef { sub_attribute: Some(sub.clone()), ..attribute.clone() })
            .filter(|sub| self.shows_sub(attribute, sub))
            .collect();
        if !self.shows(attribute, &shown_subs) || (shown_subs.is_empty() && !subs.is_empty()) {
            return None;
        }
        Some(Field::new(attribute, &shown_subs))
    }

    fn shows(&self, attribute: &AttributeRef, shown_subs: &[AttributeRef]) -> bool {
        match (attribute.attribute.returned, self) {
            (Returned::Never, _) => false,
            (Returned::Always, _) => true,
            (returned, Self::Attributes(names)) => {
                names.has(attribute)
                    || (returned == Returned::Default && names.has_schema_of(attribute))
                    || shown_subs.iter().any(|sub| names.has(sub))
            }
            (returned, Self::Excluding(names, written)) => {
                !names.has(attribute)
                    && !names.has_schema_of(attribute)
                    && (returned == Returned::Default || contains(written, attribute))
            }
        }
    }

    fn shows_sub(&self, attribute: &AttributeRef, sub: &AttributeRef) -> bool {
        let outer = attribute.attribute.returned;
        match (sub.leaf().returned, self) {
            (Returned::Never, _) => false,
            (Returned::Always, _) => true,
            (Returned::Request, Self::Attributes(names)) => names.has(sub),
            (Returned::Default, Self::Attributes(names)) => {
                names.has(sub)
                    || names.has(attribute)
                    || outer == Returned::Always
                    || (outer == Returned::Default && names.has_schema_of(attribute))
            }
            (Returned::Request, Self::Excluding(names, written)) => !names.has(sub) && contains(written, sub),
            (Returned::Default, Self::Excluding(names, _)) => !names.has(sub),
        }
    }
}

fn contains(attributes: &[AttributeRef], attribute: &AttributeRef) -> bool {
    attributes.iter().any(|known| known.same_as(attribute))
}

#[cfg(test)]
mod tests;
