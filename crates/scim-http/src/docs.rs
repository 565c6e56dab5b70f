//! The pages that show the OpenAPI document: HTML that is written here from the document, and one style
//! sheet. There is no script, and nothing comes from anywhere else.

mod html;
mod operations;
mod page;
mod schemas;

use std::hash::{DefaultHasher, Hash, Hasher};

use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, EntityTag, Header, HeaderValue, IfNoneMatch,
};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};

use crate::openapi::openapi;

/// What a page of ours may load: the style sheet, and nothing else.
pub(crate) const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
);

const STYLE: &str = include_str!("docs/style.css");

/// What is served of it.
pub(crate) struct Documentation {
    /// `/openapi.json`
    pub(crate) openapi: Asset,
    /// `/docs`
    pub(crate) page: Asset,
    /// `/docs/style.css`
    pub(crate) style: Asset,
}

impl Documentation {
    /// The documentation of a server at this URL.
    pub(crate) fn new(public_base_url: Option<&str>) -> Self {
        Self {
            openapi: Asset::new("application/json", openapi_text(public_base_url)),
            page: Asset::new("text/html; charset=utf-8", page::page(&openapi(public_base_url))),
            style: Asset::new("text/css; charset=utf-8", STYLE.to_owned()),
        }
    }
}

/// The OpenAPI document as it is served: see [`openapi`].
pub fn openapi_text(public_base_url: Option<&str>) -> String {
    // A line for each member: for people, and for those who compare two versions.
    format!("{:#}\n", openapi(public_base_url))
}

/// A text that stays as it is while the process runs.
pub(crate) struct Asset {
    media_type: &'static str,
    text: Bytes,
    tag: EntityTag,
}

impl Asset {
    fn new(media_type: &'static str, text: String) -> Self {
        // The same on every replica of one build.
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        let tag = EntityTag::new_strong(format!("{:016x}", hasher.finish()));
        Self { media_type, text: Bytes::from(text), tag }
    }

    /// The text, or 304 where the client has it (RFC 9110 §13.1.2).
    pub(crate) fn answer(&self, request: &HttpRequest) -> HttpResponse {
        let mut response =
            if self.is_known(request) { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        response.insert_header((ETAG, self.tag.to_string()));
        response.insert_header((CACHE_CONTROL, HeaderValue::from_static("no-cache")));
        // With 304 too, whose headers take the place of those that the client has kept (RFC 9111 §4.3.4).
        response.insert_header((CONTENT_SECURITY_POLICY, PAGE_POLICY));
        if self.is_known(request) {
            return response.finish();
        }
        response.content_type(self.media_type).body(self.text.clone())
    }

    fn is_known(&self, request: &HttpRequest) -> bool {
        match IfNoneMatch::parse(request) {
            Ok(IfNoneMatch::Any) => true,
            Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|tag| tag.weak_eq(&self.tag)),
            Err(_unreadable) => false,
        }
    }
}

#[cfg(test)]
mod tests;
