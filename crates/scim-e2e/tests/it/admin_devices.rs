//! A resource type that operators define at run time, in two tenants, through every operation
//! (RFC 7643 §7).

use reqwest::Method;
use scim_e2e::Client;
use serde_json::{Value, json};

use crate::TestApp;
use crate::admin::{client_of, new_tenant};
use crate::bodies::{SEARCH_REQUEST, patch, user};

const DEVICE: &str = "urn:example:params:scim:schemas:core:2.0:Device";
pub(crate) const ASSET: &str = "urn:example:params:scim:schemas:extension:asset:2.0:Device";

/// Puts in the type Device, with an extension.
pub(crate) async fn define(admin: &Client, tenant: &str) {
    let put = async |path: &str, body: Value| {
        admin.put(&format!("/tenants/{tenant}{path}"), &body).await.expect(201);
    };
    let device = json!({
        "id": DEVICE,
        "name": "Device",
        "attributes": [
            {"name": "displayName", "type": "string", "required": true},
            {"name": "serialNumber", "type": "string", "required": true, "caseExact": true, "uniqueness": "server"},
            {"name": "weight", "type": "decimal"},
            {"name": "ports", "type": "complex", "multiValued": true, "subAttributes": [
                {"name": "value", "type": "string"},
                {"name": "type", "type": "string"},
            ]},
        ],
    });
    let asset = json!({
        "id": ASSET,
        "name": "Asset",
        "attributes": [
            {"name": "tag", "type": "string", "caseExact": true, "uniqueness": "server"},
            {"name": "boughtAt", "type": "dateTime", "mutability": "immutable"},
            {"name": "note", "type": "string", "returned": "request"},
        ],
    });
    put(&format!("/schemas/{DEVICE}"), device).await;
    put(&format!("/schemas/{ASSET}"), asset).await;
    let resource_type = json!({
        "name": "Device",
        "endpoint": "/Devices",
        "schema": DEVICE,
        "schemaExtensions": [{"schema": ASSET, "required": false}],
    });
    put("/resource-types/Device", resource_type).await;
}

pub(crate) fn device(serial: &str, tag: &str) -> Value {
    json!({
        "schemas": [DEVICE, ASSET],
        "displayName": format!("Device {serial}"),
        "serialNumber": serial,
        "weight": 1.5,
        "ports": [{"value": "eth0", "type": "wired"}],
        ASSET: {"tag": tag, "boughtAt": "2026-01-31T12:00:00Z", "note": "keep dry"},
    })
}

fn path(id: &str) -> String {
    format!("/Devices/{id}")
}

struct World {
    app: TestApp,
    one: Client,
    other: Client,
}

async fn world() -> World {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    for tenant in ["one", "other"] {
        new_tenant(&admin, tenant).await;
        define(&admin, tenant).await;
    }
    let (one, other) = (client_of(&app, "one").await, client_of(&app, "other").await);
    World { app, one, other }
}

#[tokio::test]
async fn it_is_discovered_where_it_is_defined() {
    let world = world().await;
    let World { app, one, .. } = &world;
    let types = one.get("/ResourceTypes").await.expect(200);
    assert_eq!(types.listed("name"), ["User", "Group", "Device"]);
    let shown = one.get("/ResourceTypes/Device").await.expect(200);
    assert_eq!((&shown.body["endpoint"], &shown.body["schema"]), (&json!("/Devices"), &json!(DEVICE)));
    one.get(&format!("/Schemas/{ASSET}")).await.expect(200);
    app.operator().get("/Devices").await.expect_error(404, None, "/Devices");
    app.operator().get(&format!("/Schemas/{DEVICE}")).await.expect_error(404, None, DEVICE);
}

#[tokio::test]
async fn it_is_created_read_replaced_patched_and_deleted() {
    let world = world().await;
    let World { one, other, .. } = &world;
    let made = one.post("/Devices", &device("S-1", "T-1")).await.expect(201);
    let id = made.id();
    assert_eq!(made.header("location"), format!("{}/Devices/{id}", one.base_url()));
    assert_eq!(made.body["meta"]["resourceType"], "Device");
    assert_eq!(made.body["schemas"], json!([DEVICE, ASSET]));
    assert_eq!(made.body[ASSET]["note"], "keep dry", "the client has just written it");
    let shown = one.get(&format!("{}?attributes={ASSET}:note", path(&id))).await.expect(200);
    assert_eq!(shown.body[ASSET], json!({"note": "keep dry"}));
    let shown = one.get(&path(&id)).await.expect(200);
    assert!(shown.body[ASSET].get("note").is_none(), "returned on request alone");

    let mut changed = device("S-1", "T-1");
    changed["displayName"] = json!("Router");
    let replaced = one.put(&path(&id), &changed).await.expect(200);
    assert_eq!((replaced.body["displayName"].as_str(), replaced.version()), (Some("Router"), 2));
    changed[ASSET]["boughtAt"] = json!("2027-01-31T12:00:00Z");
    one.put(&path(&id), &changed).await.expect_error(400, Some("mutability"), "boughtAt");

    let weigh = |value: Value| patch(&json!([{"op": "replace", "path": "weight", "value": value}]));
    let patched = one.patch(&path(&id), &weigh(json!(2.25))).await.expect(200);
    assert_eq!((&patched.body["weight"], patched.version()), (&json!(2.25), 3));
    one.patch(&path(&id), &weigh(json!("heavy"))).await.expect_error(400, Some("invalidValue"), "weight");
    let buy = patch(
        &json!([{"op": "replace", "path": format!("{ASSET}:boughtAt"), "value": "2027-01-31T12:00:00Z"}]),
    );
    one.patch(&path(&id), &buy).await.expect_error(400, Some("mutability"), "boughtAt");
    let port = patch(&json!([{"op": "replace", "path": "ports[type eq \"wired\"].value", "value": "eth1"}]));
    let patched = one.patch(&path(&id), &port).await.expect(200);
    assert_eq!(patched.body["ports"], json!([{"value": "eth1", "type": "wired"}]));

    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let body = if method == Method::PATCH { weigh(json!(1)) } else { device("S-9", "T-9") };
        other.request(method, &path(&id)).json(&body).send().await.expect_error(404, None, &id);
    }
    one.get(&format!("/Users/{id}")).await.expect_error(404, None, &id);
    let stale = one.request(Method::DELETE, &path(&id)).header("If-Match", "W/\"v1\"").send().await;
    stale.expect_error(412, None, "v4");
    one.delete(&path(&id)).await.expect(204);
    one.get(&path(&id)).await.expect_error(404, None, &id);
}

#[tokio::test]
async fn its_values_are_checked_and_unique_in_their_tenant() {
    let world = world().await;
    let World { one, other, .. } = &world;
    one.post("/Devices", &device("S-1", "T-1")).await.expect(201);
    other.post("/Devices", &device("S-1", "T-1")).await.expect(201);
    one.post("/Devices", &device("S-1", "T-2")).await.expect_error(409, Some("uniqueness"), "serialNumber");
    one.post("/Devices", &device("S-2", "T-1")).await.expect_error(409, Some("uniqueness"), "tag");
    one.post("/Devices", &device("s-1", "t-1")).await.expect(201);
    let second = one.post("/Devices", &device("S-3", "T-3")).await.expect(201).id();
    let tag = patch(&json!([{"op": "replace", "path": format!("{ASSET}:tag"), "value": "T-1"}]));
    one.patch(&path(&second), &tag).await.expect_error(409, Some("uniqueness"), "tag");
    for (name, value) in [("serialNumber", Value::Null), ("serialNumber", json!(5)), ("weight", json!("x"))] {
        let mut wrong = device("S-4", "T-4");
        wrong[name] = value;
        one.post("/Devices", &wrong).await.expect_error(400, Some("invalidValue"), name);
    }
}

#[tokio::test]
async fn it_is_searched_sorted_and_paged() {
    let world = world().await;
    let World { one, other, .. } = &world;
    for (serial, weight) in [("b", 2.5), ("A", 1.5), ("c", 10.0)] {
        let mut body = device(serial, serial);
        body["weight"] = json!(weight);
        one.post("/Devices", &body).await.expect(201);
    }
    other.post("/Devices", &device("foreign", "foreign")).await.expect(201);
    one.post("/Users", &user("babs")).await.expect(201);
    let found = async |filter: &str| {
        let found = one.query("/Devices", &[("filter", filter), ("sortBy", "weight")]).await.expect(200);
        found.listed("serialNumber").join(" ")
    };
    assert_eq!(found("serialNumber eq \"a\"").await, "", "it is caseExact");
    assert_eq!(found("serialNumber eq \"A\"").await, "A");
    assert_eq!(found("displayName eq \"device a\"").await, "A", "it is not");
    assert_eq!(found("weight gt 2").await, "b c");
    assert_eq!(found(&format!("{ASSET}:tag sw \"c\"")).await, "c");
    assert_eq!(found(&format!("{ASSET}:boughtAt lt \"2026-02-01T00:00:00Z\"")).await, "A b c");
    assert_eq!(found("ports[type eq \"wired\" and value eq \"eth0\"]").await, "A b c");
    one.query("/Devices", &[("filter", "userName eq \"x\"")]).await.expect_error(
        400,
        Some("invalidFilter"),
        "userName",
    );

    let page =
        one.query("/Devices", &[("sortBy", "weight"), ("sortOrder", "descending"), ("count", "2")]).await;
    assert_eq!(page.expect(200).listed("serialNumber"), ["c", "b"]);
    let first = one.query("/Devices", &[("count", "2"), ("cursor", "")]).await.expect(200);
    let next = first.text("nextCursor");
    let second = one.query("/Devices", &[("count", "2"), ("cursor", &next)]).await.expect(200);
    assert_eq!((first.listed("id").len(), second.listed("serialNumber")), (2, vec!["c"]));
    other.query("/Devices", &[("count", "2"), ("cursor", &next)]).await.expect_error(
        400,
        Some("invalidCursor"),
        "",
    );

    let search = json!({"schemas": [SEARCH_REQUEST], "filter": "weight ge 2.5"});
    assert_eq!(one.post("/Devices/.search", &search).await.expect(200).body["totalResults"], 2);
    assert_eq!(one.post("/.search", &search).await.expect(200).body["totalResults"], 2);
    let everything = one.get("/").await.expect(200);
    assert_eq!(everything.body["totalResults"], 4);
}

#[tokio::test]
async fn it_is_written_in_bulk() {
    let world = world().await;
    let World { one, .. } = &world;
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/Devices", "bulkId": "a", "data": device("S-1", "T-1")},
            {"method": "POST", "path": "/Devices", "bulkId": "b", "data": device("S-1", "T-2")},
            {"method": "POST", "path": "/Gadgets", "bulkId": "c", "data": device("S-3", "T-3")},
            {"method": "DELETE", "path": "/Devices/bulkId:a"},
        ],
    });
    let answer = one.post("/Bulk", &bulk).await.expect(200);
    let operations = answer.body["Operations"].as_array().expect("operations");
    let statuses: Vec<&str> =
        operations.iter().filter_map(|operation| operation["status"].as_str()).collect();
    assert_eq!(statuses[..2], ["201", "409"]);
    assert!(["400", "404"].contains(&statuses[2]), "{statuses:?}");
    assert_eq!(
        one.get("/Devices").await.expect(200).body["totalResults"].as_u64().map(|n| n <= 1),
        Some(true)
    );
}

#[tokio::test]
async fn it_goes_only_when_nothing_is_left_of_it() {
    let world = world().await;
    let World { app, one, .. } = &world;
    let admin = app.admin();
    let id = one.post("/Devices", &device("S-1", "T-1")).await.expect(201).id();
    let resource_type = "/tenants/one/resource-types/Device";
    let refused = admin.delete(resource_type).await;
    refused.expect_problem(409, "1 stored resources");
    assert_eq!(refused.body["violations"][0]["reason"], "resourceTypeRemoved");
    one.delete(&path(&id)).await.expect(204);
    admin.delete(resource_type).await.expect(204);
    one.get("/Devices").await.expect_error(404, None, "/Devices");
    let stats = admin.get("/tenants/other/stats").await.expect(200);
    assert_eq!(stats.body["resources"]["Device"], 0);
}
