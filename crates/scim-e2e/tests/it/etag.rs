//! Versions and preconditions (RFC 7644 §3.14).

use reqwest::Method;
use serde_json::json;

use crate::TestApp;
use crate::bodies::{created, patch, user};

#[tokio::test]
async fn writes_happen_only_at_the_version_that_is_meant() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let path = format!("/Users/{}", created(&client, "babs").await);
    let nick = |value: &str| patch(&json!([{"op": "add", "path": "nickName", "value": value}]));
    let put = |tags: &str, name: &str| {
        client.request(Method::PUT, &path).header("If-Match", tags).json(&user(name)).send()
    };
    let change = |tags: &str, value: &str| {
        client.request(Method::PATCH, &path).header("If-Match", tags).json(&nick(value)).send()
    };
    let delete = |tags: &str| client.request(Method::DELETE, &path).header("If-Match", tags).send();

    assert_eq!(change("W/\"v1\"", "a").await.expect(200).version(), 2);
    assert_eq!(change("\"v2\"", "b").await.expect(200).version(), 3, "a strong spelling is the same version");
    assert_eq!(change("W/\"v9\", W/\"v3\"", "c").await.expect(200).version(), 4);
    assert_eq!(change("*", "d").await.expect(200).version(), 5);
    for stale in ["W/\"v1\"", "W/\"v4\", W/\"x\"", "W/\"v6\""] {
        change(stale, "e").await.expect_error(412, None, "v5");
        put(stale, "other").await.expect_error(412, None, "v5");
        delete(stale).await.expect_error(412, None, "v5");
    }
    change("v5", "e").await.expect_error(400, None, "If-Match");
    let shown = client.get(&path).await.expect(200);
    assert_eq!((shown.body["nickName"].as_str(), shown.version()), (Some("d"), 5), "nothing was written");
    assert_eq!(put("W/\"v5\"", "babs").await.expect(200).version(), 6);
    delete("W/\"v6\"").await.expect(204);
    change("*", "e").await.expect_error(404, None, "");
}

#[tokio::test]
async fn a_client_that_has_the_version_is_not_sent_it_again() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let path = format!("/Users/{}", created(&client, "babs").await);
    let get = |tags: &str| client.request(Method::GET, &path).header("If-None-Match", tags).send();
    for known in ["W/\"v1\"", "\"v1\"", "W/\"v7\", W/\"v1\"", "*"] {
        assert_eq!(get(known).await.expect(304).header("etag"), "W/\"v1\"");
    }
    get("W/\"v2\"").await.expect(200);
}
