//! `/admin/tenants/{id}/credentials`: made, used, rotated, revoked.

use serde_json::{Value, json};

use crate::TestApp;
use crate::admin::{new_credential, new_tenant};
use crate::bodies::{created, user};

const CREDENTIALS: &str = "/tenants/acme/credentials";

#[tokio::test]
async fn a_token_is_shown_once_and_opens_its_tenant() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    let made = new_credential(&admin, "acme", &json!({"type": "bearer", "label": "HR"})).await;
    let token = made.text("token");
    assert!(token.starts_with("scim_") && token.len() <= 100, "{token}");
    assert_eq!(made.header("cache-control"), "no-store");
    assert_eq!((&made.body["type"], &made.body["label"]), (&json!("bearer"), &json!("HR")));
    assert_eq!(made.body["scopes"], json!(["read", "write", "bulk"]));
    assert_eq!((&made.body["subject"], &made.body["expiresAt"]), (&Value::Null, &Value::Null));
    assert!(made.body.get("clientSecret").is_none());
    let client = app.anonymous().with_token(&token);
    created(&client, "babs").await;
    app.operator().get("/Users").await.expect(200);
    client.at("/tenants/default").get("/Users").await.expect_error(401, None, "token");
    client.at_admin().get("/tenants").await.expect_problem(401, "operator's secret");

    let listed = admin.get(CREDENTIALS).await.expect(200);
    assert_eq!(listed.items("id"), [made.id()]);
    let text = listed.body.to_string();
    for secret in [token.as_str(), "token", "Secret", "$2", "hash"] {
        assert!(!text.contains(secret), "{text}");
    }
    for member in ["lastUsedAt", "previousExpiresAt"] {
        assert!(listed.body["items"][0].get(member).is_some(), "{text}");
    }
}

#[tokio::test]
async fn a_client_secret_is_no_bearer_token() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    let made = new_credential(&admin, "acme", &json!({"type": "oauth_client", "scopes": ["read"]})).await;
    assert!(made.body.get("token").is_none());
    assert!(made.text("clientId").starts_with("client_"));
    let secret = made.text("clientSecret");
    app.anonymous().with_token(&secret).get("/Users").await.expect_error(401, None, "token");
    let listed = admin.get(CREDENTIALS).await.expect(200);
    assert_eq!(listed.items("clientId"), [made.text("clientId")]);
    assert!(!listed.body.to_string().contains(&secret));
}

#[tokio::test]
async fn a_credential_that_is_revoked_opens_nothing() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    new_tenant(&admin, "other").await;
    let made = new_credential(&admin, "acme", &json!({})).await;
    let client = app.anonymous().with_token(&made.text("token"));
    client.get("/Users").await.expect(200);
    let path = format!("{CREDENTIALS}/{}", made.id());
    let foreign = format!("/tenants/other/credentials/{}", made.id());
    admin.delete(&foreign).await.expect_problem(404, "credential");
    client.get("/Users").await.expect(200);
    admin.delete(&path).await.expect(204);
    client.get("/Users").await.expect_error(401, None, "token");
    admin.delete(&path).await.expect_problem(404, "credential");
    admin.delete(&format!("{CREDENTIALS}/x")).await.expect_problem(404, "'x'");
    assert!(admin.get(CREDENTIALS).await.expect(200).items("id").is_empty());
}

#[tokio::test]
async fn a_rotated_secret_lives_on_for_as_long_as_it_is_told() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    let made = new_credential(&admin, "acme", &json!({"label": "HR"})).await;
    let rotate = format!("{CREDENTIALS}/{}/rotate", made.id());
    let client = |token: &str| app.anonymous().with_token(token);

    let second = admin.post(&rotate, &json!({"graceSeconds": 600})).await.expect(200);
    assert_eq!((second.id(), &second.body["label"]), (made.id(), &json!("HR")));
    assert_ne!(second.text("token"), made.text("token"));
    for token in [made.text("token"), second.text("token")] {
        client(&token).get("/Users").await.expect(200);
    }
    let listed = admin.get(CREDENTIALS).await.expect(200);
    assert_eq!(listed.items("previousExpiresAt"), [second.text("previousExpiresAt")]);

    let third = admin.request(reqwest::Method::POST, &rotate).send().await.expect(200);
    for old in [made.text("token"), second.text("token")] {
        client(&old).get("/Users").await.expect_error(401, None, "token");
    }
    client(&third.text("token")).get("/Users").await.expect(200);
    assert_eq!(admin.get(CREDENTIALS).await.expect(200).body["items"][0]["previousExpiresAt"], Value::Null);

    for (body, detail) in [
        (json!({"graceSeconds": -1}), "graceSeconds: expected"),
        (json!({"graceSeconds": "5"}), "graceSeconds: expected"),
        (json!({"graceSeconds": 2_592_001}), "graceSeconds: expected"),
        (json!({"grace": 5}), "grace: there is no such member"),
        (json!([]), "expected an object"),
    ] {
        admin.post(&rotate, &body).await.expect_problem(400, detail);
    }
    client(&third.text("token")).get("/Users").await.expect(200);
    let unknown = format!("{CREDENTIALS}/01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09/rotate");
    admin.post(&unknown, &json!({})).await.expect_problem(404, "credential");
}

#[tokio::test]
async fn a_subject_is_a_user_by_id_or_name() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    new_tenant(&admin, "other").await;
    let token = new_credential(&admin, "acme", &json!({})).await.text("token");
    let client = app.anonymous().with_token(&token);
    let id = created(&client, "Babs \"B\" \\ Jensen").await;
    for subject in [id.as_str(), "Babs \"B\" \\ Jensen", "babs \"b\" \\ jensen"] {
        let made = new_credential(&admin, "acme", &json!({"subject": subject})).await;
        assert_eq!(made.body["subject"], id);
        let me = app.anonymous().with_token(&made.text("token")).get("/Me").await.expect(200);
        assert_eq!(me.id(), id);
    }
    let path = "/tenants/other/credentials";
    for (path, subject) in [(path, json!(id)), (CREDENTIALS, json!("nobody")), (CREDENTIALS, json!(7))] {
        admin.post(path, &json!({"subject": subject})).await.expect_problem(400, "subject: ");
    }
    let user = client.post("/Users", &user("01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09")).await.expect(201);
    let made =
        new_credential(&admin, "acme", &json!({"subject": "01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09"})).await;
    assert_eq!(made.body["subject"], user.id(), "a userName may look like an id");
}

#[tokio::test]
async fn scopes_are_held_to() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    let made = new_credential(&admin, "acme", &json!({"scopes": ["read:User", "discovery"]})).await;
    assert_eq!(made.body["scopes"], json!(["read:User", "discovery"]));
    let client = app.anonymous().with_token(&made.text("token"));
    client.get("/Users").await.expect(200);
    client.get("/Schemas").await.expect(200);
    client.get("/Groups").await.expect_error(403, None, "read:Group");
    client.post("/Users", &user("x")).await.expect_error(403, None, "write:User");
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    for (body, detail) in [
        (json!({"type": "password"}), "type: expected one of"),
        (json!({"label": 5}), "label: expected text"),
        (json!({"label": "a\nb"}), "label: expected text"),
        (json!({"scopes": "read"}), "scopes: expected an array"),
        (json!({"scopes": []}), "scopes: expected an array"),
        (json!({"scopes": [1]}), "scopes: expected an array"),
        (json!({"scopes": ["read", "admin"]}), "scopes: 'admin'"),
        (json!({"scopes": ["read:Device"]}), "scopes: 'read:Device'"),
        (json!({"expiresAt": "tomorrow"}), "expiresAt: expected a dateTime"),
        (json!({"expiresAt": "2020-01-01T00:00:00Z"}), "expiresAt: expected a dateTime to come"),
        (json!({"expires": "2099-01-01T00:00:00Z"}), "expires: there is no such member"),
        (json!({"token": "x"}), "token: there is no such member"),
        (json!(null), "expected an object"),
    ] {
        admin.post(CREDENTIALS, &body).await.expect_problem(400, detail);
    }
    assert!(admin.get(CREDENTIALS).await.expect(200).items("id").is_empty());
    for path in ["/tenants/none/credentials", "/tenants/01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09/credentials"] {
        admin.get(path).await.expect_problem(404, "there is no tenant");
        admin.post(path, &json!({})).await.expect_problem(404, "there is no tenant");
    }
    let expiring = new_credential(&admin, "acme", &json!({"expiresAt": "2099-01-01T02:00:00+02:00"})).await;
    assert_eq!(expiring.body["expiresAt"], "2099-01-01T00:00:00Z");
}

#[tokio::test]
async fn credentials_are_listed_a_page_at_a_time() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    let mut made = Vec::new();
    for label in ["a", "b", "c"] {
        made.push(new_credential(&admin, "acme", &json!({"label": label})).await.id());
    }
    let first = admin.get(&format!("{CREDENTIALS}?limit=2")).await.expect(200);
    assert_eq!(first.items("label"), ["a", "b"], "in the order in which they were made");
    let cursor = first.text("nextCursor");
    let second = admin.get(&format!("{CREDENTIALS}?limit=2&cursor={cursor}")).await.expect(200);
    assert_eq!((second.items("label"), &second.body["nextCursor"]), (vec!["c"], &Value::Null));
}
