//! `/admin/tenants/{tenant}/credentials`

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderValue};
use serde_json::Value;

use super::Answer;
use crate::extract::Operator;
use crate::respond;

/// `GET /admin/tenants/{tenant}/credentials`
pub(crate) async fn list(request: Operator) -> Answer {
    let parameters = request.parameters()?;
    let list = request.administration().credential_list(&request.tenant(), &parameters).await?;
    Ok(respond::json(&list))
}

/// `POST /admin/tenants/{tenant}/credentials`
pub(crate) async fn create(mut request: Operator) -> Answer {
    request.without_parameters()?;
    let body = request.json().await?;
    let administration = request.administration();
    let made = administration.credential_create(&request.context, &request.tenant(), &body).await?;
    Ok(secret(StatusCode::CREATED, &made))
}

/// `DELETE /admin/tenants/{tenant}/credentials/{credential}`
pub(crate) async fn revoke(request: Operator) -> Answer {
    request.without_parameters()?;
    let (tenant, credential) = (request.tenant(), request.segment("credential"));
    request.administration().credential_delete(&request.context, &tenant, &credential).await?;
    Ok(HttpResponse::new(StatusCode::NO_CONTENT))
}

/// `POST /admin/tenants/{tenant}/credentials/{credential}/rotate`
pub(crate) async fn rotate(mut request: Operator) -> Answer {
    request.without_parameters()?;
    let (tenant, credential) = (request.tenant(), request.segment("credential"));
    let body = request.optional_json().await?;
    let administration = request.administration();
    let made =
        administration.credential_rotate(&request.context, &tenant, &credential, body.as_ref()).await?;
    Ok(secret(StatusCode::OK, &made))
}

/// An answer that nobody on its way may keep.
fn secret(status: StatusCode, made: &Value) -> HttpResponse {
    let mut response = respond::json(made);
    *response.status_mut() = status;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
