//! What Okta sends, in its order and its spelling (its "SCIM 2.0 protocol reference").

use serde_json::{Value, json};

use crate::TestApp;
use crate::bodies::{GROUP, USER, created, members, patch};

#[tokio::test]
async fn a_user_is_matched_created_read_replaced_and_disabled() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();

    let page = client.get("/Users?startIndex=1&count=2").await.expect(200);
    assert_eq!(page.body["totalResults"], 0);
    let missing = client
        .query(
            "/Users",
            &[("filter", "userName eq \"test.user@okta.local\""), ("startIndex", "1"), ("count", "100")],
        )
        .await
        .expect(200);
    assert_eq!((missing.body["totalResults"].clone(), missing.listed("id").len()), (json!(0), 0));

    let body = json!({
        "schemas": [USER],
        "userName": "test.user@okta.local",
        "name": {"givenName": "Test", "familyName": "User"},
        "emails": [{"primary": true, "value": "test.user@okta.local", "type": "work"}],
        "displayName": "Test User",
        "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7",
        "groups": [],
        "password": "1mz050nq",
        "active": true,
    });
    let created = client.post("/Users", &body).await.expect(201);
    let path = format!("/Users/{}", created.id());
    client.post("/Users", &body).await.expect_error(409, Some("uniqueness"), "userName");

    let mut replacement = client.get(&path).await.expect(200).body;
    replacement["name"]["givenName"] = json!("Another");
    replacement["active"] = json!(true);
    let replaced = client.put(&path, &replacement).await.expect(200);
    assert_eq!(replaced.body["name"]["givenName"], "Another");
    assert_eq!(replaced.body["externalId"], "00ujl29u0le5T6Aj10h7");

    let operations = json!([{"op": "replace", "value": {"active": false}}]);
    let disabled = client.patch(&path, &patch(&operations)).await.expect(200);
    assert_eq!(disabled.body["active"], false);
    let operations = json!([{"op": "replace", "value": {"password": "correct horse"}}]);
    client.patch(&path, &patch(&operations)).await.expect(200);
    let operations = json!([{"op": "replace", "value": {"active": true}}]);
    client.patch(&path, &patch(&operations)).await.expect(200);
}

#[tokio::test]
async fn a_group_is_pushed_renamed_filled_and_deleted() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let (a, b) = (created(&client, "a").await, created(&client, "b").await);

    client.get("/Groups?startIndex=1&count=100").await.expect(200);
    let body = json!({"schemas": [GROUP], "displayName": "Test SCIMv2", "members": []});
    let group = client.post("/Groups", &body).await.expect(201);
    let (id, path) = (group.id(), format!("/Groups/{}", group.id()));

    let rename = json!([{"op": "replace", "value": {"id": id, "displayName": "Test SCIMv2 renamed"}}]);
    let renamed = client.patch(&path, &patch(&rename)).await.expect(200);
    assert_eq!(renamed.body["displayName"], "Test SCIMv2 renamed");

    let add = json!([{"op": "add", "path": "members", "value": [{"value": a, "display": "a@okta.local"}]}]);
    client.patch(&path, &patch(&add)).await.expect(200);
    assert_eq!(members(&client, &id).await, [a.as_str()]);
    let both = json!([
        {"op": "remove", "path": format!("members[value eq \"{a}\"]")},
        {"op": "add", "path": "members", "value": [{"value": b, "display": "b@okta.local"}]},
    ]);
    client.patch(&path, &patch(&both)).await.expect(200);
    assert_eq!(members(&client, &id).await, [b.as_str()]);
    let replace = json!([{"op": "replace", "path": "members", "value": [{"value": a}, {"value": b}]}]);
    client.patch(&path, &patch(&replace)).await.expect(200);
    assert_eq!(members(&client, &id).await, [a.clone(), b.clone()]);

    let put = json!({"schemas": [GROUP], "id": id, "displayName": "Test SCIMv2",
        "members": [{"value": a, "display": "a@okta.local"}]});
    let replaced = client.put(&path, &put).await.expect(200);
    assert_eq!(replaced.body["members"].as_array().map(Vec::len), Some(1));
    let asked = client.get(&format!("{path}?attributes=members.display")).await.expect(200);
    assert_eq!(asked.body["members"][0]["display"], "a", "display is what the member is called here");

    client.delete(&path).await.expect(204);
    let listed = client.get("/Groups").await.expect(200);
    assert_eq!(listed.body["Resources"].as_array().map_or(0, Vec::len), 0);
    assert_eq!(client.get(&format!("/Users/{a}")).await.expect(200).body["groups"], Value::Null);
}
