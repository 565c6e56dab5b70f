//! The users that credentials and tokens speak for.

use std::sync::Arc;

use scim_domain::filter::{Binding, Filter, UnknownAttribute};
use scim_domain::identifier::ResourceId;
use scim_domain::listing::{Include, PageRequest, QueryScope, ResourceQuery, SortOrder};
use scim_domain::resource::StoredResource;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::{SubjectAttribute, Tenant};
use scim_ports::{RepositoryError, ResourceRepository};
use serde_json::Value;

/// The resource type of those that a credential can speak for.
pub(crate) const SUBJECT_TYPE: &str = "User";

/// The one user whose attribute has this value; `None` where there is none, or more than one.
///
/// # Errors
/// Those of the store.
pub(crate) async fn user_by(
    resources: &dyn ResourceRepository,
    tenant: &Tenant,
    attribute: SubjectAttribute,
    value: &str,
) -> Result<Option<StoredResource>, RepositoryError> {
    let Some(users) = tenant.schema.resource_type(SUBJECT_TYPE) else { return Ok(None) };
    if attribute == SubjectAttribute::Id {
        return match ResourceId::parse(value) {
            Some(id) => resources.resource_get(tenant, users, id, Include::NOTHING).await,
            None => Ok(None),
        };
    }
    let Some(query) = users_with(users, attribute.as_str(), value) else { return Ok(None) };
    let mut page = resources.resource_search(tenant, &query).await?;
    Ok(if page.total_results == 1 { page.resources.pop() } else { None })
}

/// The query for the users whose attribute at `path` has this value; `None` where it can be nobody's.
fn users_with(users: &Arc<ResourceType>, path: &str, value: &str) -> Option<ResourceQuery> {
    let binding = Binding { base_url: "", unknown: UnknownAttribute::Refuse };
    let filter = Filter::parse(&format!("{path} eq {}", Value::from(value))).ok()?;
    let filter = filter.bind(users, &binding).ok()?;
    let scope = QueryScope { resource_type: Arc::clone(users), filter: Some(filter), sort_by: None };
    Some(ResourceQuery {
        scopes: vec![scope],
        sort_order: SortOrder::Ascending,
        page: PageRequest::Index { skip: 0, count: 1 },
        include: Include::NOTHING,
    })
}
