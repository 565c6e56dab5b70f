//! Reading request messages (RFC 7644 §8.2): JSON objects that name their message schema, and whose
//! attributes, like all, compare without regard to case (RFC 7643 §2.1).

use serde_json::{Map, Value};

use crate::error::ScimError;
use crate::json::{kind, member};

/// The attributes of `body`, which has to be a message of the schema `urn`.
///
/// # Errors
/// `invalidSyntax` where the body is no object, or its `schemas` does not name `urn`.
pub(crate) fn read<'a>(body: &'a Value, urn: &str) -> Result<&'a Map<String, Value>, ScimError> {
    let Value::Object(attributes) = body else {
        return Err(ScimError::invalid_syntax(format!("the body: expected an object, got {}", kind(body))));
    };
    let schemas = get(attributes, "schemas");
    let named = match schemas {
        Some(Value::Array(urns)) => {
            urns.iter().any(|known| known.as_str().is_some_and(|known| known.eq_ignore_ascii_case(urn)))
        }
        _ => false,
    };
    if named {
        Ok(attributes)
    } else {
        Err(ScimError::invalid_syntax(format!("schemas: expected an array with '{urn}'")))
    }
}

/// The attribute of this name, in whatever case; `null` is as good as none (RFC 7643 §2.5).
pub(crate) fn get<'a>(attributes: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    member(attributes, name).filter(|value| !value.is_null())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_names_its_schema() {
        let message = json!({"Schemas": ["urn:other", "URN:X"], "a": null, "B": 1});
        let attributes = read(&message, "urn:x").expect("a message");
        assert_eq!(get(attributes, "b"), Some(&json!(1)));
        assert_eq!(get(attributes, "a"), None);
        for wrong in [json!([]), json!({}), json!({"schemas": "urn:x"}), json!({"schemas": ["urn:y", 1]})] {
            let error = read(&wrong, "urn:x").expect_err("no message");
            assert_eq!(error.kind, crate::error::ErrorKind::InvalidSyntax);
        }
    }
}
