//! Queries of one type by POST, and of all types (RFC 7644 §3.4.2.1, §3.4.3).

use super::Answer;
use crate::extract::Authorized;
use crate::respond;

/// `GET /`
pub(crate) async fn root(request: Authorized) -> Answer {
    let parameters = request.list_parameters()?;
    let resource_types = request.context.tenant().schema.resource_types();
    let body = request.service().resources().search(&request.context, resource_types, &parameters).await?;
    Ok(respond::list(body))
}

/// `POST /.search`
pub(crate) async fn everything(mut request: Authorized) -> Answer {
    let parameters = request.search_request().await?;
    let resource_types = request.context.tenant().schema.resource_types();
    let body = request.service().resources().search(&request.context, resource_types, &parameters).await?;
    Ok(respond::list(body))
}

/// `POST /{endpoint}/.search`
pub(crate) async fn one_type(mut request: Authorized) -> Answer {
    let resource_types = [request.resource_type()?];
    let parameters = request.search_request().await?;
    let body = request.service().resources().search(&request.context, &resource_types, &parameters).await?;
    Ok(respond::list(body))
}
