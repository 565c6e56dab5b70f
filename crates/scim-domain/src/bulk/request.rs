//! Reading a bulk request. What is wrong with the request as a whole refuses it; what is wrong with
//! one operation is kept as that operation's outcome (RFC 7644 §3.7: "continue performing as many
//! changes as possible").

use std::collections::HashSet;

use serde_json::Value;

use crate::error::{ErrorKind, ScimError};
use crate::message;
use crate::tenant::TenantConfig;

/// The URN of a bulk request (RFC 7644 §3.7).
const BULK_REQUEST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";

/// A bulk request.
#[derive(Debug, Clone)]
pub struct BulkRequest {
    /// After this many errors the rest is not run.
    pub fail_on_errors: Option<usize>,
    /// The operations in the order of the request, each read or refused.
    pub operations: Vec<Result<BulkOperation, RefusedOperation>>,
}

/// An operation that cannot be run.
#[derive(Debug, Clone)]
pub struct RefusedOperation {
    /// The method, as far as it could be read.
    pub method: Option<BulkMethod>,
    /// The client's name for it, where it has one.
    pub bulk_id: Option<String>,
    /// What it is about, as far as it could be read.
    pub path: Option<BulkPath>,
    /// What is wrong with it.
    pub error: ScimError,
}

/// One operation.
#[derive(Debug, Clone)]
pub struct BulkOperation {
    /// The HTTP method.
    pub method: BulkMethod,
    /// The client's name for what a POST creates.
    pub bulk_id: Option<String>,
    /// What it is about.
    pub path: BulkPath,
    /// `version`: the tag that the resource has to be at, as in `If-Match`.
    pub version: Option<String>,
    /// The body; there is one for all but DELETE.
    pub data: Value,
}

/// The methods of operations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BulkMethod {
    /// Create.
    Post,
    /// Replace.
    Put,
    /// Modify.
    Patch,
    /// Delete.
    Delete,
}

impl BulkMethod {
    /// The name in capitals.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Post, Self::Put, Self::Patch, Self::Delete]
            .into_iter()
            .find(|method| method.as_str().eq_ignore_ascii_case(text))
    }
}

/// The path of an operation, relative to the mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BulkPath {
    /// The first segment, without slashes: `Users`.
    pub endpoint: String,
    /// The second segment; there is one for all but POST.
    pub target: Option<BulkTarget>,
}

/// The resource that an operation is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BulkTarget {
    /// One that is there.
    Id(String),
    /// One that another operation creates: `/Users/bulkId:qwerty`.
    BulkId(String),
}

impl BulkRequest {
    /// Reads a bulk request.
    ///
    /// # Errors
    /// `invalidSyntax` or `invalidValue` for what is no bulk request; 413 where it has more
    /// operations than `config` takes (RFC 7644 §3.7.4).
    pub fn parse(body: &Value, config: &TenantConfig) -> Result<Self, ScimError> {
        let body = message::read(body, BULK_REQUEST_URN)?;
        let fail_on_errors = fail_on_errors(message::get(body, "failOnErrors"))?;
        let Some(operations) = message::get(body, "Operations").and_then(Value::as_array) else {
            return Err(ScimError::invalid_syntax("Operations: expected an array of operations"));
        };
        let limit = config.bulk.max_operations;
        if operations.len() > limit {
            let detail = format!("Operations: {} operations, at most {limit} are taken", operations.len());
            return Err(ScimError::new(ErrorKind::PayloadTooLarge, detail));
        }
        let mut names = HashSet::new();
        let operations = operations
            .iter()
            .enumerate()
            .map(|(index, operation)| {
                read_operation(operation, &mut names).map_err(|error| {
                    let method = text(operation, "method").and_then(BulkMethod::parse);
                    let path = method.and_then(|method| read_path(text(operation, "path")?, method).ok());
                    RefusedOperation {
                        method,
                        bulk_id: text(operation, "bulkId").map(str::to_owned),
                        path,
                        error: error.within(format_args!("Operations[{index}]")),
                    }
                })
            })
            .collect();
        Ok(Self { fail_on_errors, operations })
    }
}

fn fail_on_errors(value: Option<&Value>) -> Result<Option<usize>, ScimError> {
    let Some(value) = value else { return Ok(None) };
    let number = value.as_u64().and_then(|number| usize::try_from(number).ok()).filter(|number| *number > 0);
    let detail = "failOnErrors: expected an integer greater than 0";
    number.map(Some).ok_or_else(|| ScimError::invalid_value(detail))
}

fn read_operation(value: &Value, names: &mut HashSet<String>) -> Result<BulkOperation, ScimError> {
    let Some(operation) = value.as_object() else {
        return Err(ScimError::invalid_syntax("expected an object"));
    };
    let method = text(value, "method").and_then(BulkMethod::parse).ok_or_else(|| {
        ScimError::invalid_syntax("method: expected \"POST\", \"PUT\", \"PATCH\" or \"DELETE\"")
    })?;
    let bulk_id = text(value, "bulkId").filter(|id| !id.is_empty()).map(str::to_owned);
    match &bulk_id {
        None if method == BulkMethod::Post => {
            return Err(ScimError::invalid_value("bulkId: a POST has to have one"));
        }
        Some(id) if method == BulkMethod::Post && !names.insert(id.clone()) => {
            return Err(ScimError::invalid_value(format!(
                "bulkId: '{id}' is the name of an earlier operation"
            )));
        }
        _ => {}
    }
    let path = read_path(text(value, "path").unwrap_or_default(), method)?;
    let data = match message::get(operation, "data") {
        Some(data @ Value::Object(_)) if method != BulkMethod::Delete => data.clone(),
        _ if method == BulkMethod::Delete => Value::Null,
        _ => {
            let name = method.as_str();
            return Err(ScimError::invalid_syntax(format!(
                "data: expected an object, the body of the {name}"
            )));
        }
    };
    let version = match message::get(operation, "version") {
        None => None,
        Some(Value::String(version)) => Some(version.clone()),
        Some(_) => return Err(ScimError::invalid_value("version: expected a string, such as W/\"v1\"")),
    };
    Ok(BulkOperation { method, bulk_id, path, version, data })
}

fn read_path(path: &str, method: BulkMethod) -> Result<BulkPath, ScimError> {
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/');
    let endpoint = segments.next().unwrap_or_default();
    let target = segments.next().filter(|segment| !segment.is_empty());
    let expected = match method {
        BulkMethod::Post => "a resource type's endpoint, such as /Users",
        _ => "a resource, such as /Users/{id}",
    };
    if endpoint.is_empty() || segments.next().is_some() || target.is_some() == (method == BulkMethod::Post) {
        return Err(ScimError::invalid_value(format!("path: expected {expected}, got '{path}'")));
    }
    let target = target.map(|segment| match segment.strip_prefix("bulkId:") {
        Some(bulk_id) => BulkTarget::BulkId(bulk_id.to_owned()),
        None => BulkTarget::Id(segment.to_owned()),
    });
    Ok(BulkPath { endpoint: endpoint.to_owned(), target })
}

fn text<'a>(value: &'a Value, name: &str) -> Option<&'a str> {
    message::get(value.as_object()?, name)?.as_str()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(body: Value) -> Result<BulkRequest, ScimError> {
        BulkRequest::parse(&body, &TenantConfig::default())
    }

    fn request(operation: Value) -> Value {
        json!({"schemas": [BULK_REQUEST_URN], "Operations": [operation]})
    }

    #[track_caller]
    fn operation(value: Value) -> BulkOperation {
        let mut request = parse(request(value)).expect("a bulk request");
        request.operations.remove(0).expect("an operation")
    }

    #[track_caller]
    fn refused(value: Value, expected: &str) {
        let mut request = parse(request(value)).expect("a bulk request");
        let refused = request.operations.remove(0).expect_err("should be refused");
        assert!(refused.error.detail.starts_with("Operations[0]: "), "{}", refused.error);
        assert!(refused.error.detail.contains(expected), "{}", refused.error);
        assert_eq!(refused.error.kind.status(), 400);
    }

    #[test]
    fn operations_are_read_in_whatever_case_their_names_are() {
        let post = operation(json!({"METHOD": "post", "bulkid": "a", "Path": "/Users", "data": {"x": 1}}));
        assert_eq!((post.method, post.bulk_id.as_deref()), (BulkMethod::Post, Some("a")));
        assert_eq!(post.path, BulkPath { endpoint: "Users".into(), target: None });
        let put = operation(json!({"method": "PUT", "path": "/Users/17", "version": "W/\"v2\"", "data": {}}));
        assert_eq!(put.path.target, Some(BulkTarget::Id("17".into())));
        assert_eq!(put.version.as_deref(), Some("W/\"v2\""));
        let delete = operation(json!({"method": "DELETE", "path": "/Users/bulkId:a"}));
        assert_eq!(delete.path.target, Some(BulkTarget::BulkId("a".into())));
    }

    #[test]
    fn what_is_wrong_with_one_operation_is_its_own() {
        refused(json!(1), "expected an object");
        refused(json!({"path": "/Users"}), "method: expected");
        refused(json!({"method": "GET", "path": "/Users/1"}), "method: expected");
        refused(json!({"method": "POST", "path": "/Users", "data": {}}), "bulkId: a POST");
        refused(
            json!({"method": "POST", "bulkId": "a", "path": "/Users/1", "data": {}}),
            "path: expected a resource type's endpoint",
        );
        refused(json!({"method": "PUT", "path": "/Users", "data": {}}), "path: expected a resource,");
        refused(json!({"method": "PUT", "path": "/Users/1/2", "data": {}}), "path: expected a resource,");
        refused(
            json!({"method": "PATCH", "path": "/Users/1"}),
            "data: expected an object, the body of the PATCH",
        );
        refused(json!({"method": "DELETE", "path": "/Users/1", "version": 1}), "version: expected a string");
    }

    #[test]
    fn a_bulk_id_names_one_operation() {
        let post = json!({"method": "POST", "bulkId": "a", "path": "/Users", "data": {}});
        let body = json!({"schemas": [BULK_REQUEST_URN], "Operations": [post, post]});
        let request = parse(body).expect("a bulk request");
        assert!(request.operations[0].is_ok());
        let refused = request.operations[1].as_ref().expect_err("the name is taken");
        assert_eq!(refused.error.detail, "Operations[1]: bulkId: 'a' is the name of an earlier operation");
        assert_eq!(refused.bulk_id.as_deref(), Some("a"));
    }

    #[test]
    fn what_is_no_bulk_request_is_refused_whole() {
        for (body, expected) in [
            (json!([]), "expected an object"),
            (json!({"Operations": []}), "schemas: expected"),
            (json!({"schemas": [BULK_REQUEST_URN]}), "Operations: expected"),
            (json!({"schemas": [BULK_REQUEST_URN], "Operations": {}}), "Operations: expected"),
            (json!({"schemas": [BULK_REQUEST_URN], "Operations": [], "failOnErrors": 0}), "failOnErrors"),
            (json!({"schemas": [BULK_REQUEST_URN], "Operations": [], "failOnErrors": "1"}), "failOnErrors"),
        ] {
            let error = parse(body).expect_err("should be refused");
            assert!(error.detail.contains(expected), "{error}");
        }
        let many = json!({"schemas": [BULK_REQUEST_URN], "Operations": vec![0; 1001]});
        assert_eq!(parse(many).expect_err("too many").kind, ErrorKind::PayloadTooLarge);
    }
}
