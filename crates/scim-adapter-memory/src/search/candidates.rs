//! Which rows a filter can match, as far as the indexes tell.

use std::sync::Arc;

use scim_domain::attribute::{AttributeRef, AttributeSource};
use scim_domain::filter::{ComparisonOperator, Operand, TypedFilter};
use scim_domain::identifier::ResourceId;
use scim_domain::schema::ResourceType;

use crate::equality::LeafHasher;
use crate::row::Row;
use crate::slots::Slot;
use crate::state::TenantState;

/// Limits on the number of candidates, tried in turn: of the parts of an `and`, the first that has
/// few is taken, and a part that matches half the tenant is not even listed.
const LIMITS: [usize; 2] = [64, 4096];

/// A superset of the rows of this type that match `filter`, ascending by id; `None` where looking
/// at every row is not slower.
pub(super) fn candidates(
    state: &TenantState,
    hasher: &LeafHasher,
    resource_type: &ResourceType,
    filter: &TypedFilter,
) -> Option<Vec<Arc<Row>>> {
    let planner = Planner { state, hasher, resource_type };
    let most = state.rows_of(resource_type).map_or(0, |rows| rows.len() / 8);
    let limits = LIMITS.into_iter().chain([most].into_iter().filter(|most| *most > LIMITS[1]));
    let mut slots = limits.into_iter().find_map(|limit| planner.rows(filter, limit))?;
    slots.sort_unstable();
    slots.dedup();
    let rows = slots.into_iter().filter_map(|slot| state.row_in(slot));
    let mut rows: Vec<_> = rows.filter(|row| row.is_of(resource_type)).cloned().collect();
    rows.sort_unstable_by_key(|row| row.id);
    Some(rows)
}

struct Planner<'a> {
    state: &'a TenantState,
    hasher: &'a LeafHasher,
    resource_type: &'a ResourceType,
}

impl Planner<'_> {
    /// At most `limit` rows, of any type and perhaps repeated, among which are all that match;
    /// `None` where no index tells, or there are more.
    fn rows(&self, filter: &TypedFilter, limit: usize) -> Option<Vec<Slot>> {
        match filter {
            TypedFilter::And(parts) => parts.iter().find_map(|part| self.rows(part, limit)),
            TypedFilter::Or(parts) => {
                let mut all = Vec::new();
                for part in parts {
                    all.extend(self.rows(part, limit.saturating_sub(all.len()))?);
                }
                Some(all)
            }
            TypedFilter::Compare { attribute, operator: ComparisonOperator::Equal, operand } => {
                self.equal(attribute, operand, limit)
            }
            // What one element has to match, the resource has some value for.
            TypedFilter::ValuePath { filter, .. } => self.rows(filter, limit),
            TypedFilter::Constant(false) => Some(Vec::new()),
            TypedFilter::Constant(true)
            | TypedFilter::Not(_)
            | TypedFilter::Present(_)
            | TypedFilter::Compare { .. } => None,
        }
    }

    fn equal(&self, attribute: &AttributeRef, operand: &Operand, limit: usize) -> Option<Vec<Slot>> {
        let names_ids = attribute.sub_attribute.as_ref().is_some_and(|sub| sub.name.matches("value"));
        match attribute.source {
            AttributeSource::Stored => {
                let hash = self.hasher.operand(self.resource_type.name(), attribute, operand);
                self.state.equality().rows(hash, limit)
            }
            AttributeSource::Id => Some(self.slot_named(operand)?.into_iter().collect()),
            AttributeSource::Members if names_ids => {
                let Some(member) = self.slot_named(operand)? else { return Some(Vec::new()) };
                let groups = self.state.membership().direct_groups(member).map(|group| group.1);
                let groups: Vec<Slot> = groups.take(limit.saturating_add(1)).collect();
                (groups.len() <= limit).then_some(groups)
            }
            AttributeSource::Groups if names_ids => {
                let Some(group) = self.slot_named(operand)? else { return Some(Vec::new()) };
                self.state.membership().all_members(group, limit)
            }
            AttributeSource::Members
            | AttributeSource::Groups
            | AttributeSource::Meta
            | AttributeSource::Schemas => None,
        }
    }

    /// The slot of the resource whose id is `operand`, `Some(None)` where there is none. Ids are
    /// lower case throughout, so a folded key reads as one just as the id itself does.
    fn slot_named(&self, operand: &Operand) -> Option<Option<Slot>> {
        let Operand::Text(text) = operand else { return None };
        Some(ResourceId::parse(text).and_then(|id| self.state.row(id)).map(|row| row.slot))
    }
}
