//! Tests of which resources match.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::samples::{BASE_URL, ROOM_URN, barbara, group, id, user};
use super::syntax_tests::FIGURE_2;
use super::{Binding, Filter, TypedFilter, UnknownAttribute};
use crate::resource::Resource;
use crate::schema::core::ENTERPRISE_USER_URN;

fn bind(resource: &Resource, text: &str) -> TypedFilter {
    let binding = Binding { base_url: BASE_URL, unknown: UnknownAttribute::Refuse };
    Filter::parse(text).expect("a filter").bind(&resource.resource_type, &binding).expect("bound")
}

#[track_caller]
fn check(resource: &Resource, text: &str, expected: bool) {
    let text = text.replace("{room}", ROOM_URN).replace("{enterprise}", ENTERPRISE_USER_URN);
    assert_eq!(bind(resource, &text).matches(resource), expected, "{text}");
    assert_eq!(bind(resource, &format!("not ({text})")).matches(resource), !expected, "not ({text})");
}

/// Barbara matches.
#[track_caller]
fn yes(text: &str) {
    check(&barbara(), text, true);
}

/// Barbara does not.
#[track_caller]
fn no(text: &str) {
    check(&barbara(), text, false);
}

#[test]
fn the_examples_of_the_rfc_find_whom_they_should() {
    let expected = [
        ("userName eq", false),
        ("name.familyName co", true),
        ("userName sw", false),
        ("urn:ietf", false),
        ("title pr", true),
        ("meta.lastModified gt", false),
        ("meta.lastModified ge", true),
        ("meta.lastModified lt", false),
        ("meta.lastModified le", true),
        ("title pr and userType", true),
        ("title pr or userType", true),
        ("schemas eq", true),
        ("userType eq \"Employee\" and (emails co", true),
        ("userType ne", false),
        ("userType eq \"Employee\" and emails.type", true),
        ("userType eq \"Employee\" and emails[", true),
        ("emails[", true),
    ];
    for (text, (start, expected)) in FIGURE_2.iter().zip(expected) {
        assert!(text.starts_with(start), "{text}");
        check(&barbara(), text, expected);
    }
    let other = user(
        json!({"userName": "BJENSEN", "userType": "Intern", "emails": [{"value": "a@b", "type": "work"}]}),
    );
    check(&other, FIGURE_2[0], true);
    check(&other, FIGURE_2[1], false);
    check(&other, FIGURE_2[4], false);
    check(&other, FIGURE_2[9], false);
    check(&other, FIGURE_2[10], true);
    check(&other, FIGURE_2[11], false);
    check(&other, FIGURE_2[13], true);
    check(&other, FIGURE_2[15], false);
    check(&other, FIGURE_2[16], false);
    check(&user(json!({"userName": "jd"})), FIGURE_2[2], true);
    check(&user(json!({"userName": "jd"})), FIGURE_2[3], true);
}

#[test]
fn text_compares_by_the_case_of_its_attribute() {
    yes("userName eq \"BJENSEN@EXAMPLE.COM\"");
    yes("userName eq \"ｂｊensen@example.com\"");
    yes("title co \"PRESIDENT\"");
    yes("title sw \"vice\"");
    yes("title sw \"vice president\"");
    yes("title ew \"DENT\"");
    no("title ew \"vice\"");
    yes("title gt \"VICE\"");
    yes("title ge \"VICE PRESIDENT\"");
    no("title gt \"VICE PRESIDENT\"");
    yes("title le \"VICE PRESIDENT\"");
    no("title lt \"VICE PRESIDENT\"");
    yes("title lt \"vicf\"");
    yes("title co \"\"");
    yes("emails.display eq \"STRASSE\"");
    yes("externalId eq \"Bjensen-701\"");
    no("externalId eq \"bjensen-701\"");
    no("{room}:code co \"b\"");
    no("photos.value sw \"HTTPS\"");
    yes("photos.value ew \"/F\"");
    yes("{room}:plan eq \"aGVsbG8=\"");
    no("{room}:plan eq \"AGVSBG8=\"");
    yes(&format!("id eq \"{}\"", id(1)));
    no(&format!("id eq \"{}\"", id(2)));
}

#[test]
fn ordering_is_by_code_point() {
    let with_title = |title: &str| user(json!({"title": title}));
    check(&with_title("é"), "title gt \"z\"", true);
    check(&with_title("\u{ffff}"), "title lt \"😀\"", true);
    check(&with_title("ab"), "title gt \"a\"", true);
    check(&with_title(""), "title lt \"a\"", true);
    check(&with_title("B"), "title gt \"a\"", true);
}

#[test]
fn numbers_booleans_and_times_compare_by_value() {
    yes("{room}:floor eq 12");
    yes("{room}:floor eq 12.0");
    yes("{room}:floor gt 11.9");
    no("{room}:floor ge 12.1");
    yes("{room}:floor lt 18446744073709551615");
    yes("{room}:area eq 2.05e1");
    yes("{room}:area ne 20");
    yes("{room}:open eq false");
    yes("{room}:open ne true");
    yes("active eq true");
    no("active ne true");
    yes("{room}:built eq \"2011-05-13T04:42:34Z\"");
    yes("{room}:built lt \"2011-05-13T04:42:34.000000001Z\"");
    no("{room}:built gt \"2011-05-13T04:42:34\"");
    yes("meta.created lt \"2010-01-23T05:56:22.1+01:00\"");
    check(
        &user(json!({ROOM_URN: {"floor": 9_007_199_254_740_993_i64}})),
        "{room}:floor ne 9007199254740992.0",
        true,
    );
}

#[test]
fn only_ne_matches_what_is_absent() {
    for operator in ["eq", "co", "sw", "ew", "gt", "ge", "lt", "le"] {
        no(&format!("nickName {operator} \"x\""));
        no(&format!("name.middleName {operator} \"x\""));
        no(&format!("phoneNumbers.value {operator} \"x\""));
        no(&format!("phoneNumbers {operator} \"x\""));
    }
    yes("nickName ne \"x\"");
    yes("phoneNumbers ne \"x\"");
    yes("addresses.locality ne \"x\"");
    yes("name.middleName ne \"x\"");
    let nobody = user(json!({}));
    check(&nobody, "active eq true or active eq false", false);
    check(&nobody, "active ne true and active ne false", true);
    check(&nobody, "{room}:floor ne 1 and {room}:seat.row ne 1", true);
    check(&nobody, "groups.value ne \"x\"", true);
}

#[test]
fn any_value_of_several_is_enough() {
    yes("emails.type eq \"home\"");
    yes("emails.type ne \"home\"");
    no("emails.type ne \"home\" and not (emails.type ne \"work\")");
    yes("{room}:tags eq \"quiet\"");
    yes("{room}:tags ne \"quiet\"");
    no("{room}:tags eq \"loud\"");
    yes("{room}:sizes gt 4");
    yes("{room}:sizes lt 4");
    no("{room}:sizes eq 4");
    no("ims.value ne \"someAimHandle\"");
    yes("{room}:seat.labels eq \"east\"");
    // Only one of the two has a display, and that one does not differ.
    no("emails.display ne \"straße\"");
}

#[test]
fn presence_is_having_a_value() {
    for there in
        ["userName", "name", "name.givenName", "emails", "emails.display", "meta", "meta.version", "id"]
    {
        yes(&format!("{there} pr"));
        yes(&format!("{there} ne null"));
    }
    for absent in ["nickName", "name.middleName", "phoneNumbers", "phoneNumbers.type", "ims.primary"] {
        no(&format!("{absent} pr"));
        yes(&format!("{absent} eq null"));
    }
    yes("{enterprise} pr");
    yes("{enterprise}:manager pr");
    no("{enterprise}:division pr");
    yes("{room} pr");
    yes("urn:ietf:params:scim:schemas:core:2.0:User pr");
    check(&user(json!({"userName": "a"})), "{enterprise} pr", false);
    check(&user(json!({"title": "", "active": false})), "title pr and active pr and title eq \"\"", true);
}

#[test]
fn a_value_path_asks_one_element_for_everything() {
    yes("emails[type eq \"work\" and value co \"example\"]");
    no("emails[type eq \"home\" and value co \"example\"]");
    yes("emails.type eq \"home\" and emails.value co \"example\"");
    yes("emails[type eq \"work\"].value eq \"BJensen@example.com\"");
    no("emails[type eq \"home\"].value eq \"bjensen@example.com\"");
    yes("emails[type eq \"home\"].primary ne true");
    yes("emails[not (primary eq true) and display pr]");
    yes("emails[primary ne true]");
    yes("emails[display eq null]");
    no("emails[type ne \"work\" and type ne \"home\"]");
    yes("name[familyName eq \"o'malley\"]");
    yes("{enterprise}:manager[displayName eq \"john smith\"]");
    yes("{room}:seat[labels eq \"window\" and labels eq \"east\" and row eq 3]");
    no("{room}:seat[labels eq \"aisle\"]");
    // There is no element that could match.
    no("phoneNumbers[type ne \"work\"]");
    no("phoneNumbers[not (type eq \"work\")]");
    no("phoneNumbers[type eq null]");
}

#[test]
fn what_the_server_keeps_is_found_too() {
    yes("schemas eq \"URN:IETF:params:scim:schemas:core:2.0:User\"");
    yes("schemas co \"extension:enterprise\"");
    no("schemas eq \"urn:ietf:params:scim:schemas:core:2.0:Group\"");
    yes("meta.resourceType eq \"User\"");
    no("meta.resourceType eq \"user\"");
    yes("meta.version eq \"W/\\\"v3\\\"\"");
    yes(&format!("meta.location eq \"{BASE_URL}/Users/{}\"", id(1)));
    yes(&format!("meta.location ew \"Users/{}\"", id(1)));
    yes("meta.location sw \"https://example\"");
    yes(&format!("meta.location co \"v2/Users/{}\"", id(1)));
    no(&format!("meta.location co \"v1/Users/{}\"", id(1)));
    yes("meta[version pr and created lt \"2011-01-01T00:00:00Z\"]");
    yes("groups.display eq \"tour guides\"");
    yes(&format!("groups[value eq \"{}\" and type eq \"direct\"]", id(7)));
    no(&format!("groups[value eq \"{}\" and type eq \"direct\"]", id(8)));
    yes(&format!("groups.$ref eq \"{BASE_URL}/Groups/{}\"", id(8)));
}

#[test]
fn members_of_groups_are_found() {
    let group = group();
    check(&group, &format!("members eq \"{}\"", id(1)), true);
    check(&group, &format!("members.value eq \"{}\"", id(2)), false);
    check(&group, &format!("members[value eq \"{}\" and type eq \"User\"]", id(1)), true);
    check(&group, &format!("members[value eq \"{}\" and type eq \"User\"]", id(8)), false);
    check(&group, &format!("members[$ref eq \"{BASE_URL}/Groups/{}\"]", id(8)), true);
    check(&group, "members[display eq \"babs jensen\"]", true);
    check(&group, "members[display ne \"babs jensen\"]", true);
    check(&group, "members.display ne \"babs jensen\"", false);
    check(&Resource { members: Some(Vec::new()), ..group.clone() }, "members pr", false);
}

#[test]
fn a_value_of_another_kind_is_only_ever_different() {
    let changed = user(json!({"title": 7, "active": "yes", ROOM_URN: {"floor": "12"}}));
    for text in ["title eq \"7\"", "title ge \"\"", "title co \"7\"", "active eq true", "{room}:floor ge 0"] {
        check(&changed, text, false);
    }
    check(&changed, "title ne \"7\" and active ne true and {room}:floor ne 12", true);
}

#[test]
fn elements_match_on_their_own() {
    let barbara = barbara();
    let emails = barbara.resource_type.attribute_at("emails").expect("emails");
    let binding = Binding { base_url: BASE_URL, unknown: UnknownAttribute::Refuse };
    let element_matches = |text: &str, element: Value| {
        let filter = Filter::parse(text).expect("a filter");
        filter.bind_to_elements(&emails, &binding).expect("bound").matches_element(&element)
    };
    assert!(element_matches("type eq \"WORK\"", json!({"type": "work"})));
    assert!(!element_matches("type eq \"work\"", json!({"value": "work"})));
    assert!(element_matches("type ne \"work\" and not (value pr)", json!({"display": "x"})));
    assert!(element_matches("type eq null or value pr", json!({"type": "work", "value": "x"})));
    let filter = Filter::parse("value pr").expect("a filter");
    let title = barbara.resource_type.attribute_at("title").expect("title");
    assert!(filter.bind_to_elements(&title, &binding).is_err());
}

#[test]
fn a_filter_as_long_and_deep_as_can_be_is_bound_and_matched() {
    let chain = vec!["title eq \"x\""; 900].join(" or ");
    no(&chain);
    let deep = format!("{}title pr{}", "not (".repeat(63), ")".repeat(63));
    no(&deep);
}

/// What `operator` says of two texts that are compared as they are.
fn holds(operator: &str, value: &str, text: &str) -> bool {
    match operator {
        "eq" => value == text,
        "ne" => value != text,
        "co" => value.contains(text),
        "sw" => value.starts_with(text),
        "ew" => value.ends_with(text),
        "gt" => value > text,
        "ge" => value >= text,
        "lt" => value < text,
        _ => value <= text,
    }
}

proptest! {
    #[test]
    fn a_location_compares_like_the_whole_url(
        operator in prop::sample::select(vec!["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"]),
        cut in (0_usize..80, 0_usize..80),
        noise in "[!-~&&[^\"\\\\]]{0,2}",
    ) {
        let barbara = barbara();
        let url = format!("{BASE_URL}{}", barbara.location());
        let (start, end) = (cut.0.min(url.len()), cut.1.min(url.len()));
        let part = url.get(start.min(end)..start.max(end)).expect("ASCII");
        for text in [part.to_owned(), format!("{part}{noise}"), format!("{noise}{part}")] {
            if text.starts_with('/') && !matches!(operator, "co" | "ew") {
                continue; // taken for the path alone
            }
            let filter = bind(&barbara, &format!("meta.location {operator} \"{text}\""));
            prop_assert_eq!(filter.matches(&barbara), holds(operator, &url, &text), "{} {}", operator, text);
        }
    }
}
