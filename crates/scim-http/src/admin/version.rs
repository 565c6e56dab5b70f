//! `/admin/version`

use super::Answer;
use crate::extract::Operator;
use crate::respond;

/// GET
pub(crate) async fn show(request: Operator) -> Answer {
    request.without_parameters()?;
    Ok(respond::json(&request.administration().version().await?))
}
