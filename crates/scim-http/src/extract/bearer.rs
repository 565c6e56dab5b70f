//! The bearer token (RFC 7644 §2, RFC 6750 §2.1).

use actix_web::http::header::{AUTHORIZATION, HeaderMap};

/// The token, where there is exactly one `Authorization` header and it is of the scheme `Bearer`,
/// in whatever case (RFC 9110 §11.1).
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION);
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    #[track_caller]
    fn check(values: &[&[u8]], expected: Option<&str>) {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_bytes(value).expect("a header"));
        }
        assert_eq!(token(&headers), expected);
    }

    #[test]
    fn the_scheme_is_bearer_in_any_case() {
        check(&[b"Bearer abc"], Some("abc"));
        check(&[b"bearer abc"], Some("abc"));
        check(&[b"BEARER   abc "], Some("abc"));
        check(&[], None);
        check(&[b"Bearer"], None);
        check(&[b"Bearer "], None);
        check(&[b"Basic abc"], None);
        check(&[b"Bearerabc"], None);
        check(&[b"Bearer \xff"], None);
    }

    #[test]
    fn two_credentials_are_none() {
        check(&[b"Bearer abc", b"Bearer def"], None);
        check(&[b"Bearer abc", b"Basic def"], None);
    }
}
