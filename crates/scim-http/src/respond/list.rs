//! Answers that are no single resource: list and bulk responses, discovery documents, and what is not SCIM.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_TYPE, ContentType};
use serde_json::Value;

use super::SCIM_JSON;

/// A list response (RFC 7644 §3.4.2).
pub(crate) fn list(body: Vec<u8>) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, SCIM_JSON)).body(body)
}

/// A discovery document (RFC 7644 §4) or bulk response (RFC 7644 §3.7).
pub(crate) fn document(document: &Value) -> HttpResponse {
    HttpResponse::Ok().insert_header((CONTENT_TYPE, SCIM_JSON)).body(document.to_string())
}

/// JSON that is not SCIM.
pub(crate) fn json(document: &Value) -> HttpResponse {
    HttpResponse::Ok().content_type(ContentType::json()).body(document.to_string())
}
