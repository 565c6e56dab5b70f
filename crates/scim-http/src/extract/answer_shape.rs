//! What the client wants to see in the answer (RFC 7644 §3.9, RFC 7240).

use actix_web::HttpRequest;
use actix_web::http::header::{HeaderMap, HeaderName};
use scim_application::AnswerShape;
use scim_domain::error::ScimError;
use scim_domain::prefer::ReturnPreference;

use super::{list, query};

const PREFER: HeaderName = HeaderName::from_static("prefer");

/// `attributes`, `excludedAttributes` and `Prefer`.
pub(crate) fn answer_shape(request: &HttpRequest) -> Result<AnswerShape, ScimError> {
    let mut shape = AnswerShape { minimal: prefers_minimal(request.headers()), ..AnswerShape::default() };
    for (name, value) in query::pairs(request.query_string())? {
        match &*name {
            "attributes" => shape.attributes.extend(names(&value)),
            "excludedAttributes" => shape.excluded_attributes.extend(names(&value)),
            // RFC 7644 §3.4.1 defines no other parameter for a single resource, and lets none fail it.
            _ => {}
        }
    }
    Ok(shape)
}

/// The names in a comma-separated list.
fn names(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

fn prefers_minimal(headers: &HeaderMap) -> bool {
    list(headers, &PREFER)
        .is_some_and(|list| ReturnPreference::parse(&list) == Some(ReturnPreference::Minimal))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    #[track_caller]
    fn check(uri: &str, attributes: &[&str], excluded: &[&str]) {
        let shape = answer_shape(&TestRequest::with_uri(uri).to_http_request()).expect("a shape");
        assert_eq!(shape.attributes, attributes);
        assert_eq!(shape.excluded_attributes, excluded);
    }

    #[test]
    fn names_are_listed_with_commas() {
        check("/", &[], &[]);
        check("/?attributes=userName,%20emails.value&x=y", &["userName", "emails.value"], &[]);
        check("/?attributes=a&attributes=b&excludedAttributes=,c,", &["a", "b"], &["c"]);
    }

    #[track_caller]
    fn check_prefer(values: &[&str], expected: bool) {
        let mut request = TestRequest::default();
        for value in values {
            request = request.append_header((PREFER, *value));
        }
        assert_eq!(prefers_minimal(request.to_http_request().headers()), expected, "{values:?}");
    }

    #[test]
    fn the_first_return_preference_counts() {
        check_prefer(&[], false);
        check_prefer(&["return=minimal"], true);
        check_prefer(&["respond-async", "return=minimal"], true);
        check_prefer(&["return=representation", "return=minimal"], false);
    }
}
