//! Queries (RFC 7644 §3.4.2).
//!
//! Without a filter and a sort, a page is read straight from the order of creation. Otherwise the
//! rows that may match are taken under the lock (the candidates of an index, or a snapshot of all)
//! and evaluated outside it, by the domain's own evaluator.

mod candidates;
mod evaluate;
mod page;
mod settle;

use std::sync::Arc;

use scim_domain::listing::{Include, PageRequest, QueryScope, ResourcePage, ResourceQuery};
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::RepositoryError;

use crate::row::Row;
use crate::state::{Related, RowsById, TenantState, TenantStore, asks_for_related};

use candidates::candidates;
pub(crate) use evaluate::yield_now;

use evaluate::Evaluation;
use page::{Hit, Page, Rows};

/// The page that `query` asks for.
pub(crate) async fn search(
    store: &TenantStore,
    tenant: &Tenant,
    query: &ResourceQuery,
) -> Result<ResourcePage, RepositoryError> {
    let is_sorted = query.scopes.iter().any(|scope| scope.sort_by.is_some());
    let is_filtered = query.scopes.iter().any(|scope| scope.filter.is_some());
    let wants_total_only = matches!(query.page, PageRequest::Index { count: 0, .. });
    let page = if !is_filtered && (!is_sorted || wants_total_only) {
        page::by_id(&whole_types(&store.state.read(), query), &query.page)
    } else if is_sorted {
        sorted(store, tenant, query).await?
    } else {
        filtered(store, tenant, query).await?
    };
    complete(store, tenant, query, page)
}

fn whole_types<'a>(state: &'a TenantState, query: &ResourceQuery) -> Vec<Rows<'a>> {
    query.scopes.iter().map(|scope| Rows::whole(state.rows_of(&scope.resource_type))).collect()
}

/// A page in the order of ids.
async fn filtered(
    store: &TenantStore,
    tenant: &Tenant,
    query: &ResourceQuery,
) -> Result<Page, RepositoryError> {
    let gathered = gather(store, query);
    let mut results = Vec::with_capacity(gathered.len());
    for (scope, gathered) in query.scopes.iter().zip(&gathered) {
        results.push(if scope.filter.is_some() {
            let mut rows = Vec::new();
            let mut evaluation = Evaluation::new(store, tenant, scope);
            evaluation.run(gathered.rows(), |row, _| rows.push(row)).await?;
            Rows::Chosen(rows)
        } else {
            gathered.rows()
        });
    }
    Ok(page::by_id(&results, &query.page))
}

/// A page in the order of sort keys.
async fn sorted(
    store: &TenantStore,
    tenant: &Tenant,
    query: &ResourceQuery,
) -> Result<Page, RepositoryError> {
    let gathered = gather(store, query);
    let mut hits = Vec::new();
    for (index, (scope, gathered)) in query.scopes.iter().zip(&gathered).enumerate() {
        let mut evaluation = Evaluation::new(store, tenant, scope);
        evaluation.run(gathered.rows(), |row, key| hits.push(Hit { key, row, scope: index })).await?;
    }
    Ok(page::by_key(hits, query.sort_order, &query.page))
}

/// The rows of one scope that may match, as they are at one moment for all scopes.
enum Gathered {
    Candidates(Vec<Arc<Row>>),
    /// There is no other way than to look at all of them.
    All(Option<RowsById>),
}

impl Gathered {
    fn rows(&self) -> Rows<'_> {
        match self {
            Self::Candidates(rows) => Rows::Chosen(rows.clone()),
            Self::All(blocks) => Rows::whole(blocks.as_ref()),
        }
    }
}

fn gather(store: &TenantStore, query: &ResourceQuery) -> Vec<Gathered> {
    let state = store.state.read();
    let gather = |scope: &QueryScope| {
        let filter = scope.filter.as_ref();
        match filter.and_then(|filter| candidates(&state, &store.hasher, &scope.resource_type, filter)) {
            Some(rows) => Gathered::Candidates(rows),
            None => Gathered::All(state.rows_of(&scope.resource_type).cloned()),
        }
    };
    query.scopes.iter().map(gather).collect()
}

/// Reads the resources of a page with what `include` asks for.
fn complete(
    store: &TenantStore,
    tenant: &Tenant,
    query: &ResourceQuery,
    page: Page,
) -> Result<ResourcePage, RepositoryError> {
    let rows: Vec<(&Arc<ResourceType>, Arc<Row>)> = page
        .rows
        .into_iter()
        .filter_map(|(scope, row)| Some((&query.scopes.get(scope)?.resource_type, row)))
        .collect();
    let related = related(store, tenant, &rows, query.include);
    let read = |((resource_type, row), related): (&(&Arc<ResourceType>, Arc<Row>), Related)| {
        related.into_resource(row.resource(resource_type))
    };
    let resources = rows.iter().zip(related).map(read).collect();
    Ok(ResourcePage { total_results: page.total, resources, has_more: page.has_more })
}

/// The members and groups of rows that were read before. A group that has changed in between shows
/// its members of now beside its version of then, so whoever writes with that version is refused.
fn related(
    store: &TenantStore,
    tenant: &Tenant,
    rows: &[(&Arc<ResourceType>, Arc<Row>)],
    include: Include,
) -> Vec<Related> {
    if !rows.iter().any(|(resource_type, _)| asks_for_related(resource_type, include)) {
        return rows.iter().map(|_| Related::default()).collect();
    }
    let state = store.state.read();
    rows.iter().map(|(resource_type, row)| state.related(tenant, resource_type, row, include)).collect()
}
