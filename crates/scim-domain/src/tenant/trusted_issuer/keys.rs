//! Where the keys of a trusted issuer come from: a URL, or a set in the config itself (RFC 7517).

use serde_json::Value;

use crate::input::{Field, InputError as ConfigError, Section};

use super::uri::{http_uri, is_loopback};

/// The public keys of an issuer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IssuerKeys {
    /// At this URL: https, or a loopback address.
    Uri(String),
    /// This JWK Set.
    Set(Value),
}

/// At most so many keys in a set.
const MOST: usize = 32;

/// The members that a public key of each kind has (RFC 7518 §6, RFC 8037 §2).
const KINDS: [(&str, &[&str]); 3] =
    [("RSA", &["n", "e"]), ("EC", &["crv", "x", "y"]), ("OKP", &["crv", "x"])];

impl IssuerKeys {
    /// `jwksUri` or `jwks` of an issuer, whichever it has.
    pub(super) fn read(issuer: &Field<'_>, object: &mut Section<'_>) -> Result<Self, ConfigError> {
        match (object.take("jwksUri"), object.take("jwks")) {
            (Some(uri), None) => uri_of_keys(&uri).map(Self::Uri),
            (None, Some(set)) => {
                check_set(&set)?;
                Ok(Self::Set(set.value().clone()))
            }
            (Some(_), Some(set)) => Err(set.refuse("expected jwksUri or jwks, got both")),
            (None, None) => Err(issuer.refuse("expected jwksUri or jwks, got neither")),
        }
    }
}

fn uri_of_keys(field: &Field<'_>) -> Result<String, ConfigError> {
    let uri = http_uri(field)?;
    if uri.is_https || is_loopback(uri.host) {
        return Ok(uri.text.to_owned());
    }
    Err(field.expected("an https URL: only on a loopback address may keys be fetched without TLS"))
}

/// A set of public keys, none of which has anything secret in it. Details never repeat its values.
fn check_set(field: &Field<'_>) -> Result<(), ConfigError> {
    // A set may have other members (RFC 7517 §5), so that nothing in it is an unknown key.
    let mut set = field.section()?;
    let keys = set.take_required("keys", |keys| keys.items(&(1..=MOST)))?;
    keys.iter().try_for_each(check_key)
}

fn check_key(field: &Field<'_>) -> Result<(), ConfigError> {
    let object = field.value().as_object().ok_or_else(|| field.expected("an object, a JWK"))?;
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    if text("kty") == Some("oct") {
        return Err(field.refuse("a symmetric key is not taken: whoever can check with it can sign with it"));
    }
    let Some((kind, members)) = KINDS.iter().find(|(kind, _)| text("kty") == Some(kind)) else {
        return Err(field.refuse("kty: expected one of 'RSA', 'EC', 'OKP'"));
    };
    if ["d", "p", "q", "dp", "dq", "qi", "k"].iter().any(|name| object.contains_key(*name)) {
        return Err(field.refuse("a private key is not taken: leave out all but the public members"));
    }
    match members.iter().find(|name| text(name).is_none_or(str::is_empty)) {
        Some(name) => Err(field.refuse(format!("{name}: required of a key whose kty is '{kind}'"))),
        None => Ok(()),
    }
}
