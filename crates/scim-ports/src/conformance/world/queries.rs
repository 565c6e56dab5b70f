//! Queries, and filters bound to a type.

use std::sync::Arc;

use scim_domain::filter::{Binding, Filter, TypedFilter, UnknownAttribute};
use scim_domain::listing::query::KeysetPosition;
use scim_domain::listing::{Direction, Include, PageRequest, QueryScope, ResourceQuery, SortOrder};
use scim_domain::schema::ResourceType;

/// The mount that the filters of the kit are written for.
pub(in crate::conformance) const BASE_URL: &str = "https://scim.example/scim/v2";

/// A filter as it reads for a type.
pub(in crate::conformance) fn bind(resource_type: &ResourceType, filter: &str) -> TypedFilter {
    let binding = Binding { base_url: BASE_URL, unknown: UnknownAttribute::Absent };
    let parsed = Filter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    parsed.bind(resource_type, &binding).unwrap_or_else(|error| panic!("{filter}: {error}"))
}

/// A query in the making.
#[derive(Debug, Clone)]
pub(in crate::conformance) struct Query(ResourceQuery);

/// All resources of a type on one page, with everything that can be read.
pub(in crate::conformance) fn query(resource_type: &Arc<ResourceType>) -> Query {
    let scope = QueryScope { resource_type: Arc::clone(resource_type), filter: None, sort_by: None };
    Query(ResourceQuery {
        scopes: vec![scope],
        sort_order: SortOrder::Ascending,
        page: PageRequest::Index { skip: 0, count: 1000 },
        include: Include::EVERYTHING,
    })
}

impl Query {
    /// And of another type.
    pub(in crate::conformance) fn and(mut self, resource_type: &Arc<ResourceType>) -> Self {
        self.0.scopes.extend(query(resource_type).0.scopes);
        self
    }

    pub(in crate::conformance) fn filter(mut self, filter: &str) -> Self {
        for scope in &mut self.0.scopes {
            scope.filter = Some(bind(&scope.resource_type, filter));
        }
        self
    }

    pub(in crate::conformance) fn sort(mut self, sort_by: &str, order: SortOrder) -> Self {
        for scope in &mut self.0.scopes {
            scope.sort_by = scope.resource_type.attribute_at(sort_by);
        }
        self.0.sort_order = order;
        self
    }

    pub(in crate::conformance) fn include(mut self, include: Include) -> Self {
        self.0.include = include;
        self
    }

    pub(in crate::conformance) fn index(mut self, skip: usize, count: usize) -> Self {
        self.0.page = PageRequest::Index { skip, count };
        self
    }

    pub(in crate::conformance) fn keyset(
        mut self,
        position: Option<KeysetPosition>,
        direction: Direction,
        count: usize,
    ) -> Self {
        self.0.page = PageRequest::Keyset { position, direction, count };
        self
    }

    pub(in crate::conformance) fn into_query(self) -> ResourceQuery {
        self.0
    }
}
