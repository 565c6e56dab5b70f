//! Filters as SQL conditions on a row `r` of `scim_resource`.
//!
//! A condition is true exactly where [`TypedFilter::matches`] is; where that is false it is false or
//! NULL, which a `WHERE` does not tell apart, and `not` turns both into true. The text depends on
//! the shape of the filter alone: names of attributes and operands are bound.
//!
//! Comparisons look at the comparison keys of the row (see [`document`](crate::document)), which are
//! JSON: as text by code point, as numbers by value. `eq` is containment, which one GIN index serves
//! for all attributes, several conditions on one element included. `co`, `sw` and `ew` on the
//! attributes of [`is_searched`](crate::document::is_searched) look into `search_text` first, which
//! a trigram index serves; what else there is runs over the rows of the tenant.

mod fixed;
mod membership;
mod operator;
mod reach;
mod stored;

use scim_domain::attribute::{AttributeRef, AttributeSource};
use scim_domain::filter::{ComparisonOperator, Operand, TypedFilter};
use scim_domain::identifier::ResourceId;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;

use crate::sql::{Bind, Sql};
use crate::text::scope_name;

pub(crate) use fixed::{VERSION, location};
pub(crate) use membership::first_end;
pub(crate) use operator::{symbol, text_compare};
pub(crate) use reach::{Reach, node_count, reach};
pub(crate) use stored::{element_path, value_path};

/// Writes conditions on the resources of one type into a statement.
pub(crate) struct FilterSql<'a> {
    pub(crate) sql: &'a mut Sql,
    pub(crate) tenant: &'a Tenant,
    pub(crate) resource_type: &'a ResourceType,
    scope: String,
    scope_number: Option<usize>,
    aliases: usize,
}

impl<'a> FilterSql<'a> {
    pub(crate) fn new(sql: &'a mut Sql, tenant: &'a Tenant, resource_type: &'a ResourceType) -> Self {
        let scope = scope_name(tenant.id, resource_type.name());
        Self { sql, tenant, resource_type, scope, scope_number: None, aliases: 0 }
    }

    /// Writes the condition that a row matches `filter`.
    pub(crate) fn condition(&mut self, filter: &TypedFilter) {
        match filter {
            TypedFilter::And(conditions) => self.joined(conditions, " AND ", "TRUE", Self::condition),
            TypedFilter::Or(alternatives) => match ids(alternatives) {
                Some(ids) => {
                    self.sql.push("r.id = ANY(").bind(Bind::ids(&ids));
                    self.sql.push(")");
                }
                None => self.joined(alternatives, " OR ", "FALSE", Self::condition),
            },
            TypedFilter::Not(inner) => {
                self.sql.push("((");
                self.condition(inner);
                self.sql.push(") IS NOT TRUE)");
            }
            TypedFilter::Present(attribute) => self.present(attribute),
            TypedFilter::Compare { attribute, operator, operand } => {
                self.compare(attribute, *operator, operand);
            }
            TypedFilter::ValuePath { attribute, filter } => self.value_path(attribute, filter),
            TypedFilter::Constant(matches) => self.constant(*matches),
        }
    }

    /// Writes what `condition` writes of each filter, with `between` between them; `none` where there
    /// is no filter.
    fn joined(
        &mut self,
        filters: &[TypedFilter],
        between: &'static str,
        none: &'static str,
        mut condition: impl FnMut(&mut Self, &TypedFilter),
    ) {
        self.sql.push("(");
        for (index, filter) in filters.iter().enumerate() {
            if index > 0 {
                self.sql.push(between);
            }
            condition(self, filter);
        }
        self.sql.push(if filters.is_empty() { none } else { "" }).push(")");
    }

    pub(crate) fn constant(&mut self, matches: bool) {
        self.sql.push(if matches { "TRUE" } else { "FALSE" });
    }

    fn present(&mut self, attribute: &AttributeRef) {
        match attribute.source {
            AttributeSource::Stored => self.stored_present(attribute),
            AttributeSource::Members | AttributeSource::Groups => self.membership_present(attribute),
            AttributeSource::Id | AttributeSource::Schemas | AttributeSource::Meta => self.constant(true),
        }
    }

    fn compare(&mut self, attribute: &AttributeRef, operator: ComparisonOperator, operand: &Operand) {
        match (attribute.source, operand) {
            (AttributeSource::Stored, _) => self.stored_compare(attribute, operator, operand),
            (AttributeSource::Members | AttributeSource::Groups, Operand::Text(operand)) => {
                self.membership_compare(attribute, operator, operand);
            }
            (AttributeSource::Id, Operand::Text(operand)) => self.id_compare(operator, operand),
            (AttributeSource::Schemas, Operand::Text(operand)) => {
                self.schemas_compare(attribute, operator, operand);
            }
            (AttributeSource::Meta, Operand::Text(operand)) => {
                self.meta_compare(attribute, operator, operand);
            }
            // All of these are texts: nothing else is equal to them, everything else differs.
            _ => self.constant(operator == ComparisonOperator::NotEqual),
        }
    }

    fn value_path(&mut self, attribute: &AttributeRef, filter: &TypedFilter) {
        match attribute.source {
            AttributeSource::Stored => self.stored_value_path(attribute, filter),
            AttributeSource::Members | AttributeSource::Groups => {
                self.membership_value_path(attribute, filter);
            }
            // `meta` is one element, and its sub-attributes are those of the row.
            AttributeSource::Meta => self.condition(filter),
            AttributeSource::Id | AttributeSource::Schemas => self.constant(false),
        }
    }

    /// Writes the comparison keys of the row's document.
    pub(crate) fn document(&mut self) {
        self.sql.push("(r.keys -> ");
        match self.scope_number {
            Some(number) => {
                self.sql.again(number);
            }
            None => self.scope_number = Some(self.sql.bind(Bind::text(self.scope.clone()))),
        }
        self.sql.push(")");
    }

    fn alias(&mut self) -> usize {
        self.aliases = self.aliases.saturating_add(1);
        self.aliases
    }
}

/// The ids that `alternatives` ask for, where they ask for nothing else: a list of ids is one
/// condition, however long it is.
fn ids(alternatives: &[TypedFilter]) -> Option<Vec<ResourceId>> {
    let mut ids = Vec::with_capacity(alternatives.len());
    for alternative in alternatives {
        match alternative {
            TypedFilter::Compare {
                attribute,
                operator: ComparisonOperator::Equal,
                operand: Operand::Text(text),
            } if attribute.source == AttributeSource::Id => ids.extend(ResourceId::parse(text)),
            _ => return None,
        }
    }
    Some(ids)
}
