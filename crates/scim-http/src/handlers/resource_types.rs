//! `/ResourceTypes` (RFC 7644 §4, RFC 7643 §6).

use scim_application::DiscoveryEndpoint;

use super::Answer;
use crate::extract::Visitor;
use crate::respond;

/// `GET /ResourceTypes`
pub(crate) async fn list(request: Visitor) -> Answer {
    Ok(respond::document(&request.discover(&DiscoveryEndpoint::ResourceTypes).await?))
}

/// `GET /ResourceTypes/{name}`
pub(crate) async fn show(request: Visitor) -> Answer {
    let endpoint = DiscoveryEndpoint::ResourceType(request.segment("name"));
    Ok(respond::document(&request.discover(&endpoint).await?))
}
