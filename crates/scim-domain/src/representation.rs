//! Writing a resource as JSON (RFC 7643 §3), straight from the [`StoredResource`] into the answer.
//!
//! No tree of the attributes is built on the way, and nothing is collected: what is stored is copied, a
//! group's members go from their rows to the bytes.

mod document;

use std::sync::Arc;

use serde::Serialize;
use serde_json::Value;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use crate::identifier::{ResourceId, Timestamp};
use crate::projection::{Field, FieldKind, MembershipPart, MetaPart, Projection};
use crate::resource::{StoredResource, Unreadable};
use crate::schema::ResourceType;

use document::{Document, Node};

/// Appends `resource` as a JSON object: `schemas` (the base schema and the extensions of which this
/// answer shows anything), `id`, then the attributes in the order of their schemas, and `meta` last.
///
/// `projection` is one of the resource's type. `base_url` is the mount, without a slash at its end;
/// `meta.location` and the `$ref`s of members and groups begin with it.
///
/// # Errors
/// [`Unreadable`] where the stored attributes are; nothing is written then.
pub fn write_resource(
    out: &mut Vec<u8>,
    resource: &StoredResource,
    projection: &Projection,
    base_url: &str,
) -> Result<(), Unreadable> {
    let document = Document::read(resource.attributes.as_str())?;
    let shown = projection.shown.as_ref();
    let mut extensions = Vec::new();
    out.extend_from_slice(b"{\"schemas\":[");
    out.extend_from_slice(shown.base_urn.as_bytes());
    for extension in &shown.extensions {
        let Some(Node::Object(attributes)) = document.member(extension.urn.as_str()) else { continue };
        let start = extensions.len();
        extensions.push(b',');
        extensions.extend_from_slice(extension.urn_json.as_bytes());
        extensions.push(b':');
        if write_object(&mut extensions, attributes, &extension.fields) {
            out.push(b',');
            out.extend_from_slice(extension.urn_json.as_bytes());
        } else {
            extensions.truncate(start);
        }
    }
    out.extend_from_slice(b"],\"id\":\"");
    write_id(out, resource.id);
    out.push(b'"');
    let mut links = Links { base_url, prefixes: Vec::new() };
    for field in &shown.core {
        match &field.kind {
            FieldKind::Members(parts) => {
                let members = resource.members.iter().flatten().map(|member| Row {
                    id: member.id,
                    resource_type: &member.resource_type,
                    display: member.display.as_deref(),
                    kind: member.resource_type.name(),
                });
                write_rows(out, field, parts, members, &mut links);
            }
            FieldKind::Groups(parts) => {
                let groups = resource.groups.iter().flatten().map(|group| Row {
                    id: group.id,
                    resource_type: &group.resource_type,
                    display: group.display.as_deref(),
                    kind: if group.direct { "direct" } else { "indirect" },
                });
                write_rows(out, field, parts, groups, &mut links);
            }
            FieldKind::Simple | FieldKind::Complex(_) | FieldKind::Meta(_) => {
                let Some(value) = document.member(field.key.as_str()) else { continue };
                let start = out.len();
                out.push(b',');
                out.extend_from_slice(field.prefix.as_bytes());
                if !write_value(out, value, &field.kind) {
                    out.truncate(start);
                }
            }
        }
    }
    out.append(&mut extensions);
    if let Some(Field { kind: FieldKind::Meta(parts), prefix, .. }) = &shown.meta {
        write_meta(out, resource, prefix, parts, &mut links);
    }
    out.push(b'}');
    Ok(())
}

/// Writes the fields that `attributes` has values for; `false` where nothing was to be shown (then
/// what was written is to be dropped).
fn write_object(out: &mut Vec<u8>, attributes: &Document<'_>, fields: &[Field]) -> bool {
    let before = out.len();
    for field in fields {
        let Some(value) = attributes.member(field.key.as_str()) else { continue };
        let start = out.len();
        out.push(if start == before { b'{' } else { b',' });
        out.extend_from_slice(field.prefix.as_bytes());
        if !write_value(out, value, &field.kind) {
            out.truncate(start);
        }
    }
    let any = out.len() > before;
    if any {
        out.push(b'}');
    }
    any
}

/// Writes what is shown of one value; `false` where that is nothing.
fn write_value(out: &mut Vec<u8>, value: &Node<'_>, kind: &FieldKind) -> bool {
    let FieldKind::Complex(fields) = kind else {
        value.write(out);
        return true;
    };
    match value {
        Node::Object(object) => write_object(out, object, fields),
        Node::Array(items) => {
            let before = out.len();
            for item in items {
                let start = out.len();
                out.push(if start == before { b'[' } else { b',' });
                if !write_value(out, item, kind) {
                    out.truncate(start);
                }
            }
            let any = out.len() > before;
            if any {
                out.push(b']');
            }
            any
        }
        // Left from before the schema made the attribute complex: it has no part that is shown.
        Node::Text(_) | Node::Other(_) => false,
    }
}

/// A member or a group, in the parts that both have.
struct Row<'a> {
    id: ResourceId,
    resource_type: &'a Arc<ResourceType>,
    display: Option<&'a str>,
    kind: &'a str,
}

fn write_rows<'a>(
    out: &mut Vec<u8>,
    field: &Field,
    parts: &[(MembershipPart, Box<str>)],
    rows: impl Iterator<Item = Row<'a>>,
    links: &mut Links<'_>,
) {
    let before = out.len();
    out.push(b',');
    out.extend_from_slice(field.prefix.as_bytes());
    let first = out.len();
    for row in rows {
        let start = out.len();
        out.push(if start == first { b'[' } else { b',' });
        let object = out.len();
        for (part, prefix) in parts {
            if *part == MembershipPart::Display && row.display.is_none() {
                continue;
            }
            out.push(if out.len() == object { b'{' } else { b',' });
            out.extend_from_slice(prefix.as_bytes());
            match part {
                MembershipPart::Value => {
                    out.push(b'"');
                    write_id(out, row.id);
                    out.push(b'"');
                }
                MembershipPart::Ref => links.write(out, row.resource_type, row.id),
                MembershipPart::Display => write_json(out, row.display.unwrap_or_default()),
                MembershipPart::Type => write_json(out, row.kind),
            }
        }
        if out.len() == object {
            out.truncate(start);
        } else {
            out.push(b'}');
        }
    }
    if out.len() == first {
        out.truncate(before);
    } else {
        out.push(b']');
    }
}

fn write_meta(
    out: &mut Vec<u8>,
    resource: &StoredResource,
    prefix: &str,
    parts: &[(MetaPart, Box<str>)],
    links: &mut Links<'_>,
) {
    out.push(b',');
    out.extend_from_slice(prefix.as_bytes());
    let first = out.len();
    for (part, prefix) in parts {
        out.push(if out.len() == first { b'{' } else { b',' });
        out.extend_from_slice(prefix.as_bytes());
        match part {
            MetaPart::ResourceType => write_json(out, resource.resource_type.name()),
            MetaPart::Created => write_time(out, resource.created),
            MetaPart::LastModified => write_time(out, resource.last_modified),
            MetaPart::Location => links.write(out, &resource.resource_type, resource.id),
            MetaPart::Version => {
                out.extend_from_slice(b"\"W/\\\"v");
                write_json(out, &resource.version.number());
                out.extend_from_slice(b"\\\"\"");
            }
        }
    }
    if out.len() == first {
        out.push(b'{');
    }
    out.push(b'}');
}

/// Writes absolute locations; the part that they share is turned into JSON once for each type.
struct Links<'a> {
    base_url: &'a str,
    prefixes: Vec<(*const ResourceType, String)>,
}

impl Links<'_> {
    fn write(&mut self, out: &mut Vec<u8>, resource_type: &Arc<ResourceType>, id: ResourceId) {
        let pointer = Arc::as_ptr(resource_type);
        let known = self.prefixes.iter().position(|(known, _)| *known == pointer);
        let at = known.unwrap_or_else(|| {
            let mut text = Value::from(format!("{}{}/", self.base_url, resource_type.endpoint())).to_string();
            // Without the quotation mark at the end: the id comes there.
            text.pop();
            self.prefixes.push((pointer, text));
            self.prefixes.len().saturating_sub(1)
        });
        if let Some((_, prefix)) = self.prefixes.get(at) {
            out.extend_from_slice(prefix.as_bytes());
            write_id(out, id);
            out.push(b'"');
        }
    }
}

fn write_id(out: &mut Vec<u8>, id: ResourceId) {
    out.extend_from_slice(id.uuid().hyphenated().encode_lower(&mut Uuid::encode_buffer()).as_bytes());
}

fn write_time(out: &mut Vec<u8>, moment: Timestamp) {
    out.push(b'"');
    // Fails only for years beyond 9999, which no clock gives.
    moment.date_time().format_into(out, &Rfc3339).unwrap_or_default();
    out.push(b'"');
}

/// Appends `value` as JSON.
pub(crate) fn write_json<T: Serialize + ?Sized>(out: &mut Vec<u8>, value: &T) {
    // A Vec takes every byte, and nothing that is written here has keys that are not strings.
    serde_json::to_writer(out, value).unwrap_or_default();
}

#[cfg(test)]
mod tests;
