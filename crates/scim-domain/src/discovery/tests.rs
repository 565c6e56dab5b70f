//! The discovery documents against RFC 7643 and RFC 7644 §4.

use super::*;
use crate::attribute::{AttributeDefinition, AttributeType};
use crate::schema::core::{ENTERPRISE_USER_URN, GROUP_URN, USER_URN};
use crate::test_support::{BASE_URL, tenant};

/// Whether `object` has nothing but what `attributes` define, all that they require, each of its type.
fn conforms(object: &Map<String, Value>, attributes: &[std::sync::Arc<AttributeDefinition>], at: &str) {
    for (name, value) in object {
        if name == "subAttributes" && at.ends_with(".subAttributes") {
            // The schema of schemas (RFC 7643 §8.7.2) goes one level deeper than it describes.
            for item in value.as_array().expect("an array") {
                conforms(item.as_object().expect("an object"), attributes, at);
            }
            continue;
        }
        let definition = attributes.iter().find(|known| known.name.as_str() == name);
        let definition = definition.unwrap_or_else(|| panic!("{at}.{name} is not defined"));
        let at = format!("{at}.{name}");
        if definition.multi_valued {
            for item in value.as_array().unwrap_or_else(|| panic!("{at} is no array")) {
                conforms_value(item, definition, &at);
            }
        } else {
            conforms_value(value, definition, &at);
        }
    }
    for required in attributes.iter().filter(|known| known.required) {
        assert!(object.contains_key(required.name.as_str()), "{at}.{} is required", required.name);
    }
}

fn conforms_value(value: &Value, definition: &AttributeDefinition, at: &str) {
    let fits = match definition.data_type {
        AttributeType::Boolean => value.is_boolean(),
        AttributeType::Integer => value.is_u64(),
        AttributeType::Decimal => value.is_number(),
        AttributeType::Complex => value.is_object(),
        AttributeType::String
        | AttributeType::Reference
        | AttributeType::Binary
        | AttributeType::DateTime => value.is_string(),
    };
    assert!(fits, "{at}: {value} is not of type {:?}", definition.data_type);
    let canonical = &definition.canonical_values;
    assert!(
        canonical.is_empty() || canonical.iter().any(|known| Some(known.as_str()) == value.as_str()),
        "{at}: {value} is not canonical"
    );
    if let Value::Object(object) = value {
        conforms(object, &definition.sub_attributes, at);
    }
}

/// Checks a document against the schema that it names, and its `meta`.
#[track_caller]
fn check(document: &Value, urn: &str, kind: &str, path: &str) {
    let definition =
        discovery_schemas().into_iter().find(|known| known.id.matches(urn)).expect("a discovery schema");
    let mut object = document.as_object().expect("an object").clone();
    assert_eq!(object.remove("schemas"), Some(json!([urn])));
    let meta = json!({"resourceType": kind, "location": format!("{BASE_URL}{path}")});
    assert_eq!(object.remove("meta"), Some(meta));
    if definition.attribute("id").is_none() {
        assert!(object.remove("id").is_none());
    }
    conforms(&object, &definition.attributes, kind);
}

#[test]
fn the_service_provider_config_conforms_to_its_schema() {
    let mut config = TenantConfig::default();
    let check = |config: &TenantConfig| {
        let document = service_provider_config(config, BASE_URL);
        check(&document, SERVICE_PROVIDER_CONFIG_URN, "ServiceProviderConfig", "/ServiceProviderConfig");
        document
    };
    assert_eq!(check(&config).get("documentationUri"), None);
    config.documentation_uri = Some("https://example.com/help".into());
    config.bulk.max_operations = 7;
    config.bulk.max_payload_size = 8;
    config.filter.max_results = 9;
    let document = check(&config);
    assert_eq!(document["documentationUri"], "https://example.com/help");
    assert_eq!(document["bulk"], json!({"supported": true, "maxOperations": 7, "maxPayloadSize": 8}));
    assert_eq!(document["filter"], json!({"supported": true, "maxResults": 9}));
    assert_eq!(
        document["pagination"],
        json!({"cursor": true, "index": true, "defaultPaginationMethod": "index",
            "defaultPageSize": 9, "maxPageSize": 9, "cursorTimeout": 3600})
    );
    let primary: Vec<&Value> = document["authenticationSchemes"]
        .as_array()
        .expect("an array")
        .iter()
        .filter(|scheme| scheme["primary"] == true)
        .collect();
    assert_eq!(primary.len(), 1);
    assert_eq!(primary[0]["type"], "oauthbearertoken");
}

#[test]
fn schemas_conform_to_their_schema() {
    let tenant = tenant();
    let documents = schemas(&tenant.schema, BASE_URL);
    let ids: Vec<&str> = documents.iter().filter_map(|document| document["id"].as_str()).collect();
    assert_eq!(
        ids,
        [
            USER_URN,
            GROUP_URN,
            ENTERPRISE_USER_URN,
            SERVICE_PROVIDER_CONFIG_URN,
            RESOURCE_TYPE_URN,
            SCHEMA_URN
        ]
    );
    for (document, id) in documents.iter().zip(&ids) {
        check(document, SCHEMA_URN, "Schema", &format!("/Schemas/{id}"));
        assert_eq!(schema(&tenant.schema, &id.to_uppercase(), BASE_URL).as_ref(), Some(document));
    }
    assert_eq!(schema(&tenant.schema, "urn:nothing", BASE_URL), None);
}

#[test]
fn a_schema_that_the_tenant_defines_itself_is_listed_once() {
    let mut definitions = crate::schema::core::resource_schemas();
    definitions.extend(discovery_schemas().into_iter().take(1));
    let schema = TenantSchema::compile(definitions, Vec::new()).expect("compiles");
    assert_eq!(schemas(&schema, BASE_URL).len(), 6);
}

/// RFC 7643 §8.6.
#[test]
fn resource_types_conform_to_their_schema() {
    let tenant = tenant();
    let documents = resource_types(&tenant.schema, BASE_URL);
    for (document, name) in documents.iter().zip(["User", "Group"]) {
        check(document, RESOURCE_TYPE_URN, "ResourceType", &format!("/ResourceTypes/{name}"));
        assert_eq!(resource_type(&tenant.schema, &name.to_lowercase(), BASE_URL).as_ref(), Some(document));
    }
    assert_eq!(
        documents[0],
        json!({
            "schemas": [RESOURCE_TYPE_URN],
            "id": "User",
            "name": "User",
            "endpoint": "/Users",
            "description": "User Account",
            "schema": USER_URN,
            "schemaExtensions": [{"schema": ENTERPRISE_USER_URN, "required": false}],
            "meta": {"location": "https://example.com/v2/ResourceTypes/User", "resourceType": "ResourceType"},
        })
    );
    assert_eq!(documents[1].get("schemaExtensions"), None);
    assert_eq!(resource_type(&tenant.schema, "Nothing", BASE_URL), None);
}

#[test]
fn documents_are_listed_all_on_one_page() {
    let list = list_response(vec![json!({"id": 1}), json!({"id": 2})]);
    assert_eq!(
        (&list["totalResults"], &list["itemsPerPage"], &list["startIndex"]),
        (&json!(2), &json!(2), &json!(1))
    );
    assert_eq!(list["Resources"], json!([{"id": 1}, {"id": 2}]));
    assert_eq!(list["schemas"], json!([LIST_RESPONSE_URN]));
}
