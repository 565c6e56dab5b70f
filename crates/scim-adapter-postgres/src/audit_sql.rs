//! Filters on the audit log as SQL conditions on a row `a` of `audit_event`.
//!
//! A condition is true exactly where [`AuditFilter::matches`] is; where that is false it is false or
//! NULL. The text depends on the shape of the filter alone. Texts compare byte by byte, as their
//! columns do.

use scim_domain::audit::{AuditAttribute, AuditFilter, AuditOperand};
use scim_domain::filter::ComparisonOperator;

use crate::filter_sql::{symbol, text_compare};
use crate::sql::{Bind, Sql};

/// Writes the condition that a record matches `filter`.
pub(crate) fn condition(sql: &mut Sql, filter: &AuditFilter) {
    match filter {
        AuditFilter::And(conditions) => joined(sql, conditions, " AND ", "TRUE"),
        AuditFilter::Or(alternatives) => joined(sql, alternatives, " OR ", "FALSE"),
        AuditFilter::Not(inner) => {
            sql.push("((");
            condition(sql, inner);
            sql.push(") IS NOT TRUE)");
        }
        AuditFilter::Present(AuditAttribute::Attributes) => {
            sql.push("(cardinality(a.attributes) > 0)");
        }
        AuditFilter::Present(attribute) => {
            sql.push("(").push(column(*attribute)).push(" IS NOT NULL)");
        }
        AuditFilter::Compare { operator, operand: AuditOperand::Time(operand), .. } => {
            sql.push("(a.at ").push(symbol(*operator)).push(" ").bind(Bind::time(*operand));
            sql.push(")");
        }
        AuditFilter::Compare { attribute, operator, operand: AuditOperand::Text(operand) } => {
            compare(sql, *attribute, *operator, operand);
        }
    }
}

fn joined(sql: &mut Sql, filters: &[AuditFilter], between: &'static str, none: &'static str) {
    if filters.is_empty() {
        sql.push(none);
        return;
    }
    for (index, filter) in filters.iter().enumerate() {
        sql.push(if index > 0 { between } else { "(" });
        condition(sql, filter);
    }
    sql.push(")");
}

fn compare(sql: &mut Sql, attribute: AuditAttribute, operator: ComparisonOperator, operand: &str) {
    let differs = operator == ComparisonOperator::NotEqual;
    if attribute == AuditAttribute::Attributes {
        sql.push(if differs { "(cardinality(a.attributes) = 0 OR " } else { "(" });
        sql.push("EXISTS (SELECT 1 FROM unnest(a.attributes) AS e(name) WHERE ");
        text_compare(sql, operator, operand, |sql| {
            sql.push("e.name");
        });
        sql.push("))");
        return;
    }
    let column = column(attribute);
    if differs {
        sql.push("(").push(column).push(" IS NULL OR ");
    }
    text_compare(sql, operator, operand, |sql| {
        sql.push(column);
    });
    if differs {
        sql.push(")");
    }
}

/// The column of a member of a record, as text where it is compared as text.
fn column(attribute: AuditAttribute) -> &'static str {
    match attribute {
        AuditAttribute::At => "a.at",
        AuditAttribute::Operation => "a.operation",
        AuditAttribute::Outcome => "a.outcome",
        AuditAttribute::Actor => "a.actor",
        AuditAttribute::CredentialId => "a.credential_id::text",
        AuditAttribute::Subject => "a.subject::text",
        AuditAttribute::Issuer => "a.issuer",
        AuditAttribute::Name => "a.actor_name",
        AuditAttribute::RequestId => "a.request_id",
        AuditAttribute::ClientAddress => "a.client_address",
        AuditAttribute::ResourceType => "a.resource_type",
        AuditAttribute::ResourceId => "a.resource_id",
        AuditAttribute::Attributes => "a.attributes",
    }
}
