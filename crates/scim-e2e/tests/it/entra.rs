//! What Microsoft Entra ID sends, in its order and its spelling (its SCIM reference: "Understand the
//! Microsoft Entra SCIM implementation").

use serde_json::{Value, json};

use crate::TestApp;
use crate::bodies::{ENTERPRISE, GROUP, USER, created, members, patch};

const NOBODY: &str = "user@contoso.example";

fn new_user() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
        "userName": "Test_User_ab6490ee@contoso.example",
        "active": true,
        "emails": [{"primary": true, "type": "work", "value": "Test_User_fd0ea19b@contoso.example"}],
        "meta": {"resourceType": "User"},
        "name": {"formatted": "givenName familyName", "familyName": "familyName", "givenName": "givenName"},
        "roles": [],
    })
}

#[tokio::test]
async fn a_user_is_matched_created_changed_disabled_and_deleted() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let find = async |filter: &str| client.query("/Users", &[("filter", filter)]).await.expect(200);

    // The connection test asks for somebody who cannot be there.
    let nobody = find(&format!("userName eq \"{NOBODY}\"")).await;
    assert_eq!(nobody.body["totalResults"], 0);

    let created = client.post("/Users", &new_user()).await.expect(201);
    let path = format!("/Users/{}", created.id());
    assert_eq!(created.body["roles"], Value::Null);
    client.post("/Users", &new_user()).await.expect_error(409, Some("uniqueness"), "userName");

    for filter in [
        "userName eq \"test_user_AB6490EE@contoso.example\"",
        "externalId eq \"0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef\"",
        "emails[type eq \"work\"].value eq \"test_user_fd0ea19b@contoso.example\"",
    ] {
        assert_eq!(find(filter).await.listed("id"), [created.id()], "{filter}");
    }
    client.get(&path).await.expect(200);

    let change = async |operations: Value| client.patch(&path, &patch(&operations)).await.expect(200);
    let changed = change(json!([
        {"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "updatedEmail@contoso.example"},
        {"op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"},
    ]))
    .await;
    assert_eq!(changed.body["emails"][0]["value"], "updatedEmail@contoso.example");
    assert_eq!(changed.body["name"]["familyName"], "updatedFamilyName");

    let changed =
        change(json!([{"op": "Replace", "path": "userName", "value": "5b50642d@contoso.example"}])).await;
    assert_eq!(changed.body["userName"], "5b50642d@contoso.example");

    let manager =
        client.post("/Users", &json!({"schemas": [USER], "userName": "boss"})).await.expect(201).id();
    let changed = change(json!([
        {"op": "Add", "path": "emails[type eq \"other\"].value", "value": "other@contoso.example"},
        {"op": "Add", "path": "phoneNumbers[type eq \"mobile\"].value", "value": "+1 555 0100"},
        {"op": "Add", "path": "addresses[type eq \"work\"].streetAddress", "value": "1 Way"},
        {"op": "Add", "path": format!("{ENTERPRISE}:department"), "value": "Sales"},
        {"op": "Add", "path": format!("{ENTERPRISE}:manager"), "value": manager},
        {"op": "Add", "value": {"displayName": "Test", "name.middleName": "M", format!("{ENTERPRISE}:costCenter"): "7"}},
    ]))
    .await;
    assert_eq!(changed.body["emails"].as_array().map(Vec::len), Some(2));
    assert_eq!(changed.body["phoneNumbers"], json!([{"value": "+1 555 0100", "type": "mobile"}]));
    assert_eq!(changed.body["addresses"][0]["streetAddress"], "1 Way");
    assert_eq!(changed.body[ENTERPRISE]["manager"]["value"], manager);
    assert_eq!(changed.body[ENTERPRISE]["department"], "Sales");
    assert_eq!(changed.body[ENTERPRISE]["costCenter"], "7");
    assert_eq!(
        (changed.body["displayName"].as_str(), changed.body["name"]["middleName"].as_str()),
        (Some("Test"), Some("M"))
    );

    let disabled = change(json!([{"op": "Replace", "path": "active", "value": "False"}])).await;
    assert_eq!(disabled.body["active"], false);
    let enabled = change(json!([{"op": "Replace", "value": {"active": "True"}}])).await;
    assert_eq!(enabled.body["active"], true);

    let removed = change(json!([{"op": "Remove", "path": format!("{ENTERPRISE}:manager")}])).await;
    assert_eq!(removed.body[ENTERPRISE]["manager"], Value::Null);

    client.delete(&path).await.expect(204);
    client.get(&path).await.expect_error(404, None, "");
}

#[tokio::test]
async fn a_group_is_created_renamed_filled_and_emptied() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let (a, b) = (created(&client, "a").await, created(&client, "b").await);

    let body = json!({
        "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        "displayName": "displayName",
        "meta": {"resourceType": "Group"},
    });
    let group = client.post("/Groups", &body).await.expect(201);
    let (id, path) = (group.id(), format!("/Groups/{}", group.id()));

    let shown = client.get(&format!("{path}?excludedAttributes=members")).await.expect(200);
    assert_eq!(shown.body["displayName"], "displayName");
    let found = client
        .query("/Groups", &[("excludedAttributes", "members"), ("filter", "displayName eq \"DISPLAYNAME\"")])
        .await
        .expect(200);
    assert_eq!(found.listed("id"), [id.as_str()]);

    let change = async |operation: Value| {
        let answer = client.patch(&path, &patch(&json!([operation]))).await;
        assert!(answer.status == 200 || answer.status == 204, "{}", answer.body);
        members(&client, &id).await
    };
    change(json!({"op": "Replace", "path": "displayName", "value": "1879db59-3bdf-4490-ad68-ab880a269474updated"})).await;
    let renamed = client.get(&path).await.expect(200);
    assert_eq!(renamed.body["displayName"], "1879db59-3bdf-4490-ad68-ab880a269474updated");

    let one = change(json!({"op": "Add", "path": "members", "value": [{"$ref": null, "value": a}]})).await;
    assert_eq!(one, [a.as_str()]);
    let both = change(json!({"op": "Add", "path": "members", "value": [{"value": b}]})).await;
    assert_eq!(both, [a.clone(), b.clone()]);
    let left =
        change(json!({"op": "Remove", "path": "members", "value": [{"$ref": null, "value": a}]})).await;
    assert_eq!(left, [b.as_str()]);
    let none = change(json!({"op": "Remove", "path": format!("members[value eq \"{b}\"]")})).await;
    assert_eq!(none, Vec::<String>::new());

    let by_member = client
        .query(
            "/Groups",
            &[("filter", &format!("id eq \"{id}\" and members eq \"{a}\"")), ("attributes", "id")],
        )
        .await
        .expect(200);
    assert_eq!(by_member.body["totalResults"], 0);
    client.delete(&path).await.expect(204);
}
