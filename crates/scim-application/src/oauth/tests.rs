//! Tokens that are good, and every way in which one is not.

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use parking_lot::Mutex;
use scim_domain::error::ErrorKind;
use scim_domain::identifier::{CredentialId, TenantId, Timestamp};
use scim_domain::schema::TenantSchema;
use scim_domain::scope::Scopes;
use scim_domain::tenant::{SubjectAttribute, Tenant, TenantConfig};
use scim_ports::{
    ChangeListener, ChangeNotice, IdGenerator, JwksSource, RepositoryError, SigningKeyRepository,
    StoredSigningKey,
};
use serde_json::{Value, json};
use time::macros::datetime;
use uuid::Uuid;

use super::{AccessTokens, IssuedToken, Sealer, SigningKeys, TrustedIssuers};

const ISSUER: &str = "https://scim.example";

/// Seconds after a moment that all tests begin at.
fn at(seconds: i64) -> Timestamp {
    Timestamp::new(datetime!(2026-01-31 12:00 UTC) + time::Duration::seconds(seconds))
}

#[derive(Default)]
struct Ids(Mutex<u128>);

impl IdGenerator for Ids {
    fn ordered_uuid(&self) -> Uuid {
        self.random_uuid()
    }

    fn random_uuid(&self) -> Uuid {
        let mut last = self.0.lock();
        *last += 1;
        Uuid::from_u128(*last)
    }

    fn nonce(&self) -> [u8; 24] {
        [0; 24]
    }

    fn secret(&self) -> [u8; 32] {
        [0; 32]
    }
}

#[derive(Default)]
struct Keys(Mutex<Vec<StoredSigningKey>>);

#[async_trait]
impl SigningKeyRepository for Keys {
    async fn signing_keys(&self) -> Result<Vec<StoredSigningKey>, RepositoryError> {
        Ok(self.0.lock().clone())
    }

    async fn signing_key_add(
        &self,
        key: StoredSigningKey,
        newest: Option<&str>,
    ) -> Result<bool, RepositoryError> {
        let mut keys = self.0.lock();
        let is_next = keys.first().map(|key| key.id.as_str()) == newest;
        if is_next {
            keys.insert(0, key);
        }
        Ok(is_next)
    }

    async fn signing_keys_prune(&self, now: Timestamp) -> Result<(), RepositoryError> {
        self.0.lock().retain(|key| key.expires_at > now);
        Ok(())
    }
}

fn tenant_id() -> TenantId {
    TenantId::new(Uuid::from_u128(7))
}

fn credential_id() -> CredentialId {
    CredentialId::new(Uuid::from_u128(8))
}

async fn issue(tokens: &AccessTokens, now: Timestamp) -> String {
    let scopes = Scopes::parse(["read:User"]).expect("scopes");
    let whose = (tenant_id(), credential_id());
    tokens.issue(ISSUER, whose, &scopes, None, now).await.expect("issued").0
}

async fn verifies(tokens: &AccessTokens, token: &str, now: Timestamp) -> bool {
    tokens.verify(token, now).await.expect("no failure").is_some()
}

fn own_keys(repository: &Arc<Keys>) -> Arc<SigningKeys> {
    let sealer = Sealer::new([1; 32]);
    Arc::new(SigningKeys::new(repository.clone(), sealer, Arc::new(Ids::default())))
}

fn with_own_keys() -> AccessTokens {
    AccessTokens::with_keys(own_keys(&Arc::default()), Arc::new(Ids::default()))
}

fn with_secret(secret: &[u8]) -> AccessTokens {
    AccessTokens::with_secret(secret, Arc::new(Ids::default()))
}

#[tokio::test]
async fn a_token_says_whose_it_is_and_what_it_allows() {
    for tokens in [with_own_keys(), with_secret(b"shared")] {
        let token = issue(&tokens, at(0)).await;
        let read = tokens.verify(&token, at(0)).await.expect("no failure").expect("good");
        assert_eq!((read.tenant, read.credential), (tenant_id(), credential_id()));
        assert_eq!(read.scopes.to_string(), "read:User");
        assert!(verifies(&tokens, &token, at(3600)).await);
        assert!(!verifies(&tokens, &token, at(3660)).await, "expired");
        assert!(!verifies(&tokens, &token, at(-61)).await, "from the future");
    }
}

#[tokio::test]
async fn a_token_dies_with_its_credential() {
    let tokens = with_secret(b"shared");
    let whose = (tenant_id(), credential_id());
    let issued = tokens.issue(ISSUER, whose, &Scopes::default(), Some(at(10)), at(0)).await;
    let (token, lifetime) = issued.expect("issued");
    assert_eq!(lifetime, 10);
    assert!(!verifies(&tokens, &token, at(70)).await);
}

#[tokio::test]
async fn what_was_not_signed_here_is_refused() {
    let tokens = with_own_keys();
    let token = issue(&tokens, at(0)).await;
    let [header, claims, signature] = parts(&token);
    let other = issue(&with_own_keys(), at(0)).await;
    assert!(!verifies(&tokens, &other, at(0)).await, "another deployment's");
    // One letter of each part changed.
    let forged_claims = URL_SAFE_NO_PAD.encode(decoded(&claims).replace("read:User", "write"));
    assert!(!verifies(&tokens, &format!("{header}.{forged_claims}.{signature}"), at(0)).await, "tampered");
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
    assert!(!verifies(&tokens, &format!("{none}.{claims}."), at(0)).await, "alg: none");
    let plain = URL_SAFE_NO_PAD.encode(decoded(&header).replace("at+jwt", "JWT"));
    assert!(!verifies(&tokens, &format!("{plain}.{claims}.{signature}"), at(0)).await, "another type");
    let unknown = URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","typ":"at+jwt","kid":"x"}"#);
    assert!(!verifies(&tokens, &format!("{unknown}.{claims}.{signature}"), at(0)).await, "unknown kid");
    for garbage in ["", "..", "a.b.c", &format!("{token}."), &token[..token.len() - 4]] {
        assert!(!verifies(&tokens, garbage, at(0)).await, "{garbage}");
    }
}

#[tokio::test]
async fn a_public_key_is_no_secret() {
    let tokens = with_own_keys();
    let token = issue(&tokens, at(0)).await;
    let [header, claims, _] = parts(&token);
    let jwks = tokens.jwks(at(0)).await.expect("keys");
    let public = URL_SAFE_NO_PAD.decode(jwks["keys"][0]["x"].as_str().expect("x")).expect("base64");
    let kid = serde_json::from_str::<Value>(&decoded(&header)).expect("JSON")["kid"].clone();
    for secret in [public.as_slice(), jwks["keys"][0]["x"].as_str().expect("x").as_bytes()] {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some("at+jwt".into());
        header.kid = kid.as_str().map(str::to_owned);
        let claims: Value = serde_json::from_str(&decoded(&claims)).expect("JSON");
        let forged =
            jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).expect("signed");
        assert!(!verifies(&tokens, &forged, at(0)).await);
    }
}

#[tokio::test]
async fn a_token_of_somebody_who_shares_the_secret_is_not_for_us() {
    let tokens = with_secret(b"shared");
    let sign = |claims: Value, typ: &str| {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(typ.into());
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(b"shared")).expect("signed")
    };
    let token = issue(&tokens, at(0)).await;
    let [_, claims, _] = parts(&token);
    let good: Value = serde_json::from_str(&decoded(&claims)).expect("JSON");
    assert!(verifies(&tokens, &sign(good.clone(), "at+jwt"), at(0)).await);
    assert!(!verifies(&tokens, &sign(good.clone(), "JWT"), at(0)).await);
    for (name, value) in [("aud", json!("others")), ("client_id", json!("x")), ("scope", json!("root"))] {
        let mut claims = good.clone();
        claims[name] = value;
        assert!(!verifies(&tokens, &sign(claims, "at+jwt"), at(0)).await, "{name}");
    }
}

#[tokio::test]
async fn keys_rotate_and_the_old_one_verifies_on() {
    let repository = Arc::new(Keys::default());
    let day = 24 * 3600;
    let one = AccessTokens::with_keys(own_keys(&repository), Arc::new(Ids::default()));
    let keys = own_keys(&repository);
    let other = AccessTokens::with_keys(Arc::clone(&keys), Arc::new(Ids::default()));
    let late = 30 * day - 60;
    issue(&one, at(0)).await;
    let old = issue(&one, at(late)).await;
    assert_eq!(repository.0.lock().len(), 1);
    assert!(verifies(&other, &old, at(late)).await, "another replica has the key too");
    let new = issue(&one, at(30 * day)).await;
    assert_eq!(repository.0.lock().len(), 2);
    assert!(verifies(&one, &old, at(30 * day)).await);
    // The other replica learns of the new key by a notice.
    keys.changed(ChangeNotice::SigningKeys);
    assert!(verifies(&other, &new, at(30 * day)).await);
    let jwks = other.jwks(at(30 * day)).await.expect("keys");
    assert_eq!(jwks["keys"].as_array().map(Vec::len), Some(2));
    assert!(jwks["keys"][0].get("d").is_none());
    issue(&one, at(60 * day)).await;
    assert_eq!(repository.0.lock().len(), 2, "the first is gone");
    issue(&one, at(200 * day)).await;
    assert_eq!(repository.0.lock().len(), 1, "after a long rest there is a new one");
}

#[tokio::test]
async fn in_place_of_a_key_that_cannot_be_opened_another_is_made() {
    let repository = Arc::new(Keys::default());
    let tokens = AccessTokens::with_keys(own_keys(&repository), Arc::new(Ids::default()));
    issue(&tokens, at(0)).await;
    let other_key = Sealer::new([2; 32]);
    let keys = SigningKeys::new(repository.clone(), other_key, Arc::new(Ids::default()));
    let tokens = AccessTokens::with_keys(Arc::new(keys), Arc::new(Ids::default()));
    let token = issue(&tokens, at(0)).await;
    assert!(verifies(&tokens, &token, at(0)).await);
    assert_eq!(repository.0.lock().len(), 2);
}

/// An identity provider with one key, and what a tenant trusts of it.
struct Provider {
    key: Ed25519KeyPair,
    config: Value,
}

impl Provider {
    fn new() -> Self {
        let config = json!({
            "issuer": "https://idp.example", "audiences": ["api://scim", "other"],
            "jwksUri": "https://idp.example/keys",
            "requiredClaims": {"tid": ["t-1", "t-2"]},
            "subjectClaim": "upn", "subjectAttribute": "userName", "scopes": ["read"],
        });
        Self { key: Ed25519KeyPair::generate().expect("a key"), config }
    }

    fn jwks(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.key.public_key().as_ref());
        json!({"keys": [
            {"kty": "unheard-of", "kid": "0"},
            {"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "1", "use": "sig", "alg": "EdDSA"},
        ]})
    }

    fn claims() -> Value {
        let now = at(0).unix_seconds();
        json!({"iss": "https://idp.example", "aud": "api://scim", "tid": "t-2", "upn": "bjensen",
            "sub": "s", "nbf": now, "exp": now + 600})
    }

    fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("1".into());
        let private = self.key.to_pkcs8().expect("PKCS #8");
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(private.as_ref())).expect("signed")
    }

    fn tenant(&self) -> Tenant {
        Tenant {
            id: tenant_id(),
            slug: "acme".into(),
            active: true,
            config: Arc::new(
                TenantConfig::from_json(&json!({"trustedIssuers": [self.config]})).expect("a config"),
            ),
            schema: Arc::new(TenantSchema::rfc7643().expect("compiles")),
        }
    }
}

/// A source that counts how often it is asked.
struct Source {
    answer: Mutex<Result<Value, String>>,
    asked: Mutex<usize>,
}

#[async_trait]
impl JwksSource for Source {
    async fn jwks_fetch(&self, uri: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        assert_eq!(uri, "https://idp.example/keys");
        *self.asked.lock() += 1;
        Ok(self.answer.lock().clone()?.to_string())
    }
}

fn trusting(provider: &Provider) -> (TrustedIssuers, Arc<Source>) {
    let source = Arc::new(Source { answer: Mutex::new(Ok(provider.jwks())), asked: Mutex::new(0) });
    (TrustedIssuers::new(source.clone()), source)
}

#[tokio::test]
async fn a_token_of_a_trusted_issuer_speaks_for_a_user() {
    let provider = Provider::new();
    let (issuers, source) = trusting(&provider);
    let token = provider.sign(&Provider::claims());
    for _ in 0..3 {
        let read = issuers.verify(&provider.tenant(), &token, at(0)).await.expect("keys").expect("good");
        assert_eq!((read.issuer.as_str(), read.name.as_deref()), ("https://idp.example", Some("s")));
        assert_eq!(read.subject, Some((SubjectAttribute::UserName, "bjensen".into())));
        assert_eq!(read.scopes.to_string(), "read");
    }
    assert_eq!(*source.asked.lock(), 1, "the keys are remembered");
}

/// What the token says, while the keys are known.
async fn verify(
    issuers: &TrustedIssuers,
    tenant: &Tenant,
    token: &str,
    now: Timestamp,
) -> Option<IssuedToken> {
    issuers.verify(tenant, token, now).await.expect("keys")
}

#[tokio::test]
async fn what_a_tenant_does_not_trust_is_refused() {
    let provider = Provider::new();
    let (issuers, _) = trusting(&provider);
    let now = at(0).unix_seconds();
    for (name, value) in [
        ("iss", json!("https://evil.example")),
        ("aud", json!("api://other")),
        ("aud", json!([])),
        ("tid", json!("t-3")),
        ("tid", Value::Null),
        ("upn", Value::Null),
        ("exp", json!(now - 61)),
        ("exp", Value::Null),
        ("nbf", json!(now + 61)),
    ] {
        let mut claims = Provider::claims();
        claims[name] = value.clone();
        let token = provider.sign(&claims);
        assert_eq!(verify(&issuers, &provider.tenant(), &token, at(0)).await, None, "{name}: {value}");
    }
    let untrusting = Tenant { config: Arc::default(), ..provider.tenant() };
    assert_eq!(verify(&issuers, &untrusting, &provider.sign(&Provider::claims()), at(0)).await, None);
    let stranger = Provider::new();
    assert_eq!(verify(&issuers, &provider.tenant(), &stranger.sign(&Provider::claims()), at(0)).await, None);
}

#[tokio::test]
async fn an_algorithm_that_is_not_the_issuers_is_refused() {
    let mut provider = Provider::new();
    provider.config["algorithms"] = json!(["RS256"]);
    let (issuers, _) = trusting(&provider);
    let token = provider.sign(&Provider::claims());
    assert_eq!(verify(&issuers, &provider.tenant(), &token, at(0)).await, None);
    let x = provider.jwks()["keys"][1]["x"].as_str().expect("x").to_owned();
    for secret in [x.as_bytes(), provider.key.public_key().as_ref()] {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("1".into());
        let key = EncodingKey::from_secret(secret);
        let forged = jsonwebtoken::encode(&header, &Provider::claims(), &key).expect("signed");
        assert_eq!(verify(&issuers, &provider.tenant(), &forged, at(0)).await, None);
    }
}

#[tokio::test]
async fn keys_in_the_config_are_not_fetched() {
    let mut provider = Provider::new();
    let (issuers, source) = trusting(&provider);
    let config = provider.config.as_object_mut().expect("an object");
    config.remove("jwksUri");
    let mut keys = provider.jwks();
    keys["keys"].as_array_mut().expect("keys").remove(0);
    provider.config["jwks"] = keys;
    let token = provider.sign(&Provider::claims());
    assert!(verify(&issuers, &provider.tenant(), &token, at(0)).await.is_some());
    assert_eq!(*source.asked.lock(), 0);
}

/// Whether the source answered, and the token is good.
async fn tried(issuers: &TrustedIssuers, provider: &Provider, token: &str) -> Option<bool> {
    match issuers.verify(&provider.tenant(), token, at(0)).await {
        Ok(read) => Some(read.is_some()),
        Err(failed) => {
            assert_eq!(failed.error.kind, ErrorKind::Unavailable);
            assert!(failed.retry_after.is_some());
            None
        }
    }
}

#[tokio::test]
async fn keys_that_are_not_known_and_cannot_be_fetched_refuse_nobody() {
    let provider = Provider::new();
    let (issuers, source) = trusting(&provider);
    *source.answer.lock() = Err("down".into());
    let token = provider.sign(&Provider::claims());
    for _ in 0..3 {
        assert_eq!(tried(&issuers, &provider, &token).await, None);
    }
    assert_eq!(*source.asked.lock(), 1, "it is not asked with every token");
    let mut claims = Provider::claims();
    claims["iss"] = json!("https://evil.example");
    assert_eq!(tried(&issuers, &provider, &provider.sign(&claims)).await, Some(false));
}

#[tokio::test]
async fn a_source_that_lacks_a_key_is_not_asked_with_every_token() {
    let provider = Provider::new();
    let (issuers, source) = trusting(&provider);
    *source.answer.lock() = Ok(json!({"keys": []}));
    let token = provider.sign(&Provider::claims());
    for _ in 0..3 {
        assert_eq!(tried(&issuers, &provider, &token).await, Some(false));
    }
    assert_eq!(*source.asked.lock(), 1);
}

/// A source that does not answer the first time.
#[derive(Default)]
struct SlowSource(Mutex<usize>);

#[async_trait]
impl JwksSource for SlowSource {
    async fn jwks_fetch(&self, _uri: &str) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        let is_first = {
            let mut asked = self.0.lock();
            *asked += 1;
            *asked == 1
        };
        if is_first {
            std::future::pending::<()>().await;
        }
        Ok(json!({"keys": []}).to_string())
    }
}

#[tokio::test]
async fn a_request_that_is_given_up_leaves_the_source_to_the_next_one() {
    let provider = Provider::new();
    let source = Arc::new(SlowSource::default());
    let issuers = TrustedIssuers::new(source.clone());
    let (tenant, token) = (provider.tenant(), provider.sign(&Provider::claims()));
    {
        let mut given_up = Box::pin(issuers.verify(&tenant, &token, at(0)));
        assert!(futures_util::poll!(given_up.as_mut()).is_pending());
    }
    assert_eq!(tried(&issuers, &provider, &token).await, Some(false));
    assert_eq!(*source.0.lock(), 2);
}

fn parts(token: &str) -> [String; 3] {
    let parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    parts.try_into().expect("three parts")
}

fn decoded(part: &str) -> String {
    String::from_utf8(URL_SAFE_NO_PAD.decode(part).expect("base64")).expect("UTF-8")
}
