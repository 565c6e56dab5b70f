//! `/Schemas` (RFC 7644 §4, RFC 7643 §7).

use scim_application::DiscoveryEndpoint;

use super::Answer;
use crate::extract::Visitor;
use crate::respond;

/// `GET /Schemas`
pub(crate) async fn list(request: Visitor) -> Answer {
    Ok(respond::document(&request.discover(&DiscoveryEndpoint::Schemas).await?))
}

/// `GET /Schemas/{urn}`
pub(crate) async fn show(request: Visitor) -> Answer {
    let endpoint = DiscoveryEndpoint::Schema(request.segment("urn"));
    Ok(respond::document(&request.discover(&endpoint).await?))
}
