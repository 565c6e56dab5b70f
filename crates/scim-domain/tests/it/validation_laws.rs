//! What holds of the validator whatever a client sends.

use std::sync::Arc;

use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use scim_domain::attribute::{AttributeDefinition, AttributeType};
use scim_domain::identifier::{ResourceId, Timestamp, Version};
use scim_domain::resource::{Attributes, Resource};
use scim_domain::schema::core::{ENTERPRISE_USER_URN, USER_URN};
use scim_domain::schema::{ResourceType, TenantSchema};
use scim_domain::tenant::TenantConfig;
use scim_domain::validation::SchemaValidator;
use serde_json::{Map, Value, json};

fn resource_type(name: &str) -> Arc<ResourceType> {
    Arc::clone(TenantSchema::rfc7643().expect("compiles").resource_type(name).expect("a type"))
}

fn letter_case(name: &str) -> impl Strategy<Value = String> + use<> {
    let name = name.to_owned();
    prop_oneof![Just(name.clone()), Just(name.to_uppercase()), Just(name.to_lowercase())]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-cA-C]{0,3}", "\\PC{0,8}"]
}

/// What a client may well send for an attribute, in the letter or the spirit of its definition.
fn likely(definition: &AttributeDefinition) -> BoxedStrategy<Value> {
    let one = match definition.data_type {
        AttributeType::String if !definition.canonical_values.is_empty() => {
            let canonical = proptest::sample::select(definition.canonical_values.clone());
            prop_oneof![19 => canonical, 1 => text()].prop_map(Value::from).boxed()
        }
        AttributeType::String => text().prop_map(Value::from).boxed(),
        AttributeType::Boolean => {
            prop_oneof![any::<bool>().prop_map(Value::from), Just(json!("True")), Just(json!("false"))]
                .boxed()
        }
        AttributeType::Decimal => any::<f64>().prop_map(Value::from).boxed(),
        AttributeType::Integer => any::<i64>().prop_map(Value::from).boxed(),
        AttributeType::DateTime => Just(json!("2011-05-13T04:42:34Z")).boxed(),
        AttributeType::Binary => "([A-Za-z0-9+/]{4}){0,3}".prop_map(Value::from).boxed(),
        AttributeType::Reference => "https://[a-z]{1,5}/[a-z0-9]{0,5}".prop_map(Value::from).boxed(),
        AttributeType::Complex => {
            let subs: Vec<_> = definition
                .sub_attributes
                .iter()
                .map(|sub| proptest::option::of((letter_case(sub.name.as_str()), likely(sub))))
                .collect();
            let object = subs.prop_map(|subs| Value::Object(subs.into_iter().flatten().collect()));
            match definition.sub_attribute("value") {
                Some(value) if value.data_type == AttributeType::String => {
                    prop_oneof![19 => object, 1 => text().prop_map(Value::from)].boxed()
                }
                _ => object.boxed(),
            }
        }
    };
    if definition.multi_valued {
        let elements = vec(prop_oneof![9 => one.clone(), 1 => Just(Value::Null)], 0..4).prop_map(Value::from);
        prop_oneof![19 => elements, 1 => one].boxed()
    } else {
        prop_oneof![9 => one, 1 => Just(Value::Null)].boxed()
    }
}

/// A body that is a user in most respects.
fn likely_user() -> impl Strategy<Value = Value> {
    let user = resource_type("User");
    let attributes: Vec<_> = user
        .attributes()
        .filter(|attribute| !attribute.attribute.name.matches("schemas"))
        .map(|attribute| {
            let urn = attribute.extension.clone();
            let name = letter_case(attribute.attribute.name.as_str());
            proptest::option::weighted(0.3, (Just(urn), name, likely(&attribute.attribute)))
        })
        .collect();
    (attributes, "[a-z]{1,8}").prop_map(|(attributes, user_name)| {
        let mut body = Map::new();
        for (urn, name, value) in attributes.into_iter().flatten() {
            let container = match urn {
                None => &mut body,
                Some(urn) => {
                    let extension = body.entry(urn.as_str()).or_insert_with(|| json!({}));
                    extension.as_object_mut().expect("an object")
                }
            };
            container.insert(name, value);
        }
        body.retain(|name, _| !name.eq_ignore_ascii_case("userName"));
        body.insert("userName".into(), user_name.into());
        body.insert("schemas".into(), json!([USER_URN, ENTERPRISE_USER_URN]));
        Value::Object(body)
    })
}

/// JSON of any shape with the names of a schema in it.
fn any_json() -> impl Strategy<Value = Value> {
    let names = [
        "schemas",
        "userName",
        "emails",
        "value",
        "VALUE",
        "primary",
        "members",
        "displayName",
        "manager",
        "id",
        "password",
        "x509Certificates",
        "$ref",
        "type",
        "urn:ietf:params:scim:schemas:core:2.0:User:userName",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "urn:::",
        "",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        Just(json!(["urn:ietf:params:scim:schemas:core:2.0:User"])),
        Just(json!(["urn:ietf:params:scim:schemas:core:2.0:Group"])),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        let name =
            prop_oneof![proptest::sample::select(names.to_vec()).prop_map(str::to_owned), any::<String>()];
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Value::from),
            hash_map(name, inner, 0..6).prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn resource(resource_type: &Arc<ResourceType>, attributes: Attributes) -> Resource {
    let moment = Timestamp::new(time::OffsetDateTime::UNIX_EPOCH);
    Resource {
        id: ResourceId::new(uuid::Uuid::from_u128(1)),
        resource_type: Arc::clone(resource_type),
        attributes,
        version: Version::FIRST,
        created: moment,
        last_modified: moment,
        members: None,
        groups: None,
    }
}

/// Whether there is nothing in `value` that says that there is nothing (RFC 7643 §2.5).
fn is_normal(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(elements) => !elements.is_empty() && elements.iter().all(is_normal),
        Value::Object(object) => !object.is_empty() && object.values().all(is_normal),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

proptest! {
    #[test]
    fn what_is_valid_is_stored_as_it_is_when_it_is_sent_again(body in likely_user()) {
        let (user, config) = (resource_type("User"), TenantConfig::default());
        let validator = SchemaValidator::new(&user, &config);
        // Several primary values are the one thing that this body can have wrong.
        let draft = match validator.create(&body) {
            Ok(draft) => draft,
            Err(error) => {
                prop_assert!(error.detail.contains("expected primary"), "{}: {body}", error.detail);
                return Ok(());
            }
        };
        prop_assert!(draft.attributes.values().all(is_normal), "{:?}", draft.attributes);
        let mut again = draft.attributes.clone();
        again.insert("schemas".into(), body["schemas"].clone());
        prop_assert_eq!(&validator.create(&Value::Object(again)).expect("valid"), &draft);

        let current = resource(&user, draft.attributes.clone());
        prop_assert_eq!(&validator.replace(&current, &body).expect("valid"), &draft);
        for attribute in user.attributes() {
            let Some(value) = draft.attributes.get(attribute.attribute.name.as_str()) else { continue };
            if attribute.extension.is_none() {
                prop_assert_eq!(validator.value(&attribute, value), Ok(Some(value.clone())));
            }
        }
    }

    #[test]
    fn strict_mode_takes_no_more_than_leniency_and_stores_the_same(body in likely_user()) {
        let user = resource_type("User");
        let strict = TenantConfig { strict_mode: true, ..TenantConfig::default() };
        if let Ok(draft) = SchemaValidator::new(&user, &strict).create(&body) {
            let lenient = SchemaValidator::new(&user, &TenantConfig::default()).create(&body);
            prop_assert_eq!(lenient, Ok(draft));
        }
    }

    #[test]
    fn no_json_makes_it_panic(body in any_json(), strict_mode in any::<bool>()) {
        let config = TenantConfig { strict_mode, ..TenantConfig::default() };
        for name in ["User", "Group"] {
            let resource_type = resource_type(name);
            let validator = SchemaValidator::new(&resource_type, &config);
            let current = resource(&resource_type, Attributes::new());
            for result in [validator.create(&body), validator.replace(&current, &body)] {
                if let Err(error) = result {
                    prop_assert_eq!(error.kind.status(), 400);
                }
            }
            for attribute in resource_type.attributes() {
                if let Ok(Some(value)) = validator.value(&attribute, &body) {
                    prop_assert_eq!(validator.value(&attribute, &value), Ok(Some(value.clone())));
                }
            }
        }
    }
}
