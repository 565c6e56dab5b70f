//! `strictMode`: by the letter, and no write without `If-Match`.

use reqwest::Method;
use serde_json::json;

use crate::TestApp;
use crate::bodies::{created, patch, user};

#[tokio::test]
async fn leniencies_are_off_and_if_match_is_required() {
    let app = TestApp::builder().config(|config| config.strict_mode = true).start().await.expect("a server");
    let client = app.operator();
    let path = format!("/Users/{}", created(&client, "babs").await);
    let nick = patch(&json!([{"op": "add", "path": "nickName", "value": "B"}]));
    client.patch(&path, &nick).await.expect_error(428, None, "If-Match");
    client.put(&path, &user("x")).await.expect_error(428, None, "If-Match");
    client.delete(&path).await.expect_error(428, None, "If-Match");
    let change = |body| client.request(Method::PATCH, &path).header("If-Match", "*").json(&body).send();
    change(nick).await.expect(200);
    let no_such = patch(&json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "x"}]));
    change(no_such).await.expect_error(400, Some("noTarget"), "emails");
    let text = patch(&json!([{"op": "replace", "path": "active", "value": "True"}]));
    change(text).await.expect_error(400, Some("invalidValue"), "active");
    change(patch(&json!([]))).await.expect_error(400, Some("invalidSyntax"), "Operations");
    let mut unknown = user("y");
    unknown["shoeSize"] = json!(43);
    client.post("/Users", &unknown).await.expect_error(400, Some("invalidSyntax"), "shoeSize");
}
