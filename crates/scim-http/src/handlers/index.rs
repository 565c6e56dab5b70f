//! `/`: a short page of links.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType, HeaderValue};

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>SCIM service provider</title>
<h1>SCIM service provider</h1>
<p>SCIM 2.0 (RFC 7643, RFC 7644) is served under <code>/scim/v2</code>, with a bearer token.</p>
<ul>
<li><a href="/scim/v2/ServiceProviderConfig">/scim/v2/ServiceProviderConfig</a></li>
<li><a href="/scim/v2/ResourceTypes">/scim/v2/ResourceTypes</a></li>
<li><a href="/scim/v2/Schemas">/scim/v2/Schemas</a></li>
<li><a href="/health">/health</a></li>
<li><a href="/ready">/ready</a></li>
</ul>
</html>
"#;

/// It loads nothing.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

/// GET
pub(crate) async fn show() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .content_type(ContentType::html())
        .body(PAGE)
}
