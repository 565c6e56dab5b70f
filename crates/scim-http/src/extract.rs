//! What a request says.

mod answer_shape;
mod authorized;
mod base_url;
mod bearer;
mod body;
mod forwarded;
mod media_type;
mod operator;
mod preconditions;
mod query;
mod token_request;

use std::borrow::Cow;
use std::net::IpAddr;

use actix_web::http::header::{HeaderMap, HeaderName};
use actix_web::{HttpMessage, HttpRequest};
use percent_encoding::percent_decode_str;

use crate::middleware::request_id::RequestId;

pub(crate) use authorized::{Authorized, Visitor};
pub(crate) use body::Deadline;
pub(crate) use forwarded::Forwarded;
pub(crate) use operator::Operator;
pub(crate) use token_request::{TokenForm, issuer};

/// A segment of the path, decoded; empty where the route has none of this name.
///
/// The router leaves `%2F` and `%25` as they are, and puts U+FFFD for what is not UTF-8: no id,
/// endpoint or tenant is called so, and all of them answer that there is no such thing.
pub(crate) fn segment(request: &HttpRequest, name: &str) -> String {
    let segment = request.match_info().get(name).unwrap_or_default();
    percent_decode_str(segment).decode_utf8_lossy().into_owned()
}

/// The id of the request, which the middleware gave it.
fn request_id(request: &HttpRequest) -> String {
    request.extensions().get::<RequestId>().map(ToString::to_string).unwrap_or_default()
}

/// Where the request came from, as far as those are to be believed who passed it on.
fn client_address(request: &HttpRequest) -> Option<IpAddr> {
    let forwarded = request.extensions().get::<Forwarded>().and_then(|forwarded| forwarded.client);
    forwarded.or_else(|| request.peer_addr().map(|address| address.ip()))
}

/// The list that the headers of one name make up, joined by commas (RFC 9110 §5.3).
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, str>> {
    let mut values = headers.get_all(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let first = values.next()?;
    Some(values.fold(first, |list, value| Cow::Owned([&*list, ",", &*value].concat())))
}
