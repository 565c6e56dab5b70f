//! From a client's parameters to the query for the store (RFC 7644 §3.4.2) and back to the client:
//! which fields each type shows, and how the result is paged.

mod known;

use std::sync::Arc;

use crate::attribute::{AttributeRef, AttributeSource, Returned};
use crate::error::{ErrorKind, ScimError};
use crate::filter::{Binding, Filter, UnknownAttribute};
use crate::identifier::Timestamp;
use crate::projection::Projection;
use crate::resource::{StoredResource, Unreadable};
use crate::schema::ResourceType;
use crate::tenant::Tenant;

use super::cursor::{Cursor, CursorSealer};
use super::fingerprint::QueryFingerprint;
use super::parameters::ListParameters;
use super::query::{Include, KeysetPosition, MemberInclude, PageRequest, QueryScope, ResourceQuery};
use super::sort::{Direction, SortKey, simple_attribute};

/// A query, bound to the schema, with what is needed to write its answer.
#[derive(Debug, Clone)]
pub struct QueryPlan {
    /// What the store is asked.
    pub query: ResourceQuery,
    /// What is shown of each scope's resources, in the order of the scopes.
    projections: Vec<Projection>,
    pub(super) paging: Paging,
}

/// How the result is paged.
#[derive(Debug, Clone)]
pub(super) enum Paging {
    /// By position (RFC 7644 §3.4.2.4).
    Index {
        /// Counted from 1.
        start_index: usize,
    },
    /// By cursor (RFC 9865).
    Cursor {
        /// Where this page is: as the client's cursor says, or the start.
        at: Cursor,
        /// What the cursors of this walk are bound to.
        fingerprint: QueryFingerprint,
    },
}

impl QueryPlan {
    /// The plan for a query of the resource types `scopes`, one for an endpoint such as `/Users`,
    /// all of the tenant's for its root.
    ///
    /// - An attribute in `filter` that no type has is refused; in a query of several types, one that
    ///   only some have counts as absent from the others (RFC 7644 §3.4.2.1).
    /// - `sortBy` an attribute that a type does not have, that is never returned (its order would
    ///   tell it), or that is complex and has no `value`, is ignored for that type.
    /// - Without `cursor` pages go by `startIndex`, and a `count` above the tenant's
    ///   `filter.maxResults` is cut down to that (RFC 7644 §3.4.2.4 lets a page be smaller than
    ///   `count`). With `cursor`, it is `invalidCount`: RFC 9865 §2.1 has the value be "between 0 and
    ///   service provider's maxPageSize", and the same for the whole walk. A `count` that is left
    ///   out on later pages is taken from the cursor.
    ///
    /// # Errors
    /// `invalidFilter`, `invalidValue` (both lists of attributes), `invalidCount`, and what
    /// [`CursorSealer::open`] gives.
    pub fn new(
        parameters: &ListParameters,
        scopes: &[Arc<ResourceType>],
        tenant: &Tenant,
        base_url: &str,
        sealer: &CursorSealer,
        now: Timestamp,
    ) -> Result<Self, ScimError> {
        let filter = parameters.filter.as_deref().map(Filter::parse).transpose()?;
        let several = scopes.len() > 1;
        if let Some(filter) = filter.as_ref().filter(|_| several) {
            known::check(filter, scopes)?;
        }
        let unknown = if several { UnknownAttribute::Absent } else { UnknownAttribute::Refuse };
        let binding = Binding { base_url, unknown };
        let mut bound = Vec::with_capacity(scopes.len());
        let mut projections = Vec::with_capacity(scopes.len());
        let mut include = Include::NOTHING;
        for resource_type in scopes {
            let projection =
                Projection::new(resource_type, &parameters.attributes, &parameters.excluded_attributes)?;
            let sort_by = parameters.sort_by.as_deref().and_then(|path| sortable(resource_type, path));
            let shown = projection.include();
            let sorted_by = sort_by.as_ref().map(|attribute| attribute.source);
            if shown.members != MemberInclude::None || sorted_by == Some(AttributeSource::Members) {
                include.members = MemberInclude::All;
            }
            include.groups |= shown.groups || sorted_by == Some(AttributeSource::Groups);
            bound.push(QueryScope {
                resource_type: Arc::clone(resource_type),
                filter: filter.as_ref().map(|filter| filter.bind(resource_type, &binding)).transpose()?,
                sort_by,
            });
            projections.push(projection);
        }
        let max_results = tenant.config.filter.max_results;
        let (paging, page) = match &parameters.cursor {
            None => {
                let start_index = parameters.start_index.unwrap_or(1);
                let count = parameters.count.unwrap_or(max_results).min(max_results);
                let page = PageRequest::Index { skip: start_index.saturating_sub(1), count };
                (Paging::Index { start_index }, page)
            }
            Some(text) => {
                let fingerprint = QueryFingerprint::new(tenant.id, &bound, parameters.sort_order);
                let at = if text.is_empty() {
                    first_page(parameters.count, max_results, now)?
                } else {
                    let mut at = sealer.open(text, &fingerprint, now)?;
                    check_count(parameters.count, at.count)?;
                    at.count = at.count.min(max_results);
                    at
                };
                let page = if at.count == 0 {
                    PageRequest::Index { skip: 0, count: 0 }
                } else {
                    PageRequest::Keyset {
                        position: at.position.clone(),
                        direction: at.direction,
                        count: at.count,
                    }
                };
                (Paging::Cursor { at, fingerprint }, page)
            }
        };
        let query = ResourceQuery { scopes: bound, sort_order: parameters.sort_order, page, include };
        Ok(Self { query, projections, paging })
    }

    /// What is shown of resources of this type; `None` for a type that was not queried.
    pub fn projection(&self, resource_type: &Arc<ResourceType>) -> Option<&Projection> {
        self.projections.get(self.scope_index(resource_type)?)
    }

    /// Where `resource` is in the order of the result.
    pub(super) fn position(&self, resource: &StoredResource) -> Result<KeysetPosition, Unreadable> {
        let scope = self.scope_index(&resource.resource_type).and_then(|index| self.query.scopes.get(index));
        let sort_key = match scope.and_then(|scope| scope.sort_by.as_ref()) {
            Some(sort_by) => SortKey::of(&resource.clone().read()?, sort_by),
            None => None,
        };
        Ok(KeysetPosition { sort_key, id: resource.id })
    }

    fn scope_index(&self, resource_type: &Arc<ResourceType>) -> Option<usize> {
        self.query.scopes.iter().position(|scope| {
            // A schema that was compiled anew in between has other values with the same names.
            Arc::ptr_eq(&scope.resource_type, resource_type)
                || scope.resource_type.name() == resource_type.name()
        })
    }
}

fn sortable(resource_type: &ResourceType, path: &str) -> Option<AttributeRef> {
    let attribute = resource_type.attribute_at(path)?;
    let simple = simple_attribute(&attribute)?;
    let hidden = [&simple.attribute, simple.leaf()].iter().any(|part| part.returned == Returned::Never);
    (!hidden).then_some(attribute)
}

fn first_page(count: Option<usize>, max_results: usize, now: Timestamp) -> Result<Cursor, ScimError> {
    let count = count.unwrap_or(max_results);
    if count > max_results {
        return Err(ScimError::new(
            ErrorKind::InvalidCount,
            format!("count: expected a number from 0 to {max_results}"),
        ));
    }
    Ok(Cursor { position: None, direction: Direction::Ascending, count, issued_at: now })
}

fn check_count(count: Option<usize>, of_the_walk: usize) -> Result<(), ScimError> {
    if count.is_some_and(|count| count != of_the_walk) {
        return Err(ScimError::new(
            ErrorKind::InvalidCount,
            format!("count: expected {of_the_walk}, as in the first request of this walk"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
