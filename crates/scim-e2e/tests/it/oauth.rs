//! `/oauth/token`, what is published about it, and signed tokens: our own, and those of issuers that
//! a tenant trusts (RFC 6749, RFC 7517, RFC 8414, RFC 9068).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use scim_e2e::{Answer, Client};
use scim_ports::Clock;
use scim_server::adapters::SystemClock;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::TestApp;
use crate::admin::{new_credential, new_tenant};
use crate::bodies::{group, user};

const FORM: &str = "application/x-www-form-urlencoded";

/// A client of the tenant `acme`, as the answer that made it shows it.
async fn oauth_client(app: &TestApp, scopes: &Value) -> Answer {
    new_tenant(&app.admin(), "acme").await;
    new_credential(&app.admin(), "acme", &json!({"type": "oauth_client", "scopes": scopes})).await
}

async fn ask(app: &TestApp, form: &str) -> Answer {
    app.anonymous().at("").request(Method::POST, "/oauth/token").body(FORM, form.to_owned()).send().await
}

async fn token_of(app: &TestApp, client: &Answer, more: &str) -> Answer {
    let (id, secret) = (client.text("clientId"), client.text("clientSecret"));
    ask(app, &format!("grant_type=client_credentials&client_id={id}&client_secret={secret}{more}")).await
}

async fn bearer(app: &TestApp, client: &Answer) -> Client {
    app.bearer(&token_of(app, client, "").await.expect(200).text("access_token"))
}

#[tokio::test]
async fn a_client_gets_a_token_and_uses_it() {
    let app = TestApp::start().await.expect("a server");
    let client = oauth_client(&app, &json!(["read", "write:User", "bulk"])).await;
    let answer = token_of(&app, &client, "").await.expect(200);
    assert_eq!((&answer.body["token_type"], &answer.body["expires_in"]), (&json!("Bearer"), &json!(3600)));
    assert_eq!(answer.body["scope"], "read write:User bulk");
    assert_eq!((answer.header("cache-control"), answer.header("pragma")), ("no-store", "no-cache"));
    let bearer = app.bearer(&answer.text("access_token"));
    bearer.post("/Users", &user("ada")).await.expect(201);
    bearer.at("/tenants/acme").get("/Users").await.expect(200);
    bearer.post("/Groups", &group("staff", &[])).await.expect(403);
    bearer.at("/tenants/default").get("/Users").await.expect(401);
    bearer.at_admin().get("/tenants").await.expect(401);
    app.operator().get("/Users?filter=userName%20eq%20%22ada%22").await.expect(200);

    let activity = app.admin().get("/tenants/acme/activity?filter=resourceType%20eq%20%22User%22").await;
    assert_eq!(activity.items("credentialId"), [client.id()]);
}

#[tokio::test]
async fn basic_and_post_are_both_taken_but_not_at_once() {
    let app = TestApp::start().await.expect("a server");
    let client = oauth_client(&app, &json!(["read"])).await;
    let (id, secret) = (client.text("clientId"), client.text("clientSecret"));
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let send = async |authorization: &str, form: String| {
        let request = app.anonymous().at("").request(Method::POST, "/oauth/token").body(FORM, form);
        request.header("authorization", authorization).send().await
    };
    send(&basic, "grant_type=client_credentials".into()).await.expect(200);
    send(&basic, format!("grant_type=client_credentials&client_id={id}")).await.expect(200);
    let both = send(&basic, format!("grant_type=client_credentials&client_secret={secret}")).await;
    assert_eq!(both.expect(400).body["error"], "invalid_request");
    let other = send(&basic, "grant_type=client_credentials&client_id=x".into()).await;
    assert_eq!(other.expect(400).body["error"], "invalid_request");
    let wrong = send("Bearer x", "grant_type=client_credentials".into()).await.expect(401);
    assert_eq!(wrong.body["error"], "invalid_client");
    assert!(wrong.header("www-authenticate").starts_with("Basic "));
}

#[tokio::test]
async fn what_is_wrong_with_a_request_is_told_as_the_rfc_has_it() {
    let app = TestApp::start().await.expect("a server");
    let client = oauth_client(&app, &json!(["read:User", "write"])).await;
    let (id, secret) = (client.text("clientId"), client.text("clientSecret"));
    let mut another = secret.clone();
    another.replace_range(..1, if secret.starts_with('A') { "B" } else { "A" });
    let who = format!("client_id={id}&client_secret={secret}");
    let grant = "grant_type=client_credentials";
    for (form, status, error) in [
        (who.clone(), 400, "invalid_request"),
        (format!("grant_type=password&{who}"), 400, "unsupported_grant_type"),
        (format!("{grant}&{grant}&{who}"), 400, "invalid_request"),
        (grant.to_owned(), 401, "invalid_client"),
        (format!("{grant}&client_id={id}"), 401, "invalid_client"),
        (format!("{grant}&client_id={id}&client_secret="), 401, "invalid_client"),
        (format!("{grant}&client_id={id}&client_secret={another}"), 401, "invalid_client"),
        (format!("{grant}&client_id=x&client_secret={secret}"), 401, "invalid_client"),
        (format!("{grant}&{who}&scope=read"), 400, "invalid_scope"),
        (format!("{grant}&{who}&scope=nonsense"), 400, "invalid_scope"),
        (format!("{grant}&{who}&scope=+"), 400, "invalid_scope"),
        (format!("{grant}&{who}&scope=%FF"), 400, "invalid_request"),
        ("x".repeat(20_000), 413, "invalid_request"),
    ] {
        let answer = ask(&app, &form).await.expect(status);
        assert_eq!(answer.body["error"], error, "{form}: {}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(!answer.body.to_string().contains(&secret), "{}", answer.body);
    }
    let json = json!({"grant_type": "client_credentials"});
    let answer = app.anonymous().at("").post("/oauth/token", &json).await.expect(400);
    assert_eq!(answer.body["error"], "invalid_request");
    app.anonymous().at("").get("/oauth/token").await.expect(405);
    let narrowed = token_of(&app, &client, "&scope=read:User").await.expect(200);
    assert_eq!(narrowed.body["scope"], "read:User");
    let bearer = app.bearer(&narrowed.text("access_token"));
    bearer.get("/Users").await.expect(200);
    bearer.post("/Users", &user("ada")).await.expect(403);
}

#[tokio::test]
async fn a_bearer_token_is_no_client_and_a_client_of_an_inactive_tenant_is_none() {
    let app = TestApp::start().await.expect("a server");
    let client = oauth_client(&app, &json!(["read"])).await;
    let credential = new_credential(&app.admin(), "acme", &json!({"type": "bearer"})).await;
    let form = format!("grant_type=client_credentials&client_id={}", client.text("clientId"));
    let as_secret = format!("{form}&client_secret={}", credential.text("token"));
    ask(&app, &as_secret).await.expect(401);
    app.admin().patch("/tenants/acme", &json!({"active": false})).await.expect(200);
    token_of(&app, &client, "").await.expect(401);
    app.admin().patch("/tenants/acme", &json!({"active": true})).await.expect(200);
    token_of(&app, &client, "").await.expect(200);
}

#[tokio::test]
async fn the_tokens_of_a_client_end_with_it() {
    let app = TestApp::start().await.expect("a server");
    let client = oauth_client(&app, &json!(["read"])).await;
    let bearer = bearer(&app, &client).await;
    bearer.get("/Users").await.expect(200);
    let path = format!("/tenants/acme/credentials/{}", client.id());
    app.admin().delete(&path).await.expect(204);
    bearer.get("/Users").await.expect(401);
    token_of(&app, &client, "").await.expect(401);
}

#[tokio::test]
async fn keys_and_metadata_are_published() {
    let app = TestApp::start().await.expect("a server");
    let anyone = app.anonymous().at("");
    let metadata = anyone.get("/.well-known/oauth-authorization-server").await.expect(200).body;
    let issuer = format!("http://{}", app.address());
    assert_eq!(metadata["issuer"], issuer);
    assert_eq!(metadata["token_endpoint"], format!("{issuer}/oauth/token"));
    assert_eq!(metadata["jwks_uri"], format!("{issuer}/.well-known/jwks.json"));
    assert_eq!(metadata["grant_types_supported"], json!(["client_credentials"]));
    let jwks = anyone.get("/.well-known/jwks.json").await.expect(200).body;
    let key = &jwks["keys"][0];
    assert_eq!((&key["kty"], &key["crv"], &key["use"]), (&json!("OKP"), &json!("Ed25519"), &json!("sig")));
    assert!(key.get("d").is_none());
    let client = oauth_client(&app, &json!(["read"])).await;
    let token = token_of(&app, &client, "").await.expect(200).text("access_token");
    let header = jsonwebtoken::decode_header(&token).expect("a header");
    assert_eq!((header.kid.as_deref(), header.alg), (key["kid"].as_str(), Algorithm::EdDSA));
    assert_eq!(header.typ.as_deref(), Some("at+jwt"));
}

#[tokio::test]
async fn with_a_secret_of_its_own_the_server_publishes_no_key() {
    let app =
        TestApp::builder().jwt_secret("0123456789abcdef0123456789abcdef").start().await.expect("a server");
    let jwks = app.anonymous().at("").get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(jwks.body, json!({"keys": []}));
    let client = oauth_client(&app, &json!(["read"])).await;
    let token = token_of(&app, &client, "").await.expect(200).text("access_token");
    assert_eq!(jsonwebtoken::decode_header(&token).expect("a header").alg, Algorithm::HS256);
    app.bearer(&token).get("/Users").await.expect(200);
}

#[tokio::test]
async fn a_token_that_is_not_quite_one_opens_nothing() {
    let app = TestApp::start().await.expect("a server");
    let client = oauth_client(&app, &json!(["read"])).await;
    let token = token_of(&app, &client, "").await.expect(200).text("access_token");
    let parts: Vec<&str> = token.split('.').collect();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"at+jwt"}"#);
    let claims = URL_SAFE_NO_PAD.decode(parts[1]).expect("base64");
    let claims = String::from_utf8(claims).expect("UTF-8").replace("\"read\"", "\"read write\"");
    for forged in [
        format!("{none}.{}.", parts[1]),
        format!("{}.{}.{}", parts[0], URL_SAFE_NO_PAD.encode(claims), parts[2]),
        format!("{}.{}.", parts[0], parts[1]),
        format!("..{}", parts[2]),
        "a.b.c".to_owned(),
        "..".to_owned(),
    ] {
        app.bearer(&forged).get("/Users").await.expect_error(401, None, "bearer token");
        app.bearer(&forged).at("/tenants/acme").get("/Users").await.expect_error(401, None, "bearer token");
    }
}

/// An identity provider that publishes its key.
struct Provider {
    key: Ed25519KeyPair,
    uri: String,
    asked: Arc<AtomicUsize>,
}

impl Provider {
    async fn start() -> Self {
        let key = Ed25519KeyPair::generate().expect("a key");
        let x = URL_SAFE_NO_PAD.encode(key.public_key().as_ref());
        let body = json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": x, "kid": "1"}]}).to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let uri = format!("http://{}/keys", listener.local_addr().expect("an address"));
        let asked = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::Relaxed);
                let mut request = [0; 4096];
                let _asked = stream.read(&mut request).await;
                let length = body.len();
                let head =
                    format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
                let _gone = stream.write_all(format!("{head}{body}").as_bytes()).await;
            }
        });
        Self { key, uri, asked }
    }

    /// A token with the usual claims, changed.
    fn token(&self, change: impl FnOnce(&mut Value)) -> String {
        let now = SystemClock.now().unix_seconds();
        let mut claims = json!({
            "iss": "https://idp.example", "aud": "api://scim", "tid": "t-1", "upn": "bjensen", "sub": "s-1",
            "nbf": now, "exp": now + 600,
        });
        change(&mut claims);
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some("1".to_owned());
        let private = self.key.to_pkcs8().expect("PKCS #8");
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_ed_der(private.as_ref())).expect("signed")
    }

    /// Lets `acme` trust it.
    async fn trusted(&self, app: &TestApp) {
        new_tenant(&app.admin(), "acme").await;
        let issuer = json!({
            "issuer": "https://idp.example", "jwksUri": self.uri, "audiences": ["api://scim"],
            "requiredClaims": {"tid": "t-1"}, "subjectClaim": "upn", "scopes": ["read", "write"],
        });
        let config = json!({"config": {"trustedIssuers": [issuer]}});
        app.admin().patch("/tenants/acme", &config).await.expect(200);
    }
}

#[tokio::test]
async fn the_token_of_a_trusted_issuer_speaks_for_its_user() {
    let app = TestApp::start().await.expect("a server");
    let provider = Provider::start().await;
    provider.trusted(&app).await;
    let acme = app.bearer(&provider.token(|_| {})).at("/tenants/acme");
    acme.get("/Me").await.expect_error(401, None, "bearer token");
    let credential = new_credential(&app.admin(), "acme", &json!({"type": "bearer"})).await;
    let by_token = app.bearer(&credential.text("token"));
    let id = by_token.post("/Users", &user("bjensen")).await.expect(201).id();
    assert_eq!(acme.get("/Me").await.expect(200).id(), id);
    acme.get("/Users").await.expect(200);
    acme.post("/Users", &user("ada")).await.expect(201);
    assert_eq!(provider.asked.load(Ordering::Relaxed), 1, "the keys are remembered");

    let activity = app.admin().get("/tenants/acme/activity?filter=actor%20eq%20%22issuer%22").await;
    let record = &activity.body["items"][0];
    assert_eq!((&record["issuer"], &record["name"]), (&json!("https://idp.example"), &json!("s-1")));
    assert_eq!((&record["subject"], &record["operation"]), (&json!(id), &json!("create")));

    // Whoever left has no access by a token either.
    let leave = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
        "Operations": [{"op": "replace", "path": "active", "value": false}]});
    by_token.patch(&format!("/Users/{id}"), &leave).await.expect(200);
    acme.get("/Users").await.expect(401);
}

#[tokio::test]
async fn while_the_keys_of_a_trusted_issuer_cannot_be_fetched_its_tokens_are_asked_to_come_back() {
    let app = TestApp::start().await.expect("a server");
    // Nobody listens at port 1.
    let provider = Provider { uri: "http://127.0.0.1:1/keys".to_owned(), ..Provider::start().await };
    provider.trusted(&app).await;
    let answer = app.bearer(&provider.token(|_| {})).at("/tenants/acme").get("/Users").await;
    answer.expect_error(503, None, "the keys of the token's issuer cannot be fetched");
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test]
async fn what_the_tenant_does_not_trust_opens_nothing() {
    let app = TestApp::start().await.expect("a server");
    let provider = Provider::start().await;
    provider.trusted(&app).await;
    let credential = new_credential(&app.admin(), "acme", &json!({"type": "bearer"})).await;
    app.bearer(&credential.text("token")).post("/Users", &user("bjensen")).await.expect(201);
    let acme = |token: &str| app.bearer(token).at("/tenants/acme");
    acme(&provider.token(|_| {})).get("/Users").await.expect(200);
    let now = SystemClock.now().unix_seconds();
    for (claim, value) in [
        ("iss", json!("https://evil.example")),
        ("aud", json!("api://other")),
        ("tid", json!("t-2")),
        ("upn", json!("nobody")),
        ("exp", json!(now - 100)),
        ("nbf", json!(now + 100)),
    ] {
        let token = provider.token(|claims| claims[claim] = value.clone());
        acme(&token).get("/Users").await.expect_error(401, None, "bearer token");
    }
    let stranger = Provider::start().await;
    acme(&stranger.token(|_| {})).get("/Users").await.expect_error(401, None, "bearer token");
    let token = provider.token(|_| {});
    app.bearer(&token).get("/Users").await.expect_error(401, None, "bearer token");
    app.bearer(&token).at("/tenants/default").get("/Users").await.expect_error(401, None, "bearer token");
    let config = json!({"config": {"trustedIssuers": null}});
    app.admin().patch("/tenants/acme", &config).await.expect(200);
    acme(&token).get("/Users").await.expect_error(401, None, "bearer token");
}
