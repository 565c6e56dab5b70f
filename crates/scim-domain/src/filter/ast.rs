//! The syntax tree of a filter (RFC 7644 §3.4.2.2), as the client wrote it: nothing in it is looked
//! up in a schema yet.

use serde_json::Number;

use crate::attribute::{AttributeName, AttributePath};
use crate::error::ScimError;

use super::{ComparisonOperator, parser};

/// A filter, parsed. Redundant parentheses are gone; it prints as canonical text, which parses
/// to an equal tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// `a or b or c`: two or more.
    Or(Vec<Filter>),
    /// `a and b and c`: two or more.
    And(Vec<Filter>),
    /// `not (a)`
    Not(Box<Filter>),
    /// `userName eq "bjensen"`, `title pr`
    Attribute {
        /// Which attribute.
        path: AttributePath,
        /// What is asked of it.
        test: AttributeTest,
    },
    /// `emails[type eq "work"]`, or `emails[type eq "work"].value eq "x"`, which Entra ID sends and
    /// the grammar does not have.
    ValuePath {
        /// Which attribute: one that is named, without a sub-attribute.
        path: AttributePath,
        /// What one element has to match; names sub-attributes.
        filter: Box<Filter>,
        /// A sub-attribute after the bracket, and what is asked of it in the same element.
        then: Option<(AttributeName, AttributeTest)>,
    },
}

/// What is asked of an attribute.
#[derive(Debug, Clone, PartialEq)]
pub enum AttributeTest {
    /// `pr`
    Present,
    /// An operator and a value.
    Compare(ComparisonOperator, Literal),
}

/// A `compValue` (RFC 7644 §3.4.2.2): a JSON value that is no array or object.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`
    Null,
    /// `true` or `false`
    Boolean(bool),
    /// A number.
    Number(Number),
    /// A string, its escapes read.
    Text(String),
}

impl Filter {
    /// Reads a filter.
    ///
    /// # Errors
    /// `invalidFilter` with the position and what was expected there; also for a text longer than
    /// [`MAX_LENGTH`](super::limits::MAX_LENGTH) or nested deeper than [`MAX_DEPTH`](super::limits::MAX_DEPTH).
    pub fn parse(text: &str) -> Result<Self, ScimError> {
        parser::parse_filter(text)
    }
}
