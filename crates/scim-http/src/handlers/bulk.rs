//! `/Bulk` (RFC 7644 §3.7).

use super::Answer;
use crate::extract::Authorized;
use crate::respond;

/// POST
pub(crate) async fn process(mut request: Authorized) -> Answer {
    let body = request.bulk_json().await?;
    let _place = request.bulk_place().await?;
    let answer = request.service().bulk().process(&request.context, &body).await?;
    Ok(respond::document(&answer))
}
