//! Which comparisons a type allows (RFC 7644 §3.4.2.2, table 3), and the operands they have.

use crate::attribute::{AttributeRef, AttributeType};
use crate::comparison::{equality_key, instant_key, ordering_key};
use crate::error::ScimError;
use crate::filter::token::excerpt;
use crate::filter::{ComparisonOperator, Literal, Operand};

use super::invalid;

/// The operand of `operator` on a simple attribute.
///
/// | type | operators | literal |
/// |---|---|---|
/// | string, reference | all | string |
/// | binary | `eq` `ne` `co` `sw` `ew`, on the base64 text | string |
/// | dateTime | `eq` `ne` `gt` `ge` `lt` `le`, by time | string that is a dateTime |
/// | decimal, integer | `eq` `ne` `gt` `ge` `lt` `le`, by exact value | number |
/// | boolean | `eq` `ne` | boolean |
pub(super) fn operand(
    attribute: &AttributeRef,
    operator: ComparisonOperator,
    literal: &Literal,
) -> Result<Operand, ScimError> {
    let data_type = attribute.leaf().data_type;
    if !allows(data_type, operator) {
        return Err(invalid(
            attribute,
            format_args!("is of type {}, which {operator} does not compare", data_type.as_str()),
        ));
    }
    let mismatch = |expected: &str| {
        invalid(
            attribute,
            format_args!(
                "is of type {}: expected {expected} after {operator}, got {}",
                data_type.as_str(),
                literal_name(literal)
            ),
        )
    };
    match (data_type, literal) {
        (AttributeType::Boolean, Literal::Boolean(value)) => Ok(Operand::Boolean(*value)),
        (AttributeType::Boolean, _) => Err(mismatch("true or false")),
        (AttributeType::Decimal | AttributeType::Integer, Literal::Number(value)) => {
            Ok(Operand::Number(value.clone()))
        }
        (AttributeType::Decimal | AttributeType::Integer, _) => Err(mismatch("a number")),
        (AttributeType::DateTime, Literal::Text(text)) => instant_key(text)
            .map(Operand::Text)
            .ok_or_else(|| mismatch("a dateTime such as \"2011-05-13T04:42:34Z\"")),
        (AttributeType::DateTime, _) => Err(mismatch("a dateTime in quotes")),
        (_, Literal::Text(text)) if text.contains('\0') => Err(invalid(
            attribute,
            format_args!("no value holds the character U+0000 that follows {operator}"),
        )),
        (_, Literal::Text(text)) => Ok(Operand::Text(match operator {
            ComparisonOperator::Equal | ComparisonOperator::NotEqual => {
                equality_key(attribute, text).into_owned()
            }
            _ => ordering_key(attribute, text).into_owned(),
        })),
        (_, _) => Err(mismatch("a string in quotes")),
    }
}

fn allows(data_type: AttributeType, operator: ComparisonOperator) -> bool {
    use ComparisonOperator::{
        Contains, EndsWith, Equal, GreaterOrEqual, GreaterThan, LessOrEqual, LessThan, NotEqual, StartsWith,
    };
    match operator {
        Equal | NotEqual => data_type != AttributeType::Complex,
        Contains | StartsWith | EndsWith => {
            matches!(data_type, AttributeType::String | AttributeType::Reference | AttributeType::Binary)
        }
        GreaterThan | GreaterOrEqual | LessThan | LessOrEqual => {
            !matches!(data_type, AttributeType::Boolean | AttributeType::Binary | AttributeType::Complex)
        }
    }
}

fn literal_name(literal: &Literal) -> String {
    match literal {
        Literal::Null => "null".to_owned(),
        Literal::Boolean(value) => value.to_string(),
        Literal::Number(_) => "a number".to_owned(),
        Literal::Text(text) => format!("the string {}", excerpt(text)),
    }
}
