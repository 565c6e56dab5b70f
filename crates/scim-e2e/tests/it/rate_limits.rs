//! How often a credential may ask: what its tenant inherits (`RATE_LIMIT_PER_SECOND`, `RATE_LIMIT_BURST`).

use scim_e2e::Client;
use serde_json::json;

use crate::TestApp;
use crate::admin::{client_of, configure, new_tenant};

/// Asks until that is too often, and says how many times it was not.
pub(crate) async fn refused_after(client: &Client, path: &str) -> usize {
    for asked in 0..200 {
        let answer = client.get(path).await;
        if answer.status != 200 {
            answer.expect_error(429, None, "1 requests a second");
            assert_eq!(answer.header("content-type"), "application/scim+json");
            assert_eq!(answer.header("retry-after"), "1");
            return asked;
        }
    }
    panic!("nothing is refused");
}

/// Asks more often than it may who is limited.
pub(crate) async fn unlimited(client: &Client, path: &str) {
    for _ in 0..10 {
        client.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn what_tenants_inherit_is_for_each_credential() {
    let app = TestApp::builder().rate_limit(1, Some(2)).start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    let (one, other) = (client_of(&app, "acme").await, client_of(&app, "acme").await);
    assert!(refused_after(&one, "/Users").await >= 2, "a burst of two is let through");
    other.get("/Users").await.expect(200);
    refused_after(&other, "/Schemas").await;
    refused_after(&app.operator(), "/Users").await;
    unlimited(&admin, "/tenants").await;
    unlimited(&app.anonymous().at(""), "/health").await;
    app.intruder().get("/Users").await.expect(401);

    configure(&admin, "acme", json!({"rateLimit": {"perSecond": 1000}})).await;
    unlimited(&one, "/Users").await;
    configure(&admin, "acme", json!({"rateLimit": null})).await;
    refused_after(&one, "/Users").await;
}

#[tokio::test]
async fn the_burst_is_twice_the_rate() {
    let app = TestApp::builder().rate_limit(1, None).start().await.expect("a server");
    assert!(refused_after(&app.operator(), "/Users").await >= 2);
    let app = TestApp::start().await.expect("a server");
    unlimited(&app.operator(), "/Users").await;
}
