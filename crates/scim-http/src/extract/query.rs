//! The query component of a URL (RFC 3986 §3.4), in the form encoding that all clients use.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use scim_domain::error::{ErrorKind, ScimError};

/// A name and its value, decoded.
pub(crate) type Pair<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The names and values of a query, in their order.
///
/// # Errors
/// 400 for what is not UTF-8 when decoded (RFC 7644 §3.8).
pub(crate) fn pairs(query: &str) -> Result<Vec<Pair<'_>>, ScimError> {
    query.split('&').filter(|pair| !pair.is_empty()).map(pair).collect()
}

fn pair(pair: &str) -> Result<Pair<'_>, ScimError> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    let name = decode(name).ok_or_else(|| not_utf8("a parameter's name"))?;
    let value = decode(value).ok_or_else(|| not_utf8(&name))?;
    Ok((name, value))
}

/// A name or a value of the form encoding, decoded; `None` for what is not UTF-8 then.
pub(super) fn decode(text: &str) -> Option<Cow<'_, str>> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Some(Cow::Owned(percent_decode_str(&spaced).decode_utf8().ok()?.into_owned()));
    }
    percent_decode_str(text).decode_utf8().ok()
}

fn not_utf8(what: &str) -> ScimError {
    ScimError::new(ErrorKind::BadRequest, format!("{what}: expected UTF-8 in the query"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(query: &str, expected: &[(&str, &str)]) {
        let expected: Vec<Pair<'_>> =
            expected.iter().map(|(name, value)| (Cow::from(*name), Cow::from(*value))).collect();
        assert_eq!(pairs(query), Ok(expected));
    }

    #[test]
    fn pairs_are_decoded() {
        check("", &[]);
        check("a=1&&b=2", &[("a", "1"), ("b", "2")]);
        check("filter=userName+eq%20%22a%2Bb%22", &[("filter", "userName eq \"a+b\"")]);
        check("a", &[("a", "")]);
        check("a=b=c", &[("a", "b=c")]);
        check("a=%C3%A9", &[("a", "é")]);
        check("a=100%", &[("a", "100%")]);
        check("a=%00", &[("a", "\0")]);
    }

    #[test]
    fn what_is_not_utf8_is_refused() {
        assert_eq!(pairs("filter=%FF").expect_err("bad").detail, "filter: expected UTF-8 in the query");
        assert_eq!(pairs("%C3=1").expect_err("bad").kind, ErrorKind::BadRequest);
    }
}
