//! `/admin/tenants/{tenant}/resource-types`

use super::{Answer, deleted, put, to_the_end};
use crate::extract::Operator;
use crate::respond;

/// `GET /admin/tenants/{tenant}/resource-types`
pub(crate) async fn list(request: Operator) -> Answer {
    let parameters = request.parameters()?;
    Ok(respond::json(&request.administration().resource_type_list(&request.tenant(), &parameters).await?))
}

/// `GET /admin/tenants/{tenant}/resource-types/{name}`
pub(crate) async fn show(request: Operator) -> Answer {
    request.without_parameters()?;
    let (tenant, name) = (request.tenant(), request.segment("name"));
    Ok(respond::json(&request.administration().resource_type_show(&tenant, &name).await?))
}

/// `PUT /admin/tenants/{tenant}/resource-types/{name}`
pub(crate) async fn replace(mut request: Operator) -> Answer {
    let (tenant, name, parameters) = (request.tenant(), request.segment("name"), request.parameters()?);
    let body = request.json().await?;
    let (state, context) = request.into_parts();
    let done = to_the_end(async move {
        let administration = state.service.administration();
        administration.resource_type_put(&context, &tenant, &name, &body, &parameters).await
    });
    Ok(put(&done.await?))
}

/// `DELETE /admin/tenants/{tenant}/resource-types/{name}`
pub(crate) async fn delete(request: Operator) -> Answer {
    let (tenant, name, parameters) = (request.tenant(), request.segment("name"), request.parameters()?);
    let (state, context) = request.into_parts();
    let done = to_the_end(async move {
        let administration = state.service.administration();
        administration.resource_type_delete(&context, &tenant, &name, &parameters).await
    });
    Ok(deleted(done.await?))
}
