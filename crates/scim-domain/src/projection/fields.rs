//! The fields that a projection shows, in the order and with the bytes in which they are written.

use crate::attribute::{AttributeDefinition, AttributeRef, AttributeSource, Returned, SchemaUrn};

/// One attribute or sub-attribute that is shown.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// Its name, under which it is stored.
    pub(crate) key: smol_str::SmolStr,
    /// The name as JSON, with the colon after it.
    pub(crate) prefix: Box<str>,
    /// Where its value comes from.
    pub(crate) kind: FieldKind,
}

/// Where a field's value comes from, and which parts of it are shown.
#[derive(Debug, Clone)]
pub(crate) enum FieldKind {
    /// Stored; shown as it is.
    Simple,
    /// Stored; an object, or objects, of which these are shown.
    Complex(Vec<Field>),
    /// The members of a group.
    Members(Vec<(MembershipPart, Box<str>)>),
    /// The groups of a resource.
    Groups(Vec<(MembershipPart, Box<str>)>),
    /// `meta`.
    Meta(Vec<(MetaPart, Box<str>)>),
}

/// The sub-attributes of `members` and `groups` (RFC 7643 §4.1.2, §4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MembershipPart {
    Value,
    Ref,
    Display,
    Type,
}

/// The sub-attributes of `meta` (RFC 7643 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MetaPart {
    ResourceType,
    Created,
    LastModified,
    Location,
    Version,
}

/// The fields of one extension.
#[derive(Debug, Clone)]
pub(crate) struct ExtensionFields {
    /// Its URN, under which its attributes are stored.
    pub(crate) urn: SchemaUrn,
    /// The URN as JSON.
    pub(crate) urn_json: Box<str>,
    /// The attributes that are shown.
    pub(crate) fields: Vec<Field>,
}

impl ExtensionFields {
    pub(super) fn new(urn: &SchemaUrn, first: Field) -> Self {
        Self { urn: urn.clone(), urn_json: json_text(urn.as_str()), fields: vec![first] }
    }
}

impl Field {
    /// The field of `attribute`, with those of its sub-attributes that are shown.
    pub(super) fn new(attribute: &AttributeRef, shown_subs: &[AttributeRef]) -> Self {
        let subs = || shown_subs.iter().map(|sub| sub.leaf().as_ref());
        let kind = match attribute.source {
            AttributeSource::Members => FieldKind::Members(parts(subs(), membership_part)),
            AttributeSource::Groups => FieldKind::Groups(parts(subs(), membership_part)),
            AttributeSource::Meta => FieldKind::Meta(parts(subs(), meta_part)),
            _ if shown_subs.is_empty() => FieldKind::Simple,
            _ => FieldKind::Complex(subs().map(Self::inner).collect()),
        };
        let name = attribute.attribute.name.as_str();
        Self { key: name.into(), prefix: prefix(name), kind }
    }

    /// A sub-attribute. RFC 7643 §2.3.8 lets sub-attributes have none of their own; a definition
    /// that has them all the same is shown by the default rules.
    fn inner(definition: &AttributeDefinition) -> Self {
        let shown: Vec<Self> = definition
            .sub_attributes
            .iter()
            .filter(|sub| matches!(sub.returned, Returned::Always | Returned::Default))
            .map(|sub| Self::inner(sub))
            .collect();
        let kind =
            if definition.sub_attributes.is_empty() { FieldKind::Simple } else { FieldKind::Complex(shown) };
        let name = definition.name.as_str();
        Self { key: name.into(), prefix: prefix(name), kind }
    }
}

fn parts<'a, P>(
    subs: impl Iterator<Item = &'a AttributeDefinition>,
    part: impl Fn(&AttributeDefinition) -> Option<P>,
) -> Vec<(P, Box<str>)> {
    subs.filter_map(|sub| Some((part(sub)?, prefix(sub.name.as_str())))).collect()
}

fn membership_part(sub: &AttributeDefinition) -> Option<MembershipPart> {
    [
        ("value", MembershipPart::Value),
        ("$ref", MembershipPart::Ref),
        ("display", MembershipPart::Display),
        ("type", MembershipPart::Type),
    ]
    .into_iter()
    .find_map(|(name, part)| sub.name.matches(name).then_some(part))
}

fn meta_part(sub: &AttributeDefinition) -> Option<MetaPart> {
    [
        ("resourceType", MetaPart::ResourceType),
        ("created", MetaPart::Created),
        ("lastModified", MetaPart::LastModified),
        ("location", MetaPart::Location),
        ("version", MetaPart::Version),
    ]
    .into_iter()
    .find_map(|(name, part)| sub.name.matches(name).then_some(part))
}

fn prefix(name: &str) -> Box<str> {
    let mut json = json_text(name).into_string();
    json.push(':');
    json.into()
}

/// `text` as a JSON string.
pub(crate) fn json_text(text: &str) -> Box<str> {
    let mut json = Vec::with_capacity(text.len().saturating_add(2));
    crate::representation::write_json(&mut json, text);
    String::from_utf8(json).unwrap_or_default().into()
}
