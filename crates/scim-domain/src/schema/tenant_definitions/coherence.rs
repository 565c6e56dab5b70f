//! Whether the definitions of a tenant go together.

use crate::attribute::{AttributeDefinition, AttributeType, Mutability, Returned, Uniqueness};
use crate::schema::core::discovery_schemas;
use crate::schema::{DefinitionError, ResourceTypeDefinition, SchemaDefinition};

use super::TenantDefinitions;

/// First path segments under a mount that are no resource type's (RFC 7644 §3.2), in lower case; `scim`
/// is one because a tenant's mount has a second spelling that begins with it.
const RESERVED_ENDPOINTS: [&str; 6] =
    ["schemas", "resourcetypes", "serviceproviderconfig", "bulk", "me", "scim"];

/// Messages, which no resource has among its `schemas` (RFC 7644 §8.2).
const MESSAGES: &str = "urn:ietf:params:scim:api:";

/// Whether a schema of this URN is a tenant's to define.
pub(super) fn check_urn(urn: &str) -> Result<(), DefinitionError> {
    let is_message = urn.get(..MESSAGES.len()).is_some_and(|start| start.eq_ignore_ascii_case(MESSAGES));
    if is_message || discovery_schemas().iter().any(|schema| schema.id.matches(urn)) {
        return Err(DefinitionError::invalid(format!("{urn}: SCIM itself defines this schema")));
    }
    Ok(())
}

/// Whether all of `definitions` go together.
pub(super) fn check(definitions: &TenantDefinitions) -> Result<(), DefinitionError> {
    check_size(definitions)?;
    definitions.schemas.iter().try_for_each(|schema| check_paths(definitions, schema))?;
    for (index, resource_type) in definitions.resource_types.iter().enumerate() {
        check_endpoint(resource_type, definitions.resource_types.get(..index).unwrap_or_default())?;
        check_schemas(definitions, resource_type)?;
    }
    Ok(())
}

/// A tenant's schema is held in memory as long as the tenant is in use.
fn check_size(definitions: &TenantDefinitions) -> Result<(), DefinitionError> {
    let attributes = definitions.schemas.iter().flat_map(|schema| &schema.attributes);
    let attributes: usize =
        attributes.map(|attribute| attribute.sub_attributes.len().saturating_add(1)).sum();
    // Strings and lists of them always serialize.
    let bytes = serde_json::to_vec(definitions).map_or(0, |text| text.len());
    let sizes = [
        ("schemas", definitions.schemas.len(), TenantDefinitions::MAX_SCHEMAS),
        ("resource types", definitions.resource_types.len(), TenantDefinitions::MAX_RESOURCE_TYPES),
        ("attributes in all of its schemas", attributes, TenantDefinitions::MAX_ATTRIBUTES),
        ("bytes of definitions", bytes, TenantDefinitions::MAX_BYTES),
    ];
    match sizes.into_iter().find(|(_, size, most)| size > most) {
        Some((what, size, most)) => Err(DefinitionError::invalid(format!(
            "a tenant has at most {most} {what}, these would be {size}"
        ))),
        None => Ok(()),
    }
}

/// `urn:a:b` is a schema or the attribute `b` of the schema `urn:a`: not both.
fn check_paths(definitions: &TenantDefinitions, schema: &SchemaDefinition) -> Result<(), DefinitionError> {
    let Some((urn, name)) = schema.id.as_str().rsplit_once(':') else { return Ok(()) };
    match definitions.schema(urn).and_then(|outer| outer.attribute(name)) {
        Some(attribute) => Err(DefinitionError::invalid(format!(
            "{}: is the path of attribute {} in {urn} too",
            schema.id, attribute.name
        ))),
        None => Ok(()),
    }
}

fn check_endpoint(
    resource_type: &ResourceTypeDefinition,
    others: &[ResourceTypeDefinition],
) -> Result<(), DefinitionError> {
    let endpoint = &resource_type.endpoint;
    let segment = endpoint.trim_start_matches('/').to_ascii_lowercase();
    if RESERVED_ENDPOINTS.contains(&segment.as_str()) {
        return Err(DefinitionError::invalid(format!(
            "{}: endpoint: '{endpoint}' is an endpoint of SCIM itself",
            resource_type.name
        )));
    }
    match others.iter().find(|other| other.endpoint.eq_ignore_ascii_case(endpoint)) {
        Some(other) => Err(DefinitionError::conflict(format!(
            "{}: endpoint: '{endpoint}' is that of resource type {}",
            resource_type.name, other.name
        ))),
        None => Ok(()),
    }
}

fn check_schemas(
    definitions: &TenantDefinitions,
    resource_type: &ResourceTypeDefinition,
) -> Result<(), DefinitionError> {
    let name = &resource_type.name;
    let find = |key: &str, urn: &str| {
        definitions.schema(urn).ok_or_else(|| {
            DefinitionError::invalid(format!("{name}: {key}: the tenant has no schema '{urn}'"))
        })
    };
    let base = find("schema", resource_type.schema.as_str())?;
    check_base(base)?;
    for (index, extension) in resource_type.schema_extensions.iter().enumerate() {
        let key = format!("schemaExtensions[{index}].schema");
        let urn = &extension.schema;
        let schema = find(&key, urn.as_str())?;
        let earlier = resource_type.schema_extensions.get(..index).unwrap_or_default();
        if earlier.iter().any(|earlier| earlier.schema == *urn) {
            return Err(DefinitionError::invalid(format!("{name}: {key}: '{urn}' is in it twice")));
        }
        if let Some(other) = definitions.resource_types.iter().find(|other| other.schema == *urn) {
            return Err(DefinitionError::invalid(format!(
                "{name}: {key}: '{urn}' is the base schema of resource type {}, it cannot extend one",
                other.name
            )));
        }
        if let Some(password) = schema.attribute("password") {
            return Err(DefinitionError::invalid(format!(
                "{urn}:{}: only a base schema can have a password, which is stored as a hash",
                password.name
            )));
        }
    }
    Ok(())
}

/// The attributes to which this server gives a meaning by their name have to be what they seem.
fn check_base(schema: &SchemaDefinition) -> Result<(), DefinitionError> {
    if let Some(password) = schema.attribute("password") {
        let fits = password.data_type == AttributeType::String
            && !password.multi_valued
            && password.mutability == Mutability::WriteOnly
            && password.returned == Returned::Never
            && password.uniqueness == Uniqueness::None
            && password.canonical_values.is_empty();
        if !fits {
            return Err(DefinitionError::invalid(format!(
                "{}:{}: is stored as a hash: expected one string, writeOnly, never returned, \
                 neither unique nor with canonical values",
                schema.id, password.name
            )));
        }
    }
    for (name, mutability, why) in [
        ("members", Mutability::ReadWrite, "members are kept as relations between resources"),
        ("groups", Mutability::ReadOnly, "groups are computed from the members of groups"),
    ] {
        if let Some(attribute) = schema.attribute(name).filter(|attribute| is_membership(attribute)) {
            check_membership(schema, attribute, mutability, why)?;
        }
    }
    Ok(())
}

/// As [`ResourceType`](crate::schema::ResourceType) knows membership.
fn is_membership(attribute: &AttributeDefinition) -> bool {
    attribute.multi_valued
        && attribute.data_type == AttributeType::Complex
        && attribute.sub_attribute("value").is_some()
        && attribute.sub_attribute("$ref").is_some()
}

fn check_membership(
    schema: &SchemaDefinition,
    attribute: &AttributeDefinition,
    mutability: Mutability,
    why: &str,
) -> Result<(), DefinitionError> {
    let refuse = |path: &str, expected: &str| {
        Err(DefinitionError::invalid(format!("{}:{path}: {why}: expected {expected}", schema.id)))
    };
    let name = attribute.name.as_str();
    if attribute.mutability != mutability {
        return refuse(&format!("{name}: mutability"), &format!("'{}'", mutability.as_str()));
    }
    for sub in &attribute.sub_attributes {
        let path = format!("{name}.{}", sub.name);
        let data_type = match sub.name.as_str().to_ascii_lowercase().as_str() {
            "value" | "display" | "type" => AttributeType::String,
            "$ref" => AttributeType::Reference,
            _ => return refuse(&path, "no sub-attributes but value, $ref, type and display"),
        };
        let fits = sub.data_type == data_type && !sub.multi_valued && sub.uniqueness == Uniqueness::None;
        if !fits {
            return refuse(&path, &format!("one {}, not unique", data_type.as_str()));
        }
        if sub.required && !sub.name.matches("value") {
            return refuse(&format!("{path}: required"), "false: clients send the value");
        }
    }
    Ok(())
}
