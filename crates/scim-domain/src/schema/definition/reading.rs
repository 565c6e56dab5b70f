//! Reading definitions that operators send (RFC 7643 §6, §7), by the letter: an unknown key, a wrong type
//! or a characteristic that its attribute cannot have is an error. How a definition goes with the
//! tenant's other ones is for [`TenantDefinitions`](crate::schema::TenantDefinitions) to say.

use serde_json::Value;

use crate::attribute::SchemaUrn;
use crate::input::{Field, InputError, Section, UnknownKeys};
use crate::schema::{DefinitionError, ResourceTypeDefinition, SchemaDefinition, SchemaExtension};

use super::attribute;

/// The longest name of a schema, a resource type, an endpoint or an attribute, in bytes.
pub(super) const LONGEST_NAME: usize = 64;
/// The longest URN, in bytes.
const LONGEST_URN: usize = 255;
/// The longest description, in bytes.
pub(super) const LONGEST_DESCRIPTION: usize = 4096;
/// At most so many attributes in a schema, sub-attributes in an attribute, or extensions of a type.
pub(super) const MOST: usize = 500;

impl SchemaDefinition {
    /// The schema that an operator sends for `urn` (RFC 7643 §7). What it leaves out has the defaults of
    /// §2.2; references and binaries are `caseExact`, whatever it says (§2.3.6, §2.3.7), and a
    /// writeOnly attribute is never returned. `schemas` and `meta` are ignored.
    ///
    /// # Errors
    /// [`DefinitionError::Invalid`]
    pub fn from_client(definition: &Value, urn: &str) -> Result<Self, DefinitionError> {
        let mut keys = message(definition)?;
        let id = keys.take_required("id", urn_text)?;
        if !id.matches(urn) {
            let problem = format!("expected '{urn}', the URN under which it is put, got '{id}'");
            return Err(keys.refuse("id", problem).into());
        }
        let mut keys = keys.at(format!("{id}:"));
        let last = id.as_str().rsplit(':').next().unwrap_or_default().chars().take(LONGEST_NAME).collect();
        let name = keys.take_or("name", last, |field| field.text(LONGEST_NAME).map(str::to_owned))?;
        let description = description(&mut keys)?;
        let attributes = keys.take_required("attributes", |field| attribute::read_all(field, &id, None))?;
        keys.finish()?;
        Ok(Self { id, name, description, attributes })
    }
}

impl ResourceTypeDefinition {
    /// The resource type that an operator sends for `name` (RFC 7643 §6). `schemas` and `meta` are
    /// ignored; an `id` has to be the name.
    ///
    /// # Errors
    /// [`DefinitionError::Invalid`]
    pub fn from_client(definition: &Value, name: &str) -> Result<Self, DefinitionError> {
        let mut keys = message(definition)?;
        let named = keys.take_required("name", type_name)?;
        if !named.eq_ignore_ascii_case(name) {
            let problem = format!("expected '{name}', the name under which it is put, got '{named}'");
            return Err(keys.refuse("name", problem).into());
        }
        let mut keys = keys.at(format!("{named}:"));
        if let Some(id) = keys.take("id").filter(|id| id.value().as_str() != Some(named.as_str())) {
            return Err(id.expected(format_args!("'{named}', its name")).into());
        }
        let resource_type = Self {
            description: description(&mut keys)?,
            endpoint: keys.take_required("endpoint", endpoint)?,
            schema: keys.take_required("schema", urn_text)?,
            schema_extensions: keys.take_or("schemaExtensions", Vec::new(), extensions)?,
            name: named,
        };
        keys.finish()?;
        Ok(resource_type)
    }
}

/// The keys of a definition but for those that only say what it is.
fn message(definition: &Value) -> Result<Section<'_>, InputError> {
    let mut keys = Field::root(definition, UnknownKeys::Refuse).section()?;
    keys.take("schemas");
    keys.take("meta");
    Ok(keys)
}

pub(super) fn description(keys: &mut Section<'_>) -> Result<String, InputError> {
    keys.take_or("description", String::new(), |field| field.prose(LONGEST_DESCRIPTION).map(str::to_owned))
}

fn urn_text(field: &Field<'_>) -> Result<SchemaUrn, InputError> {
    let text = field.value().as_str().filter(|text| text.len() <= LONGEST_URN && SchemaUrn::is_valid(text));
    text.map(SchemaUrn::from).ok_or_else(|| {
        field.expected(format_args!(
            "a URN such as 'urn:example:params:scim:schemas:Device', of letters, digits and '-._~' \
             between colons and of at most {LONGEST_URN} bytes"
        ))
    })
}

fn type_name(field: &Field<'_>) -> Result<String, InputError> {
    let name = field.value().as_str().filter(|text| is_plain_name(text)).map(str::to_owned);
    // RFC 7643 §7 gives these two a meaning of their own among `referenceTypes`.
    let name = name.filter(|name| !["external", "uri"].iter().any(|word| name.eq_ignore_ascii_case(word)));
    name.ok_or_else(|| {
        field.expected(format_args!(
            "a name such as 'Device': a letter, then letters, digits, '-' and '_', at most {LONGEST_NAME} \
             bytes, and neither 'external' nor 'uri'"
        ))
    })
}

fn endpoint(field: &Field<'_>) -> Result<String, InputError> {
    let path = field.value().as_str().filter(|path| path.strip_prefix('/').is_some_and(is_plain_name));
    path.map(str::to_owned).ok_or_else(|| {
        field
            .expected("a path of one segment such as '/Devices': a letter, then letters, digits, '-' and '_'")
    })
}

fn is_plain_name(text: &str) -> bool {
    text.len() <= LONGEST_NAME
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

fn extensions(field: &Field<'_>) -> Result<Vec<SchemaExtension>, InputError> {
    let extension = |item: &Field<'_>| {
        let mut keys = item.section()?;
        let extension = SchemaExtension {
            schema: keys.take_required("schema", urn_text)?,
            required: keys.take_or("required", false, Field::boolean)?,
        };
        keys.finish()?;
        Ok(extension)
    };
    field.items(&(0..=MOST))?.iter().map(extension).collect()
}

#[cfg(test)]
mod tests;
