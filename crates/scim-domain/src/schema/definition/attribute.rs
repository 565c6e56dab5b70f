//! Reading the attributes of a schema that an operator sends (RFC 7643 §2, §7).

use std::sync::Arc;

use crate::attribute::{
    AttributeDefinition, AttributeName, AttributeType, Mutability, Returned, SchemaUrn, Uniqueness,
};
use crate::input::{Field, InputError, Section};
use crate::text::fold;

use super::reading::{LONGEST_NAME, MOST, description};

/// The longest canonical value or reference type, in bytes.
const LONGEST_VALUE: usize = 256;
/// At most so many canonical values or reference types.
const MOST_VALUES: usize = 1000;

/// The common attributes (RFC 7643 §3), which every resource has and no schema defines.
const COMMON: [&str; 4] = ["schemas", "id", "externalId", "meta"];

/// The attributes of the schema `urn`, or the sub-attributes of its attribute `outer`.
pub(super) fn read_all(
    field: &Field<'_>,
    urn: &SchemaUrn,
    outer: Option<&AttributeName>,
) -> Result<Vec<Arc<AttributeDefinition>>, InputError> {
    let mut attributes: Vec<Arc<AttributeDefinition>> = Vec::new();
    for item in field.items(&(0..=MOST))? {
        let attribute = read(&item, urn, outer)?;
        if attributes.iter().any(|known| known.name == attribute.name) {
            let problem =
                format!("'{}' is defined twice, names compare without regard to case", attribute.name);
            return Err(item.refuse(problem));
        }
        attributes.push(Arc::new(attribute));
    }
    Ok(attributes)
}

fn read(
    item: &Field<'_>,
    urn: &SchemaUrn,
    outer: Option<&AttributeName>,
) -> Result<AttributeDefinition, InputError> {
    let mut keys = item.section()?;
    let name = keys.take_required("name", |field| name(field, outer.is_some()))?;
    let path = outer.map(|outer| format!("{outer}.")).unwrap_or_default();
    let mut keys = keys.at(format!("{urn}:{path}{name}:"));
    let data_type = keys.take_or("type", AttributeType::String, |field| field.keyword(AttributeType::ALL))?;
    if outer.is_some() && data_type == AttributeType::Complex {
        return Err(keys.refuse("type", "a sub-attribute cannot be complex (RFC 7643 §2.3.8)"));
    }
    let case_exact = keys.take_or("caseExact", false, Field::boolean)?;
    let mutability =
        keys.take_or("mutability", Mutability::default(), |field| field.keyword(Mutability::ALL))?;
    let attribute = AttributeDefinition {
        multi_valued: keys.take_or("multiValued", false, Field::boolean)?,
        description: description(&mut keys)?,
        required: keys.take_or("required", false, Field::boolean)?,
        canonical_values: keys.take_or("canonicalValues", Vec::new(), values)?,
        case_exact: case_exact || matches!(data_type, AttributeType::Reference | AttributeType::Binary),
        mutability,
        returned: returned(&mut keys, mutability)?,
        uniqueness: keys
            .take_or("uniqueness", Uniqueness::default(), |field| field.keyword(Uniqueness::ALL))?,
        reference_types: keys.take_or("referenceTypes", Vec::new(), values)?,
        sub_attributes: keys
            .take_or("subAttributes", Vec::new(), |field| read_all(field, urn, Some(&name)))?,
        ..AttributeDefinition::new(name.as_str(), data_type)
    };
    check(&attribute, &keys)?;
    keys.finish()?;
    Ok(attribute)
}

/// A name by the grammar of RFC 7643 §2.1; `$ref` is the one name with a `$`, of a sub-attribute.
fn name(field: &Field<'_>, is_sub_attribute: bool) -> Result<AttributeName, InputError> {
    let is_name = |text: &&str| {
        text.len() <= LONGEST_NAME
            && AttributeName::is_valid(text)
            && (!text.starts_with('$') || (is_sub_attribute && *text == "$ref"))
    };
    let Some(text) = field.value().as_str().filter(is_name) else {
        return Err(field.expected(format_args!(
            "a letter, then letters, digits, '-' and '_' (RFC 7643 §2.1), at most {LONGEST_NAME} bytes; \
             or '$ref' for a sub-attribute"
        )));
    };
    if !is_sub_attribute && COMMON.iter().any(|common| common.eq_ignore_ascii_case(text)) {
        let problem = format!("'{text}' is a common attribute (RFC 7643 §3), which no schema defines");
        return Err(field.refuse(problem));
    }
    Ok(AttributeName::from(text))
}

/// RFC 7643 §7: what is writeOnly is not returned, so that `never` goes without saying there, and
/// nothing else can be said.
fn returned(keys: &mut Section<'_>, mutability: Mutability) -> Result<Returned, InputError> {
    let is_write_only = mutability == Mutability::WriteOnly;
    let default = if is_write_only { Returned::Never } else { Returned::default() };
    let returned = keys.take_or("returned", default, |field| field.keyword(Returned::ALL))?;
    if is_write_only && returned != Returned::Never {
        let problem = format!("expected 'never' of a writeOnly attribute, got '{}'", returned.as_str());
        return Err(keys.refuse("returned", problem));
    }
    Ok(returned)
}

/// Texts of which none is empty.
fn values(field: &Field<'_>) -> Result<Vec<String>, InputError> {
    field.items(&(0..=MOST_VALUES))?.iter().map(|item| item.text(LONGEST_VALUE).map(str::to_owned)).collect()
}

/// Whether the characteristics go together.
fn check(attribute: &AttributeDefinition, keys: &Section<'_>) -> Result<(), InputError> {
    let data_type = attribute.data_type;
    let is_complex = data_type == AttributeType::Complex;
    if is_complex && attribute.sub_attributes.is_empty() {
        return Err(keys.refuse("subAttributes", "required of a complex attribute"));
    }
    if !is_complex && !attribute.sub_attributes.is_empty() {
        return Err(keys.refuse(
            "subAttributes",
            format!("only a complex attribute has them, got type '{}'", data_type.as_str()),
        ));
    }
    if is_complex && attribute.uniqueness != Uniqueness::None {
        return Err(keys.refuse(
            "uniqueness",
            "expected 'none' of a complex attribute: one of its sub-attributes can be unique",
        ));
    }
    if data_type != AttributeType::Reference && !attribute.reference_types.is_empty() {
        return Err(keys.refuse(
            "referenceTypes",
            format!("only a reference has them, got type '{}'", data_type.as_str()),
        ));
    }
    if !matches!(data_type, AttributeType::String | AttributeType::Reference)
        && !attribute.canonical_values.is_empty()
    {
        let problem = format!("only a string or a reference has them, got type '{}'", data_type.as_str());
        return Err(keys.refuse("canonicalValues", problem));
    }
    let mut seen = std::collections::HashSet::new();
    let key =
        |value: &String| if attribute.is_case_exact() { value.clone() } else { fold(value).into_owned() };
    match attribute.canonical_values.iter().find(|value| !seen.insert(key(value))) {
        Some(twice) => Err(keys.refuse("canonicalValues", format!("'{twice}' is in it twice"))),
        None => Ok(()),
    }
}
