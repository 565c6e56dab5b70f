//! The operators on texts that are not part of the document.

use scim_domain::filter::ComparisonOperator;

use crate::sql::{Bind, Sql};
use crate::text::escape;

/// Writes the comparison of an SQL text with `operand`: NULL where the text is.
pub(crate) fn text_compare(
    sql: &mut Sql,
    operator: ComparisonOperator,
    operand: &str,
    expression: impl FnOnce(&mut Sql),
) {
    let operand = Bind::text(escape(operand));
    let before = match operator {
        ComparisonOperator::Contains => "(strpos(",
        ComparisonOperator::StartsWith => "(starts_with(",
        ComparisonOperator::EndsWith => "(right(",
        _ => "((",
    };
    sql.push(before);
    expression(sql);
    match operator {
        ComparisonOperator::Contains => {
            sql.push(", ").bind(operand);
            sql.push(") > 0)");
        }
        ComparisonOperator::StartsWith => {
            sql.push(", ").bind(operand);
            sql.push("))");
        }
        ComparisonOperator::EndsWith => {
            sql.push(", char_length(");
            let number = sql.bind(operand);
            sql.push(")) = ").again(number).push(")");
        }
        _ => {
            sql.push(") COLLATE \"C\" ").push(symbol(operator)).push(" ").bind(operand);
            sql.push(")");
        }
    }
}

/// The symbol of an operator that SQL and JSON paths have one for.
pub(crate) fn symbol(operator: ComparisonOperator) -> &'static str {
    match operator {
        ComparisonOperator::NotEqual => "<>",
        ComparisonOperator::GreaterThan => ">",
        ComparisonOperator::GreaterOrEqual => ">=",
        ComparisonOperator::LessThan => "<",
        ComparisonOperator::LessOrEqual => "<=",
        _ => "=",
    }
}
