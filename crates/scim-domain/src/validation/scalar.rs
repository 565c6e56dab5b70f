//! Values that are not complex, by their data type (RFC 7643 §2.3).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Number, Value};

use crate::attribute::{AttributeDefinition, AttributeType};
use crate::comparison::instant_key;
use crate::error::ScimError;
use crate::json;
use crate::leniency;
use crate::tenant::TenantConfig;
use crate::text::fold;

use super::location::{Location, excerpt};

/// Base64 by RFC 4648 §4, whose padding RFC 7643 §2.3.6 lets clients leave out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// One value of the simple type that `definition` has, as it is stored.
///
/// # Errors
/// `invalidValue` for a value that is not of the type, or in strict mode not canonical.
pub(super) fn scalar(
    config: &TenantConfig,
    definition: &AttributeDefinition,
    value: &Value,
    at: &Location<'_>,
) -> Result<Value, ScimError> {
    match definition.data_type {
        AttributeType::Boolean => match value {
            Value::Bool(_) => Ok(value.clone()),
            other => leniency::boolean_text(config, other)
                .map(Value::Bool)
                .ok_or_else(|| mismatch(at, "true or false", value)),
        },
        AttributeType::Integer => match value {
            Value::Number(number) if number.is_i64() => Ok(value.clone()),
            Value::Number(number) => Err(ScimError::invalid_value(format!(
                "{at}: expected a whole number of 64 bits without a fraction, got {number}"
            ))),
            other => Err(mismatch(at, "a whole number", other)),
        },
        AttributeType::Decimal => match value {
            Value::Number(number) => decimal(number, at),
            other => Err(mismatch(at, "a number", other)),
        },
        AttributeType::String
        | AttributeType::DateTime
        | AttributeType::Binary
        | AttributeType::Reference => match value {
            Value::String(text) => {
                check_text(config, definition, text, at)?;
                Ok(value.clone())
            }
            other => Err(mismatch(at, expected(definition.data_type), other)),
        },
        AttributeType::Complex => Err(mismatch(at, expected(definition.data_type), value)),
    }
}

/// Whether `value`, a stored one, is of the simple type that `definition` has, by the letter.
pub(super) fn is_of_type(definition: &AttributeDefinition, value: &Value) -> bool {
    match (definition.data_type, value) {
        (AttributeType::Boolean, Value::Bool(_)) => true,
        (AttributeType::Integer, Value::Number(number)) => number.is_i64(),
        (AttributeType::Decimal, Value::Number(_)) => true,
        (data_type, Value::String(text)) => definition.is_text() && is_text_of(data_type, text),
        _ => false,
    }
}

/// Whether `text` is among the canonical values, or there are none.
pub(super) fn is_canonical(definition: &AttributeDefinition, text: &str) -> bool {
    let canonical = &definition.canonical_values;
    if canonical.is_empty() {
        true
    } else if definition.is_case_exact() {
        canonical.iter().any(|value| value == text)
    } else {
        let key = fold(text);
        canonical.iter().any(|value| fold(value) == key)
    }
}

/// The error for `value`, which is not even of the JSON type that was `expected`.
pub(super) fn mismatch(at: &Location<'_>, expected: &str, value: &Value) -> ScimError {
    ScimError::invalid_value(format!("{at}: expected {expected}, got {}", json::kind(value)))
}

fn expected(data_type: AttributeType) -> &'static str {
    match data_type {
        AttributeType::String => "a string",
        AttributeType::Boolean => "true or false",
        AttributeType::Decimal => "a number",
        AttributeType::Integer => "a whole number",
        AttributeType::DateTime => "a dateTime such as '2011-05-13T04:42:34Z'",
        AttributeType::Binary => "base64 text",
        AttributeType::Reference => "a URI",
        AttributeType::Complex => "an object",
    }
}

fn decimal(number: &Number, at: &Location<'_>) -> Result<Value, ScimError> {
    let finite = number.as_f64().is_some_and(f64::is_finite);
    finite.then(|| Value::Number(number.clone())).ok_or_else(|| {
        ScimError::invalid_value(format!("{at}: expected a number that a double can hold, got {number}"))
    })
}

fn check_text(
    config: &TenantConfig,
    definition: &AttributeDefinition,
    text: &str,
    at: &Location<'_>,
) -> Result<(), ScimError> {
    // No PostgreSQL text can hold it, and no name or address has it.
    if text.contains('\0') {
        return Err(ScimError::invalid_value(format!("{at}: must not hold the character U+0000")));
    }
    if !is_text_of(definition.data_type, text) {
        return Err(ScimError::invalid_value(format!(
            "{at}: expected {}, got '{}'",
            expected(definition.data_type),
            excerpt(text)
        )));
    }
    check_canonical(config, definition, text, at)
}

/// Whether `text` can be a value of a type whose values are text.
fn is_text_of(data_type: AttributeType, text: &str) -> bool {
    match data_type {
        AttributeType::DateTime => instant_key(text).is_some(),
        AttributeType::Binary => BASE64.decode(text).is_ok(),
        AttributeType::Reference => is_uri_reference(text),
        _ => true,
    }
}

/// Whether `text` can be an absolute or relative URI (RFC 7643 §2.3.7): not empty, and without the
/// characters that no URI has (RFC 3986 §2). Letters beyond ASCII are left alone (RFC 3987).
fn is_uri_reference(text: &str) -> bool {
    const NEVER: [char; 9] = ['"', '<', '>', '\\', '^', '`', '{', '|', '}'];
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control() || NEVER.contains(&c))
}

fn check_canonical(
    config: &TenantConfig,
    definition: &AttributeDefinition,
    text: &str,
    at: &Location<'_>,
) -> Result<(), ScimError> {
    if leniency::accepts_other_than_canonical(config) || is_canonical(definition, text) {
        return Ok(());
    }
    Err(ScimError::invalid_value(format!(
        "{at}: expected one of '{}', got '{}'",
        definition.canonical_values.join("', '"),
        excerpt(text)
    )))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::sample::{LENIENT, STRICT, create_device, refused};
    use super::*;
    use crate::error::ErrorKind;

    #[track_caller]
    fn taken(name: &str, value: Value) {
        as_stored(STRICT, name, value.clone(), value.clone());
        as_stored(LENIENT, name, value.clone(), value);
    }

    #[track_caller]
    fn as_stored(strict: bool, name: &str, value: Value, stored: Value) {
        assert_eq!(create_device(strict, json!({name: value})), Ok(json!({name: stored})));
    }

    #[track_caller]
    fn not_taken(name: &str, value: Value, detail: &str) {
        for strict in [LENIENT, STRICT] {
            refused(create_device(strict, json!({name: value.clone()})), ErrorKind::InvalidValue, detail);
        }
    }

    #[test]
    fn values_of_their_type_are_stored_as_they_are() {
        taken("externalId", json!(""));
        taken("color", json!("red"));
        taken("enabled", json!(false));
        taken("ports", json!(i64::MIN));
        taken("ports", json!(i64::MAX));
        taken("weight", json!(2.50));
        taken("weight", json!(-3));
        taken("weight", json!(u64::MAX));
        taken("installed", json!("2011-05-13T06:42:34.5+02:00"));
        taken("firmware", json!("AAECAw=="));
        taken("firmware", json!("AAECAw"));
        taken("firmware", json!(""));
        taken("firmware", json!("+/+/"));
        taken("home", json!("https://example.com/a?b=c%20d#e"));
        taken("home", json!("../Users/2819c223"));
        taken("home", json!("https://example.com/größe"));
    }

    #[test]
    fn values_of_another_type_are_refused() {
        not_taken("color", json!(1), "color: expected a string, got a number");
        not_taken("color", json!(["red"]), "color: expected a string, got an array");
        not_taken("color", json!({"value": "red"}), "color: expected a string, got an object");
        not_taken("color", json!("a\0b"), "color: must not hold the character U+0000");
        not_taken("enabled", json!("yes"), "enabled: expected true or false, got a string");
        not_taken("enabled", json!(1), "enabled: expected true or false, got a number");
        not_taken(
            "ports",
            json!(1.5),
            "ports: expected a whole number of 64 bits without a fraction, got 1.5",
        );
        not_taken(
            "ports",
            json!(1.0),
            "ports: expected a whole number of 64 bits without a fraction, got 1.0",
        );
        not_taken("ports", json!(u64::MAX), "ports: expected a whole number of 64 bits…");
        not_taken("ports", json!("1"), "ports: expected a whole number, got a string");
        not_taken("weight", json!("1"), "weight: expected a number, got a string");
        not_taken("weight", json!(true), "weight: expected a number, got a boolean");
        not_taken(
            "installed",
            json!("yesterday"),
            "installed: expected a dateTime such as '2011-05-13T04:42:34Z', got 'yesterday'",
        );
        not_taken("installed", json!(1700000000), "installed: expected a dateTime such as…");
        not_taken("firmware", json!("-_-_"), "firmware: expected base64 text, got '-_-_'");
        not_taken("firmware", json!("AAEC Aw"), "firmware: expected base64 text…");
        not_taken("firmware", json!("A"), "firmware: expected base64 text…");
        not_taken("home", json!(""), "home: expected a URI, got ''");
        not_taken("home", json!("not a uri"), "home: expected a URI, got 'not a uri'");
        not_taken("home", json!("<a>"), "home: expected a URI…");
    }

    #[test]
    fn a_long_value_is_not_repeated_in_whole() {
        let long = "é".repeat(1000);
        let detail = format!("firmware: expected base64 text, got '{}…'", "é".repeat(64));
        not_taken("firmware", json!(long), &detail);
    }

    #[test]
    fn booleans_as_text_are_taken_outside_strict_mode() {
        as_stored(LENIENT, "enabled", json!("True"), json!(true));
        as_stored(LENIENT, "enabled", json!("FALSE"), json!(false));
        let strict = create_device(STRICT, json!({"enabled": "True"}));
        refused(strict, ErrorKind::InvalidValue, "enabled: expected true or false, got a string");
    }

    #[test]
    fn canonical_values_are_suggestions_outside_strict_mode() {
        as_stored(LENIENT, "color", json!("blue"), json!("blue"));
        as_stored(LENIENT, "grade", json!("a"), json!("a"));
        as_stored(STRICT, "color", json!("RED"), json!("RED"));
        as_stored(STRICT, "grade", json!("A"), json!("A"));
        let strict = |body| create_device(STRICT, body);
        refused(
            strict(json!({"color": "blue"})),
            ErrorKind::InvalidValue,
            "color: expected one of 'red', 'green', got 'blue'",
        );
        refused(
            strict(json!({"grade": "a"})),
            ErrorKind::InvalidValue,
            "grade: expected one of 'A', 'B', got 'a'",
        );
    }
}
