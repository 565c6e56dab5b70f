//! JSON Web Tokens (RFC 7519): the library checks the signature, and we the claims, by our own clock.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use scim_domain::identifier::Timestamp;
use serde_json::{Map, Value};

/// By how many seconds the clocks of two machines may differ.
const LEEWAY_SECONDS: i64 = 60;
/// The longest token that is looked into, in bytes.
const MAX_LENGTH: usize = 16 * 1024;

/// The claims of a token (RFC 7519 §4).
pub(super) type Claims = Map<String, Value>;

/// What a token says of itself before anything of it is verified (RFC 7515 §4.1).
#[derive(Debug)]
pub(super) struct Header {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    pub(super) media_type: Option<String>,
}

/// Whether a bearer token has the three parts of a JWT: no token of another kind has a dot in it.
pub(crate) fn is_jwt(token: &str) -> bool {
    token.bytes().filter(|byte| *byte == b'.').count() == 2
}

/// Reads the header. `None` for what is no JWT, has no algorithm that signs (`none` is none), or
/// asks by `crit` for something that has to be understood (RFC 7515 §4.1.11).
pub(super) fn header(token: &str) -> Option<Header> {
    if token.len() > MAX_LENGTH {
        return None;
    }
    let header = jsonwebtoken::decode_header(token).ok()?;
    if header.crit.is_some() {
        return None;
    }
    Some(Header { algorithm: header.alg, key_id: header.kid, media_type: header.typ })
}

/// The claims of a token, not verified: to find out whose key it takes.
pub(super) fn claims_unverified(token: &str) -> Option<Claims> {
    if token.len() > MAX_LENGTH {
        return None;
    }
    jsonwebtoken::dangerous::insecure_decode_claims(token).ok()
}

/// The claims of a token that this key signed by exactly this algorithm.
pub(super) fn verify(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Option<Claims> {
    let mut validation = Validation::new(algorithm);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.validate_aud = false;
    Some(jsonwebtoken::decode::<Claims>(token, key, &validation).ok()?.claims)
}

/// Until when the token is good, where it is good now: `exp` has to be there and to come, `nbf` and
/// `iat`, where they are, to have come (RFC 7519 §4.1.4 to §4.1.6).
pub(super) fn live_until(claims: &Claims, now: Timestamp) -> Option<i64> {
    let now = now.unix_seconds();
    let expires = numeric_date(claims.get("exp")?)?;
    if expires.saturating_add(LEEWAY_SECONDS) <= now {
        return None;
    }
    for name in ["nbf", "iat"] {
        if let Some(claim) = claims.get(name)
            && numeric_date(claim)?.saturating_sub(LEEWAY_SECONDS) > now
        {
            return None;
        }
    }
    Some(expires.saturating_add(LEEWAY_SECONDS))
}

/// Seconds since 1970, perhaps with a fraction (RFC 7519 §2).
fn numeric_date(claim: &Value) -> Option<i64> {
    claim.as_i64().or_else(|| {
        // The part after the point says nothing that the leeway does not swallow.
        let text = claim.as_f64().filter(|seconds| seconds.is_finite())?.trunc().to_string();
        text.parse().ok()
    })
}

/// Whether the claim `aud` names this audience: it is one, or a list with it (RFC 7519 §4.1.3).
pub(super) fn is_for(claims: &Claims, audience: &str) -> bool {
    match claims.get("aud") {
        Some(Value::String(own)) => own == audience,
        Some(Value::Array(list)) => list.iter().any(|own| own.as_str() == Some(audience)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    fn claims(value: Value) -> Claims {
        value.as_object().expect("an object").clone()
    }

    #[track_caller]
    fn check(value: Value, is_live: bool) {
        let now = Timestamp::new(datetime!(2026-01-31 12:00 UTC));
        assert_eq!(live_until(&claims(value.clone()), now).is_some(), is_live, "{value}");
    }

    #[test]
    fn a_token_lives_between_its_times() {
        let now = 1_769_860_800;
        check(json!({"exp": now + 1}), true);
        check(json!({"exp": now - 59}), true);
        check(json!({"exp": now - 60}), false);
        check(json!({"exp": f64::from(now) + 0.5}), true);
        check(json!({"exp": "tomorrow"}), false);
        check(json!({"exp": null}), false);
        check(json!({}), false);
        check(json!({"exp": now + 9, "nbf": now + 60}), true);
        check(json!({"exp": now + 99, "nbf": now + 61}), false);
        check(json!({"exp": now + 99, "iat": now + 61}), false);
        check(json!({"exp": now + 99, "nbf": "x"}), false);
        check(json!({"exp": 1e300}), false);
    }

    #[test]
    fn an_audience_is_one_or_a_list() {
        assert!(is_for(&claims(json!({"aud": "a"})), "a"));
        assert!(is_for(&claims(json!({"aud": ["b", "a"]})), "a"));
        assert!(!is_for(&claims(json!({"aud": ["b"]})), "a"));
        assert!(!is_for(&claims(json!({"aud": 1})), "a"));
        assert!(!is_for(&claims(json!({})), "a"));
    }

    #[test]
    fn what_is_no_jwt_has_no_header() {
        // {"alg":"none"} and {"alg":"HS256","crit":["exp"]}
        for token in
            ["", "a.b", "eyJhbGciOiJub25lIn0.e30.", "eyJhbGciOiJIUzI1NiIsImNyaXQiOlsiZXhwIl19.e30.AA"]
        {
            assert!(header(token).is_none(), "{token}");
        }
        assert!(header(&format!("eyJhbGciOiJIUzI1NiJ9.{}.AA", "A".repeat(MAX_LENGTH))).is_none());
        assert!(header("eyJhbGciOiJIUzI1NiJ9.e30.AA").is_some());
    }
}
