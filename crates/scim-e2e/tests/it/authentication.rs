//! Who may come in (RFC 7644 §2): nobody learns anything without a credential.

use reqwest::Method;
use scim_e2e::{Client, SECRET};
use serde_json::json;

use crate::TestApp;
use crate::bodies::{created, user};

/// What every endpoint says to who may not come in.
async fn is_shut(client: &Client, id: &str) {
    let paths = [
        "",
        "/",
        "/Users",
        "/Groups",
        "/Nothing",
        "/Users/x",
        "/Users/.search",
        "/.search",
        "/Bulk",
        "/Me",
        "/ServiceProviderConfig",
        "/Schemas",
        "/Schemas/x",
        "/ResourceTypes",
        "/ResourceTypes/User",
        "/a/b/c/d",
        &format!("/Users/{id}"),
    ];
    for path in paths {
        for method in [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE, Method::OPTIONS]
        {
            let answer = client.request(method, path).body("text/plain", "nonsense").send().await;
            answer.expect_error(401, None, "token");
        }
    }
}

#[tokio::test]
async fn without_a_credential_everything_is_401() {
    let app = TestApp::start().await.expect("a server");
    let id = created(&app.operator(), "babs").await;
    for client in [app.anonymous(), app.intruder()] {
        is_shut(&client, &id).await;
        is_shut(&client.at("/tenants/default"), &id).await;
    }
    let shown = app.operator().get("/Users").await.expect(200);
    assert_eq!(shown.listed("id"), [id]);
}

#[tokio::test]
async fn the_secret_opens_its_own_tenant_at_every_mount() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let id = created(&client, "babs").await;
    for mount in ["/scim/v2", "/tenants/default", "/tenants/default/scim/v2"] {
        let answer = client.at(mount).get(&format!("/Users/{id}")).await.expect(200);
        let location = format!("http://{}{mount}/Users/{id}", app.address());
        assert_eq!(answer.body["meta"]["location"], location);
        assert_eq!(answer.header("content-location"), location);
    }
    for mount in [
        "/tenants/other",
        "/tenants/DEFAULT",
        "/tenants/01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09",
        "/tenants/%00",
    ] {
        client.at(mount).get("/Users").await.expect_error(401, None, "token");
    }
}

#[tokio::test]
async fn the_scheme_is_bearer_in_any_case() {
    let app = TestApp::start().await.expect("a server");
    let get = |authorization: String| {
        app.anonymous().request(Method::GET, "/Users").header("Authorization", &authorization).send()
    };
    get(format!("bearer {SECRET}")).await.expect(200);
    get(format!("BEARER  {SECRET}")).await.expect(200);
    for wrong in
        [format!("Basic {SECRET}"), SECRET.to_owned(), "Bearer".to_owned(), format!("Bearer {SECRET}x")]
    {
        get(wrong).await.expect_error(401, None, "token");
    }
}

#[tokio::test]
async fn discovery_is_open_where_the_tenant_says_so() {
    let app = TestApp::builder()
        .config(|config| config.anonymous_discovery = true)
        .start()
        .await
        .expect("a server");
    for mount in ["/scim/v2", "/tenants/default"] {
        let client = app.anonymous().at(mount);
        for path in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/ResourceTypes/User"] {
            client.get(path).await.expect(200);
        }
        client.get("/Users").await.expect_error(401, None, "token");
        client.post("/Users", &user("x")).await.expect_error(401, None, "token");
        client.post("/Schemas", &json!({})).await.expect_error(401, None, "token");
    }
    app.intruder().get("/Schemas").await.expect_error(401, None, "token");
    app.anonymous().at("/tenants/other").get("/Schemas").await.expect_error(401, None, "token");
}
