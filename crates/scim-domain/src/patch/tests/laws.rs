//! Laws of PATCH, on random resources and requests.

use proptest::prelude::*;
use serde_json::{Map, json};

use super::*;

const PATHS: [&str; 24] = [
    "title",
    "active",
    "name",
    "name.givenName",
    "emails",
    "emails.value",
    "emails[type eq \"work\"]",
    "emails[type eq \"work\"].value",
    "emails[primary eq true].primary",
    "emails[not (type pr)]",
    "roles[primary eq \"True\"].value",
    "addresses[type eq \"a\" or type eq \"b\"].region",
    "userName",
    "groups",
    "members",
    "members[value eq \"00000000-0000-0000-0000-000000000001\"]",
    "members[type eq \"User\"]",
    "displayName",
    "urn:ietf:params:scim:schemas:core:2.0:User:title",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value",
    "emails[",
    "shoeSize",
];

fn json_value() -> impl Strategy<Value = Value> {
    let text = prop_oneof![
        "[a-c]{0,3}".prop_map(Value::String),
        "\\PC{0,8}".prop_map(Value::String),
        Just(json!("True")),
        Just(json!("00000000-0000-0000-0000-000000000001")),
        Just(json!("{\"value\":\"x\"}")),
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<i64>().prop_map(Value::from),
        text
    ];
    let key = prop_oneof![
        prop::sample::select(PATHS.to_vec()).prop_map(str::to_owned),
        prop::sample::select(vec![
            "value",
            "type",
            "primary",
            "givenName",
            "display",
            "$ref",
            "manager",
            "id"
        ])
        .prop_map(str::to_owned),
        "\\PC{0,8}"
    ];
    leaf.prop_recursive(3, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::vec((key.clone(), inner), 0..4)
                .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn operation() -> impl Strategy<Value = Value> {
    let op = prop::sample::select(vec!["add", "replace", "remove", "Add", "x"]);
    let path = prop_oneof![
        8 => prop::sample::select(PATHS.to_vec()).prop_map(|path| Some(path.to_owned())),
        1 => Just(None),
        1 => "\\PC{0,20}".prop_map(Some)
    ];
    (op, path, prop::option::of(json_value())).prop_map(|(op, path, value)| {
        let mut operation = Map::from_iter([("op".to_owned(), json!(op))]);
        operation.extend(path.map(|path| ("path".to_owned(), json!(path))));
        operation.extend(value.map(|value| ("value".to_owned(), value)));
        Value::Object(operation)
    })
}

fn email() -> impl Strategy<Value = Value> {
    ("[a-d]", prop::option::of(prop::sample::select(vec!["work", "home"]))).prop_map(|(value, kind)| {
        match kind {
            Some(kind) => json!({"value": value, "type": kind}),
            None => json!({"value": value}),
        }
    })
}

fn user() -> impl Strategy<Value = Resource> {
    (prop::collection::vec(email(), 0..4), prop::option::of("[a-c]{1,3}"), any::<bool>()).prop_map(
        |(mut emails, title, active)| {
            crate::validation::drop_repeats(&mut emails);
            let mut attributes = json!({"userName": "bjensen", "active": active});
            if !emails.is_empty() {
                attributes["emails"] = json!(emails);
            }
            if let Some(title) = title {
                attributes["title"] = json!(title);
            }
            resource("User", attributes)
        },
    )
}

/// No null, no empty array or object anywhere: what [`Attributes`] promises.
fn is_normalised(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(items) => !items.is_empty() && items.iter().all(is_normalised),
        Value::Object(object) => !object.is_empty() && object.values().all(is_normalised),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

proptest! {
    #[test]
    fn no_body_panics(body in json_value(), is_strict in any::<bool>()) {
        let config = TenantConfig { strict_mode: is_strict, ..TenantConfig::default() };
        for current in [resource("User", json!({})), group(2)] {
            let _ = apply_body(&config, &current, &body);
            let _ = apply(&config, &current, &json!([body]));
            let _ = apply(&config, &current, &json!([{"op": "replace", "value": body}]));
        }
    }

    #[test]
    fn whatever_comes_of_operations_is_normalised_and_valid(
        operations in prop::collection::vec(operation(), 0..6),
        current in user(),
        is_strict in any::<bool>(),
    ) {
        let config = TenantConfig { strict_mode: is_strict, ..TenantConfig::default() };
        for current in [current, group(2)] {
            let Ok(outcome) = apply(&config, &current, &json!(operations)) else { continue };
            if let Some(attributes) = outcome.attributes {
                prop_assert!(attributes.values().all(is_normalised), "{attributes:?}");
                prop_assert!(attributes != current.attributes);
                let validator = SchemaValidator::new(&current.resource_type, &config);
                prop_assert_eq!(validator.check_required(&attributes), Ok(()));
                prop_assert_eq!(validator.check_primary(&attributes), Ok(()));
                for name in ["id", "schemas", "meta", "members", "groups"] {
                    prop_assert!(!attributes.contains_key(name));
                }
            }
        }
    }

    /// Atomicity: one failing operation, wherever it stands, fails them all, and the error names it.
    #[test]
    fn one_failing_operation_fails_all(
        titles in prop::collection::vec("[a-z]{1,3}", 0..5),
        at in any::<prop::sample::Index>(),
        current in user(),
    ) {
        let mut operations: Vec<Value> =
            titles.iter().map(|title| json!({"op": "add", "path": "title", "value": title})).collect();
        let at = at.index(operations.len().saturating_add(1));
        operations.insert(at, json!({"op": "add", "path": "active", "value": 5}));
        let error = apply(&TenantConfig::default(), &current, &json!(operations)).expect_err("fails");
        prop_assert!(error.detail.starts_with(&format!("Operations[{at}]: active")), "{}", error.detail);
    }

    #[test]
    fn add_then_remove_restores(current in user(), value in "[e-h]") {
        let config = TenantConfig::default();
        let email = json!([{"value": value, "type": "work"}]);
        let operations = json!([
            {"op": "add", "path": "emails", "value": email},
            {"op": "remove", "path": "emails", "value": email},
            {"op": "add", "path": "nickName", "value": value},
            {"op": "remove", "path": "nickName"},
        ]);
        prop_assert_eq!(apply(&config, &current, &operations).expect("applies").attributes, None);
    }

    #[test]
    fn add_is_idempotent(current in user(), emails in prop::collection::vec(email(), 0..4), is_strict in any::<bool>()) {
        let config = TenantConfig { strict_mode: is_strict, ..TenantConfig::default() };
        let add = json!([{"op": "add", "value": {"emails": emails, "title": "x", "name": {"givenName": "B"}}}]);
        let once = attributes_after(&config, &current, &add).expect("applies");
        let again = Resource { attributes: once, ..current };
        prop_assert_eq!(apply(&config, &again, &add).expect("applies").attributes, None);
    }

    #[test]
    fn several_operations_are_one_after_the_other(
        first in operation(),
        second in operation(),
        current in user(),
    ) {
        let config = TenantConfig::default();
        let both = attributes_after(&config, &current, &json!([first, second]));
        if let Ok(middle) = attributes_after(&config, &current, &json!([first])) {
            let middle = Resource { attributes: middle, ..current };
            let stepwise = attributes_after(&config, &middle, &json!([second]));
            prop_assert_eq!(stepwise.ok(), both.ok());
        }
    }
}
