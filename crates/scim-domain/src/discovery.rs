//! The discovery documents (RFC 7643 §5, §6, §7; RFC 7644 §4; RFC 9865 §4), computed from a tenant's
//! config and definitions.

use serde_json::{Map, Value, json};

use crate::schema::core::{RESOURCE_TYPE_URN, SCHEMA_URN, SERVICE_PROVIDER_CONFIG_URN, discovery_schemas};
use crate::schema::{SchemaDefinition, TenantSchema};
use crate::tenant::TenantConfig;

/// How long a cursor lives, in seconds; shown as `pagination.cursorTimeout`.
pub const CURSOR_TIMEOUT_SECONDS: u32 = 3600;

/// `/ServiceProviderConfig` (RFC 7643 §5).
pub fn service_provider_config(config: &TenantConfig, base_url: &str) -> Value {
    let supported = json!({"supported": true});
    let mut document = json!({
        "schemas": [SERVICE_PROVIDER_CONFIG_URN],
        "patch": supported,
        "bulk": {
            "supported": true,
            "maxOperations": config.bulk.max_operations,
            "maxPayloadSize": config.bulk.max_payload_size,
        },
        "filter": {"supported": true, "maxResults": config.filter.max_results},
        "changePassword": supported,
        "sort": supported,
        "etag": supported,
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": config.filter.max_results,
            "maxPageSize": config.filter.max_results,
            "cursorTimeout": CURSOR_TIMEOUT_SECONDS,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "OAuth Bearer Token",
            "description": "A bearer token in the Authorization header",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": meta("ServiceProviderConfig", format!("{base_url}/ServiceProviderConfig")),
    });
    if let (Some(uri), Some(document)) = (&config.documentation_uri, document.as_object_mut()) {
        document.insert("documentationUri".into(), json!(uri));
    }
    document
}

/// `/ResourceTypes` (RFC 7643 §6), in the order of their definition.
pub fn resource_types(schema: &TenantSchema, base_url: &str) -> Vec<Value> {
    let document = |resource_type: &std::sync::Arc<crate::schema::ResourceType>| {
        let definition = &resource_type.definition;
        let mut document = with_schemas(RESOURCE_TYPE_URN, serde_json::to_value(definition));
        document.insert("id".into(), json!(definition.name));
        let location = format!("{base_url}/ResourceTypes/{}", definition.name);
        document.insert("meta".into(), meta("ResourceType", location));
        Value::Object(document)
    };
    schema.resource_types().iter().map(document).collect()
}

/// `/Schemas` (RFC 7643 §7): the tenant's, then those of the discovery documents themselves.
pub fn schemas(schema: &TenantSchema, base_url: &str) -> Vec<Value> {
    let document = |definition: &SchemaDefinition| {
        let mut document = with_schemas(SCHEMA_URN, serde_json::to_value(definition));
        let location = format!("{base_url}/Schemas/{}", definition.id);
        document.insert("meta".into(), meta("Schema", location));
        Value::Object(document)
    };
    let own = schema.schemas().iter().map(|definition| document(definition));
    own.chain(discovery_schemas().iter().map(document)).collect()
}

fn with_schemas(urn: &str, definition: serde_json::Result<Value>) -> Map<String, Value> {
    let mut document = match definition {
        Ok(Value::Object(members)) => members,
        // Definitions hold text, numbers and flags only, which always serialize to an object.
        _ => Map::new(),
    };
    document.insert("schemas".into(), json!([urn]));
    document
}

fn meta(resource_type: &str, location: String) -> Value {
    json!({"resourceType": resource_type, "location": location})
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::{AttributeDefinition, AttributeType};

    const BASE: &str = "https://example.com/scim/v2";

    /// Holds a document against the schema that it says it is of: every required attribute is there,
    /// every attribute is defined and of its type.
    #[track_caller]
    fn conforms(document: &Value, urn: &str) {
        assert_eq!(document["schemas"], json!([urn]));
        let schemas = discovery_schemas();
        let schema = schemas.iter().find(|schema| schema.id.matches(urn)).expect("the schema");
        let mut members = document.as_object().expect("an object").clone();
        for common in ["schemas", "id", "meta"] {
            members.remove(common);
        }
        let attributes: Vec<_> = schema.attributes.iter().filter(|known| !known.name.matches("id")).collect();
        check_object(&members, &attributes, urn);
    }

    #[track_caller]
    fn check_object(
        object: &Map<String, Value>,
        attributes: &[&std::sync::Arc<AttributeDefinition>],
        at: &str,
    ) {
        // The schema of schemas describes sub-attributes one level deep, and its own definition goes deeper.
        for name in object.keys().filter(|name| *name != "subAttributes") {
            assert!(attributes.iter().any(|known| known.name.as_str() == name), "{at}.{name} is not defined");
        }
        for attribute in attributes {
            let at = format!("{at}.{}", attribute.name);
            match object.get(attribute.name.as_str()) {
                None => assert!(!attribute.required, "{at} is missing"),
                Some(Value::Array(items)) => {
                    assert!(attribute.multi_valued, "{at} is not multi-valued");
                    items.iter().for_each(|item| check_value(item, attribute, &at));
                }
                Some(value) => {
                    assert!(!attribute.multi_valued, "{at} is multi-valued");
                    check_value(value, attribute, &at);
                }
            }
        }
    }

    #[track_caller]
    fn check_value(value: &Value, attribute: &AttributeDefinition, at: &str) {
        let canonical = &attribute.canonical_values;
        match attribute.data_type {
            AttributeType::Boolean => assert!(value.is_boolean(), "{at}"),
            AttributeType::Integer => assert!(value.is_i64(), "{at}"),
            AttributeType::Complex => {
                let subs: Vec<_> = attribute.sub_attributes.iter().collect();
                check_object(value.as_object().expect("an object"), &subs, at);
            }
            _ => {
                let text = value.as_str().expect("text");
                assert!(canonical.is_empty() || canonical.iter().any(|known| known == text), "{at}: {text}");
            }
        }
    }

    #[test]
    fn every_document_conforms_to_its_own_schema() {
        let schema = TenantSchema::rfc7643().expect("compiles");
        let config = TenantConfig {
            documentation_uri: Some("https://example.com/help".into()),
            ..TenantConfig::default()
        };
        conforms(&service_provider_config(&config, BASE), SERVICE_PROVIDER_CONFIG_URN);
        for document in resource_types(&schema, BASE) {
            conforms(&document, RESOURCE_TYPE_URN);
        }
        let schemas = schemas(&schema, BASE);
        assert_eq!(schemas.len(), 6);
        for document in schemas {
            conforms(&document, SCHEMA_URN);
        }
    }

    #[test]
    fn documents_say_where_they_are_and_what_the_config_says() {
        let mut config = TenantConfig::default();
        (config.bulk.max_operations, config.filter.max_results) = (7, 9);
        let document = service_provider_config(&config, BASE);
        assert_eq!(document["bulk"]["maxOperations"], 7);
        assert_eq!(document["filter"]["maxResults"], 9);
        assert_eq!(document["pagination"]["maxPageSize"], 9);
        assert_eq!(document["meta"]["location"], format!("{BASE}/ServiceProviderConfig"));
        let schema = TenantSchema::rfc7643().expect("compiles");
        let user = resource_types(&schema, BASE).remove(0);
        assert_eq!((&user["id"], &user["endpoint"]), (&json!("User"), &json!("/Users")));
        assert_eq!(user["meta"]["location"], format!("{BASE}/ResourceTypes/User"));
    }
}
