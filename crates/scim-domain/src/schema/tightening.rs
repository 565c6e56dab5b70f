//! How far a tenant can make the schemas of RFC 7643 (§4, §8.7.1) its own: they can ask for more, so
//! that clients who know the RFC send nothing that is understood otherwise, but not be other schemas.
//!
//! | characteristic | may become |
//! |---|---|
//! | `description`, `canonicalValues` | anything |
//! | `required` | true |
//! | `uniqueness` | `server` or `global` |
//! | `mutability` | from readWrite: immutable; readOnly where nothing is required |
//! | `returned` | from default: anything, of what the RFC requires `always` only; from request: never |
//!
//! Everything else stays, attributes are neither added (an extension adds them) nor removed, and what this
//! server computes or hashes (`groups`, the elements of `members`, `password`) stays as it is.

use crate::attribute::{AttributeDefinition, AttributeName, Mutability, Returned, Uniqueness};

use super::core::{self, GROUP_URN, USER_URN};
use super::{DefinitionError, ResourceTypeDefinition, SchemaDefinition};

/// Attributes of which only these characteristics may change, whatever else is allowed, with all of
/// their sub-attributes.
const HELD: [(&str, &str, &[&str]); 3] = [
    (USER_URN, "groups", &[]),
    (USER_URN, "password", &["required"]),
    (GROUP_URN, "members", &["required", "returned"]),
];

/// Whether `definition`, if it is of a schema of RFC 7643, only tightens it.
///
/// # Errors
/// [`DefinitionError::Invalid`] that names the first attribute and characteristic which may not be so.
pub(super) fn check_schema(definition: &SchemaDefinition) -> Result<(), DefinitionError> {
    let Some(base) = core::resource_schemas().into_iter().find(|base| base.id == definition.id) else {
        return Ok(());
    };
    let urn = &base.id;
    if base.id.as_str() != definition.id.as_str() {
        return Err(DefinitionError::invalid(format!(
            "{}: id: expected '{urn}', in this case",
            definition.id
        )));
    }
    if let Some(added) = definition.attributes.iter().find(|new| base.attribute(new.name.as_str()).is_none())
    {
        return Err(added_to(urn.as_str(), added.name.as_str()));
    }
    for old in &base.attributes {
        let new = same_name(old, definition.attribute(old.name.as_str()), urn.as_str(), old.name.as_str())?;
        compare(urn.as_str(), old.name.as_str(), &old.name, old, new)?;
        let added = new.sub_attributes.iter().find(|sub| old.sub_attribute(sub.name.as_str()).is_none());
        if let Some(added) = added {
            return Err(added_to(urn.as_str(), &format!("{}.{}", old.name, added.name)));
        }
        for sub in &old.sub_attributes {
            let path = format!("{}.{}", old.name, sub.name);
            let new = same_name(sub, new.sub_attribute(sub.name.as_str()), urn.as_str(), &path)?;
            compare(urn.as_str(), &path, &old.name, sub, new)?;
        }
    }
    Ok(())
}

/// Whether `definition`, if it is of a resource type of RFC 7643, is still that: its endpoint and its
/// schema are what clients know it by. Its extensions are the tenant's.
///
/// # Errors
/// [`DefinitionError::Invalid`]
pub(super) fn check_resource_type(definition: &ResourceTypeDefinition) -> Result<(), DefinitionError> {
    let Some(base) = core_type(&definition.name) else { return Ok(()) };
    let expected = |key: &str, expected: &str| {
        Err(DefinitionError::invalid(format!(
            "{}: {key}: expected '{expected}', as RFC 7643 defines it",
            definition.name
        )))
    };
    if base.name != definition.name {
        expected("name", &base.name)
    } else if base.endpoint != definition.endpoint {
        expected("endpoint", &base.endpoint)
    } else if base.schema != definition.schema {
        expected("schema", base.schema.as_str())
    } else {
        Ok(())
    }
}

/// The resource type of RFC 7643 with this name, in whatever case.
pub(super) fn core_type(name: &str) -> Option<ResourceTypeDefinition> {
    core::resource_types().into_iter().find(|base| base.name.eq_ignore_ascii_case(name))
}

fn added_to(urn: &str, path: &str) -> DefinitionError {
    DefinitionError::invalid(format!(
        "{urn}:{path}: RFC 7643 does not define it in this schema: attributes are added by an extension"
    ))
}

fn same_name<'a>(
    old: &AttributeDefinition,
    new: Option<&'a std::sync::Arc<AttributeDefinition>>,
    urn: &str,
    path: &str,
) -> Result<&'a AttributeDefinition, DefinitionError> {
    match new {
        Some(new) if new.name.as_str() == old.name.as_str() => Ok(new),
        Some(new) => Err(DefinitionError::invalid(format!(
            "{urn}:{path}: name: expected '{}', in this case, got '{}'",
            old.name, new.name
        ))),
        None => Err(DefinitionError::invalid(format!(
            "{urn}:{path}: RFC 7643 defines it in this schema, it cannot be left out"
        ))),
    }
}

fn compare(
    urn: &str,
    path: &str,
    outer: &AttributeName,
    old: &AttributeDefinition,
    new: &AttributeDefinition,
) -> Result<(), DefinitionError> {
    let held = HELD.iter().find(|(schema, name, _)| *schema == urn && outer.matches(name));
    for (key, differs, problem) in differences(old, new) {
        if !differs {
            continue;
        }
        let is_held = held.is_some_and(|(_, name, free)| path != *name || !free.contains(&key));
        let problem = if is_held {
            Some("to stay as RFC 7643 has it: this server depends on it".to_owned())
        } else {
            problem
        };
        if let Some(problem) = problem {
            return Err(DefinitionError::invalid(format!("{urn}:{path}: {key}: expected {problem}")));
        }
    }
    Ok(())
}

/// Each characteristic: its name, whether it differs, and what was expected where it may not differ so.
fn differences(
    old: &AttributeDefinition,
    new: &AttributeDefinition,
) -> [(&'static str, bool, Option<String>); 9] {
    let as_defined = |text: &str| Some(format!("{text}, as RFC 7643 defines it"));
    let is_required = old.required || new.required;
    let mutability = match (old.mutability, new.mutability) {
        (Mutability::ReadWrite, Mutability::Immutable) => None,
        (Mutability::ReadWrite, Mutability::ReadOnly) if !is_required => None,
        (Mutability::ReadWrite, Mutability::ReadOnly) => {
            Some("'readWrite' or 'immutable': clients could not send what is required".to_owned())
        }
        (old, _) => as_defined(&format!("'{}'", old.as_str())),
    };
    let returned = match (old.returned, new.returned) {
        (Returned::Default, Returned::Always) | (Returned::Request, Returned::Never) => None,
        (Returned::Default, _) if !old.required => None,
        (Returned::Default, _) => Some("'default' or 'always': RFC 7643 requires the attribute".to_owned()),
        (old, _) => as_defined(&format!("'{}'", old.as_str())),
    };
    [
        ("type", old.data_type != new.data_type, as_defined(&format!("'{}'", old.data_type.as_str()))),
        ("multiValued", old.multi_valued != new.multi_valued, as_defined(&old.multi_valued.to_string())),
        ("caseExact", old.case_exact != new.case_exact, as_defined(&old.case_exact.to_string())),
        (
            "referenceTypes",
            old.reference_types != new.reference_types,
            as_defined(&format!("'{}'", old.reference_types.join("', '"))),
        ),
        ("required", old.required != new.required, if new.required { None } else { as_defined("true") }),
        (
            "uniqueness",
            old.uniqueness != new.uniqueness,
            (new.uniqueness == Uniqueness::None)
                .then(|| "'server' or 'global': RFC 7643 has it unique".to_owned()),
        ),
        ("canonicalValues", old.canonical_values != new.canonical_values, None),
        ("mutability", old.mutability != new.mutability, mutability),
        ("returned", old.returned != new.returned, returned),
    ]
}

#[cfg(test)]
mod tests;
