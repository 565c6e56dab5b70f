//! `/admin/tenants/{id}/activity`: who did what, and when.

use reqwest::Method;
use serde_json::{Value, json};

use crate::TestApp;
use crate::admin::{configure, new_credential, new_tenant};
use crate::bodies::created;

#[tokio::test]
async fn every_change_is_written_down() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    let tenant = admin
        .request(Method::POST, "/tenants")
        .header("X-Request-Id", "the-first")
        .json(&json!({"slug": "acme"}))
        .send()
        .await
        .expect(201);
    let made = new_credential(&admin, "acme", &json!({})).await;
    let user = created(&app.anonymous().with_token(&made.text("token")), "babs").await;
    configure(&admin, "acme", json!({"strictMode": true, "bulk": {"maxOperations": 5}})).await;
    admin.patch("/tenants/acme", &json!({"displayName": "Acme"})).await.expect(200);
    admin.post(&format!("/tenants/acme/credentials/{}/rotate", made.id()), &json!({})).await.expect(200);
    admin.delete(&format!("/tenants/acme/credentials/{}", made.id())).await.expect(204);

    let told = admin.get("/tenants/acme/activity").await.expect(200);
    let items = told.body["items"].as_array().expect("items").clone();
    let seen: Vec<(&str, &str, &str)> = items
        .iter()
        .rev()
        .map(|item| {
            let text = |member: &str| item[member].as_str().unwrap_or_default();
            (text("actor"), text("operation"), text("resourceType"))
        })
        .collect();
    let expected = [
        ("operator", "create", "tenant"),
        ("operator", "create", "credential"),
        ("credential", "create", "User"),
        ("operator", "modify", "tenant"),
        ("operator", "modify", "tenant"),
        ("operator", "rotate", "credential"),
        ("operator", "delete", "credential"),
    ];
    assert_eq!(seen, expected);
    let oldest_first: Vec<&Value> = items.iter().rev().collect();
    assert_eq!(oldest_first[0]["requestId"], "the-first");
    assert_eq!(oldest_first[0]["clientAddress"], "127.0.0.1");
    assert_eq!(oldest_first[0]["resourceId"], tenant.id());
    assert_eq!(oldest_first[1]["resourceId"], made.id());
    assert_eq!(
        (&oldest_first[2]["resourceId"], &oldest_first[2]["credentialId"]),
        (&json!(user), &json!(made.id()))
    );
    assert_eq!(oldest_first[3]["attributes"], json!(["config.bulk", "config.strictMode"]));
    assert_eq!(oldest_first[3]["versionAfter"], "W/\"v2\"");
    assert_eq!(oldest_first[4]["attributes"], json!(["displayName"]));
    assert!(!told.body.to_string().contains(&made.text("token")));
}

#[tokio::test]
async fn records_are_filtered_and_paged() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    for name in ["a", "b", "c"] {
        admin.patch("/tenants/acme", &json!({"displayName": name})).await.expect(200);
    }
    let query = |filter: &'static str| {
        let admin = admin.clone();
        async move { admin.query("/tenants/acme/activity", &[("filter", filter)]).await }
    };
    assert_eq!(query("operation eq \"modify\"").await.expect(200).items("id").len(), 3);
    assert_eq!(query("operation eq \"create\"").await.expect(200).items("operation"), ["create"]);
    assert_eq!(query("resourceId eq \"x\"").await.expect(200).items("id").len(), 0);
    query("userName eq \"x\"").await.expect_problem(400, "filter: userName");
    query("operation eq").await.expect_problem(400, "filter: ");
    let first = admin.get("/tenants/acme/activity?limit=3").await.expect(200);
    let path = format!("/tenants/acme/activity?limit=3&cursor={}", first.text("nextCursor"));
    let second = admin.get(&path).await.expect(200);
    assert_eq!((first.items("id").len(), second.items("operation")), (3, vec!["create"]));
    assert_eq!(second.body["nextCursor"], Value::Null);
    admin.get("/tenants/acme/activity?cursor=x").await.expect_problem(400, "cursor");
}

#[tokio::test]
async fn records_outlive_their_tenant() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    let id = new_tenant(&admin, "acme").await.id();
    admin.delete("/tenants/acme").await.expect(204);
    let path = format!("/tenants/{id}/activity");
    assert_eq!(admin.get(&path).await.expect(200).items("operation"), ["delete", "create"]);
    let filtered = admin.query(&path, &[("filter", "operation eq \"modify\"")]).await.expect(200);
    assert!(filtered.items("id").is_empty());
    admin.get("/tenants/acme/activity").await.expect_problem(404, "there is no tenant");
    let never = "/tenants/01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09/activity";
    admin.get(never).await.expect_problem(404, "there is no tenant");
    admin.query(never, &[("filter", "at pr")]).await.expect_problem(404, "there is no tenant");
}
