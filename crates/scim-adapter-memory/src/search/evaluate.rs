//! Evaluating a filter and a sort key on many rows, outside any lock.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use scim_domain::attribute::AttributeSource;
use scim_domain::filter::TypedFilter;
use scim_domain::listing::{Include, MemberInclude, QueryScope, SortKey};
use scim_domain::resource::{Attributes, Resource};
use scim_domain::tenant::Tenant;
use scim_ports::RepositoryError;

use crate::row::Row;
use crate::state::{Related, TenantStore};

use super::page::Rows;
use super::settle::settle;

/// How many rows are evaluated between two moments at which other tasks get their turn: at some
/// microseconds a row, less than a millisecond.
const STRIDE: usize = 128;

/// One scope of a query, and what its filter and sort key need to be read.
pub(super) struct Evaluation<'a> {
    store: &'a TenantStore,
    tenant: &'a Tenant,
    scope: &'a QueryScope,
    needs_attributes: bool,
    needs_memberships: bool,
    since_yield: usize,
}

/// A filter as it reads for one row, and the memberships that it needs.
type Settled = (Option<TypedFilter>, Related);

impl<'a> Evaluation<'a> {
    pub(super) fn new(store: &'a TenantStore, tenant: &'a Tenant, scope: &'a QueryScope) -> Self {
        let mentions = |source| mentions(scope, scope.filter.as_ref(), source);
        Self {
            store,
            tenant,
            scope,
            needs_attributes: mentions(AttributeSource::Stored) || mentions(AttributeSource::Schemas),
            needs_memberships: mentions(AttributeSource::Members) || mentions(AttributeSource::Groups),
            since_yield: 0,
        }
    }

    /// Hands the rows that match to `found`, in their order, each with its sort key.
    pub(super) async fn run(
        &mut self,
        rows: Rows<'_>,
        mut found: impl FnMut(Arc<Row>, Option<SortKey>),
    ) -> Result<(), RepositoryError> {
        for row in rows.skip(0) {
            let (filter, related) =
                if self.needs_memberships { self.settled(row) } else { (None, Related::default()) };
            let attributes = if self.needs_attributes { row.attributes()? } else { Attributes::new() };
            let resource = row.resource_with(&self.scope.resource_type, attributes);
            let resource = related.into_resource(resource);
            if filter.as_ref().or(self.scope.filter.as_ref()).is_none_or(|filter| filter.matches(&resource)) {
                found(Arc::clone(row), self.sort_key(&resource));
            }
            self.since_yield = self.since_yield.saturating_add(1);
            if self.since_yield >= STRIDE {
                self.since_yield = 0;
                yield_now().await;
            }
        }
        Ok(())
    }

    /// The filter for this row, without the questions that the membership index answers, and the
    /// members and groups that are still needed then.
    fn settled(&self, row: &Row) -> Settled {
        let state = self.store.state.read();
        if !state.has(row) {
            return (None, Related::default());
        }
        let filter = self.scope.filter.as_ref().map(|filter| settle(&state, row, filter));
        let mentions = |source| mentions(self.scope, filter.as_ref(), source);
        let include = Include {
            members: if mentions(AttributeSource::Members) {
                MemberInclude::All
            } else {
                MemberInclude::None
            },
            groups: mentions(AttributeSource::Groups),
        };
        let related = state.related(self.tenant, &self.scope.resource_type, row, include);
        (filter, related)
    }

    fn sort_key(&self, resource: &Resource) -> Option<SortKey> {
        SortKey::of(resource, self.scope.sort_by.as_ref()?)
    }
}

/// Whether the filter or the sort key reads attributes from `source`.
fn mentions(scope: &QueryScope, filter: Option<&TypedFilter>, source: AttributeSource) -> bool {
    filter.is_some_and(|filter| filter.mentions(source))
        || scope.sort_by.as_ref().is_some_and(|sort_by| sort_by.source == source)
}

/// Lets the runtime poll other tasks before this one goes on.
pub(crate) async fn yield_now() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
