//! Vendor leniencies: what identity providers send against the letter of RFC 7643 and RFC 7644, and
//! is taken all the same. One function a rule. Every rule is off in
//! [`strict_mode`](TenantConfig::strict_mode), and nothing outside this module asks for that setting
//! to decide what a body or a PATCH operation may hold.

use std::borrow::Cow;
use std::sync::Arc;

use serde_json::Value;

use crate::attribute::{AttributeDefinition, AttributePath, AttributeRef, AttributeType, Mutability};
use crate::filter::{AttributeTest, Filter, Literal};
use crate::json;
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

/// A PATCH message without operations: RFC 7644 §3.5.2 has one or more.
///
/// Microsoft's SCIM validator sends it where nothing has changed, and expects success.
pub fn empty_operations(config: &TenantConfig) -> bool {
    !config.strict_mode
}

/// `"True"` and `"False"` for a boolean sub-attribute in the filter of a PATCH path.
///
/// Microsoft Entra ID sends `roles[primary eq "True"].value`.
pub fn filter_booleans<'a>(
    config: &TenantConfig,
    attribute: &AttributeDefinition,
    filter: &'a Filter,
) -> Cow<'a, Filter> {
    if config.strict_mode {
        return Cow::Borrowed(filter);
    }
    let each = |filters: &[Filter]| {
        filters.iter().map(|filter| filter_booleans(config, attribute, filter).into_owned()).collect()
    };
    match filter {
        Filter::Or(filters) => Cow::Owned(Filter::Or(each(filters))),
        Filter::And(filters) => Cow::Owned(Filter::And(each(filters))),
        Filter::Not(filter) => {
            Cow::Owned(Filter::Not(Box::new(filter_booleans(config, attribute, filter).into_owned())))
        }
        Filter::Attribute { path, test: AttributeTest::Compare(operator, Literal::Text(text)) } => {
            let name = path.attribute.as_ref().filter(|_| path.sub_attribute.is_none());
            let is_boolean = name
                .and_then(|name| attribute.sub_attribute(name.as_str()))
                .is_some_and(|sub_attribute| sub_attribute.data_type == AttributeType::Boolean);
            let value = Value::String(text.clone());
            match boolean_text(config, &value).filter(|_| is_boolean) {
                Some(value) => {
                    let test = AttributeTest::Compare(*operator, Literal::Boolean(value));
                    Cow::Owned(Filter::Attribute { path: path.clone(), test })
                }
                None => Cow::Borrowed(filter),
            }
        }
        Filter::Attribute { .. } | Filter::ValuePath { .. } => Cow::Borrowed(filter),
    }
}

/// `replace` of `emails[type eq "work"].value` where there is no such element makes it, of what the filter
/// says; RFC 7644 §3.5.2.3 has `noTarget`. (`add` makes it in strict mode too: §3.5.2.1 adds what is not there.)
///
/// Microsoft Entra ID and Okta send so the first value as well as later ones.
pub fn replace_creates_selected_element(config: &TenantConfig) -> bool {
    !config.strict_mode
}

/// `remove` with a filter that selects nothing changes nothing; RFC 7644 §3.12 has `noTarget`.
///
/// Clients send a removal again when they have lost the answer to the first.
pub fn removes_nothing(config: &TenantConfig) -> bool {
    !config.strict_mode
}

/// `remove` of a multi-valued attribute with a `value` removes the elements that it lists; RFC 7644
/// §3.5.2.2 would have all of them removed. (`members` with a `value` is taken so in strict mode too.)
///
/// Microsoft Entra ID and `SailPoint` send it.
pub fn removes_listed_values(config: &TenantConfig) -> bool {
    !config.strict_mode
}

/// An array of one for a single value (against RFC 7643 §2.1).
///
/// Microsoft Entra ID sends `manager` as `[{"value": "…"}]` in PATCH operations.
pub fn sole_element<'a>(config: &TenantConfig, value: &'a Value) -> &'a Value {
    match value {
        Value::Array(items) if !config.strict_mode => match items.as_slice() {
            [only] => only,
            _ => value,
        },
        _ => value,
    }
}

/// A value in the wrong wrapping, taken out of it: a complex value as JSON text, by itself or as the
/// only sub-attribute `value`, and a simple value as `{"value": …}`.
///
/// Microsoft Entra ID sends `roles` as `[{"value": "{\"value\":\"admin\",…}"}]` (its function
/// `AppRoleAssignmentsComplex`), and lists of strings as `[{"value": "1"}]`.
pub fn unwrapped<'a>(
    config: &TenantConfig,
    definition: &AttributeDefinition,
    value: &'a Value,
) -> Cow<'a, Value> {
    if config.strict_mode {
        return Cow::Borrowed(value);
    }
    let only = value.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next());
    let inner = only.filter(|(name, _)| name.eq_ignore_ascii_case("value")).map(|(_, inner)| inner);
    if definition.data_type != AttributeType::Complex {
        return Cow::Borrowed(inner.unwrap_or(value));
    }
    let text = inner.unwrap_or(value).as_str().filter(|text| text.trim_start().starts_with('{'));
    match text.map(|text| json::parse(text.as_bytes())) {
        Some(Ok(object)) => Cow::Owned(object),
        Some(Err(_no_json)) => Cow::Borrowed(value),
        None => Cow::Borrowed(value),
    }
}

/// An empty string for a single-valued complex attribute with a `value`, or for all that is given of it, means
/// that it has no value: RFC 7643 §2.5 has `null` for that.
///
/// Microsoft Entra ID clears `manager` so.
pub fn empties_complex(config: &TenantConfig, definition: &AttributeDefinition, value: &Value) -> bool {
    let is_empty = |value: &Value| value.is_null() || value.as_str().is_some_and(str::is_empty);
    let empties = match value {
        Value::Object(object) => {
            object.keys().any(|name| name.eq_ignore_ascii_case("value")) && object.values().all(is_empty)
        }
        other => other.as_str().is_some_and(str::is_empty),
    };
    empties && !config.strict_mode && definition.sub_attribute("value").is_some()
}
