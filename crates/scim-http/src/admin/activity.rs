//! `/admin/tenants/{tenant}/activity`

use super::Answer;
use crate::extract::Operator;
use crate::respond;

/// GET
pub(crate) async fn list(request: Operator) -> Answer {
    let parameters = request.parameters()?;
    let records = request.administration().activity(&request.tenant(), &parameters).await?;
    Ok(respond::json(&records))
}
