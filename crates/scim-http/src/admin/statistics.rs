//! `/admin/stats` and `/admin/tenants/{tenant}/stats`

use super::Answer;
use crate::extract::Operator;
use crate::respond;

/// `GET /admin/tenants/{tenant}/stats`
pub(crate) async fn of_tenant(request: Operator) -> Answer {
    request.without_parameters()?;
    Ok(respond::json(&request.administration().tenant_statistics(&request.tenant()).await?))
}

/// `GET /admin/stats`
pub(crate) async fn of_all(request: Operator) -> Answer {
    request.without_parameters()?;
    Ok(respond::json(&request.administration().statistics().await?))
}
