//! Media types (RFC 7644 §3.1, §3.8).

use reqwest::Method;

use crate::TestApp;
use crate::bodies::{created, user};

#[tokio::test]
async fn bodies_are_json_and_nothing_else() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let post = |content_type: &str, name: &str| {
        client.request(Method::POST, "/Users").body(content_type, user(name).to_string()).send()
    };
    post("application/scim+json", "a").await.expect(201);
    post("application/json", "b").await.expect(201);
    post("application/scim+json; charset=utf-8", "c").await.expect(201);
    post("APPLICATION/JSON;charset=UTF-8", "d").await.expect(201);
    for wrong in [
        "text/plain",
        "application/xml",
        "application/json; charset=latin1",
        "application/x-www-form-urlencoded",
    ] {
        post(wrong, "e").await.expect_error(415, None, "Content-Type");
    }
    let untyped = client.request(Method::POST, "/Users").untyped_body(user("e").to_string()).send().await;
    untyped.expect_error(415, None, "Content-Type");
    let zipped = client
        .request(Method::POST, "/Users")
        .json(&user("e"))
        .header("Content-Encoding", "gzip")
        .send()
        .await;
    zipped.expect_error(415, None, "Content-Encoding");
    let empty = client.request(Method::POST, "/Users").body("application/json", "").send().await;
    empty.expect_error(400, Some("invalidSyntax"), "empty");
    client.request(Method::POST, "/Users").send().await.expect_error(400, Some("invalidSyntax"), "empty");
}

#[tokio::test]
async fn answers_are_scim_json_or_406() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    created(&client, "a").await;
    for path in ["/Users", "/Schemas", "/Nothing"] {
        let get = |accept: &str| client.request(Method::GET, path).header("Accept", accept).send();
        for accepted in
            ["application/scim+json", "application/json", "*/*", "application/*", "text/html, */*;q=0.1"]
        {
            let answer = get(accepted).await;
            assert_ne!(answer.status, 406, "{accepted}");
            assert_eq!(answer.header("content-type"), "application/scim+json");
        }
        for refused in ["text/html", "application/xml", "application/scim+json;q=0"] {
            get(refused).await.expect_error(406, None, "application/scim+json");
        }
    }
}

#[tokio::test]
async fn urls_start_with_what_is_configured() {
    let app = TestApp::builder()
        .http(|http| http.public_base_url = Some("https://id.example/gate".to_owned()))
        .start()
        .await
        .expect("a server");
    let id = created(&app.operator(), "a").await;
    let answer = app.operator().get(&format!("/Users/{id}")).await.expect(200);
    assert_eq!(answer.body["meta"]["location"], format!("https://id.example/gate/scim/v2/Users/{id}"));
}
