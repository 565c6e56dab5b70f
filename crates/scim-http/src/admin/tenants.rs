//! `/admin/tenants`

use actix_web::http::StatusCode;
use actix_web::http::header::{ETAG, LOCATION};
use actix_web::{HttpResponse, HttpResponseBuilder};
use scim_application::TenantAnswer;

use super::Answer;
use crate::extract::Operator;
use crate::respond;

/// `GET /admin/tenants`
pub(crate) async fn list(request: Operator) -> Answer {
    let parameters = request.parameters()?;
    Ok(respond::json(&request.administration().tenant_list(&parameters).await?))
}

/// `POST /admin/tenants`
pub(crate) async fn create(mut request: Operator) -> Answer {
    request.without_parameters()?;
    let body = request.json().await?;
    let tenant = request.administration().tenant_create(&request.context, &body).await?;
    let location = format!("/admin/tenants/{}", tenant.id);
    Ok(answer(HttpResponse::Created().insert_header((LOCATION, location)), &tenant))
}

/// `GET /admin/tenants/{tenant}`
pub(crate) async fn show(request: Operator) -> Answer {
    request.without_parameters()?;
    let tenant = request.administration().tenant_show(&request.tenant()).await?;
    Ok(answer(&mut HttpResponse::Ok(), &tenant))
}

/// `PATCH /admin/tenants/{tenant}`
pub(crate) async fn modify(mut request: Operator) -> Answer {
    request.without_parameters()?;
    let (name, if_match) = (request.tenant(), request.if_match()?);
    let patch = request.merge_patch().await?;
    let administration = request.administration();
    let tenant = administration.tenant_modify(&request.context, &name, &patch, if_match.as_ref()).await?;
    Ok(answer(&mut HttpResponse::Ok(), &tenant))
}

/// `DELETE /admin/tenants/{tenant}`
pub(crate) async fn delete(request: Operator) -> Answer {
    request.without_parameters()?;
    let (name, if_match) = (request.tenant(), request.if_match()?);
    request.administration().tenant_delete(&request.context, &name, if_match.as_ref()).await?;
    Ok(HttpResponse::new(StatusCode::NO_CONTENT))
}

fn answer(response: &mut HttpResponseBuilder, tenant: &TenantAnswer) -> HttpResponse {
    let response = response.insert_header((ETAG, tenant.version.to_string()));
    response.content_type("application/json").body(tenant.body.to_string())
}
