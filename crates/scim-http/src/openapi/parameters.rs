//! Parameters of requests, and headers of answers.

use serde_json::{Value, json};

use super::component;

/// What every path has: the parameters that its template names, and the id of the request.
pub(super) fn of_path(path: &str) -> Value {
    let names = path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'));
    let parameters: Vec<Value> =
        names.chain(["requestId"]).map(|name| component("parameters", name)).collect();
    json!({"parameters": parameters})
}

/// The parameters, by what they are called here.
pub(super) fn parameters() -> Value {
    let path = |name: &str, description: &str, example: &str| {
        json!({
            "name": name, "in": "path", "required": true, "description": description,
            "schema": {"type": "string", "minLength": 1}, "example": example,
        })
    };
    json!({
        "tenant": path("tenant", "The tenant, by its id or its slug.", "acme"),
        "endpoint": path("endpoint", "The endpoint of a resource type of the tenant, without its slash.", "Devices"),
        "id": path("id", "The `id` of the resource.", "0199d1a0-7c1e-7d3a-9a57-3f6a2b1c0d4e"),
        "urn": path("urn", "The URN of a schema.", "urn:ietf:params:scim:schemas:core:2.0:User"),
        "name": path("name", "The name of a resource type.", "User"),
        "credential": path("credential", "The `id` of the credential.", "0199d1a0-7c1e-7d3a-9a57-3f6a2b1c0d4e"),
        "filter": query("filter", "What the resources have to be, in the grammar of RFC 7644 §3.4.2.2.", json!({"type": "string", "maxLength": 65536}), json!("userName sw \"b\" and emails[type eq \"work\"]")),
        "sortBy": query("sortBy", "The attribute to sort by.", json!({"type": "string"}), json!("name.familyName")),
        "sortOrder": query("sortOrder", "The order, in any letter case.", json!({"type": "string", "enum": ["ascending", "descending"], "default": "ascending"}), Value::Null),
        "startIndex": query("startIndex", "The place of the first resource of the page, from 1. Not beside `cursor`.", json!({"type": "integer", "default": 1}), Value::Null),
        "count": query("count", "The most resources of the page; 0 asks for the number of all, and what is over the tenant's `filter.maxResults` is as much.", json!({"type": "integer"}), json!(100)),
        "cursor": query("cursor", "A `nextCursor` or `previousCursor` (RFC 9865), or nothing for the first page of a walk. It lives for an hour, and for the query that it came from.", json!({"type": "string"}), Value::Null),
        "attributes": names("attributes", "The attributes to answer, beside those that always are (RFC 7644 §3.9)."),
        "excludedAttributes": names("excludedAttributes", "The attributes to leave out of those that are answered by default."),
        "ifMatch": header("If-Match", "The version that the resource has to be at, a list of them, or `*` (RFC 7644 §3.14). Required where the tenant's `strictMode` is on.", "W/\"v3\""),
        "ifNoneMatch": header("If-None-Match", "The version that the client has.", "W/\"v3\""),
        "prefer": header("Prefer", "`return=minimal` asks for an answer without a body (RFC 7240); `attributes` counts more.", "return=minimal"),
        "requestId": {
            "name": "X-Request-Id", "in": "header", "description": "The client's id of the request: visible ASCII, at most 128 characters. The answer and the logs have it.",
            "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"}, "example": "a7c1e2",
        },
        "limit": query("limit", "The most items of the page.", json!({"type": "integer", "minimum": 1, "maximum": 200, "default": 50}), Value::Null),
        "adminCursor": query("cursor", "The `nextCursor` of the page before.", json!({"type": "string"}), Value::Null),
        "activityFilter": query("filter", "What the records have to be, in the grammar of RFC 7644 §3.4.2.2 on their members.", json!({"type": "string"}), json!("actor eq \"credential\" and at gt \"2026-01-31T00:00:00Z\"")),
        "dryRun": query("dryRun", "Answers what the change would mean for stored resources, and changes nothing.", json!({"type": "boolean", "default": false}), Value::Null),
    })
}

fn query(name: &str, description: &str, schema: Value, example: Value) -> Value {
    let mut parameter = json!({"name": name, "in": "query", "description": description, "schema": schema});
    if let (Some(parameter), false) = (parameter.as_object_mut(), example.is_null()) {
        parameter.insert("example".into(), example);
    }
    parameter
}

/// A list with commas.
fn names(name: &str, description: &str) -> Value {
    json!({
        "name": name, "in": "query", "description": description, "style": "form", "explode": false,
        "schema": {"type": "array", "items": {"type": "string"}}, "example": ["userName", "emails.value"],
    })
}

fn header(name: &str, description: &str, example: &str) -> Value {
    json!({"name": name, "in": "header", "description": description, "schema": {"type": "string"}, "example": example})
}

/// The headers of answers.
pub(super) fn headers() -> Value {
    let header = |description: &str, example: &str| json!({"description": description, "required": true, "schema": {"type": "string"}, "example": example});
    json!({
        "X-Request-Id": header("The id of the request.", "a7c1e2"),
        "ETag": header("The version, which counts up by one with every change.", "W/\"v3\""),
        "Location": header("The URL of what was made.", "https://scim.example/scim/v2/Users/0199d1a0-7c1e-7d3a-9a57-3f6a2b1c0d4e"),
        "Content-Location": header("The URL of the resource, as in `meta.location`.", "https://scim.example/scim/v2/Users/0199d1a0-7c1e-7d3a-9a57-3f6a2b1c0d4e"),
        "Cache-Control": header("Whether the answer may be kept.", "no-store"),
        "WWW-Authenticate": header("What the server takes (RFC 6750 §3).", "Bearer realm=\"SCIM\""),
        "Retry-After": {
            "description": "After how many seconds the same request may succeed.",
            "schema": {"type": "integer", "minimum": 1}, "example": 1,
        },
    })
}
