//! The members of a group (RFC 7643 §4.2), which are kept as rows and never among the attributes.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::attribute::AttributeRef;
use crate::error::ScimError;
use crate::identifier::ResourceId;
use crate::leniency;
use crate::tenant::TenantConfig;

use super::location::{Location, excerpt};
use super::scalar::mismatch;
use super::value::{is_unassigned, single};

/// The ids among `value`, what a client sent for the attribute `members`: in time and space linear
/// in its length, however many there are.
///
/// # Errors
/// `invalidValue` for what is no list of members, a member without an id or with one that no
/// resource can have, or a `type` that cannot be a member.
pub(super) fn ids(
    config: &TenantConfig,
    members: &AttributeRef,
    value: &Value,
) -> Result<BTreeSet<ResourceId>, ScimError> {
    let at = Location::of(members);
    let member = |value: &Value, at: &Location<'_>| id(config, members, value, at);
    match value {
        Value::Array(items) => items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| member(item, &at.element(index)).transpose())
            .collect(),
        unassigned if is_unassigned(unassigned) => Ok(BTreeSet::new()),
        one if leniency::single_value_for_array(config) => Ok(member(one, &at)?.into_iter().collect()),
        other => Err(mismatch(&at, "an array", other)),
    }
}

/// The id in one element; `None` where the element is unassigned.
fn id(
    config: &TenantConfig,
    members: &AttributeRef,
    value: &Value,
    at: &Location<'_>,
) -> Result<Option<ResourceId>, ScimError> {
    let definition = &members.attribute;
    if is_unassigned(value) {
        return Ok(None);
    }
    let element = single(config, definition, value, at)?;
    let text = |name: &str| {
        let name = definition.sub_attribute(name)?.name.as_str();
        element.as_ref()?.get(name)?.as_str()
    };
    let Some(id) = text("value") else {
        return Err(ScimError::invalid_value(format!("{at}.value: required, the id of the member")));
    };
    if let Some(kind) = text("type") {
        check_type(members, kind, at)?;
    }
    ResourceId::parse(id).map(Some).ok_or_else(|| {
        ScimError::invalid_value(format!("{at}.value: no resource has the id '{}'", excerpt(id)))
    })
}

/// `type` is the name of a resource type to which the `$ref` of a member may point. Whether the member
/// is of that type is for those who know the resources.
fn check_type(members: &AttributeRef, kind: &str, at: &Location<'_>) -> Result<(), ScimError> {
    let Some(reference) = members.attribute.sub_attribute("$ref") else { return Ok(()) };
    let types = &reference.reference_types;
    if types.is_empty() || types.iter().any(|known| known.eq_ignore_ascii_case(kind)) {
        return Ok(());
    }
    Err(ScimError::invalid_value(format!(
        "{at}.type: expected one of '{}', got '{}'",
        types.join("', '"),
        excerpt(kind)
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use uuid::Uuid;

    use super::super::sample::{LENIENT, STRICT, config, refused, replace, rfc7643};
    use super::super::{ResourceDraft, SchemaValidator};
    use super::*;
    use crate::error::ErrorKind;
    use crate::schema::core::GROUP_URN;

    fn member(number: u128) -> ResourceId {
        ResourceId::new(Uuid::from_u128(number))
    }

    fn create(strict: bool, members: Value) -> Result<ResourceDraft, ScimError> {
        let (group, config) = (rfc7643("Group"), config(strict));
        let body = json!({"schemas": [GROUP_URN], "displayName": "G", "members": members});
        let draft = SchemaValidator::new(&group, &config).create(&body)?;
        assert_eq!(Value::Object(draft.attributes.clone()), json!({"displayName": "G"}), "never stored");
        Ok(draft)
    }

    #[track_caller]
    fn taken(strict: bool, members: Value, expected: &[u128]) {
        let expected: BTreeSet<_> = expected.iter().map(|number| member(*number)).collect();
        assert_eq!(create(strict, members).expect("valid").members, Some(expected));
    }

    #[test]
    fn members_are_the_ids_of_the_elements() {
        let [one, two] = [member(1), member(2)].map(|id| id.to_string());
        taken(STRICT, json!(null), &[]);
        taken(STRICT, json!([]), &[]);
        taken(STRICT, json!([null, {}]), &[]);
        taken(STRICT, json!([{"value": two}, {"VALUE": one, "type": "User"}, {"value": two}]), &[1, 2]);
        let full = json!([{"value": one, "$ref": "../Users/1", "display": 1, "type": "Group"}]);
        taken(STRICT, full, &[1]);
        taken(LENIENT, json!([one, {"value": two, "type": "group", "since": 2020}]), &[1, 2]);
        taken(LENIENT, json!({"value": one}), &[1]);
        taken(LENIENT, json!(one), &[1]);
    }

    #[test]
    fn what_is_no_member_is_refused() {
        let one = member(1).to_string();
        let refused = |strict, members, kind, detail: &str| refused(create(strict, members), kind, detail);
        let invalid = ErrorKind::InvalidValue;
        refused(
            LENIENT,
            json!([{"value": one}, {"value": "x"}]),
            invalid,
            "members[1].value: no resource has the id 'x'",
        );
        refused(LENIENT, json!(["x"]), invalid, "members[0].value: no resource has the id 'x'");
        refused(LENIENT, json!([{"value": ""}]), invalid, "members[0].value: no resource has the id ''");
        refused(
            LENIENT,
            json!([{"display": "x"}]),
            invalid,
            "members[0].value: required, the id of the member",
        );
        refused(LENIENT, json!([{"value": 1}]), invalid, "members[0].value: expected a string, got a number");
        refused(LENIENT, json!([1]), invalid, "members[0]: expected an object, got a number");
        refused(
            LENIENT,
            json!([{"value": one, "type": "Device"}]),
            invalid,
            "members[0].type: expected one of 'User', 'Group', got 'Device'",
        );
        refused(STRICT, json!([one]), invalid, "members[0]: expected an object, got a string");
        refused(STRICT, json!({"value": one}), invalid, "members: expected an array, got an object");
        refused(
            STRICT,
            json!([{"value": one, "since": 1}]),
            ErrorKind::InvalidSyntax,
            "members[0].since: no schema…",
        );
    }

    #[test]
    fn a_body_without_members_has_none_to_create_and_clears_them_in_a_replace() {
        let (group, config) = (rfc7643("Group"), config(STRICT));
        let body = json!({"schemas": [GROUP_URN], "displayName": "G"});
        let validator = SchemaValidator::new(&group, &config);
        assert_eq!(validator.create(&body).expect("valid").members, None);
        let replaced = replace(&group, STRICT, &json!({"displayName": "G"}), &body).expect("valid");
        assert_eq!(replaced.members, Some(BTreeSet::new()));
    }

    #[test]
    fn a_hundred_thousand_members_are_read_in_linear_time() {
        let members: Vec<Value> =
            (0..100_000).map(|number| json!({"value": member(number).to_string(), "type": "User"})).collect();
        let draft = create(STRICT, Value::Array(members)).expect("valid");
        assert_eq!(draft.members.map(|members| members.len()), Some(100_000));
    }
}
