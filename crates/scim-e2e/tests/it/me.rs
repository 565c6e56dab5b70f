//! `/Me` (RFC 7644 §3.11) for a credential that speaks for nobody.

use serde_json::json;

use crate::TestApp;
use crate::bodies::user;

#[tokio::test]
async fn the_operator_is_no_resource() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    client.get("/Me").await.expect_error(501, None, "/Me");
    client.put("/Me", &user("x")).await.expect_error(501, None, "/Me");
    client.patch("/Me", &json!({})).await.expect_error(501, None, "/Me");
    client.delete("/Me").await.expect_error(501, None, "/Me");
    client.post("/Me", &user("x")).await.expect_error(501, None, "/Me");
}
