//! Printing a filter: canonical text, with parentheses only where precedence needs them.

use std::fmt::{self, Write as _};

use super::{AttributeTest, Filter, Literal};

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

fn write_joined(
    f: &mut fmt::Formatter<'_>,
    separator: &str,
    filters: &[Filter],
    needs_parentheses: impl Fn(&Filter) -> bool,
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
