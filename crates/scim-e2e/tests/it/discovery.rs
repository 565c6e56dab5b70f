//! The discovery endpoints (RFC 7644 §4, RFC 7643 §5 to §7).

use serde_json::json;

use crate::TestApp;
use crate::bodies::{ENTERPRISE, GROUP, LIST_RESPONSE, USER};

#[tokio::test]
async fn the_service_provider_says_what_it_can_do() {
    let app =
        TestApp::builder().config(|config| config.bulk.max_operations = 7).start().await.expect("a server");
    let client = app.operator();
    let answer = client.get("/ServiceProviderConfig").await.expect(200);
    assert_eq!(answer.header("content-type"), "application/scim+json");
    for feature in ["patch", "bulk", "filter", "changePassword", "sort", "etag"] {
        assert_eq!(answer.body[feature]["supported"], true, "{feature}");
    }
    assert_eq!(answer.body["bulk"]["maxOperations"], 7);
    assert_eq!(answer.body["filter"]["maxResults"], 200);
    assert_eq!(answer.body["pagination"]["cursor"], true);
    assert_eq!(answer.body["pagination"]["index"], true);
    assert_eq!(answer.body["authenticationSchemes"][0]["type"], "oauthbearertoken");
    assert_eq!(answer.body["meta"]["location"], format!("{}/ServiceProviderConfig", client.base_url()));
}

#[tokio::test]
async fn schemas_and_resource_types_are_listed_and_shown() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let schemas = client.get("/Schemas").await.expect(200);
    assert_eq!(schemas.body["schemas"], json!([LIST_RESPONSE]));
    for urn in [USER, GROUP, ENTERPRISE] {
        assert!(schemas.listed("id").contains(&urn), "{urn}");
        let shown = client.get(&format!("/Schemas/{urn}")).await.expect(200);
        assert_eq!(shown.body["id"], urn);
        let encoded = urn.replace(':', "%3A");
        assert_eq!(client.get(&format!("/Schemas/{encoded}")).await.expect(200).body, shown.body);
    }
    let types = client.get("/ResourceTypes").await.expect(200);
    assert_eq!(types.listed("endpoint"), ["/Users", "/Groups"]);
    let user = client.get("/ResourceTypes/User").await.expect(200);
    assert_eq!(user.body["schemaExtensions"], json!([{"schema": ENTERPRISE, "required": false}]));
    client.get("/Schemas/urn:example:none").await.expect_error(404, None, "urn:example:none");
    client.get("/ResourceTypes/Nothing").await.expect_error(404, None, "Nothing");
}

#[tokio::test]
async fn a_filter_is_forbidden() {
    let app = TestApp::start().await.expect("a server");
    for path in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes"] {
        let answer = app.operator().query(path, &[("filter", "id pr")]).await;
        answer.expect_error(403, None, "filter");
    }
}
