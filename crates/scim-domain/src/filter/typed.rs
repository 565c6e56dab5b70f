//! The filter bound to a resource type: every attribute found, every comparison checked, every
//! operand turned into its comparison key. The only form of a filter that a store accepts.

use std::fmt;

use serde_json::Number;

use crate::attribute::AttributeRef;

/// A filter on resources of one type, or, inside a [`TypedFilter::ValuePath`], on one element.
#[derive(Debug, Clone)]
pub enum TypedFilter {
    /// All of them match.
    And(Vec<TypedFilter>),
    /// At least one of them matches.
    Or(Vec<TypedFilter>),
    /// It does not match.
    Not(Box<TypedFilter>),
    /// `pr`: the attribute has a value, if only `false` or an empty string; a complex one, if only
    /// in one sub-attribute.
    Present(AttributeRef),
    /// Some value of the attribute compares so; for `ne`, or it has no value.
    Compare {
        /// Names a simple attribute or sub-attribute.
        attribute: AttributeRef,
        /// How to compare.
        operator: ComparisonOperator,
        /// With what.
        operand: Operand,
    },
    /// `emails[…]`: one element of the complex attribute matches the whole inner filter. The
    /// references inside name sub-attributes of this attribute.
    ValuePath {
        /// Names a complex attribute, without a sub-attribute.
        attribute: AttributeRef,
        /// What one element has to match.
        filter: Box<TypedFilter>,
    },
    /// Matches everything or nothing: what is left of an attribute that this type does not have.
    Constant(bool),
}

/// The operators that compare an attribute with a value (RFC 7644 §3.4.2.2, table 3).
///
/// Each says something of one value; a comparison matches where it is so for any value of the
/// attribute. Text compares by its keys, never by itself: see [`Operand::Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ComparisonOperator {
    /// `eq`: the keys of both are the same; of numbers, the exact values.
    Equal,
    /// `ne`: not [`Equal`](Self::Equal). Alone among the operators it matches also where the
    /// attribute has no value at all.
    NotEqual,
    /// `co`: the key of the value holds the operand, anywhere.
    Contains,
    /// `sw`: the key of the value begins with the operand, or is it.
    StartsWith,
    /// `ew`: the key of the value ends with the operand, or is it.
    EndsWith,
    /// `gt`: the value is greater: texts by the code points of their keys, dateTimes by time,
    /// numbers by exact value.
    GreaterThan,
    /// `ge`: greater, as `gt` has it, or the same.
    GreaterOrEqual,
    /// `lt`: neither greater nor the same.
    LessThan,
    /// `le`: not greater.
    LessOrEqual,
}

impl ComparisonOperator {
    pub(super) const ALL: [Self; 9] = [
        Self::Equal,
        Self::NotEqual,
        Self::Contains,
        Self::StartsWith,
        Self::EndsWith,
        Self::GreaterThan,
        Self::GreaterOrEqual,
        Self::LessThan,
        Self::LessOrEqual,
    ];

    /// The operator of this name, in whatever case.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|operator| operator.as_str().eq_ignore_ascii_case(name))
    }

    /// The name, in lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Contains => "co",
            Self::StartsWith => "sw",
            Self::EndsWith => "ew",
            Self::GreaterThan => "gt",
            Self::GreaterOrEqual => "ge",
            Self::LessThan => "lt",
            Self::LessOrEqual => "le",
        }
    }
}

impl fmt::Display for ComparisonOperator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What an attribute is compared with, in the form in which its values are kept.
#[derive(Debug, Clone, PartialEq)]
pub enum Operand {
    /// Of a boolean attribute.
    Boolean(bool),
    /// Of a decimal or integer attribute.
    Number(Number),
    /// Of a text attribute: the comparison key, which is the
    /// [`equality_key`](crate::comparison::equality_key) for `eq` and `ne`, the
    /// [`ordering_key`](crate::comparison::ordering_key) for the others. For a dateTime it is the
    /// instant's key, for `$ref` and `meta.location` the part after the base URL.
    Text(String),
}
