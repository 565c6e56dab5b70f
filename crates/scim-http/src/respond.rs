//! Answers: status, headers and bodies (RFC 7644 §3.1, §3.12, §3.14).

mod error;
mod list;
mod oauth;
mod problem;
mod resource;

use actix_web::http::header::HeaderValue;

pub(crate) use error::HttpError;
pub(crate) use list::{document, json, list};
pub(crate) use oauth::{OauthError, unstored};
pub(crate) use problem::{Problem, document as problem_document};
pub(crate) use resource::{changed, created, deleted, read};

/// The media type of every SCIM answer (RFC 7644 §8.1).
const SCIM_JSON: HeaderValue = HeaderValue::from_static("application/scim+json");
