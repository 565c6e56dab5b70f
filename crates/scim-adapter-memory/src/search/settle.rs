//! Answering, from the membership index, what a filter asks about one resource's memberships.
//!
//! `members[value eq "…"]` is how clients ask whether somebody is in a group. Settled here, it costs
//! one look-up; evaluated on the resource, it would first read every member of the group.

use scim_domain::attribute::{AttributeRef, AttributeSource};
use scim_domain::filter::{ComparisonOperator, Operand, TypedFilter};
use scim_domain::identifier::ResourceId;

use crate::row::Row;
use crate::state::TenantState;

/// The same filter for `row` alone, with each such question replaced by its answer.
pub(super) fn settle(state: &TenantState, row: &Row, filter: &TypedFilter) -> TypedFilter {
    let settle_all = |parts: &[TypedFilter]| parts.iter().map(|part| settle(state, row, part)).collect();
    match filter {
        TypedFilter::And(parts) => TypedFilter::And(settle_all(parts)),
        TypedFilter::Or(parts) => TypedFilter::Or(settle_all(parts)),
        TypedFilter::Not(inner) => TypedFilter::Not(Box::new(settle(state, row, inner))),
        TypedFilter::ValuePath { filter: inner, .. } => match &**inner {
            TypedFilter::Compare { attribute, operator: ComparisonOperator::Equal, operand } => {
                membership(state, row, attribute, operand)
                    .map_or_else(|| filter.clone(), TypedFilter::Constant)
            }
            _ => filter.clone(),
        },
        TypedFilter::Compare { attribute, operator: ComparisonOperator::Equal, operand } => {
            membership(state, row, attribute, operand).map_or_else(|| filter.clone(), TypedFilter::Constant)
        }
        TypedFilter::Present(attribute) if attribute.source == AttributeSource::Members => {
            match &attribute.sub_attribute {
                None => TypedFilter::Constant(state.membership().count(row.slot) > 0),
                Some(_) => filter.clone(),
            }
        }
        TypedFilter::Present(_) | TypedFilter::Compare { .. } | TypedFilter::Constant(_) => filter.clone(),
    }
}

/// Whether the `value` of a member or group of `row` is `operand`; `None` where something else is asked.
fn membership(state: &TenantState, row: &Row, attribute: &AttributeRef, operand: &Operand) -> Option<bool> {
    let is_value = attribute.sub_attribute.as_ref().is_some_and(|sub| sub.name.matches("value"));
    let Operand::Text(text) = operand else { return None };
    if !is_value || !matches!(attribute.source, AttributeSource::Members | AttributeSource::Groups) {
        return None;
    }
    let Some(other) = ResourceId::parse(text).and_then(|id| state.row(id)) else { return Some(false) };
    let membership = state.membership();
    let end = (other.id, other.slot);
    Some(match attribute.source {
        AttributeSource::Members => membership.contains(row.slot, end),
        _ => {
            membership.contains(other.slot, (row.id, row.slot))
                || membership.indirect_groups(row.slot).contains(&end)
        }
    })
}
