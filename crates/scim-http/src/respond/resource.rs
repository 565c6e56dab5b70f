//! Answers about one resource (RFC 7644 §3.3 to §3.6, §3.14).

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_LOCATION, CONTENT_TYPE, ETAG, HeaderName, LOCATION};
use actix_web::{HttpResponse, HttpResponseBuilder};
use scim_application::{ReadAnswer, WriteAnswer};

use super::SCIM_JSON;

/// To GET: the resource, or 304 where the client has it.
pub(crate) fn read(answer: ReadAnswer) -> HttpResponse {
    match answer {
        ReadAnswer::Found(answer) => resource(StatusCode::OK, CONTENT_LOCATION, answer),
        ReadAnswer::NotModified(version) => {
            HttpResponse::NotModified().insert_header((ETAG, version.to_string())).finish()
        }
    }
}

/// To POST: 201, also where the client wants no body.
pub(crate) fn created(answer: WriteAnswer) -> HttpResponse {
    resource(StatusCode::CREATED, LOCATION, answer)
}

/// To PUT and PATCH: 200 with the resource, or 204.
pub(crate) fn changed(answer: WriteAnswer) -> HttpResponse {
    let status = if answer.body.is_some() { StatusCode::OK } else { StatusCode::NO_CONTENT };
    resource(status, CONTENT_LOCATION, answer)
}

/// To DELETE.
pub(crate) fn deleted() -> HttpResponse {
    HttpResponse::NoContent().finish()
}

/// The resource, or what there is to know without it. `located` is the header that its location goes to.
fn resource(status: StatusCode, located: HeaderName, answer: WriteAnswer) -> HttpResponse {
    let mut response = HttpResponseBuilder::new(status);
    response.insert_header((located, answer.location));
    response.insert_header((ETAG, answer.version.to_string()));
    match answer.body {
        Some(body) => response.insert_header((CONTENT_TYPE, SCIM_JSON)).body(body),
        None => response.finish(),
    }
}
