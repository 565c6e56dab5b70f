//! Tests of what a filter is bound to, and of what is refused.

use super::samples::{BASE_URL, ROOM_URN, resource_type};
use super::{Binding, Filter, TypedFilter, UnknownAttribute};
use crate::attribute::AttributeSource;
use crate::error::{ErrorKind, ScimError};
use crate::schema::core::{ENTERPRISE_USER_URN, USER_URN};

fn bind_as(kind: &str, text: &str, unknown: UnknownAttribute) -> Result<TypedFilter, ScimError> {
    let binding = Binding { base_url: BASE_URL, unknown };
    Filter::parse(text).expect("a filter").bind(&resource_type(kind), &binding)
}

/// On users, `text` means `expected`. `{room}` stands for the URN of the room extension.
#[track_caller]
fn means(text: &str, expected: &str) {
    let bound = bind_as("User", &text.replace("{room}", ROOM_URN), UnknownAttribute::Refuse).expect("bound");
    assert_eq!(bound.to_string(), expected.replace("{room}", ROOM_URN));
}

#[track_caller]
fn group_means(text: &str, expected: &str) {
    let bound = bind_as("Group", text, UnknownAttribute::Refuse).expect("bound");
    assert_eq!(bound.to_string(), expected);
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let text = text.replace("{room}", ROOM_URN);
    let error = bind_as("User", &text, UnknownAttribute::Refuse).expect_err("should be refused");
    assert_eq!(error.kind, ErrorKind::InvalidFilter);
    assert_eq!(error.detail, format!("filter: {}", expected.replace("{room}", ROOM_URN)));
}

/// In a query of several types, what users do not have is absent.
#[track_caller]
fn absent_means(text: &str, expected: &str) {
    let bound = bind_as("User", text, UnknownAttribute::Absent).expect("bound");
    assert_eq!(bound.to_string(), expected);
}

#[test]
fn names_become_the_schemas_and_operands_keys() {
    means("USERNAME EQ \"BJensen\"", r#"userName eq "bjensen""#);
    means(&format!("{}:Name.GIVENname co \"É\"", USER_URN.to_uppercase()), r#"name.givenName co "é""#);
    means("externalid eq \"AbC\"", r#"externalId eq "AbC""#);
    means("id sw \"0A\"", r#"id sw "0A""#);
    means("x509Certificates.value eq \"MII\"", r#"x509Certificates.value eq "MII""#);
    means("active eq true", "active eq true");
    means("{room}:floor gt 1.5", "{room}:floor gt 1.5");
    means(
        "meta.created lt \"2011-05-13T06:42:34+02:00\"",
        "meta.created lt \"2011-05-13T04:42:34.000000000Z\"",
    );
    means("schemas eq \"URN:Example\"", r#"schemas eq "urn:example""#);
    means("userName eq \"ｂｊ\" or userName co \"ｂｊ\"", "userName eq \"bj\" or userName co \"ｂｊ\"");
}

#[test]
fn a_complex_attribute_stands_for_its_value() {
    means("emails co \"X\"", r#"emails.value co "x""#);
    means("groups eq \"A\"", r#"groups.value eq "A""#);
    group_means("members eq \"A\"", r#"members.value eq "A""#);
    means("emails pr", "emails pr");
    means("name pr and meta pr", "name pr and meta pr");
    refused("name eq \"x\"", "name: is complex and has no 'value': compare one of its sub-attributes");
    refused("meta gt \"x\"", "meta: is complex and has no 'value': compare one of its sub-attributes");
}

#[test]
fn null_asks_for_presence() {
    means("title eq null", "not (title pr)");
    means("title ne null", "title pr");
    means("name eq null", "not (name pr)");
    means("emails[type eq null]", "emails[not (emails.type pr)]");
    refused("title co null", "title: null compares by eq and ne only, not by co");
    refused("active gt null", "active: null compares by eq and ne only, not by gt");
}

#[test]
fn value_paths_are_bound_to_the_attribute() {
    means(
        "emails[TYPE eq \"Work\" and not (primary eq true)]",
        r#"emails[emails.type eq "work" and not (emails.primary eq true)]"#,
    );
    means(
        r#"emails[type eq "work" or type pr].value eq "X""#,
        r#"emails[(emails.type eq "work" or emails.type pr) and emails.value eq "x"]"#,
    );
    means("emails[type pr].display pr", "emails[emails.type pr and emails.display pr]");
    means("name[givenName pr]", "name[name.givenName pr]");
    means("{room}:seat[row ge 2]", "{room}:seat[{room}:seat.row ge 2]");
    means(
        &format!("{ENTERPRISE_USER_URN}:manager[displayName eq \"X\"]"),
        &format!("{ENTERPRISE_USER_URN}:manager[{ENTERPRISE_USER_URN}:manager.displayName eq \"x\"]"),
    );
    refused(
        "userName[value eq \"x\"]",
        "userName: is not complex, so it takes no value path ('[…]'); it is of type string",
    );
    refused(
        "{room}:tags[value eq \"x\"]",
        "{room}:tags: is not complex, so it takes no value path ('[…]'); it is of type string",
    );
    refused(
        "emails[type[value pr]]",
        "emails.type: is not complex, so it takes no value path ('[…]'); it is of type string",
    );
    refused("emails[nothing pr]", "emails has no sub-attribute 'nothing'");
    refused("emails[emails.type pr]", "emails has no sub-attribute 'emails.type'");
    refused("emails[type pr].nothing pr", "emails has no sub-attribute 'nothing'");
    refused("emails[userName pr]", "emails has no sub-attribute 'userName'");
    refused(
        "emails[primary eq \"x\"]",
        "emails.primary: is of type boolean: expected true or false after eq, got the string 'x'",
    );
}

#[test]
fn a_schema_as_a_whole_takes_presence_only() {
    means(&format!("{USER_URN} pr"), "true");
    let bound =
        bind_as("User", &format!("{ENTERPRISE_USER_URN} pr"), UnknownAttribute::Refuse).expect("bound");
    assert!(matches!(&bound, TypedFilter::Or(all) if all.len() == 6), "{bound}");
    let bound = bind_as("User", &format!("{ROOM_URN} pr"), UnknownAttribute::Refuse).expect("bound");
    assert!(matches!(&bound, TypedFilter::Or(all) if all.len() == 10), "those that are returned: {bound}");
    refused("{room} eq \"x\"", "'{room}' names a schema as a whole, which takes pr only");
    refused("urn:ietf:params:scim:schemas:core:2.0:User eq \"x\"", {
        "'urn:ietf:params:scim:schemas:core:2.0:User' names a schema as a whole, which takes pr only"
    });
    refused("urn:ietf:params:scim:schemas:core:2.0:User[a pr]", {
        "'urn:ietf:params:scim:schemas:core:2.0:User' names a schema as a whole, which takes pr only"
    });
}

#[test]
fn unknown_attributes_are_refused_by_name() {
    refused("nothing eq 1", "User resources have no attribute 'nothing'");
    refused("name.nothing pr", "User resources have no attribute 'name.nothing'");
    refused("members pr", "User resources have no attribute 'members'");
    refused("employeeNumber pr", "User resources have no attribute 'employeeNumber'");
    refused("a pr or b pr and not (c pr)", "User resources have no attribute 'a'");
    refused("userName pr or not (b pr)", "User resources have no attribute 'b'");
    refused("nothing[a pr]", "User resources have no attribute 'nothing'");
    refused("urn:example:none:a pr", "User resources have no attribute 'urn:example:none:a'");
    refused("urn:example:none pr", "User resources have no attribute 'urn:example:none'");
}

#[test]
fn unknown_attributes_of_one_of_several_types_are_absent() {
    for operator in ["eq", "co", "sw", "ew", "gt", "ge", "lt", "le"] {
        absent_means(&format!("members.value {operator} \"x\""), "false");
    }
    absent_means("members.value ne \"x\"", "true");
    absent_means("members pr", "false");
    absent_means("members eq null", "true");
    absent_means("members ne null", "false");
    absent_means("members[value ne \"x\"]", "false");
    absent_means("members[value eq \"x\"].display ne \"x\"", "false");
    absent_means("emails[nothing ne 1 or nothing eq 1]", "emails[true or false]");
    absent_means("not (members pr) and title pr", "not (false) and title pr");
    absent_means("urn:ietf:params:scim:schemas:core:2.0:Group pr", "false");
    let error = bind_as("User", "active gt true", UnknownAttribute::Absent).expect_err("still refused");
    assert_eq!(error.kind, ErrorKind::InvalidFilter);
}

#[test]
fn what_a_type_does_not_compare_is_refused() {
    for operator in ["gt", "ge", "lt", "le", "co", "sw", "ew"] {
        refused(
            &format!("active {operator} true"),
            &format!("active: is of type boolean, which {operator} does not compare"),
        );
    }
    for operator in ["gt", "ge", "lt", "le"] {
        refused(
            &format!("x509Certificates {operator} \"x\""),
            &format!("x509Certificates.value: is of type binary, which {operator} does not compare"),
        );
    }
    for operator in ["co", "sw", "ew"] {
        refused(
            &format!("meta.created {operator} \"2011\""),
            &format!("meta.created: is of type dateTime, which {operator} does not compare"),
        );
        for (name, kind) in [("floor", "integer"), ("area", "decimal")] {
            refused(
                &format!("{{room}}:{name} {operator} 1"),
                &format!("{{room}}:{name}: is of type {kind}, which {operator} does not compare"),
            );
        }
    }
    means("x509Certificates sw \"MII\"", r#"x509Certificates.value sw "MII""#);
    means("photos.value gt \"H\"", r#"photos.value gt "H""#);
}

#[test]
fn literals_of_another_type_are_refused() {
    refused(
        "userName eq 1",
        "userName: is of type string: expected a string in quotes after eq, got a number",
    );
    refused(
        "userName ne true",
        "userName: is of type string: expected a string in quotes after ne, got true",
    );
    refused(
        "active eq \"True\"",
        "active: is of type boolean: expected true or false after eq, got the string 'True'",
    );
    refused("active eq 1", "active: is of type boolean: expected true or false after eq, got a number");
    refused(
        "{room}:floor eq \"1\"",
        "{room}:floor: is of type integer: expected a number after eq, got the string '1'",
    );
    refused("{room}:area gt false", "{room}:area: is of type decimal: expected a number after gt, got false");
    refused(
        "photos.value eq 1",
        "photos.value: is of type reference: expected a string in quotes after eq, got a number",
    );
    refused(
        "{room}:plan eq 1",
        "{room}:plan: is of type binary: expected a string in quotes after eq, got a number",
    );
    refused(
        "meta.created eq 1",
        "meta.created: is of type dateTime: expected a dateTime in quotes after eq, got a number",
    );
    refused(
        "meta.created ne \"yesterday\"",
        "meta.created: is of type dateTime: expected a dateTime such as \"2011-05-13T04:42:34Z\" after ne, got the string 'yesterday'",
    );
    refused("title co \"a\\u0000\"", "title: no value holds the character U+0000 that follows co");
}

#[test]
fn what_is_never_returned_cannot_be_filtered_by() {
    refused("password eq \"x\"", "password: is never returned, so it cannot be filtered by");
    refused("password pr", "password: is never returned, so it cannot be filtered by");
    refused("password eq null", "password: is never returned, so it cannot be filtered by");
    refused("{room}:seat.secret pr", "{room}:seat.secret: is never returned, so it cannot be filtered by");
    refused("{room}:seat[secret pr]", "{room}:seat.secret: is never returned, so it cannot be filtered by");
    refused("{room}:empty eq \"x\"", "{room}:empty: is never returned, so it cannot be filtered by");
    refused(
        "{room}:empty.value eq \"x\"",
        "{room}:empty.value: is never returned, so it cannot be filtered by",
    );
    refused("{room}:empty[value pr]", "{room}:empty: is never returned, so it cannot be filtered by");
}

#[test]
fn locations_compare_as_the_client_sees_them() {
    let location = |operator: &str, text: &str, expected: &str| {
        means(&format!("meta.location {operator} \"{text}\""), &expected.replace("@", "meta.location"));
    };
    location("eq", "https://example.com/scim/v2/Users/1", r#"@ eq "/Users/1""#);
    location("ne", "https://example.com/scim/v2/Users/1", r#"@ ne "/Users/1""#);
    location("sw", "https://example.com/scim/v2/Users", r#"@ sw "/Users""#);
    location("gt", "https://example.com/scim/v2", r#"@ gt """#);
    location("eq", "/Users/1", r#"@ eq "/Users/1""#);
    location("eq", "http://example.com/scim/v2/Users/1", "false");
    location("ne", "http://example.com/scim/v2/Users/1", "true");
    location("sw", "https://ex", "@ pr");
    location("sw", "http://", "false");
    location("gt", "https://e", "@ pr");
    location("le", "https://e", "false");
    location("lt", "https://f", "@ pr");
    location("ge", "https://f", "false");
    location("co", "example.com", "@ pr");
    location("co", "Users", r#"@ co "Users""#);
    location("co", "v2/Users", r#"@ co "v2/Users" or @ sw "/Users""#);
    location(
        "co",
        "https://example.com/scim/v2/Us",
        r#"@ co "https://example.com/scim/v2/Us" or @ sw "/Us""#,
    );
    location("ew", "/1", r#"@ ew "/1""#);
    location("ew", "2/Users/1", r#"@ ew "2/Users/1" or @ eq "/Users/1""#);
    group_means(
        r#"members[$ref eq "https://example.com/scim/v2/Users/1"]"#,
        r#"members[members.$ref eq "/Users/1"]"#,
    );
    means("groups.$ref sw \"https://example.com/scim/v2/Groups\"", r#"groups.$ref sw "/Groups""#);
    means(
        &format!("{ENTERPRISE_USER_URN}:manager.$ref eq \"https://example.com/scim/v2/Users/1\""),
        &format!("{ENTERPRISE_USER_URN}:manager.$ref eq \"https://example.com/scim/v2/Users/1\""),
    );
}

#[test]
fn sources_are_found_wherever_they_are_mentioned() {
    let mentions = |kind: &str, text: &str, source| {
        bind_as(kind, text, UnknownAttribute::Absent).expect("bound").mentions(source)
    };
    assert!(mentions("Group", "displayName pr or not (members[value pr])", AttributeSource::Members));
    assert!(mentions("User", "title pr and groups.display eq \"x\"", AttributeSource::Groups));
    assert!(mentions("User", "meta.created pr", AttributeSource::Meta));
    assert!(!mentions("User", "title pr and members pr", AttributeSource::Members), "users have none");
    assert!(!mentions("Group", "displayName pr", AttributeSource::Members));
}
