//! `/ServiceProviderConfig` (RFC 7644 §4, RFC 7643 §5).

use scim_application::DiscoveryEndpoint;

use super::Answer;
use crate::extract::Visitor;
use crate::respond;

/// GET
pub(crate) async fn show(request: Visitor) -> Answer {
    Ok(respond::document(&request.discover(&DiscoveryEndpoint::ServiceProviderConfig).await?))
}
