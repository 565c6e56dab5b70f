//! Conditions on what every resource has outside its document: `id`, `schemas` and `meta`.

use scim_domain::attribute::AttributeRef;
use scim_domain::comparison::ordering_key;
use scim_domain::filter::ComparisonOperator;
use scim_domain::identifier::{ResourceId, Timestamp};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::sql::{Bind, Sql};
use crate::text::escape;

use super::FilterSql;
use super::operator::{symbol, text_compare};

impl FilterSql<'_> {
    pub(super) fn id_compare(&mut self, operator: ComparisonOperator, operand: &str) {
        match (operator, ResourceId::parse(operand)) {
            (ComparisonOperator::Equal | ComparisonOperator::NotEqual, Some(id)) => {
                self.sql.push("(r.id ").push(symbol(operator)).push(" ").bind(Bind::id(id));
                self.sql.push(")");
            }
            (ComparisonOperator::Equal, None) => self.constant(false),
            (ComparisonOperator::NotEqual, None) => self.constant(true),
            _ => text_compare(self.sql, operator, operand, |sql| {
                sql.push("r.id::text");
            }),
        }
    }

    /// A resource has the URN of its type, and those of the extensions that are in its document.
    pub(super) fn schemas_compare(
        &mut self,
        attribute: &AttributeRef,
        operator: ComparisonOperator,
        operand: &str,
    ) {
        let holds = |urn: &str| text_holds(operator, &ordering_key(attribute, urn), operand);
        if holds(self.resource_type.schema.id.as_str()) {
            return self.constant(true);
        }
        let extensions = self.resource_type.extensions.iter().map(|extension| extension.schema.id.as_str());
        let names: Vec<String> =
            extensions.filter(|urn| holds(urn)).map(|urn| escape(urn).into_owned()).collect();
        if names.is_empty() {
            return self.constant(false);
        }
        self.sql.push("(");
        self.document();
        self.sql.push(" ?| ").bind(Bind::Texts(names));
        self.sql.push(")");
    }

    pub(super) fn meta_compare(
        &mut self,
        attribute: &AttributeRef,
        operator: ComparisonOperator,
        operand: &str,
    ) {
        let column = match attribute.leaf().name.as_str() {
            "created" => "r.created_at",
            "lastModified" => "r.updated_at",
            "resourceType" => {
                let holds =
                    text_holds(operator, &ordering_key(attribute, self.resource_type.name()), operand);
                return self.constant(holds);
            }
            "version" => {
                return text_compare(self.sql, operator, operand, |sql| {
                    sql.push(VERSION);
                });
            }
            "location" => {
                let endpoint = self.resource_type.endpoint();
                return text_compare(self.sql, operator, operand, |sql| location(sql, endpoint));
            }
            _ => return self.constant(operator == ComparisonOperator::NotEqual),
        };
        match OffsetDateTime::parse(operand, &Rfc3339) {
            Ok(moment) => self.time_compare(column, operator, moment),
            // A dateTime is compared with dateTimes only.
            Err(_) => self.constant(operator == ComparisonOperator::NotEqual),
        }
    }

    /// The columns have whole microseconds: a moment between two of them is equal to neither.
    fn time_compare(&mut self, column: &'static str, operator: ComparisonOperator, moment: OffsetDateTime) {
        let floor = Timestamp::new(moment);
        let is_between = floor.date_time() != moment;
        let operator = match (operator, is_between) {
            (ComparisonOperator::Equal, true) => return self.constant(false),
            (ComparisonOperator::NotEqual, true) => return self.constant(true),
            (ComparisonOperator::GreaterOrEqual, true) => ComparisonOperator::GreaterThan,
            (ComparisonOperator::LessThan, true) => ComparisonOperator::LessOrEqual,
            (operator, _) => operator,
        };
        self.sql.push("(").push(column).push(" ").push(symbol(operator)).push(" ").bind(Bind::time(floor));
        self.sql.push(")");
    }
}

/// `meta.version` of the row.
pub(crate) const VERSION: &str = "'W/\"v' || r.version || '\"'";

/// Writes `meta.location` of the row.
pub(crate) fn location(sql: &mut Sql, endpoint: &str) {
    sql.bind(Bind::text(endpoint));
    sql.push(" || '/' || r.id");
}

fn text_holds(operator: ComparisonOperator, key: &str, operand: &str) -> bool {
    match operator {
        ComparisonOperator::Equal => key == operand,
        ComparisonOperator::NotEqual => key != operand,
        ComparisonOperator::Contains => key.contains(operand),
        ComparisonOperator::StartsWith => key.starts_with(operand),
        ComparisonOperator::EndsWith => key.ends_with(operand),
        ComparisonOperator::GreaterThan => key > operand,
        ComparisonOperator::GreaterOrEqual => key >= operand,
        ComparisonOperator::LessThan => key < operand,
        ComparisonOperator::LessOrEqual => key <= operand,
    }
}
