//! Reading a JSON body: once, with its depth bounded while it is read, and with names that occur
//! twice in one object refused.
//!
//! RFC 7643 §2.1 compares attribute names without regard to case, so two names that differ only in
//! case are the same name twice.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::error::ScimError;

/// How deep arrays and objects may nest.
pub const MAX_DEPTH: usize = 64;

/// Reads one JSON value from UTF-8 text.
///
/// # Errors
/// `invalidSyntax` with the line and column: text that is not JSON, nests deeper than
/// [`MAX_DEPTH`], holds a number out of range, or names a member of an object twice.
pub fn parse(body: &[u8]) -> Result<Value, ScimError> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = Bounded { depth: 0 }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|error| ScimError::invalid_syntax(format!("the body is not acceptable JSON: {error}")))?;
    Ok(value)
}

/// The member of `object` with this name, in whatever case (RFC 7643 §2.1).
pub(crate) fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object.get(name).or_else(|| {
        object.iter().find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
    })
}

/// What a value is in JSON, with its article: for a sentence that says what was got.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[derive(Clone, Copy)]
struct Bounded {
    depth: usize,
}

impl Bounded {
    fn deeper<E: serde::de::Error>(self) -> Result<Self, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(Self { depth: self.depth.saturating_add(1) })
    }
}

impl<'de> DeserializeSeed<'de> for Bounded {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut array = Vec::new();
        while let Some(item) = items.next_element_seed(inner)? {
            array.push(item);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inner = self.deeper()?;
        let mut object = Map::new();
        let mut names = NamesSeen::default();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(&name, &object) {
                return Err(A::Error::custom(format_args!("{name:?} occurs twice in one object")));
            }
            object.insert(name, members.next_value_seed(inner)?);
        }
        Ok(Value::Object(object))
    }
}

/// The names met so far in one object: compared one by one while they are few, by a set of lower
/// case names beyond that, so that an object with many names does not cost their square.
#[derive(Default)]
struct NamesSeen {
    lower_case: HashSet<String>,
}

impl NamesSeen {
    const FEW: usize = 16;

    /// Whether `name` is not yet among the names of `object`; remembers it.
    fn insert(&mut self, name: &str, object: &Map<String, Value>) -> bool {
        if object.len() < Self::FEW {
            return !object.keys().any(|seen| seen.eq_ignore_ascii_case(name));
        }
        if self.lower_case.is_empty() {
            self.lower_case.extend(object.keys().map(|seen| seen.to_ascii_lowercase()));
        }
        self.lower_case.insert(name.to_ascii_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn refused(body: &[u8], expected: &str) {
        let error = parse(body).expect_err("should be refused");
        assert_eq!(error.kind, crate::error::ErrorKind::InvalidSyntax);
        assert!(error.detail.contains(expected), "{}", error.detail);
    }

    #[test]
    fn a_body_is_read_as_it_is() {
        let body = br#"{"a":[1,-2,2.5,true,null,"x\u00e9"],"b":{}}"#;
        assert_eq!(parse(body).unwrap(), json!({"a": [1, -2, 2.5, true, null, "x\u{e9}"], "b": {}}));
    }

    #[test]
    fn what_is_not_acceptable_is_refused() {
        refused(b"", "EOF");
        refused(b"{} x", "trailing characters at line 1 column 4");
        refused(b"1e400", "number out of range");
        refused(br#""\ud800""#, "line 1");
        refused(b"\"\xff\"", "line 1");
        refused(b"{\"a\":1,\"a\":2}", "\"a\" occurs twice");
        refused(br#"{"userName":1,"USERNAME":2}"#, "\"USERNAME\" occurs twice");
    }

    #[test]
    fn many_names_are_compared_too() {
        let mut body: Vec<String> = (0..100).map(|n| format!("\"name{n}\":{n}")).collect();
        assert!(parse(format!("{{{}}}", body.join(",")).as_bytes()).is_ok());
        body.push("\"NAME3\":1".to_owned());
        refused(format!("{{{}}}", body.join(",")).as_bytes(), "\"NAME3\" occurs twice");
    }

    #[test]
    fn depth_is_bounded_while_reading() {
        let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        refused(nested(MAX_DEPTH + 1).as_bytes(), "nested deeper than 64 levels");
        refused("[".repeat(10_000_000).as_bytes(), "nested deeper than 64 levels");
    }
}
