//! The schemas of SCIM bodies that are no resources (RFC 7644 §3.4, §3.5.2, §3.7, §3.12; RFC 9865).

use scim_domain::error::{ERROR_URN, ErrorKind};
use scim_domain::listing::parameters::SEARCH_REQUEST_URN;
use scim_domain::listing::response::LIST_RESPONSE_URN;
use scim_domain::patch::PATCH_URN;
use scim_domain::schema::core::{ENTERPRISE_USER_URN, USER_URN};
use serde_json::{Map, Value, json};

use super::{Schemas, named, object, schema};

const BULK_REQUEST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const BULK_RESPONSE_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

/// The schemas.
pub(super) fn schemas() -> Schemas {
    let mut schemas = named([
        ("PatchOp", patch()),
        ("SearchRequest", search_request()),
        ("BulkRequest", bulk_request()),
        ("BulkResponse", bulk_response()),
        ("Error", error()),
    ]);
    for (name, examples) in examples() {
        let Some(schema) = schemas.get_mut(&name).and_then(Value::as_object_mut) else { continue };
        schema.insert("examples".into(), examples);
    }
    schemas
}

/// A list response (RFC 7644 §3.4.2) of resources of this schema.
pub(super) fn list_of(name: &str) -> Value {
    let count = |description: &str| json!({"type": "integer", "minimum": 0, "description": description});
    let cursor = |description: &str| json!({"type": "string", "description": description});
    object(
        "A page of a list (RFC 7644 §3.4.2, RFC 9865 §2).",
        &["schemas", "totalResults", "itemsPerPage", "Resources"],
        json!({
            "schemas": of(LIST_RESPONSE_URN),
            "totalResults": count("How many there are in all."),
            "itemsPerPage": count("How many are in this page."),
            "startIndex": count("The place of the first one, where pages go by it."),
            "previousCursor": cursor("The page before, where pages go by cursor and this is not the first."),
            "nextCursor": cursor("The page after, where pages go by cursor and this is not the last."),
            "Resources": {"type": "array", "items": schema(name)},
        }),
    )
}

/// The `schemas` of a message.
fn of(urn: &str) -> Value {
    json!({"type": "array", "items": {"type": "string"}, "minItems": 1, "examples": [[urn]]})
}

fn patch() -> Value {
    let operation = object(
        "One operation.",
        &["op"],
        json!({
            "op": {"type": "string", "enum": ["add", "replace", "remove"], "description": "Taken in any letter case."},
            "path": {"type": "string", "description": "The attribute, with a filter on its values where there is one (RFC 7644 §3.5.2, figure 1). Required for `remove`."},
            "value": {"description": "The value; without a `path` an object of attributes."},
        }),
    );
    object(
        "Changes of a resource: all of them are made, or none (RFC 7644 §3.5.2).",
        &["schemas", "Operations"],
        json!({"schemas": of(PATCH_URN), "Operations": {"type": "array", "items": operation}}),
    )
}

fn search_request() -> Value {
    let names =
        |description: &str| json!({"type": "array", "items": {"type": "string"}, "description": description});
    object(
        "A query in a body (RFC 7644 §3.4.3). Its members are the parameters of a query by GET.",
        &["schemas"],
        json!({
            "schemas": of(SEARCH_REQUEST_URN),
            "attributes": names("The attributes to answer, beside those that always are."),
            "excludedAttributes": names("The attributes to leave out of those that are answered by default."),
            "filter": {"type": "string", "description": "What the resources have to be."},
            "sortBy": {"type": "string", "description": "The attribute to sort by."},
            "sortOrder": {"type": "string", "enum": ["ascending", "descending"], "default": "ascending"},
            "startIndex": {"type": "integer", "default": 1, "description": "The place of the first resource of the page."},
            "count": {"type": "integer", "description": "The most resources of the page."},
            "cursor": {"type": "string", "description": "The page of a walk by cursor; empty for the first."},
        }),
    )
}

fn bulk_request() -> Value {
    let operation = object(
        "One operation.",
        &["method", "path"],
        json!({
            "method": {"type": "string", "enum": ["POST", "PUT", "PATCH", "DELETE"]},
            "bulkId": {"type": "string", "description": "The client's name for what a POST creates, required there: `bulkId:` and it stands for the id elsewhere."},
            "path": {"type": "string", "description": "The endpoint for POST, else the resource, below the mount."},
            "version": {"type": "string", "description": "The version that the resource has to be at, as in `If-Match`."},
            "data": {"type": "object", "description": "The body, for all but DELETE."},
        }),
    );
    object(
        "Many operations in one request (RFC 7644 §3.7).",
        &["schemas", "Operations"],
        json!({
            "schemas": of(BULK_REQUEST_URN),
            "failOnErrors": {"type": "integer", "minimum": 1, "description": "After so many errors the rest is not run."},
            "Operations": {"type": "array", "items": operation},
        }),
    )
}

fn bulk_response() -> Value {
    let result = object(
        "What became of one operation.",
        &["status"],
        json!({
            "method": {"type": "string", "enum": ["POST", "PUT", "PATCH", "DELETE"]},
            "bulkId": {"type": "string", "description": "The client's name for it."},
            "location": {"type": "string", "format": "uri", "description": "The resource."},
            "version": {"type": "string", "description": "The version that it is at now."},
            "status": {"type": "string", "pattern": "^[1-5][0-9]{2}$", "description": "The HTTP status."},
            "response": schema("Error"),
        }),
    );
    object(
        "What became of each operation, in their order (RFC 7644 §3.7).",
        &["schemas", "Operations"],
        json!({"schemas": of(BULK_RESPONSE_URN), "Operations": {"type": "array", "items": result}}),
    )
}

fn error() -> Value {
    let scim_types: Vec<&str> = ErrorKind::ALL.iter().filter_map(|kind| kind.scim_type()).collect();
    object(
        "An error (RFC 7644 §3.12).",
        &["schemas", "detail", "status"],
        json!({
            "schemas": of(ERROR_URN),
            "scimType": {"type": "string", "enum": scim_types, "description": "The kind of error, where the RFCs have a word for it."},
            "detail": {"type": "string", "description": "A sentence that names the attribute, the operation or the parameter, and what was expected."},
            "status": {"type": "string", "pattern": "^[45][0-9]{2}$", "description": "The HTTP status, as a string."},
        }),
    )
}

/// Bodies as clients send them.
fn examples() -> Map<String, Value> {
    let manager = format!("{ENTERPRISE_USER_URN}:manager.value");
    let examples = json!({
        "PatchOp": [{
            "schemas": [PATCH_URN],
            "Operations": [
                {"op": "replace", "path": "active", "value": false},
                {"op": "add", "path": "emails[type eq \"work\"].value", "value": "bjensen@example.com"},
                {"op": "remove", "path": manager},
            ],
        }],
        "SearchRequest": [{
            "schemas": [SEARCH_REQUEST_URN],
            "filter": "userName sw \"b\"",
            "attributes": ["userName", "emails"],
            "count": 100,
        }],
        "BulkRequest": [{
            "schemas": [BULK_REQUEST_URN],
            "failOnErrors": 1,
            "Operations": [{
                "method": "POST",
                "path": "/Users",
                "bulkId": "qwerty",
                "data": {"schemas": [USER_URN], "userName": "bjensen"},
            }],
        }],
    });
    match examples {
        Value::Object(examples) => examples,
        _ => Map::new(),
    }
}
