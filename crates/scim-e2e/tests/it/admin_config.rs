//! Every key of a tenant's config, flipped while the server runs: an answer changes at once.

use reqwest::Method;
use scim_e2e::Client;
use serde_json::{Value, json};

use crate::TestApp;
use crate::admin::{client_of, configure, new_tenant};
use crate::bodies::{created, created_group, group, patch, user};
use crate::rate_limits::{refused_after, unlimited};

/// What the tests of this file begin with: a tenant `acme`, two users in a group.
struct World {
    app: TestApp,
    admin: Client,
    client: Client,
    users: [String; 2],
    group: String,
}

async fn world() -> World {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    let client = client_of(&app, "acme").await;
    let users = [created(&client, "a").await, created(&client, "b").await];
    let members: Vec<&str> = users.iter().map(String::as_str).collect();
    let group = format!("/Groups/{}", created_group(&client, "g", &members).await);
    World { app, admin, client, users, group }
}

impl World {
    /// The statuses of one request before and after the config has changed, and after it is back.
    async fn flip(&self, config: Value, method: Method, path: &str, body: &Value, expected: [u16; 2]) {
        let request = async || {
            let answer = self.client.request(method.clone(), path).json(body).send().await;
            answer.status
        };
        let before = request().await;
        configure(&self.admin, "acme", config.clone()).await;
        let after = request().await;
        assert_eq!([before, after], expected, "{config}");
        let keys = config.as_object().expect("an object").keys();
        let back: Value = keys.map(|key| (key.clone(), Value::Null)).collect();
        configure(&self.admin, "acme", back).await;
        assert_eq!(request().await, before, "{config} is taken back");
    }

    /// What is at a pointer in the answer to GET, before and after.
    async fn flip_document(&self, config: Value, path: &str, pointer: &str, expected: [Value; 2]) {
        let mut seen = Vec::new();
        for config in [json!({}), config.clone()] {
            configure(&self.admin, "acme", config).await;
            let answer = self.client.get(path).await.expect(200);
            seen.push(answer.body.pointer(pointer).cloned().unwrap_or_default());
        }
        assert_eq!(seen, expected, "{config}");
    }
}

#[tokio::test]
async fn rules_on_writes_are_live_at_once() {
    let world = world().await;
    let [one, other] = &world.users;
    let both = json!([{"value": one}, {"value": other}]);
    let operation = |op: &str, value: &Value| patch(&json!([{"op": op, "path": "members", "value": value}]));
    let remove_all = patch(&json!([{"op": "remove", "path": "members"}]));
    let mut unknown = group("g", &[]);
    unknown["shoeSize"] = json!(43);
    let off = |key: &str| json!({key: false});
    let (patch_method, path) = (Method::PATCH, world.group.as_str());
    let statuses = [200, 400];
    world.flip(off("multiMemberAdd"), patch_method.clone(), path, &operation("add", &both), statuses).await;
    world
        .flip(off("multiMemberRemove"), patch_method.clone(), path, &operation("remove", &both), statuses)
        .await;
    world.flip(off("allowRemoveAllMembers"), patch_method.clone(), path, &remove_all, statuses).await;
    world.flip(json!({"strictMode": true}), Method::POST, "/Groups", &unknown, [201, 400]).await;
    world.flip(json!({"strictMode": true}), patch_method.clone(), path, &remove_all, [200, 428]).await;
    let add = operation("add", &json!([{"value": one}]));
    world.flip(json!({"patchResponseMemberLimit": 0}), patch_method, path, &add, [200, 204]).await;
}

#[tokio::test]
async fn verbose_patch_is_live_at_once() {
    let world = world().await;
    let path = format!("/Users/{}", world.users[0]);
    let dotted = |name: &str| patch(&json!([{"op": "add", "value": {"name.givenName": name}}]));
    let shown = world.client.patch(&path, &dotted("Babs")).await.expect(200);
    assert_eq!(shown.body["name"]["givenName"], "Babs");
    configure(&world.admin, "acme", json!({"verbosePatch": false})).await;
    let shown = world.client.patch(&path, &dotted("Other")).await.expect(200);
    assert_eq!(shown.body["name"]["givenName"], "Babs", "no attribute has such a name");
}

#[tokio::test]
async fn limits_are_live_at_once_and_told() {
    let world = world().await;
    let bulk = json!({
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [
            {"method": "PATCH", "path": world.group, "data": patch(&json!([{"op": "add", "path": "externalId", "value": "x"}]))},
            {"method": "PATCH", "path": world.group, "data": patch(&json!([{"op": "add", "path": "externalId", "value": "y"}]))},
        ],
    });
    for limit in [json!({"bulk": {"maxOperations": 1}}), json!({"bulk": {"maxPayloadSize": 100}})] {
        world.flip(limit, Method::POST, "/Bulk", &bulk, [200, 413]).await;
    }
    let provider = "/ServiceProviderConfig";
    for (config, pointer, before, after) in [
        (json!({"bulk": {"maxOperations": 7}}), "/bulk/maxOperations", json!(1000), json!(7)),
        (json!({"bulk": {"maxPayloadSize": 700}}), "/bulk/maxPayloadSize", json!(1_048_576), json!(700)),
        (json!({"filter": {"maxResults": 1}}), "/filter/maxResults", json!(200), json!(1)),
    ] {
        world.flip_document(config, provider, pointer, [before, after]).await;
    }
    let listed = world.client.get("/Users").await.expect(200);
    assert_eq!((&listed.body["itemsPerPage"], &listed.body["totalResults"]), (&json!(1), &json!(2)));
    let help = "https://example.com/help";
    let config = json!({"documentationUri": help});
    world.flip_document(config, provider, "/documentationUri", [Value::Null, json!(help)]).await;
}

#[tokio::test]
async fn a_rate_limit_is_live_at_once() {
    let world = world().await;
    unlimited(&world.client, "/Users").await;
    configure(&world.admin, "acme", json!({"rateLimit": {"perSecond": 1, "burst": 2}})).await;
    assert!(refused_after(&world.client, "/Users").await >= 2, "a burst of two is let through");
    world.app.operator().get("/Users").await.expect(200);
    configure(&world.admin, "acme", json!({"rateLimit": null})).await;
    unlimited(&world.client, "/Users").await;
}

#[tokio::test]
async fn anonymous_discovery_is_live_at_once() {
    let world = world().await;
    let anonymous = world.app.anonymous().at("/tenants/acme");
    anonymous.get("/Schemas").await.expect_error(401, None, "token");
    configure(&world.admin, "acme", json!({"anonymousDiscovery": true})).await;
    anonymous.get("/Schemas").await.expect(200);
    anonymous.get("/Users").await.expect_error(401, None, "token");
    configure(&world.admin, "acme", json!({"anonymousDiscovery": null})).await;
    anonymous.get("/Schemas").await.expect_error(401, None, "token");
}

#[tokio::test]
async fn headers_of_a_tenant_are_on_all_of_its_answers() {
    let world = world().await;
    let config = json!({"customHeaders": {"X-Served-For": "Acme Ltd", "Cache-Control": "private"}});
    configure(&world.admin, "acme", config).await;
    let user = format!("/Users/{}", world.users[0]);
    for (path, status) in [
        ("/Users", 200),
        (user.as_str(), 200),
        ("/Users/x", 404),
        ("/Nothing", 404),
        ("/Schemas", 200),
        ("/Schemas/x", 404),
    ] {
        let answer = world.client.get(path).await.expect(status);
        assert_eq!(answer.header("x-served-for"), "Acme Ltd", "{path}");
        assert_eq!(answer.header("cache-control"), "private", "{path}");
    }
    let refused = world.client.post("/Users", &json!({})).await.expect(400);
    assert_eq!(refused.header("x-served-for"), "Acme Ltd");
    let stranger = world.app.intruder().at("/tenants/acme").get("/Users").await.expect(401);
    assert_eq!(stranger.header("x-served-for"), "", "nothing of a tenant is told to strangers");
    assert_eq!(world.app.operator().get("/Users").await.expect(200).header("x-served-for"), "");
    configure(&world.admin, "acme", json!({"customHeaders": {"Cache-Control": null}})).await;
    let answer = world.client.get("/Users").await.expect(200);
    assert_eq!((answer.header("x-served-for"), answer.header("cache-control")), ("Acme Ltd", "no-store"));
}

#[tokio::test]
async fn soft_deletion_hides_and_is_told_in_the_audit_log() {
    let world = world().await;
    let deletions = async || {
        let filter = [("filter", "operation eq \"delete\" and resourceType eq \"User\"")];
        let told = world.admin.query("/tenants/acme/activity", &filter).await.expect(200);
        let items = told.body["items"].as_array().cloned().unwrap_or_default();
        items.into_iter().map(|item| item["attributes"].clone()).collect::<Vec<Value>>()
    };
    let [one, other] = &world.users;
    world.client.delete(&format!("/Users/{one}")).await.expect(204);
    assert_eq!(deletions().await, [Value::Null]);
    configure(&world.admin, "acme", json!({"softDelete": true})).await;
    let path = format!("/Users/{other}");
    let stale = world.client.request(Method::DELETE, &path).header("If-Match", "W/\"v9\"").send().await;
    stale.expect_error(412, None, "v1");
    world.client.delete(&path).await.expect(204);
    assert_eq!(deletions().await, [json!(["active"]), Value::Null], "it is there, but not active");

    world.client.get(&path).await.expect_error(404, None, other);
    world.client.put(&path, &user("b")).await.expect_error(404, None, other);
    world.client.delete(&path).await.expect_error(404, None, other);
    assert_eq!(world.client.get("/Users").await.expect(200).body["totalResults"], 0);
    assert!(
        crate::bodies::members(&world.client, world.group.trim_start_matches("/Groups/")).await.is_empty()
    );
    assert_ne!(created(&world.client, "b").await, *other, "the name is free");
    let stats = world.admin.get("/tenants/acme/stats").await.expect(200);
    assert_eq!(stats.body["resources"]["User"], 1);
    world.client.delete(&world.group).await.expect(204);
    world.client.get(&world.group).await.expect_error(404, None, "");
}
