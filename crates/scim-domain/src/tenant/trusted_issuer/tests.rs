//! Trusted issuers: what is taken, what is refused, and what a token has to have.

use serde_json::json;

use super::*;
use crate::tenant::TenantConfig;

/// The least that an issuer has, with `more` over it; `null` in it takes a key away.
fn issuer(more: Value) -> Value {
    let mut issuer = json!({"issuer": "https://idp.example.com", "jwksUri": "https://idp.example.com/keys", "audiences": ["scim"]});
    let object = issuer.as_object_mut().expect("an object");
    object.extend(more.as_object().expect("an object").clone());
    issuer
}

fn read(more: Value) -> Result<TrustedIssuer, ConfigError> {
    let config = TenantConfig::from_json(&json!({"trustedIssuers": [issuer(more)]}))?;
    Ok(config.trusted_issuers.into_iter().next().expect("an issuer"))
}

#[track_caller]
fn refused(more: Value, expected: &str) {
    let error = read(more).expect_err("should be refused").to_string();
    match expected.strip_suffix('…') {
        Some(start) => assert!(error.starts_with(&format!("trustedIssuers[0]{start}")), "{error}"),
        None => assert_eq!(error, format!("trustedIssuers[0]{expected}")),
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let read = read(json!({})).expect("valid");
    assert_eq!(read.keys, IssuerKeys::Uri("https://idp.example.com/keys".into()));
    assert_eq!((read.subject.as_ref(), read.required_claims.len()), (None, 0));
    assert_eq!(read.scopes.to_string(), "read write bulk");
    assert_eq!(read.algorithms.len(), 7);
    assert_eq!(read.to_json(), issuer(json!({})));
}

#[test]
fn what_is_wrong_is_named() {
    refused(json!({"issuer": null}), ".issuer: required");
    refused(json!({"issuer": ""}), ".issuer: expected text of 1 to 2048 bytes on one line, got \"\"");
    refused(json!({"audiences": null}), ".audiences: required");
    refused(json!({"audiences": []}), ".audiences: expected 1 to 32 elements, got 0");
    refused(json!({"audiences": "scim"}), ".audiences: expected an array, got \"scim\"");
    refused(json!({"audiences": ["scim", 1]}), ".audiences[1]: expected text…");
    refused(json!({"audience": "scim"}), ".audience: unknown key");
    refused(json!({"jwksUri": null}), ": expected jwksUri or jwks, got neither");
    refused(json!({"jwks": {"keys": []}}), ".jwks: expected jwksUri or jwks, got both");
    refused(json!({"subjectAttribute": "id"}), ".subjectAttribute: needs subjectClaim beside it…");
    refused(
        json!({"subjectClaim": "sub", "subjectAttribute": "emails"}),
        ".subjectAttribute: expected one of 'userName', 'externalId', 'id', 'emails.value', got \"emails\"",
    );
    refused(json!({"scopes": ["admin"]}), ".scopes[0]: expected 'read', 'write', 'bulk', 'discovery', or…");
    refused(json!({"scopes": ["bulk:User"]}), ".scopes[0]: expected…");
    refused(json!({"scopes": ["read:"]}), ".scopes[0]: expected…");
    refused(json!({"scopes": []}), ".scopes: expected 1 to 32 elements, got 0");
    refused(json!({"requiredClaims": {"tid": []}}), ".requiredClaims.tid: expected 1 to 32 elements, got 0");
    refused(json!({"requiredClaims": {"tid": {"a": 1}}}), ".requiredClaims.tid: expected text…");
    refused(json!({"algorithms": ["HS256"]}), ".algorithms[0]: HMAC is not taken from an issuer…");
    refused(json!({"algorithms": ["none"]}), ".algorithms[0]: expected one of 'RS256',…");
    refused(json!({"algorithms": ["RS256", "RS256"]}), ".algorithms[1]: occurs twice");
    refused(json!({"algorithms": []}), ".algorithms: expected 1 to 7 elements, got 0");
    let twice = json!({"trustedIssuers": [issuer(json!({})), issuer(json!({"audiences": ["other"]}))]});
    let error = TenantConfig::from_json(&twice).expect_err("twice").to_string();
    assert_eq!(error, "trustedIssuers[1].issuer: occurs twice: give one entry all of its audiences");
}

#[test]
fn keys_are_fetched_over_tls_but_from_this_machine() {
    for uri in [
        "https://idp.example.com",
        "HTTPS://idp.example.com:8443/keys?v=2",
        "https://[2001:db8::1]/k",
        "http://localhost:8080/keys",
        "http://127.0.0.1/keys",
        "http://127.8.9.1",
        "http://[::1]:9/keys",
    ] {
        assert_eq!(read(json!({"jwksUri": uri})).expect(uri).keys, IssuerKeys::Uri(uri.into()));
    }
    for uri in [
        "http://idp.example.com/keys",
        "http://localhost.example.com",
        "http://10.0.0.1",
        "http://127.1",
        "http://[::2]/",
        "http://0x7f.1/",
    ] {
        refused(json!({"jwksUri": uri}), ".jwksUri: expected an https URL: only on a loopback address…");
    }
    for uri in [
        "idp.example.com",
        "file:///etc/keys",
        "https://",
        "https:///keys",
        "https://u@h/",
        "https://h/#k",
        "https://h:port/",
        "https://h:+80/",
        "https://h:99999",
        "https://[::1",
        "https://[h]/",
        "https://é/",
        "https://a@[::1]/",
    ] {
        refused(json!({"jwksUri": uri}), ".jwksUri: expected an http or https URL with a host…");
    }
}

#[test]
fn a_set_of_keys_is_public() {
    let set = |key: Value| json!({"jwksUri": null, "jwks": {"keys": [key], "note": 1}});
    for key in [
        json!({"kty": "RSA", "kid": "a", "n": "AQAB", "e": "AQAB"}),
        json!({"kty": "EC", "crv": "P-256", "x": "a", "y": "b"}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": "a"}),
    ] {
        let read = read(set(key.clone())).expect("valid");
        assert_eq!(read.keys, IssuerKeys::Set(json!({"keys": [key], "note": 1})));
        assert_eq!(read.to_json().get("jwks"), Some(&json!({"keys": [key], "note": 1})));
    }
    refused(set(json!({"kty": "oct", "k": "secret"})), ".jwks.keys[0]: a symmetric key is not taken…");
    refused(
        set(json!({"kty": "RSA", "n": "a", "e": "b", "d": "secret"})),
        ".jwks.keys[0]: a private key is not taken…",
    );
    refused(
        set(json!({"kty": "EC", "crv": "P-256", "x": "a"})),
        ".jwks.keys[0]: y: required of a key whose kty is 'EC'",
    );
    refused(set(json!({"kty": "XX"})), ".jwks.keys[0]: kty: expected one of 'RSA', 'EC', 'OKP'");
    refused(set(json!("a")), ".jwks.keys[0]: expected an object, a JWK, got \"a\"");
    refused(json!({"jwksUri": null, "jwks": {"keys": []}}), ".jwks.keys: expected 1 to 32 elements, got 0");
    refused(json!({"jwksUri": null, "jwks": {}}), ".jwks.keys: required");
}

#[test]
fn a_token_has_every_required_claim() {
    let issuer = read(json!({"requiredClaims": {"tid": "t1", "roles": ["admin", "sync"], "level": 2}}))
        .expect("valid");
    let missing = |claims: Value| issuer.missing_claim(claims.as_object().expect("an object"));
    assert_eq!(missing(json!({"tid": "t1", "roles": "sync", "level": 2, "x": 1})), None);
    assert_eq!(missing(json!({"tid": "t1", "roles": ["other", "admin"], "level": [1, 2]})), None);
    assert_eq!(missing(json!({"tid": "t2", "roles": "sync", "level": 2})), Some("tid"));
    assert_eq!(missing(json!({"tid": "t1", "roles": ["other"], "level": 2})), Some("roles"));
    assert_eq!(missing(json!({"tid": "t1", "roles": "sync", "level": "2"})), Some("level"));
    assert_eq!(missing(json!({"roles": [], "level": 2})), Some("roles"));
    assert_eq!(missing(json!({"roles": "sync", "level": 2})), Some("tid"));
}
