//! Comparing `meta.location` and `$ref`, which a client sees as the base URL and a path, and of
//! which only the path is kept (RFC 7643 §3.1, §2.4).

use std::cmp::Ordering;

use crate::attribute::AttributeRef;
use crate::filter::{ComparisonOperator, Operand, TypedFilter};

/// The comparison of `text` with the whole URL, said of the kept path. A text that begins with a
/// slash is taken for the path alone, except by `co` and `ew`, which look for it in the whole URL.
pub(super) fn compare(
    attribute: &AttributeRef,
    operator: ComparisonOperator,
    text: &str,
    base_url: &str,
) -> TypedFilter {
    use ComparisonOperator::{
        Contains, EndsWith, Equal, GreaterOrEqual, GreaterThan, LessOrEqual, LessThan, NotEqual, StartsWith,
    };
    let path = |operator: ComparisonOperator, path: &str| TypedFilter::Compare {
        attribute: attribute.clone(),
        operator,
        operand: Operand::Text(path.to_owned()),
    };
    let any_value_if = |is_so: bool| {
        if is_so { TypedFilter::Present(attribute.clone()) } else { TypedFilter::Constant(false) }
    };
    if !matches!(operator, Contains | EndsWith) {
        if let Some(rest) = text.strip_prefix(base_url) {
            return path(operator, rest);
        }
        if text.starts_with('/') {
            return path(operator, text);
        }
    }
    match operator {
        Contains if base_url.contains(text) => any_value_if(true),
        Contains | EndsWith => {
            // The text may begin within the base URL and go on in the path.
            let begins_in_base = text
                .char_indices()
                .map(|(at, _)| at)
                .take_while(|at| *at <= base_url.len())
                .filter_map(|at| text.split_at_checked(at))
                .filter(|(in_base, _)| !in_base.is_empty() && base_url.ends_with(in_base))
                .map(|(_, in_path)| path(if operator == Contains { StartsWith } else { Equal }, in_path));
            let mut alternatives: Vec<TypedFilter> =
                std::iter::once(path(operator, text)).chain(begins_in_base).collect();
            match alternatives.pop() {
                Some(only) if alternatives.is_empty() => only,
                last => {
                    alternatives.extend(last);
                    TypedFilter::Or(alternatives)
                }
            }
        }
        // In the others the text leaves the base URL before its end: every value compares alike.
        Equal => TypedFilter::Constant(false),
        NotEqual => TypedFilter::Constant(true),
        StartsWith => any_value_if(base_url.starts_with(text)),
        GreaterThan | GreaterOrEqual => any_value_if(base_url.cmp(text) == Ordering::Greater),
        LessThan | LessOrEqual => any_value_if(base_url.cmp(text) == Ordering::Less),
    }
}
