//! The discovery documents (RFC 7644 §4): what the service provider can do, and which schemas and
//! resource types a tenant has. All are computed from the tenant's config and schema.

use serde_json::{Map, Value, json};

use crate::listing::cursor::CURSOR_LIFETIME_SECONDS;
use crate::listing::response::LIST_RESPONSE_URN;
use crate::schema::core::{RESOURCE_TYPE_URN, SCHEMA_URN, SERVICE_PROVIDER_CONFIG_URN, discovery_schemas};
use crate::schema::{ResourceType, SchemaDefinition, TenantSchema};
use crate::tenant::TenantConfig;

/// The service provider's configuration (RFC 7643 §5), with `pagination` (RFC 9865 §4): pages go by
/// `startIndex` unless a client asks for a cursor, as RFC 9865 §2.4 advises.
pub fn service_provider_config(config: &TenantConfig, base_url: &str) -> Value {
    let max_results = config.filter.max_results;
    let mut document = json!({
        "schemas": [SERVICE_PROVIDER_CONFIG_URN],
        "patch": {"supported": true},
        "bulk": {
            "supported": true,
            "maxOperations": config.bulk.max_operations,
            "maxPayloadSize": config.bulk.max_payload_size,
        },
        "filter": {"supported": true, "maxResults": max_results},
        "changePassword": {"supported": true},
        "sort": {"supported": true},
        "etag": {"supported": true},
        "pagination": {
            "cursor": true,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": max_results,
            "maxPageSize": max_results,
            "cursorTimeout": CURSOR_LIFETIME_SECONDS,
        },
        "authenticationSchemes": [
            {
                "type": "oauthbearertoken",
                "name": "OAuth Bearer Token",
                "description": "A bearer token in the Authorization header (RFC 6750).",
                "specUri": "https://www.rfc-editor.org/info/rfc6750",
                "primary": true,
            },
            {
                "type": "oauth2",
                "name": "OAuth 2.0 Client Credentials",
                "description": "A bearer token from /oauth/token for a client's id and secret (RFC 6749 section 4.4).",
                "specUri": "https://www.rfc-editor.org/info/rfc6749",
            },
        ],
        "meta": meta("ServiceProviderConfig", format!("{base_url}/ServiceProviderConfig")),
    });
    if let (Some(uri), Some(object)) = (&config.documentation_uri, document.as_object_mut()) {
        object.insert("documentationUri".into(), json!(uri));
    }
    document
}

/// Every schema (RFC 7643 §7): the tenant's, then those of the discovery documents, unless the
/// tenant has one of the same URN.
pub fn schemas(schema: &TenantSchema, base_url: &str) -> Vec<Value> {
    let common = discovery_schemas();
    let of_tenant = schema.schemas().iter().map(AsRef::as_ref);
    let of_all = common.iter().filter(|common| schema.schema(common.id.as_str()).is_none());
    of_tenant.chain(of_all).map(|definition| schema_document(definition, base_url)).collect()
}

/// The schema with this URN, in whatever case; `None` where there is none.
pub fn schema(schema: &TenantSchema, urn: &str, base_url: &str) -> Option<Value> {
    if let Some(definition) = schema.schema(urn) {
        return Some(schema_document(definition, base_url));
    }
    let common = discovery_schemas();
    common.iter().find(|common| common.id.matches(urn)).map(|common| schema_document(common, base_url))
}

/// Every resource type (RFC 7643 §6), in the order of their definition.
pub fn resource_types(schema: &TenantSchema, base_url: &str) -> Vec<Value> {
    schema.resource_types().iter().map(|resource_type| type_document(resource_type, base_url)).collect()
}

/// The resource type with this name, in whatever case; `None` where there is none.
pub fn resource_type(schema: &TenantSchema, name: &str, base_url: &str) -> Option<Value> {
    schema.resource_type(name).map(|resource_type| type_document(resource_type, base_url))
}

/// All of `documents` as one list response: the parameters that would page, sort or project them are
/// ignored (RFC 7644 §4).
pub fn list_response(documents: Vec<Value>) -> Value {
    json!({
        "schemas": [LIST_RESPONSE_URN],
        "totalResults": documents.len(),
        "itemsPerPage": documents.len(),
        "startIndex": 1,
        "Resources": documents,
    })
}

fn schema_document(definition: &SchemaDefinition, base_url: &str) -> Value {
    let mut document = Map::new();
    document.insert("schemas".into(), json!([SCHEMA_URN]));
    // A definition is strings, booleans and lists of them, which always are JSON.
    if let Ok(Value::Object(definition)) = serde_json::to_value(definition) {
        document.extend(definition);
    }
    document.insert("meta".into(), meta("Schema", format!("{base_url}/Schemas/{}", definition.id)));
    Value::Object(document)
}

fn type_document(resource_type: &ResourceType, base_url: &str) -> Value {
    let definition = &resource_type.definition;
    let mut document = json!({
        "schemas": [RESOURCE_TYPE_URN],
        "id": definition.name,
        "name": definition.name,
        "description": definition.description,
        "endpoint": definition.endpoint,
        "schema": definition.schema,
        "meta": meta("ResourceType", format!("{base_url}/ResourceTypes/{}", definition.name)),
    });
    if let (false, Some(object)) = (definition.schema_extensions.is_empty(), document.as_object_mut()) {
        object.insert("schemaExtensions".into(), json!(definition.schema_extensions));
    }
    document
}

fn meta(resource_type: &str, location: String) -> Value {
    json!({"resourceType": resource_type, "location": location})
}

#[cfg(test)]
mod tests;
