//! The response to a bulk request (RFC 7644 §3.7).

use serde_json::{Map, Value, json};

use crate::error::ScimError;
use crate::identifier::Version;

use super::BulkMethod;

/// What became of one operation.
#[derive(Debug, Clone)]
pub struct BulkResult {
    /// The operation's method, where it could be read.
    pub method: Option<BulkMethod>,
    /// The client's name for it, where it has one.
    pub bulk_id: Option<String>,
    /// The URL of the resource, where there is one.
    pub location: Option<String>,
    /// How it went.
    pub outcome: BulkOutcome,
}

/// How an operation went.
#[derive(Debug, Clone)]
pub enum BulkOutcome {
    /// Created, replaced or modified: the resource is at this version now.
    Done(Version),
    /// Deleted.
    Deleted,
    /// Refused.
    Failed(ScimError),
}

/// The body of the response, with the results in the order given. `status` is a string, as in
/// §3.7.3 and in the error body of §3.12.
pub fn bulk_response(results: &[BulkResult]) -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
        "Operations": results.iter().map(result).collect::<Vec<_>>(),
    })
}

fn result(result: &BulkResult) -> Value {
    let mut object = Map::new();
    let mut insert = |name: &str, value: Value| object.insert(name.to_owned(), value);
    if let Some(method) = result.method {
        insert("method", json!(method.as_str()));
    }
    if let Some(bulk_id) = &result.bulk_id {
        insert("bulkId", json!(bulk_id));
    }
    if let Some(location) = &result.location {
        insert("location", json!(location));
    }
    let status = match &result.outcome {
        BulkOutcome::Done(version) => {
            insert("version", json!(version.to_string()));
            if result.method == Some(BulkMethod::Post) { 201 } else { 200 }
        }
        BulkOutcome::Deleted => 204,
        BulkOutcome::Failed(error) => {
            insert("response", error.to_json());
            error.kind.status()
        }
    };
    insert("status", json!(status.to_string()));
    Value::Object(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_operation_has_its_own_status() {
        let result = |method, location: Option<&str>, outcome| BulkResult {
            method: Some(method),
            bulk_id: (method == BulkMethod::Post).then(|| "qwerty".to_owned()),
            location: location.map(str::to_owned),
            outcome,
        };
        let error = ScimError::not_found("User '1' does not exist");
        let response = bulk_response(&[
            result(BulkMethod::Post, Some("https://example.com/Users/1"), BulkOutcome::Done(Version::FIRST)),
            result(BulkMethod::Delete, Some("https://example.com/Users/1"), BulkOutcome::Deleted),
            result(BulkMethod::Put, None, BulkOutcome::Failed(error.clone())),
        ]);
        assert_eq!(
            response,
            json!({
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkResponse"],
                "Operations": [
                    {"method": "POST", "bulkId": "qwerty", "location": "https://example.com/Users/1",
                     "version": "W/\"v1\"", "status": "201"},
                    {"method": "DELETE", "location": "https://example.com/Users/1", "status": "204"},
                    {"method": "PUT", "response": error.to_json(), "status": "404"},
                ],
            })
        );
    }
}
