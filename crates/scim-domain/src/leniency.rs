//! Vendor leniencies: what identity providers send against the letter of RFC 7643 and RFC 7644, and
//! is taken all the same. One function a rule. Every rule is off in
//! [`strict_mode`](TenantConfig::strict_mode), and nothing outside this module asks for that setting
//! to decide what a body or a PATCH operation may hold.

use std::sync::Arc;

use serde_json::Value;

use crate::attribute::{AttributeDefinition, AttributePath, AttributeRef, AttributeType, Mutability};
use crate::schema::{ResolvedPath, ResourceType};
use crate::tenant::TenantConfig;

/// `"True"` and `"False"`, in any case, for a boolean (against RFC 7643 §2.3.2).
///
/// Microsoft Entra ID sends them for `active` and `primary`.
pub fn boolean_text(config: &TenantConfig, value: &Value) -> Option<bool> {
    let text = value.as_str().filter(|_| !config.strict_mode)?;
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else if text.eq_ignore_ascii_case("false") {
        Some(false)
    } else {
        None
    }
}

/// A plain string for a complex value that has a `value` sub-attribute (against RFC 7643 §2.3.8):
/// gives the definition of the `value` which the string is.
///
/// Microsoft Entra ID sends `manager` so; scripts send `emails` and `members` as lists of strings.
pub fn bare_value<'a>(
    config: &TenantConfig,
    definition: &'a AttributeDefinition,
    value: &Value,
) -> Option<&'a Arc<AttributeDefinition>> {
    let applies = !config.strict_mode && definition.data_type == AttributeType::Complex && value.is_string();
    let sub_attribute = definition.sub_attribute("value").filter(|_| applies)?;
    let is_text = sub_attribute.is_text() && !sub_attribute.multi_valued;
    (is_text && sub_attribute.mutability != Mutability::ReadOnly).then_some(sub_attribute)
}

/// One value that is not in an array, for a multi-valued attribute (against RFC 7643 §2.4).
///
/// Clients whose attribute mappings have one target, such as scripts and home-grown connectors, send it
/// where there is but one value.
pub fn single_value_for_array(config: &TenantConfig) -> bool {
    !config.strict_mode
}

/// Attributes that no schema of the resource type defines: ignored, where RFC 7644 §3.12 allows
/// `invalidSyntax` for what does not conform to the schema.
///
/// Okta and Microsoft Entra ID send whatever their attribute mappings say, whether this tenant's
/// schema has it or not.
pub fn ignores_unknown_attributes(config: &TenantConfig) -> bool {
    !config.strict_mode
}

/// URNs in `schemas` of which the resource type has no schema: ignored, with their attributes.
///
/// Okta and Microsoft Entra ID let administrators name extensions in a mapping, whether this tenant has
/// them or not.
pub fn ignores_unknown_schemas(config: &TenantConfig) -> bool {
    !config.strict_mode
}

/// An extension's attributes in a body whose `schemas` does not list the extension (against RFC 7643 §3).
///
/// Okta and Microsoft Entra ID send `schemas` from a template and the extension where it has values.
pub fn accepts_unlisted_extension(config: &TenantConfig) -> bool {
    !config.strict_mode
}

/// A key such as `urn:ietf:params:scim:schemas:core:2.0:User:userName` or
/// `urn:…:enterprise:2.0:User:department` at the top of a body: gives the attribute that it names.
/// RFC 7644 §3.10 has such names in paths only.
///
/// Microsoft Entra ID names attributes so in the values of PATCH operations, and connectors built from
/// the same mappings do it in whole resources.
pub fn qualified_attribute(
    config: &TenantConfig,
    resource_type: &ResourceType,
    key: &str,
) -> Option<AttributeRef> {
    if config.strict_mode || !key.contains(':') {
        return None;
    }
    match resource_type.resolve(&AttributePath::parse(key)?)? {
        ResolvedPath::Attribute(attribute) => Some(attribute).filter(|found| found.sub_attribute.is_none()),
        ResolvedPath::Extension(_) | ResolvedPath::Base => None,
    }
}

/// Values that are not among `canonicalValues`: RFC 7643 §7 calls those suggested and leaves it to the
/// service provider to hold clients to them.
///
/// Every provider lets administrators write labels of their own for the `type` of `emails` and
/// `phoneNumbers`.
pub fn accepts_other_than_canonical(config: &TenantConfig) -> bool {
    !config.strict_mode
}
