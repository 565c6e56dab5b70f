//! Searches for who has a `userName`, several at once: what identity providers ask before they create a
//! user.

use std::sync::Arc;

use diesel::sql_types::Text;
use diesel_async::AsyncPgConnection;
use scim_domain::filter::{ComparisonOperator, Operand, TypedFilter};
use scim_domain::listing::{Include, PageRequest, QueryScope, ResourcePage, ResourceQuery};
use scim_domain::resource::StoredResource;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::RepositoryError;

use crate::error::Failure;
use crate::gather::{Gather, Lookup, Turn, Wanted};
use crate::queries::get;
use crate::rows::{ResourceColumns, ResourceRow};
use crate::session::load;
use crate::sql::Bind;
use crate::text::unique_key;

/// The key of a `userName`, as rows have it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct UserName(String);

/// The answer to `query` where it asks for a page by position of those who have one `userName`, of whom
/// there is one at most. `None` where it is to be run by itself.
pub(crate) async fn find(
    gather: &Gather<Lookup<UserName>>,
    tenant: &Tenant,
    query: &ResourceQuery,
) -> Result<Option<ResourcePage>, RepositoryError> {
    let ([scope], PageRequest::Index { skip, count }) = (query.scopes.as_slice(), &query.page) else {
        return Ok(None);
    };
    let Some(wanted) = UserName::of(scope) else { return Ok(None) };
    let lookup = Lookup { wanted, resource_type: Arc::clone(&scope.resource_type), include: query.include };
    match gather.turn(tenant, &Arc::new(lookup)).await? {
        Turn::Answered(found) if found.len() <= 1 => Ok(Some(ResourcePage {
            total_results: found.len(),
            has_more: found.len() > skip.saturating_add(*count),
            resources: found.into_iter().skip(*skip).take(*count).collect(),
        })),
        Turn::Answered(_) | Turn::NotApplied | Turn::Alone => Ok(None),
    }
}

impl UserName {
    /// The one that is asked for, if nothing else is.
    fn of(scope: &QueryScope) -> Option<Self> {
        match scope.filter.as_ref()? {
            TypedFilter::Compare {
                attribute,
                operator: ComparisonOperator::Equal,
                operand: Operand::Text(name),
            } if attribute.is_user_name() => Some(Self(unique_key(name).into_owned())),
            _ => None,
        }
    }
}

impl Wanted for UserName {
    /// Two of those who have the same name are enough to tell that there are several.
    async fn read(
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        wanted: &[Self],
        include: Include,
    ) -> Result<Vec<(Self, StoredResource)>, Failure> {
        let names = wanted.iter().map(|name| name.0.clone()).collect();
        let sql = get::select(tenant, resource_type, include)
            .with_text(", r.user_name_key FROM unnest(")
            .with(
                Bind::Texts(names),
                ") AS wanted(user_name_key) CROSS JOIN LATERAL (SELECT r.* FROM scim_resource r \
                 WHERE r.tenant_id = $1 AND r.resource_type = ",
            )
            .with(Bind::text(resource_type.name()), " AND r.user_name_key = wanted.user_name_key LIMIT 2) r");
        let rows: Vec<(ResourceRow, String)> =
            load(connection, sql.rows::<(ResourceColumns, Text)>()).await?;
        let (rows, names): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let found = get::resources(connection, tenant, resource_type, rows, include).await?;
        Ok(names.into_iter().map(Self).zip(found).collect())
    }
}
