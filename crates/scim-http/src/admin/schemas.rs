//! `/admin/tenants/{tenant}/schemas`

use super::{Answer, deleted, put, to_the_end};
use crate::extract::Operator;
use crate::respond;

/// `GET /admin/tenants/{tenant}/schemas`
pub(crate) async fn list(request: Operator) -> Answer {
    let parameters = request.parameters()?;
    Ok(respond::json(&request.administration().schema_list(&request.tenant(), &parameters).await?))
}

/// `GET /admin/tenants/{tenant}/schemas/{urn}`
pub(crate) async fn show(request: Operator) -> Answer {
    request.without_parameters()?;
    let (tenant, urn) = (request.tenant(), request.segment("urn"));
    Ok(respond::json(&request.administration().schema_show(&tenant, &urn).await?))
}

/// `PUT /admin/tenants/{tenant}/schemas/{urn}`
pub(crate) async fn replace(mut request: Operator) -> Answer {
    let (tenant, urn, parameters) = (request.tenant(), request.segment("urn"), request.parameters()?);
    let body = request.json().await?;
    let (state, context) = request.into_parts();
    let done = to_the_end(async move {
        let administration = state.service.administration();
        administration.schema_put(&context, &tenant, &urn, &body, &parameters).await
    });
    Ok(put(&done.await?))
}

/// `DELETE /admin/tenants/{tenant}/schemas/{urn}`
pub(crate) async fn delete(request: Operator) -> Answer {
    let (tenant, urn, parameters) = (request.tenant(), request.segment("urn"), request.parameters()?);
    let (state, context) = request.into_parts();
    let done = to_the_end(async move {
        let administration = state.service.administration();
        administration.schema_delete(&context, &tenant, &urn, &parameters).await
    });
    Ok(deleted(done.await?))
}
