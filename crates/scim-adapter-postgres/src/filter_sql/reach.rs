//! How many rows a filter can match, as far as that is plain from its shape: it decides how a
//! search is run.

use scim_domain::attribute::{AttributeRef, AttributeSource};
use scim_domain::filter::{ComparisonOperator, Operand, TypedFilter};

use crate::document::is_searched;
use crate::text::escape;

/// How many rows a filter can match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// One, as a rule: it names an id or a `userName`.
    One,
    /// Those that an index finds, which are often few.
    Few,
    /// Any number.
    Any,
}

/// The reach of `filter`.
pub(crate) fn reach(filter: &TypedFilter) -> Reach {
    match filter {
        TypedFilter::And(filters) => filters.iter().map(reach).min().unwrap_or(Reach::Any),
        TypedFilter::Or(filters) => match filters.as_slice() {
            [only] => reach(only),
            [] => Reach::One,
            several => several.iter().map(reach).max().map_or(Reach::Any, |widest| widest.max(Reach::Few)),
        },
        TypedFilter::Compare { attribute, operator, operand } => compare_reach(attribute, *operator, operand),
        TypedFilter::ValuePath { attribute, filter } => match attribute.source {
            AttributeSource::Stored => element_reach(filter),
            _ => Reach::Any,
        },
        TypedFilter::Constant(false) => Reach::One,
        TypedFilter::Not(_) | TypedFilter::Present(_) | TypedFilter::Constant(true) => Reach::Any,
    }
}

fn compare_reach(attribute: &AttributeRef, operator: ComparisonOperator, operand: &Operand) -> Reach {
    let is_equal = operator == ComparisonOperator::Equal;
    match (attribute.source, operand) {
        (AttributeSource::Id, _) if is_equal => Reach::One,
        (AttributeSource::Stored, Operand::Text(_)) if is_equal && attribute.is_user_name() => Reach::One,
        (AttributeSource::Stored, Operand::Text(_) | Operand::Number(_)) if is_equal => Reach::Few,
        (AttributeSource::Stored, Operand::Text(text))
            if is_searched(attribute) && trigram_pattern(operator, text).is_some() =>
        {
            Reach::Few
        }
        (AttributeSource::Members | AttributeSource::Groups, _)
            if is_equal && attribute.leaf().name.as_str() == "value" =>
        {
            Reach::Few
        }
        _ => Reach::Any,
    }
}

/// The reach of a value path: an equality in it that all of it depends on is served by an index.
fn element_reach(filter: &TypedFilter) -> Reach {
    match filter {
        TypedFilter::And(filters) => filters.iter().map(element_reach).min().unwrap_or(Reach::Any),
        TypedFilter::Compare {
            operator: ComparisonOperator::Equal,
            operand: Operand::Text(_) | Operand::Number(_),
            ..
        } => Reach::Few,
        _ => Reach::Any,
    }
}

/// The pattern that `search_text` matches where a value in it is found by `operator` with `text`;
/// `None` where it has no letters or digits enough for the trigram index to be of use.
pub(super) fn trigram_pattern(operator: ComparisonOperator, text: &str) -> Option<String> {
    let (before, after, least) = match operator {
        ComparisonOperator::Contains => ("%", "%", 3),
        // A word that begins or ends there has trigrams with the space around it.
        ComparisonOperator::StartsWith => ("%\n", "%", 2),
        ComparisonOperator::EndsWith => ("%", "\n%", 2),
        _ => return None,
    };
    let longest = text.split(|c: char| !c.is_alphanumeric()).map(|word| word.chars().count()).max()?;
    if longest < least {
        return None;
    }
    let mut pattern = before.to_owned();
    for c in escape(text).chars() {
        if matches!(c, '\\' | '%' | '_') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push_str(after);
    Some(pattern)
}

/// How many conditions a filter consists of.
pub(crate) fn node_count(filter: &TypedFilter) -> usize {
    match filter {
        TypedFilter::And(filters) | TypedFilter::Or(filters) => {
            filters.iter().map(node_count).fold(1, usize::saturating_add)
        }
        TypedFilter::Not(inner) | TypedFilter::ValuePath { filter: inner, .. } => {
            node_count(inner).saturating_add(1)
        }
        TypedFilter::Present(_) | TypedFilter::Compare { .. } | TypedFilter::Constant(_) => 1,
    }
}
