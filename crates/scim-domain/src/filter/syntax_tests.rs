//! Tests of reading and printing filters and paths.

use proptest::prelude::*;
use serde_json::Number;

use super::limits::{MAX_DEPTH, MAX_LENGTH};
use super::{AttributeTest, ComparisonOperator, Filter, Literal, PatchPath};
use crate::attribute::AttributePath;
use crate::error::ErrorKind;

/// `text` parses, and prints as `expected`.
#[track_caller]
fn prints(text: &str, expected: &str) {
    let filter = Filter::parse(text).expect("a filter");
    assert_eq!(filter.to_string(), expected);
    assert_eq!(Filter::parse(expected).expect("what was printed"), filter);
}

/// `text` is refused at the 1-based character `position`, for a reason that holds `reason`.
#[track_caller]
fn refused(text: &str, position: usize, reason: &str) {
    let error = Filter::parse(text).expect_err("should be refused");
    assert_eq!(error.kind, ErrorKind::InvalidFilter);
    assert!(error.detail.starts_with(&format!("filter, at character {position}: ")), "{}", error.detail);
    assert!(error.detail.contains(reason), "{}", error.detail);
}

/// `text` as a PATCH path has these parts.
#[track_caller]
fn path(text: &str, attribute: &str, filter: Option<&str>, sub_attribute: Option<&str>) {
    let path = PatchPath::parse(text).expect("a path");
    assert_eq!(path.path.as_str(), attribute);
    assert_eq!(path.filter.as_ref().map(ToString::to_string).as_deref(), filter);
    assert_eq!(path.sub_attribute.as_ref().map(|name| name.as_str()), sub_attribute);
    assert_eq!(PatchPath::parse(&path.to_string()).expect("what was printed"), path);
}

#[track_caller]
fn path_refused(text: &str, kind: ErrorKind, position: usize, reason: &str) {
    let error = PatchPath::parse(text).expect_err("should be refused");
    assert_eq!(error.kind, kind, "{}", error.detail);
    assert!(error.detail.starts_with(&format!("path, at character {position}: ")), "{}", error.detail);
    assert!(error.detail.contains(reason), "{}", error.detail);
}

/// Every filter of RFC 7644 §3.4.2.2, figure 2.
pub(super) const FIGURE_2: [&str; 17] = [
    r#"userName eq "bjensen""#,
    r#"name.familyName co "O'Malley""#,
    r#"userName sw "J""#,
    r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
    r#"title pr"#,
    r#"meta.lastModified gt "2011-05-13T04:42:34Z""#,
    r#"meta.lastModified ge "2011-05-13T04:42:34Z""#,
    r#"meta.lastModified lt "2011-05-13T04:42:34Z""#,
    r#"meta.lastModified le "2011-05-13T04:42:34Z""#,
    r#"title pr and userType eq "Employee""#,
    r#"title pr or userType eq "Intern""#,
    r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
    r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
    r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
    // The text of the figure has parentheses around its last condition, which need not be there.
    r#"userType eq "Employee" and emails.type eq "work""#,
    r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
    r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
];

#[test]
fn the_examples_of_the_rfc_print_as_they_are() {
    for text in FIGURE_2 {
        prints(text, text);
    }
    prints("title pr and\r\n\t (emails.type eq \"work\")", r#"title pr and emails.type eq "work""#);
}

#[test]
fn operators_and_keywords_are_read_in_any_case() {
    for operator in ["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"] {
        prints(&format!("a {} 1", operator.to_uppercase()), &format!("a {operator} 1"));
    }
    prints("a PR AND b Pr oR NOT(c pR)", "a pr and b pr or not (c pr)");
    prints("Not eq 1 or x pr".replace("Not eq 1", "nOt (eq eq 1)").as_str(), "not (eq eq 1) or x pr");
}

#[test]
fn not_comes_before_and_before_or() {
    let tree = Filter::parse("a pr or b pr and not (c pr) or d pr").expect("a filter");
    let Filter::Or(alternatives) = tree else { panic!("or is outermost") };
    assert_eq!(alternatives.len(), 3);
    assert!(matches!(alternatives.get(1), Some(Filter::And(both)) if matches!(both[1], Filter::Not(_))));
    prints("(a pr or b pr) and c pr", "(a pr or b pr) and c pr");
    prints("a pr and (b pr and c pr)", "a pr and (b pr and c pr)");
    prints("((a pr))", "a pr");
    prints("not ((a pr and b pr))", "not (a pr and b pr)");
}

#[test]
fn white_space_counts_only_where_it_parts_words() {
    prints("  a   eq\t1  ", "a eq 1");
    prints("not(a pr)and(b pr)", "not (a pr) and b pr");
    prints("emails [ type eq \"x\" ]", r#"emails[type eq "x"]"#);
}

#[test]
fn literals_are_those_of_json() {
    prints("a eq true", "a eq true");
    prints("a eq false", "a eq false");
    prints("a eq null", "a eq null");
    prints("a eq -12.5e2", "a eq -1250.0");
    prints("a eq 18446744073709551615", "a eq 18446744073709551615");
    prints("a eq 5e-324", "a eq 5e-324");
    prints(r#"a eq "\"\\\/\b\f\n\r\té😀""#, r#"a eq "\"\\/\u0008\u000c\u000a\u000d\u0009é😀""#);
    prints(r#"a eq "\ud83d\uDE00\u00e9""#, r#"a eq "😀é""#);
}

#[test]
fn names_are_taken_as_they_are() {
    let extension = r#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq "1""#;
    prints(extension, extension);
    prints("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr", {
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr"
    });
    prints("members.$ref pr and notes pr and order pr and android pr", {
        "members.$ref pr and notes pr and order pr and android pr"
    });
    prints("urn:example:s:not pr", "urn:example:s:not pr");
    prints("true eq true", "true eq true");
}

#[test]
fn a_value_path_may_go_on_with_a_sub_attribute() {
    prints(r#"emails[type eq "work"].value eq "x""#, r#"emails[type eq "work"].value eq "x""#);
    prints("emails[a pr].value pr and b pr", "emails[a pr].value pr and b pr");
    refused("emails[a pr] .value pr", 14, "expected 'and', 'or' or the end, found '.value'");
    refused(
        "emails[a pr].value",
        19,
        "an operator (eq, ne, co, sw, ew, gt, ge, lt, le or pr) after 'emails[…].value'",
    );
    refused("emails[a pr].a.b pr", 13, "the name of a sub-attribute after '.', found 'a.b'");
}

#[test]
fn mistakes_are_named_where_they_are() {
    refused("", 1, "expected an attribute, 'not' or '(', found the end");
    refused("   ", 4, "found the end");
    refused("userName", 9, "expected an operator");
    refused("userName regex \"x\"", 10, "the operator 'regex' is not supported");
    refused(
        "userName eq",
        12,
        "expected a string in quotes, a number, true, false or null after eq, found the end",
    );
    refused("userName eq bjensen", 13, "found 'bjensen'");
    refused("active eq True", 11, "found 'True'");
    refused("userName eq 'x'", 13, "a string in quotes");
    refused("userName eq \"x", 13, "no closing '\"'");
    refused("userName eq \"é\\x\"", 15, "not an escape");
    refused("userName eq \"\\u12\"", 14, "not an escape");
    refused("userName eq \"\\ud800\"", 14, "not an escape");
    refused("userName eq \"\\udc00\"", 14, "not an escape");
    refused("userName eq \"\\ud800\\u0041\"", 14, "not an escape");
    refused("userName eq \"\\u+123\"", 14, "not an escape");
    refused("userName eq \"a\nb\"", 15, "control character");
    refused("a eq 01", 6, "'01' is not a JSON number");
    refused("a eq 1e999", 6, "'1e999' is not a JSON number");
    refused("a eq -", 6, "'-' is not a JSON number");
    refused("a eq [1]", 6, "found '['");
    refused("a eq {\"x\":1}", 6, "found '{'");
    refused("a pr b pr", 6, "expected 'and', 'or' or the end, found 'b'");
    refused("a pr and", 9, "expected an attribute");
    refused("a pr and or b pr", 10, "expected an attribute, 'not' or '(', found 'or'");
    refused("and pr", 1, "found 'and'");
    refused("not a pr", 5, "expected '(' after 'not', found 'a'");
    refused("not pr", 5, "expected '(' after 'not'");
    refused("not not (a pr)", 5, "expected '(' after 'not'");
    refused("(a pr", 6, "expected 'and', 'or' or ')', found the end");
    refused("a pr)", 5, "found ')'");
    refused("()", 2, "found ')'");
    refused("emails[type pr", 15, "'and', 'or' or ']'");
    refused("emails[type pr)", 15, "found ')'");
    refused("emails[]", 8, "expected an attribute");
    refused("(emails[a pr)]", 13, "found ')'");
    refused("a.b.c pr", 1, "'a.b.c' is not the path of an attribute");
    refused("é pr", 1, "'é' is not the path");
    refused("ééé eq é", 1, "'ééé' is not the path");
    refused("1 eq 1", 1, "found a number");
    refused("\"a\" eq 1", 1, "found a string");
    refused("emails.value[a pr]", 13, "'[' has to follow an attribute without a sub-attribute");
    refused("a pr \u{a0}and b pr", 6, "found '\\u{a0}and'");
}

#[test]
fn nesting_is_bounded() {
    let nested =
        |open: &str, close: &str, depth: usize| format!("{}a pr{}", open.repeat(depth), close.repeat(depth));
    for (open, close) in [("(", ")"), ("not (", ")"), ("x[", "]"), ("b pr or (b pr and ", ")")] {
        assert!(Filter::parse(&nested(open, close, MAX_DEPTH)).is_ok(), "{open}");
        let error = Filter::parse(&nested(open, close, MAX_DEPTH + 1)).expect_err("too deep");
        assert!(error.detail.contains("nested deeper than 64 levels"), "{}", error.detail);
    }
    refused(&"(".repeat(MAX_LENGTH), 65, "nested deeper than 64 levels");
    path_refused(&format!("x[{}", "(".repeat(100)), ErrorKind::InvalidFilter, 66, "nested deeper");
}

#[test]
fn length_is_bounded() {
    let conditions: Vec<&str> = std::iter::repeat_n("a pr", MAX_LENGTH / "a pr or ".len()).collect();
    let filter = Filter::parse(&conditions.join(" or ")).expect("a long chain");
    assert!(matches!(filter, Filter::Or(all) if all.len() == conditions.len()));
    let longest = format!("a eq \"{}\"", "x".repeat(MAX_LENGTH - 7));
    assert!(Filter::parse(&longest).is_ok());
    refused(&format!("{longest} "), MAX_LENGTH + 1, "longer than 16384 bytes");
    refused(&"not(((".repeat(1_000_000), MAX_LENGTH + 1, "longer than 16384 bytes");
    path_refused(&"a".repeat(MAX_LENGTH + 1), ErrorKind::InvalidPath, MAX_LENGTH + 1, "longer than");
}

#[test]
fn an_error_quotes_no_more_than_the_start_of_a_long_word() {
    let error = Filter::parse(&format!("a {} 1", "z".repeat(10_000))).expect_err("no operator");
    assert!(error.detail.len() < 300, "{}", error.detail);
}

#[test]
fn paths_of_patch_operations_are_read() {
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    path("userName", "userName", None, None);
    path("name.familyName", "name.familyName", None, None);
    path(r#"addresses[type eq "work"]"#, "addresses", Some(r#"type eq "work""#), None);
    path(
        r#"members[value eq "2819c223"].displayName"#,
        "members",
        Some(r#"value eq "2819c223""#),
        Some("displayName"),
    );
    path(ENTERPRISE, ENTERPRISE, None, None);
    path(&format!("{ENTERPRISE}:manager.value"), &format!("{ENTERPRISE}:manager.value"), None, None);
    path(&format!("{ENTERPRISE}:x[a pr].$ref"), &format!("{ENTERPRISE}:x"), Some("a pr"), Some("$ref"));
    path(
        "emails[not (type eq \"]\" or primary eq true)]",
        "emails",
        Some("not (type eq \"]\" or primary eq true)"),
        None,
    );
    path("urn:example:1.5", "urn:example:1.5", None, None);
}

#[test]
fn mistakes_in_paths_are_named_where_they_are() {
    use ErrorKind::{InvalidFilter, InvalidPath};
    path_refused("", InvalidPath, 1, "expected an attribute, found the end");
    path_refused("a.b.c", InvalidPath, 1, "'a.b.c' is not the path of an attribute");
    path_refused("a b", InvalidPath, 3, "expected '[' or the end, found 'b'");
    path_refused("[a pr]", InvalidPath, 1, "expected an attribute, found '['");
    path_refused("name.givenName[a pr]", InvalidPath, 15, "without a sub-attribute");
    path_refused("urn:example:1.5[a pr]", InvalidPath, 16, "without a sub-attribute");
    path_refused(
        "emails[a pr]value",
        InvalidPath,
        13,
        "expected a sub-attribute ('.value') or the end, found 'value'",
    );
    path_refused("emails[a pr].", InvalidPath, 13, "the name of a sub-attribute");
    path_refused("emails[a pr].a.b", InvalidPath, 13, "found 'a.b'");
    path_refused("emails[a pr].a pr", InvalidPath, 16, "expected the end, found 'pr'");
    path_refused("emails[a pr]]", InvalidPath, 13, "found ']'");
    path_refused("emails[a pr][b pr]", InvalidPath, 13, "found '['");
    path_refused("emails[a pr", InvalidFilter, 12, "'and', 'or' or ']'");
    path_refused("emails[]", InvalidFilter, 8, "expected an attribute");
    path_refused("emails[type eq work]", InvalidFilter, 16, "found 'work'");
    path_refused("emails[type eq \"work]", InvalidFilter, 16, "no closing");
    path_refused("\"a\"", InvalidPath, 1, "found a string");
}

fn any_path() -> impl Strategy<Value = AttributePath> {
    let name = || "[a-zA-Z][a-zA-Z0-9_-]{0,6}";
    let path = (prop::option::of("urn:[a-z0-9:.]{1,12}[a-z0-9]"), name(), prop::option::of(name()));
    path.prop_filter_map("a path that is no keyword", |(urn, attribute, sub)| {
        let urn = urn.map(|urn| format!("{urn}:")).unwrap_or_default();
        let sub = sub.map(|sub| format!(".{sub}")).unwrap_or_default();
        let text = format!("{urn}{attribute}{sub}");
        let is_keyword = ["and", "or", "not"].iter().any(|word| text.eq_ignore_ascii_case(word));
        AttributePath::parse(&text).filter(|_| !is_keyword)
    })
}

fn any_literal() -> impl Strategy<Value = Literal> {
    let finite = any::<f64>().prop_filter_map("finite", Number::from_f64);
    prop_oneof![
        Just(Literal::Null),
        any::<bool>().prop_map(Literal::Boolean),
        any::<i64>().prop_map(|number| Literal::Number(number.into())),
        any::<u64>().prop_map(|number| Literal::Number(number.into())),
        finite.prop_map(Literal::Number),
        any::<String>().prop_map(Literal::Text),
        r#"["\\/\x00-\x1f a😀]{0,8}"#.prop_map(Literal::Text),
    ]
}

fn any_test() -> impl Strategy<Value = AttributeTest> {
    let operator = prop::sample::select(ComparisonOperator::ALL.as_slice());
    prop_oneof![
        Just(AttributeTest::Present),
        (operator, any_literal()).prop_map(|(operator, literal)| AttributeTest::Compare(operator, literal)),
    ]
}

fn any_filter() -> impl Strategy<Value = Filter> {
    let leaf = (any_path(), any_test()).prop_map(|(path, test)| Filter::Attribute { path, test });
    leaf.prop_recursive(6, 40, 4, |inner| {
        let then = ("[a-z]{1,6}|\\$ref", any_test()).prop_map(|(name, test)| (name.as_str().into(), test));
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..5).prop_map(Filter::Or),
            prop::collection::vec(inner.clone(), 2..5).prop_map(Filter::And),
            inner.clone().prop_map(|filter| Filter::Not(Box::new(filter))),
            (any_path(), inner, prop::option::of(then))
                .prop_filter("an attribute", |(path, ..)| path.sub_attribute.is_none())
                .prop_map(|(path, filter, then)| Filter::ValuePath { path, filter: Box::new(filter), then }),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_printed_reads_as_the_same_filter(filter in any_filter()) {
        let text = filter.to_string();
        prop_assume!(text.len() <= MAX_LENGTH);
        prop_assert_eq!(Filter::parse(&text).expect("what was printed"), filter);
    }

    #[test]
    fn no_text_makes_the_parser_panic(
        text in any::<String>(),
        likely in r#"(a|and|or|not|eq|pr|\(|\)|\[|\]|"|\\u?|d83d|\.| |-?1|é|urn:a:|null){0,30}"#,
    ) {
        for text in [text, likely] {
            if let Ok(parsed) = Filter::parse(&text) {
                prop_assert_eq!(Filter::parse(&parsed.to_string()).expect("what was printed"), parsed);
            }
            if let Ok(parsed) = PatchPath::parse(&text) {
                prop_assert_eq!(PatchPath::parse(&parsed.to_string()).expect("what was printed"), parsed);
            }
        }
    }
}
