//! Groups and their members (RFC 7643 §4.2, §4.1.2 `groups`).

use serde_json::{Value, json};

use crate::TestApp;
use crate::bodies::{created, created_group, group, members, patch};

#[tokio::test]
async fn members_are_resources_that_are_there() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let babs = created(&client, "babs").await;
    let answer = client.post("/Groups", &group("guides", &[&babs])).await.expect(201);
    let member = &answer.body["members"][0];
    assert_eq!(member["value"], babs);
    assert_eq!(member["$ref"], format!("{}/Users/{babs}", client.base_url()));
    assert_eq!(member["type"], "User");
    assert_eq!(member["display"], Value::Null, "it is returned on request");
    let asked = client.get(&format!("/Groups/{}?attributes=members.display", answer.id())).await.expect(200);
    assert_eq!(asked.body["members"][0]["display"], "babs");

    let nobody = "01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09";
    for unknown in [nobody, "bjensen", ""] {
        let refused = client.post("/Groups", &group("x", &[&babs, unknown])).await;
        refused.expect_error(400, Some("invalidValue"), "members");
    }
    let path = format!("/Groups/{}", answer.id());
    let add = patch(&json!([
        {"op": "replace", "path": "displayName", "value": "x"},
        {"op": "add", "path": "members", "value": [{"value": nobody}]}
    ]));
    let refused = client.patch(&path, &add).await;
    refused.expect_error(400, Some("invalidValue"), nobody);
    refused.expect_error(400, Some("invalidValue"), "Operations[1]: members");
    assert_eq!(client.get(&path).await.version(), 1, "nothing was written");
}

#[tokio::test]
async fn a_display_name_is_required() {
    let app = TestApp::start().await.expect("a server");
    let body = json!({"schemas": [crate::bodies::GROUP]});
    app.operator().post("/Groups", &body).await.expect_error(400, Some("invalidValue"), "displayName");
}

#[tokio::test]
async fn a_user_shows_its_groups_direct_ones_and_those_around_them() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let babs = created(&client, "babs").await;
    let inner = created_group(&client, "inner", &[&babs]).await;
    let outer = created_group(&client, "outer", &[&inner]).await;
    let shown = client.get(&format!("/Users/{babs}")).await.expect(200);
    let reference = |id: &str| format!("{}/Groups/{id}", client.base_url());
    assert_eq!(
        shown.body["groups"],
        json!([
            {"value": inner, "$ref": reference(&inner), "display": "inner", "type": "direct"},
            {"value": outer, "$ref": reference(&outer), "display": "outer", "type": "indirect"},
        ])
    );
    assert_eq!(shown.version(), 1, "being put into a group does not change a user");

    let found =
        client.query("/Users", &[("filter", &format!("groups.value eq \"{outer}\""))]).await.expect(200);
    assert_eq!(found.listed("userName"), ["babs"]);
}

#[tokio::test]
async fn groups_that_contain_each_other_do_no_harm() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let babs = created(&client, "babs").await;
    let east = created_group(&client, "east", &[&babs]).await;
    let west = created_group(&client, "west", &[&east]).await;
    let add = patch(&json!([{"op": "add", "path": "members", "value": [{"value": west}, {"value": east}]}]));
    client.patch(&format!("/Groups/{east}"), &add).await.expect(200);
    assert_eq!(members(&client, &east).await.len(), 3);
    let shown = client.get(&format!("/Users/{babs}")).await.expect(200);
    assert_eq!(shown.body["groups"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn what_is_deleted_leaves_its_groups() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let (babs, alice) = (created(&client, "babs").await, created(&client, "alice").await);
    let guides = created_group(&client, "guides", &[&babs, &alice]).await;
    client.delete(&format!("/Users/{babs}")).await.expect(204);
    assert_eq!(members(&client, &guides).await, [alice.as_str()]);
    assert_eq!(client.get(&format!("/Groups/{guides}")).await.version(), 2);
    client.delete(&format!("/Groups/{guides}")).await.expect(204);
    let shown = client.get(&format!("/Users/{alice}")).await.expect(200);
    assert_eq!(shown.body["groups"], Value::Null);
}

#[tokio::test]
async fn a_put_replaces_the_members() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let (babs, alice) = (created(&client, "babs").await, created(&client, "alice").await);
    let path = format!("/Groups/{}", created_group(&client, "guides", &[&babs]).await);
    let answer = client.put(&path, &group("guides", &[&alice])).await.expect(200);
    assert_eq!((answer.version(), answer.body["members"][0]["value"].as_str()), (2, Some(alice.as_str())));
    let answer = client.put(&path, &group("guides", &[&alice])).await.expect(200);
    assert_eq!(answer.version(), 2, "nothing has changed");
    let answer = client.put(&path, &group("guides", &[])).await.expect(200);
    assert_eq!((answer.version(), &answer.body["members"]), (3, &Value::Null));
}

#[tokio::test]
async fn a_patch_of_a_large_group_answers_without_it() {
    let builder = TestApp::builder().config(|config| config.patch_response_member_limit = 2);
    let app = builder.start().await.expect("a server");
    let client = app.operator();
    let (a, b, c) = (created(&client, "a").await, created(&client, "b").await, created(&client, "c").await);
    let path = format!("/Groups/{}", created_group(&client, "guides", &[&a]).await);
    let add = |id: &str| patch(&json!([{"op": "add", "path": "members", "value": [{"value": id}]}]));
    let answer = client.patch(&path, &add(&b)).await.expect(200);
    assert_eq!(answer.body["members"].as_array().map(Vec::len), Some(2));
    let answer = client.patch(&path, &add(&c)).await.expect(204);
    assert_eq!(answer.version(), 3);
    let answer = client.patch(&format!("{path}?attributes=displayName"), &add(&c)).await.expect(200);
    assert_eq!((answer.version(), answer.body["displayName"].as_str()), (3, Some("guides")));
}
