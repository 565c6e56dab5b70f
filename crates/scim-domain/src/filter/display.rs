//! Printing filters: canonical text, with parentheses only where precedence needs them.

use std::fmt::{self, Write as _};

use super::{AttributeTest, Filter, Literal, Operand, TypedFilter};

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Or(alternatives) => write_joined(f, " or ", alternatives, |inner| {
                // `and` binds tighter, so it needs no parentheses here.
                matches!(inner, Self::Or(_))
            }),
            Self::And(conditions) => {
                write_joined(f, " and ", conditions, |inner| matches!(inner, Self::Or(_) | Self::And(_)))
            }
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Attribute { path, test } => write!(f, "{path} {test}"),
            Self::ValuePath { path, filter, then } => {
                write!(f, "{path}[{filter}]")?;
                match then {
                    Some((sub_attribute, test)) => write!(f, ".{sub_attribute} {test}"),
                    None => Ok(()),
                }
            }
        }
    }
}

fn write_joined<F: fmt::Display>(
    f: &mut fmt::Formatter<'_>,
    separator: &str,
    filters: &[F],
    needs_parentheses: impl Fn(&F) -> bool,
) -> fmt::Result {
    for (index, filter) in filters.iter().enumerate() {
        if index > 0 {
            f.write_str(separator)?;
        }
        if needs_parentheses(filter) {
            write!(f, "({filter})")?;
        } else {
            write!(f, "{filter}")?;
        }
    }
    Ok(())
}

/// What the filter asks, in the schema's spelling and with keys for operands: for people and for
/// telling queries apart. Constants print as `true` and `false`, so it does not always parse.
impl fmt::Display for TypedFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_joined = |inner: &Self| matches!(inner, Self::Or(_) | Self::And(_));
        match self {
            // An empty disjunction matches nothing, an empty conjunction everything.
            Self::Or(alternatives) if alternatives.is_empty() => f.write_str("false"),
            Self::And(conditions) if conditions.is_empty() => f.write_str("true"),
            Self::Or(alternatives) => write_joined(f, " or ", alternatives, is_joined),
            Self::And(conditions) => write_joined(f, " and ", conditions, is_joined),
            Self::Not(inner) => write!(f, "not ({inner})"),
            Self::Present(attribute) => write!(f, "{attribute} pr"),
            Self::Compare { attribute, operator, operand } => write!(f, "{attribute} {operator} {operand}"),
            Self::ValuePath { attribute, filter } => write!(f, "{attribute}[{filter}]"),
            Self::Constant(value) => write!(f, "{value}"),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(text) => write_string(f, text),
        }
    }
}

impl fmt::Display for AttributeTest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Present => f.write_str("pr"),
            Self::Compare(operator, literal) => write!(f, "{operator} {literal}"),
        }
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Boolean(value) => write!(f, "{value}"),
            Self::Number(value) => write!(f, "{value}"),
            Self::Text(text) => write_string(f, text),
        }
    }
}

/// A JSON string: quotes, backslashes and control characters escaped, all else as it is.
fn write_string(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    f.write_char('"')?;
    for c in text.chars() {
        match c {
            '"' | '\\' => write!(f, "\\{c}")?,
            c if c < ' ' => write!(f, "\\u{:04x}", u32::from(c))?,
            c => f.write_char(c)?,
        }
    }
    f.write_char('"')
}
