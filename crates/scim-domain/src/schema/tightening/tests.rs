//! What a tenant may ask for in the schemas of RFC 7643, and what it may not change in them.

use serde_json::{Value, json};

use super::*;
use crate::schema::core::ENTERPRISE_USER_URN;

/// The schema `urn` of the RFC with `changes` at `path`: an attribute's name, or that and a sub-attribute's.
fn changed(urn: &str, path: &str, changes: &Value) -> SchemaDefinition {
    let base = core::resource_schemas().into_iter().find(|base| base.id.matches(urn)).expect("a schema");
    let mut text = serde_json::to_value(base).expect("JSON");
    let mut attributes = &mut text["attributes"];
    for (depth, name) in path.split('.').enumerate() {
        if depth > 0 {
            attributes = &mut attributes["subAttributes"];
        }
        let named = |attribute: &&mut Value| attribute["name"] == name;
        attributes =
            attributes.as_array_mut().expect("an array").iter_mut().find(named).expect("an attribute");
    }
    attributes.as_object_mut().expect("an object").extend(changes.as_object().expect("an object").clone());
    SchemaDefinition::from_client(&text, urn).expect("a schema")
}

#[track_caller]
fn taken(urn: &str, path: &str, changes: Value) {
    assert_eq!(check_schema(&changed(urn, path, &changes)), Ok(()), "{path} {changes}");
}

#[track_caller]
fn refused(urn: &str, path: &str, changes: Value, expected: &str) {
    let error = check_schema(&changed(urn, path, &changes)).expect_err("should be refused");
    assert_eq!(error, DefinitionError::Invalid(format!("{urn}:{path}: {expected}")));
}

#[test]
fn a_schema_can_ask_for_more() {
    for definition in core::resource_schemas() {
        assert_eq!(check_schema(&definition), Ok(()));
    }
    taken(USER_URN, "displayName", json!({"required": true, "description": "ours"}));
    taken(USER_URN, "emails", json!({"required": true, "returned": "request"}));
    taken(USER_URN, "emails.value", json!({"required": true, "uniqueness": "server"}));
    taken(USER_URN, "emails.type", json!({"canonicalValues": ["work"]}));
    taken(USER_URN, "userType", json!({"canonicalValues": ["Employee", "Contractor"]}));
    taken(
        USER_URN,
        "userName",
        json!({"mutability": "immutable", "returned": "always", "uniqueness": "global"}),
    );
    taken(USER_URN, "entitlements", json!({"mutability": "readOnly"}));
    taken(USER_URN, "nickName", json!({"returned": "never"}));
    taken(USER_URN, "password", json!({"required": true}));
    taken(GROUP_URN, "displayName", json!({"uniqueness": "server"}));
    taken(GROUP_URN, "members", json!({"required": true, "returned": "request"}));
    taken(
        ENTERPRISE_USER_URN,
        "employeeNumber",
        json!({"required": true, "uniqueness": "server", "mutability": "immutable"}),
    );
}

#[test]
fn a_schema_cannot_be_another() {
    refused(
        USER_URN,
        "userName",
        json!({"required": false}),
        "required: expected true, as RFC 7643 defines it",
    );
    refused(
        USER_URN,
        "userName",
        json!({"uniqueness": "none"}),
        "uniqueness: expected 'server' or 'global': RFC 7643 has it unique",
    );
    refused(
        USER_URN,
        "userName",
        json!({"caseExact": true}),
        "caseExact: expected false, as RFC 7643 defines it",
    );
    refused(
        USER_URN,
        "userName",
        json!({"returned": "request"}),
        "returned: expected 'default' or 'always': RFC 7643 requires the attribute",
    );
    refused(
        USER_URN,
        "userName",
        json!({"mutability": "readOnly"}),
        "mutability: expected 'readWrite' or 'immutable': clients could not send what is required",
    );
    refused(
        USER_URN,
        "title",
        json!({"required": true, "mutability": "readOnly"}),
        "mutability: expected 'readWrite' or 'immutable': clients could not send what is required",
    );
    refused(
        USER_URN,
        "title",
        json!({"mutability": "writeOnly", "returned": "never"}),
        "mutability: expected 'readWrite', as RFC 7643 defines it",
    );
    refused(
        USER_URN,
        "active",
        json!({"type": "string"}),
        "type: expected 'boolean', as RFC 7643 defines it",
    );
    refused(
        USER_URN,
        "title",
        json!({"multiValued": true}),
        "multiValued: expected false, as RFC 7643 defines it",
    );
    refused(
        USER_URN,
        "profileUrl",
        json!({"referenceTypes": ["uri"]}),
        "referenceTypes: expected 'external', as RFC 7643 defines it",
    );
    refused(
        USER_URN,
        "emails.value",
        json!({"type": "integer"}),
        "type: expected 'string', as RFC 7643 defines it",
    );
    refused(
        GROUP_URN,
        "displayName",
        json!({"required": false}),
        "required: expected true, as RFC 7643 defines it",
    );
    refused(
        USER_URN,
        "emails.type",
        json!({"name": "TYPE"}),
        "name: expected 'type', in this case, got 'TYPE'",
    );
}

#[test]
fn what_the_server_computes_or_hashes_is_held() {
    let held = "expected to stay as RFC 7643 has it: this server depends on it";
    refused(USER_URN, "password", json!({"uniqueness": "server"}), &format!("uniqueness: {held}"));
    refused(USER_URN, "password", json!({"canonicalValues": ["a"]}), &format!("canonicalValues: {held}"));
    refused(USER_URN, "groups", json!({"required": true}), &format!("required: {held}"));
    refused(USER_URN, "groups.value", json!({"returned": "never"}), &format!("returned: {held}"));
    refused(GROUP_URN, "members", json!({"mutability": "immutable"}), &format!("mutability: {held}"));
    refused(GROUP_URN, "members.type", json!({"required": true}), &format!("required: {held}"));
    refused(GROUP_URN, "members.value", json!({"uniqueness": "server"}), &format!("uniqueness: {held}"));
}

#[test]
fn attributes_are_neither_added_nor_removed() {
    let edited = |urn: &str, edit: &dyn Fn(&mut Value)| {
        let base = core::resource_schemas().into_iter().find(|base| base.id.matches(urn)).expect("a schema");
        let mut text = serde_json::to_value(base).expect("JSON");
        edit(&mut text);
        let error =
            check_schema(&SchemaDefinition::from_client(&text, urn).expect("a schema")).expect_err("refused");
        error.to_string()
    };
    let push = |list: &mut Value, attribute: Value| list.as_array_mut().expect("an array").push(attribute);
    assert_eq!(
        edited(USER_URN, &|user| push(&mut user["attributes"], json!({"name": "badge"}))),
        format!(
            "{USER_URN}:badge: RFC 7643 does not define it in this schema: attributes are added by an extension"
        )
    );
    assert_eq!(
        edited(USER_URN, &|user| push(&mut user["attributes"][1]["subAttributes"], json!({"name": "nick"}))),
        format!(
            "{USER_URN}:name.nick: RFC 7643 does not define it in this schema: attributes are added by an extension"
        )
    );
    let remove = |list: &mut Value, name: &str| {
        list.as_array_mut().expect("an array").retain(|attribute| attribute["name"] != name)
    };
    assert_eq!(
        edited(USER_URN, &|user| remove(&mut user["attributes"], "title")),
        format!("{USER_URN}:title: RFC 7643 defines it in this schema, it cannot be left out")
    );
    assert_eq!(
        edited(GROUP_URN, &|group| remove(&mut group["attributes"][1]["subAttributes"], "type")),
        format!("{GROUP_URN}:members.type: RFC 7643 defines it in this schema, it cannot be left out")
    );
    let upper = USER_URN.to_uppercase();
    assert_eq!(
        edited(USER_URN, &|user| user["id"] = json!(upper)),
        format!("{upper}: id: expected '{USER_URN}', in this case")
    );
}
