//! What a request says.

mod answer_shape;
mod authorized;
mod base_url;
mod bearer;
mod body;
mod media_type;
mod preconditions;
mod query;

use actix_web::HttpRequest;
use percent_encoding::percent_decode_str;

pub(crate) use authorized::{Authorized, Visitor};
pub(crate) use body::Deadline;

/// A segment of the path, decoded; empty where the route has none of this name.
///
/// The router leaves `%2F` and `%25` as they are, and puts U+FFFD for what is not UTF-8: no id,
/// endpoint or tenant is called so, and all of them answer that there is no such thing.
pub(crate) fn segment(request: &HttpRequest, name: &str) -> String {
    let segment = request.match_info().get(name).unwrap_or_default();
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}
