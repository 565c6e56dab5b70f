//! One function for each method of each endpoint: extract, one use case, respond.

pub(crate) mod bulk;
pub(crate) mod collection;
pub(crate) mod documentation;
pub(crate) mod fallback;
pub(crate) mod health;
pub(crate) mod index;
pub(crate) mod me;
pub(crate) mod metrics;
pub(crate) mod oauth;
pub(crate) mod ready;
pub(crate) mod resource;
pub(crate) mod resource_types;
pub(crate) mod schemas;
pub(crate) mod search;
pub(crate) mod service_provider_config;

use actix_web::HttpResponse;

use crate::respond::HttpError;

/// What a handler gives.
type Answer = Result<HttpResponse, HttpError>;
