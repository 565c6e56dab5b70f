//! Whether a resource matches a filter (RFC 7644 §3.4.2.2).
//!
//! This is the definition: every store that evaluates filters in its own way has to agree with it.
//!
//! - An attribute has no, one or many values: arrays are taken apart, and the values of `emails.type`
//!   are those of all emails together.
//! - A comparison matches when it holds for any of the values. Without any, `ne` matches and no other
//!   operator does; `not (…)` then turns that round.
//! - A value of another JSON kind than the operand (left from a schema that has changed) is not equal
//!   to it, so `ne` holds for it and no other operator does.
//! - A value path matches when one element matches its whole inner filter; inside, an attribute's
//!   values are those of that element. Without elements it does not match, whatever the inner filter.
//! - What [`ComparisonOperator`] says of each operator.

use std::cmp::Ordering;

use serde_json::Value;

use crate::attribute::{AttributeRef, AttributeSource};
use crate::comparison::{compare_numbers, equality_key, ordering_key};
use crate::resource::{Resource, values_in};

use super::{ComparisonOperator, Operand, TypedFilter};

impl TypedFilter {
    /// Whether `resource` matches. Its members and groups have to have been read where the filter
    /// [`mentions`](Self::mentions) them.
    pub fn matches(&self, resource: &Resource) -> bool {
        match self {
            Self::And(conditions) => conditions.iter().all(|condition| condition.matches(resource)),
            Self::Or(alternatives) => alternatives.iter().any(|alternative| alternative.matches(resource)),
            Self::Not(inner) => !inner.matches(resource),
            Self::Present(attribute) => resource.any_value(attribute, |_| true),
            Self::Compare { attribute, operator, operand } => {
                let mut is_absent = true;
                let any = resource.any_value(attribute, |value| {
                    is_absent = false;
                    holds(attribute, *operator, operand, value)
                });
                any || (is_absent && *operator == ComparisonOperator::NotEqual)
            }
            Self::ValuePath { attribute, filter } => {
                resource.any_value(attribute, |element| filter.matches_element(element))
            }
            Self::Constant(matches) => *matches,
        }
    }

    /// Whether one element of a complex attribute matches a filter that is
    /// [bound to it](super::Filter::bind_to_elements).
    pub fn matches_element(&self, element: &Value) -> bool {
        match self {
            Self::And(conditions) => conditions.iter().all(|condition| condition.matches_element(element)),
            Self::Or(alternatives) => {
                alternatives.iter().any(|alternative| alternative.matches_element(element))
            }
            Self::Not(inner) => !inner.matches_element(element),
            Self::Present(attribute) => values_in(element, attribute).next().is_some(),
            Self::Compare { attribute, operator, operand } => {
                let mut values = values_in(element, attribute).peekable();
                let is_absent = values.peek().is_none();
                values.any(|value| holds(attribute, *operator, operand, value))
                    || (is_absent && *operator == ComparisonOperator::NotEqual)
            }
            // Sub-attributes are simple: an element has no elements of its own (RFC 7643 §2.3.8).
            Self::ValuePath { .. } => false,
            Self::Constant(matches) => *matches,
        }
    }

    /// How many comparisons there are in the filter: what it costs to match it, at most.
    pub(crate) fn comparisons(&self) -> usize {
        match self {
            Self::And(filters) | Self::Or(filters) => {
                filters.iter().map(Self::comparisons).fold(1, usize::saturating_add)
            }
            Self::Not(inner) | Self::ValuePath { filter: inner, .. } => inner.comparisons(),
            Self::Present(_) | Self::Compare { .. } | Self::Constant(_) => 1,
        }
    }

    /// Whether any attribute in the filter has its values from `source`: whether it takes reading
    /// members or groups to match it.
    pub fn mentions(&self, source: AttributeSource) -> bool {
        match self {
            Self::And(filters) | Self::Or(filters) => filters.iter().any(|filter| filter.mentions(source)),
            Self::Not(inner) => inner.mentions(source),
            Self::Present(attribute)
            | Self::Compare { attribute, .. }
            | Self::ValuePath { attribute, .. } => attribute.source == source,
            Self::Constant(_) => false,
        }
    }
}

/// Whether the comparison holds for one value of `attribute`.
fn holds(attribute: &AttributeRef, operator: ComparisonOperator, operand: &Operand, value: &Value) -> bool {
    match (operand, value) {
        (Operand::Boolean(operand), Value::Bool(value)) => orders(operator, value.cmp(operand)),
        (Operand::Number(operand), Value::Number(value)) => orders(operator, compare_numbers(value, operand)),
        (Operand::Text(operand), Value::String(text)) => match operator {
            ComparisonOperator::Equal => equality_key(attribute, text) == operand.as_str(),
            ComparisonOperator::NotEqual => equality_key(attribute, text) != operand.as_str(),
            ComparisonOperator::Contains => ordering_key(attribute, text).contains(operand),
            ComparisonOperator::StartsWith => ordering_key(attribute, text).starts_with(operand),
            ComparisonOperator::EndsWith => ordering_key(attribute, text).ends_with(operand),
            _ => orders(operator, ordering_key(attribute, text).as_ref().cmp(operand)),
        },
        _ => operator == ComparisonOperator::NotEqual,
    }
}

/// Whether the operator is content with how the value compares to the operand.
fn orders(operator: ComparisonOperator, value_to_operand: Ordering) -> bool {
    match operator {
        ComparisonOperator::Equal => value_to_operand.is_eq(),
        ComparisonOperator::NotEqual => value_to_operand.is_ne(),
        ComparisonOperator::GreaterThan => value_to_operand.is_gt(),
        ComparisonOperator::GreaterOrEqual => value_to_operand.is_ge(),
        ComparisonOperator::LessThan => value_to_operand.is_lt(),
        ComparisonOperator::LessOrEqual => value_to_operand.is_le(),
        // These look inside texts only.
        ComparisonOperator::Contains | ComparisonOperator::StartsWith | ComparisonOperator::EndsWith => false,
    }
}
