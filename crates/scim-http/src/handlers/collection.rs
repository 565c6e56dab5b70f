//! `/{endpoint}`: the resources of one type (RFC 7644 §3.3, §3.4.2).

use super::Answer;
use crate::extract::Authorized;
use crate::respond;

/// GET
pub(crate) async fn list(request: Authorized) -> Answer {
    let resource_types = [request.resource_type()?];
    let parameters = request.list_parameters()?;
    let body = request.service().resources().search(&request.context, &resource_types, &parameters).await?;
    Ok(respond::list(body))
}

/// POST
pub(crate) async fn create(mut request: Authorized) -> Answer {
    let resource_type = request.resource_type()?;
    let shape = request.answer_shape()?;
    let body = request.json().await?;
    let service = request.service().resources();
    let answer = service.create(&request.context, &resource_type, &body, &shape).await?;
    Ok(respond::created(answer))
}
