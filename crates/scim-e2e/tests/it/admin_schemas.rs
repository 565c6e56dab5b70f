//! `/admin/tenants/{id}/schemas` and `/resource-types`: definitions put in and changed under stored data.

use scim_e2e::{Answer, Client};
use serde_json::{Value, json};

use crate::TestApp;
use crate::admin::{client_of, new_tenant};
use crate::bodies::{ENTERPRISE, USER, created, patch, user};

const BADGE: &str = "urn:example:params:scim:schemas:extension:badge:2.0:User";

/// An extension with this attribute.
fn badge(attribute: &Value) -> Value {
    json!({"id": BADGE, "name": "Badge", "attributes": [attribute]})
}

async fn put_badge(admin: &Client, attribute: &Value) -> Answer {
    admin.put(&format!("/tenants/acme/schemas/{BADGE}"), &badge(attribute)).await
}

/// User with the enterprise extension and the badge.
fn user_with_badge(required: bool) -> Value {
    json!({
        "name": "User",
        "endpoint": "/Users",
        "schema": USER,
        "schemaExtensions": [
            {"schema": ENTERPRISE, "required": false},
            {"schema": BADGE, "required": required},
        ],
    })
}

fn badged(name: &str, code: &str) -> Value {
    let mut body = user(name);
    body["schemas"] = json!([USER, BADGE]);
    body[BADGE] = json!({"code": code});
    body
}

async fn world() -> (TestApp, Client, Client) {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    let client = client_of(&app, "acme").await;
    (app, admin, client)
}

async fn with_badge(admin: &Client) {
    put_badge(admin, &json!({"name": "code", "type": "string"})).await.expect(201);
    admin.put("/tenants/acme/resource-types/User", &user_with_badge(false)).await.expect(200);
}

#[tokio::test]
async fn an_extension_is_put_in_shown_used_and_taken_out() {
    let (_app, admin, client) = world().await;
    let path = format!("/tenants/acme/schemas/{BADGE}");
    admin.get(&path).await.expect_problem(404, BADGE);
    let made = put_badge(&admin, &json!({"name": "code", "type": "string"})).await.expect(201);
    assert_eq!(made.body["attributes"][0]["returned"], "default", "the defaults of RFC 7643 §2.2");
    assert_eq!(admin.get(&path).await.expect(200).body, made.body);
    assert_eq!(admin.put(&path, &made.body).await.expect(200).body, made.body, "what is shown can be put");
    assert!(client.get("/Schemas").await.expect(200).listed("id").contains(&BADGE));
    let ignored = client.post("/Users", &badged("early", "x")).await;
    assert!(ignored.status == 400 || ignored.body.get(BADGE).is_none(), "{}", ignored.body);

    let types = "/tenants/acme/resource-types";
    let shown = admin.put(&format!("{types}/User"), &user_with_badge(false)).await.expect(200);
    assert_eq!(admin.get(&format!("{types}/User")).await.expect(200).body, shown.body);
    assert_eq!(admin.get(types).await.expect(200).items("name"), ["User", "Group"]);
    let id = client.post("/Users", &badged("babs", "b-1")).await.expect(201).id();
    let found = client.query("/Users", &[("filter", &format!("{BADGE}:code eq \"B-1\""))]).await.expect(200);
    assert_eq!(found.listed("id"), [id.as_str()]);

    admin.delete(&path).await.expect_problem(409, "resource type User has this schema");
    let without = json!({"name": "User", "endpoint": "/Users", "schema": USER});
    let refused = admin.put(&format!("{types}/User"), &without).await;
    refused.expect_problem(409, "1 stored resources");
    client.delete(&format!("/Users/{id}")).await.expect(204);
    admin.put(&format!("{types}/User"), &without).await.expect(200);
    admin.delete(&format!("{path}?dryRun=true")).await.expect(200);
    admin.delete(&path).await.expect(204);
    admin.delete(&path).await.expect_problem(404, BADGE);
    client.get(&format!("/Schemas/{BADGE}")).await.expect_error(404, None, BADGE);
}

#[tokio::test]
async fn what_stored_data_would_violate_is_refused_with_a_report() {
    let (_app, admin, client) = world().await;
    with_badge(&admin).await;
    let mut ids = Vec::new();
    for (name, code) in [("a", "one"), ("b", "ONE"), ("c", "two")] {
        ids.push(client.post("/Users", &badged(name, code)).await.expect(201).id());
    }
    let bare = created(&client, "d").await;
    let unique = json!({"name": "code", "type": "string", "uniqueness": "server"});
    let path = format!("/tenants/acme/schemas/{BADGE}");
    let violation = json!({
        "resourceType": "User",
        "attribute": format!("{BADGE}:code"),
        "reason": "uniqueness",
        "count": 2,
        "examples": [ids[0], ids[1]],
    });
    let report = admin.put(&format!("{path}?dryRun=true"), &badge(&unique)).await.expect(200);
    assert_eq!(report.body, json!({"affected": 2, "violations": [violation]}));
    let refused = put_badge(&admin, &unique).await;
    refused.expect_problem(409, "2 stored resources");
    assert_eq!(refused.body["type"], "urn:scim-server:problem:stored-data");
    assert_eq!((&refused.body["affected"], &refused.body["violations"]), (&json!(2), &json!([violation])));
    assert_eq!(admin.get(&path).await.expect(200).body["attributes"][0]["uniqueness"], "none");

    let required = admin.put("/tenants/acme/resource-types/User", &user_with_badge(true)).await;
    required.expect_problem(409, "1 stored resources");
    assert_eq!(required.body["violations"][0]["examples"], json!([bare]));
    let number = json!({"name": "code", "type": "integer"});
    assert_eq!(put_badge(&admin, &number).await.body["violations"][0]["reason"], "type");
    let renamed = json!({"name": "number", "type": "string"});
    assert_eq!(put_badge(&admin, &renamed).await.body["violations"][0]["reason"], "removed");

    let other = patch(&json!([{"op": "replace", "path": format!("{BADGE}:code"), "value": "three"}]));
    client.patch(&format!("/Users/{}", ids[1]), &other).await.expect(200);
    put_badge(&admin, &unique).await.expect(200);
    client.post("/Users", &badged("e", "Two")).await.expect_error(409, Some("uniqueness"), "code");
    client.post("/Users", &badged("e", "four")).await.expect(201);
}

#[tokio::test]
async fn how_values_compare_is_changed_under_stored_data() {
    let (_app, admin, client) = world().await;
    with_badge(&admin).await;
    for number in 0..7 {
        client.post("/Users", &badged(&format!("user{number}"), "Code")).await.expect(201);
    }
    let found = async |code: &str| {
        let filter = format!("{BADGE}:code eq \"{code}\"");
        let found = client.query("/Users", &[("filter", filter.as_str())]).await.expect(200);
        found.body["totalResults"].clone()
    };
    assert_eq!([found("code").await, found("Code").await], [7, 7]);
    put_badge(&admin, &json!({"name": "code", "type": "string", "caseExact": true})).await.expect(200);
    assert_eq!([found("code").await, found("Code").await], [0, 7]);
    put_badge(&admin, &json!({"name": "code", "type": "string"})).await.expect(200);
    assert_eq!([found("code").await, found("CODE").await], [7, 7]);
}

#[tokio::test]
async fn core_schemas_are_tightened_and_never_broken() {
    let (app, admin, client) = world().await;
    let path = format!("/tenants/acme/schemas/{USER}");
    let core = admin.get(&path).await.expect(200).body;
    let with = |name: &str, key: &str, value: Value| {
        let mut schema = core.clone();
        let attributes = schema["attributes"].as_array_mut().expect("attributes");
        let attribute = attributes.iter_mut().find(|attribute| attribute["name"] == name);
        attribute.expect("the attribute")[key] = value;
        schema
    };
    admin.put(&path, &with("userName", "uniqueness", json!("none"))).await.expect_problem(400, "userName");
    admin.put(&path, &with("userName", "type", json!("integer"))).await.expect_problem(400, "userName");
    admin.put(&path, &with("active", "name", json!("alive"))).await.expect_problem(400, "");
    admin.delete(&path).await.expect_problem(409, "User");
    admin.delete("/tenants/acme/resource-types/User").await.expect_problem(409, "User");

    let id = created(&client, "babs").await;
    let refused = admin.put(&path, &with("title", "required", json!(true))).await;
    refused.expect_problem(409, "1 stored resources");
    assert_eq!(refused.body["violations"][0]["examples"], json!([id]));
    client.delete(&format!("/Users/{id}")).await.expect(204);
    admin.put(&path, &with("title", "required", json!(true))).await.expect(200);
    client.post("/Users", &user("babs")).await.expect_error(400, Some("invalidValue"), "title");
    created(&app.operator(), "babs").await;
}

#[tokio::test]
async fn definitions_that_are_wrong_are_refused_by_name() {
    let (_app, admin, _client) = world().await;
    let urn = format!("/tenants/acme/schemas/{BADGE}");
    for (body, detail) in [
        (json!({}), "id"),
        (json!({"id": "urn:x", "attributes": []}), "id: expected"),
        (json!({"id": BADGE, "attributes": [{"name": "a b", "type": "string"}]}), "name"),
        (badge(&json!({"name": "a", "type": "text"})), "type"),
        (badge(&json!({"name": "a", "type": "string", "size": 5})), "size"),
        (json!([]), "expected an object"),
    ] {
        admin.put(&urn, &body).await.expect_problem(400, detail);
    }
    let device = |change: (&str, Value)| {
        let mut body = json!({"name": "Device", "endpoint": "/Devices", "schema": USER});
        body[change.0] = change.1;
        body
    };
    for (change, status, detail) in [
        (("schema", json!("urn:x")), 400, "urn:x"),
        (("endpoint", json!("/Users")), 409, "/Users"),
        (("endpoint", json!("/Bulk")), 400, "/Bulk"),
        (("endpoint", json!("Devices")), 400, "endpoint"),
        (("name", json!("Gadget")), 400, "name"),
        (("other", json!(1)), 400, "other"),
    ] {
        let answer = admin.put("/tenants/acme/resource-types/Device", &device(change)).await;
        answer.expect_problem(status, detail);
    }
    admin.put(&format!("{urn}?dryRun=yes"), &badge(&json!({}))).await.expect_problem(400, "dryRun");
    admin.put(&format!("{urn}?dry=true"), &badge(&json!({}))).await.expect_problem(400, "dry");
    admin.get("/tenants/none/schemas").await.expect_problem(404, "none");
    let all = admin.get("/tenants/acme/schemas").await.expect(200);
    assert_eq!(all.items("id").len(), 3);
    let first = admin.get("/tenants/acme/schemas?limit=2").await.expect(200);
    let next = format!("/tenants/acme/schemas?limit=2&cursor={}", first.text("nextCursor"));
    assert_eq!(admin.get(&next).await.expect(200).items("id"), all.items("id")[2..]);
    admin.get("/tenants/acme/schemas?cursor=x").await.expect_problem(400, "cursor");
}

#[tokio::test]
async fn changes_of_definitions_are_in_the_activity() {
    let (_app, admin, _client) = world().await;
    with_badge(&admin).await;
    let code = json!({"name": "code", "type": "string", "description": "On the card"});
    put_badge(&admin, &code).await.expect(200);
    put_badge(&admin, &code).await.expect(200);
    let filter = [("filter", "resourceType eq \"schema\" or resourceType eq \"resourceType\"")];
    let told = admin.query("/tenants/acme/activity", &filter).await.expect(200);
    assert_eq!(told.items("operation"), ["replace", "replace", "create"], "what changes nothing is not told");
    assert_eq!(told.items("resourceId"), [BADGE, "User", BADGE]);
    let items = told.body["items"].as_array().expect("items");
    assert_eq!(items[0]["attributes"], json!(["attributes.code"]));
    assert_eq!(items[1]["attributes"], json!(["description", "schemaExtensions"]));
}
