//! `/`: a short page of links.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType};

use crate::docs::PAGE_POLICY;

const PAGE: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>SCIM service provider</title>
<link rel="stylesheet" href="docs/style.css">
</head>
<body class="plain">
<main>
<h1>SCIM service provider</h1>
<p>SCIM 2.0 (RFC 7643, RFC 7644) is served under <code>/scim/v2</code>, with a bearer token.</p>
<ul>
<li><a href="docs">/docs</a>: everything that is served, to read</li>
<li><a href="openapi.json">/openapi.json</a>: the same as OpenAPI 3.1</li>
<li><a href="scim/v2/ServiceProviderConfig">/scim/v2/ServiceProviderConfig</a></li>
<li><a href="scim/v2/ResourceTypes">/scim/v2/ResourceTypes</a></li>
<li><a href="scim/v2/Schemas">/scim/v2/Schemas</a></li>
<li><a href="health">/health</a></li>
<li><a href="ready">/ready</a></li>
</ul>
</main>
</body>
</html>
"#;

/// GET
pub(crate) async fn show() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY))
        .body(PAGE)
}
