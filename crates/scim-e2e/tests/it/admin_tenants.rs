//! `/admin/tenants`: tenants from the first request to the last.

use reqwest::Method;
use serde_json::{Value, json};

use crate::TestApp;
use crate::admin::{client_of, configure, new_tenant};
use crate::bodies::{created, user};

#[tokio::test]
async fn a_tenant_is_created_shown_changed_and_deleted() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    let body = json!({"slug": "acme", "displayName": "Acme Ltd", "config": {"bulk": {"maxOperations": 7}}});
    let made = admin.post("/tenants", &body).await.expect(201);
    let id = made.id();
    assert_eq!(made.header("location"), format!("/admin/tenants/{id}"));
    assert_eq!(made.header("content-type"), "application/json");
    assert_eq!((made.body["slug"].as_str(), made.body["preset"].as_str()), (Some("acme"), Some("rfc")));
    assert_eq!((&made.body["active"], &made.body["displayName"]), (&json!(true), &json!("Acme Ltd")));
    let effective = json!({"maxOperations": 7, "maxPayloadSize": 1_048_576});
    assert_eq!(made.body["config"]["bulk"], effective, "what is in force is shown, also by default");
    assert_eq!(made.body["config"]["verbosePatch"], true);
    assert!(made.body["createdAt"].is_string() && made.body["updatedAt"] == made.body["createdAt"]);

    for name in ["acme", &id] {
        let shown = admin.get(&format!("/tenants/{name}")).await.expect(200);
        assert_eq!((&shown.body, shown.version()), (&made.body, 1));
    }
    let patch = json!({"slug": "acme-2", "displayName": null, "config": {"bulk": null, "strictMode": true}});
    let changed = admin
        .request(Method::PATCH, &format!("/tenants/{id}"))
        .body("application/merge-patch+json", patch.to_string())
        .send()
        .await
        .expect(200);
    assert_eq!(changed.version(), 2);
    assert_eq!((&changed.body["slug"], &changed.body["displayName"]), (&json!("acme-2"), &json!("acme-2")));
    assert_eq!(changed.body["config"]["bulk"]["maxOperations"], 1000, "null is back to the default");
    assert_eq!(changed.body["config"]["strictMode"], true);
    assert_eq!(changed.body["createdAt"], made.body["createdAt"]);
    admin.get("/tenants/acme").await.expect_problem(404, "'acme'");

    let same = admin.patch("/tenants/acme-2", &changed.body).await.expect(200);
    assert_eq!((&same.body, same.version()), (&changed.body, 2), "what changes nothing keeps the version");

    let client = client_of(&app, "acme-2").await;
    client.get("/Users").await.expect(200);
    admin.delete("/tenants/acme-2").await.expect(204);
    for path in ["/tenants/acme-2", &format!("/tenants/{id}"), &format!("/tenants/{id}/stats")] {
        admin.get(path).await.expect_problem(404, "there is no tenant");
    }
    admin.delete("/tenants/acme-2").await.expect_problem(404, "there is no tenant");
    client.get("/Users").await.expect_error(401, None, "token");
    new_tenant(&admin, "acme-2").await;
    client.get("/Users").await.expect_error(401, None, "token");
}

#[tokio::test]
async fn a_tenant_is_used_as_soon_as_it_is_there_and_no_longer_than_it_is_active() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    app.operator().at("/tenants/acme").get("/Users").await.expect_error(401, None, "token");
    new_tenant(&admin, "acme").await;
    let client = client_of(&app, "acme").await;
    let id = created(&client, "babs").await;
    for mount in ["/tenants/acme", "/tenants/acme/scim/v2"] {
        client.at(mount).get(&format!("/Users/{id}")).await.expect(200);
    }
    admin.patch("/tenants/acme", &json!({"active": false})).await.expect(200);
    client.get("/Users").await.expect_error(403, None, "not active");
    client.post("/Users", &user("x")).await.expect_error(403, None, "not active");
    admin.patch("/tenants/acme", &json!({"active": true})).await.expect(200);
    client.get(&format!("/Users/{id}")).await.expect(200);
    admin.patch("/tenants/acme", &json!({"slug": "globex"})).await.expect(200);
    client.at("/tenants/globex").get("/Users").await.expect(200);
    client.at("/tenants/acme").get("/Users").await.expect_error(401, None, "token");
}

#[tokio::test]
async fn presets_differ_and_the_config_goes_over_them() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    for preset in ["rfc", "entra-id", "okta", "minimal"] {
        let body = json!({"slug": preset, "preset": preset, "config": {"filter": {"maxResults": 5}}});
        let made = admin.post("/tenants", &body).await.expect(201);
        assert_eq!(made.body["preset"], preset);
        assert_eq!(made.body["config"]["filter"]["maxResults"], 5);
        let schemas = client_of(&app, preset).await.get("/Schemas").await.expect(200);
        let enterprise = schemas.listed("id").contains(&crate::bodies::ENTERPRISE);
        assert_eq!(enterprise, preset != "minimal", "{preset}");
    }
    let okta = admin.get("/tenants/okta").await.expect(200);
    assert_eq!(okta.body["config"]["patchResponseMemberLimit"], 100);
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_created() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    let with = |name: &str, value: Value| {
        let mut body = json!({"slug": "other"});
        body[name] = value;
        body
    };
    for (body, status, detail) in [
        (json!({}), 400, "slug: required"),
        (json!({"slug": "Other"}), 400, "slug: expected"),
        (json!({"slug": 5}), 400, "slug: expected a string"),
        (json!({"slug": "01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09"}), 400, "slug"),
        (json!({"slug": "admin"}), 400, "slug"),
        (json!({"slug": "acme"}), 409, "slug: 'acme'"),
        (json!({"slug": "default"}), 409, "slug: 'default'"),
        (json!([]), 400, "expected an object"),
        (with("active", json!("yes")), 400, "active: expected true or false"),
        (with("displayName", json!(1)), 400, "displayName"),
        (with("displayName", json!("x".repeat(201))), 400, "displayName"),
        (with("preset", json!("azure")), 400, "preset: expected one of"),
        (with("name", json!("x")), 400, "name: there is no such member"),
        (with("config", json!({"strict": true})), 400, "config.strict: unknown key"),
        (with("config", json!({"bulk": {"maxOperations": "7"}})), 400, "config.bulk.maxOperations"),
        (with("config", json!([])), 400, "config: expected an object"),
    ] {
        admin.post("/tenants", &body).await.expect_problem(status, detail);
    }
    let patch = |body: Value| {
        let admin = admin.clone();
        async move { admin.patch("/tenants/acme", &body).await }
    };
    patch(json!({"preset": "okta"})).await.expect_problem(400, "preset: cannot be changed");
    patch(json!({"id": "x"})).await.expect_problem(400, "id: cannot be changed");
    patch(json!({"slug": null})).await.expect_problem(400, "slug");
    patch(json!({"slug": "default"})).await.expect_problem(409, "slug");
    patch(json!({"other": 1})).await.expect_problem(400, "other: there is no such member");
    patch(json!({"config": {"logLevel": "loud"}})).await.expect_problem(400, "config.logLevel");
    patch(json!("x")).await.expect_problem(400, "expected an object");
    admin.patch("/tenants/none", &json!({})).await.expect_problem(404, "there is no tenant 'none'");
    let shown = admin.get("/tenants").await.expect(200);
    assert_eq!(shown.items("slug").len(), 2);
    assert_eq!(admin.get("/tenants/acme").await.expect(200).version(), 1, "nothing was changed");
}

#[tokio::test]
async fn writes_happen_only_at_the_version_that_is_meant() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    configure(&admin, "acme", json!({"strictMode": true})).await;
    let send = |method: Method, tag: &'static str| {
        let request = admin.request(method, "/tenants/acme").header("If-Match", tag);
        request.json(&json!({"config": {"strictMode": false}})).send()
    };
    send(Method::PATCH, "W/\"v1\"").await.expect_problem(412, "v2");
    send(Method::DELETE, "W/\"v1\"").await.expect_problem(412, "v2");
    send(Method::PATCH, "v2").await.expect_problem(400, "If-Match");
    assert_eq!(send(Method::PATCH, "W/\"v2\"").await.expect(200).version(), 3);
    send(Method::DELETE, "*").await.expect(204);
}

#[tokio::test]
async fn the_tenant_of_the_operator_stays() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    admin.delete("/tenants/default").await.expect_problem(409, "'default' cannot be deleted");
    admin.patch("/tenants/default", &json!({"slug": "other"})).await.expect_problem(409, "slug");
    admin.patch("/tenants/default", &json!({"displayName": "Ours", "active": false})).await.expect(200);
    app.operator().get("/Users").await.expect_error(403, None, "not active");
    admin.patch("/tenants/default", &json!({"active": true})).await.expect(200);
    app.operator().get("/Users").await.expect(200);
}

#[tokio::test]
async fn tenants_are_listed_a_page_at_a_time() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    for number in 0..5 {
        new_tenant(&admin, &format!("tenant-{number}")).await;
    }
    let (mut seen, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let path = match &cursor {
            None => "/tenants?limit=2".to_owned(),
            Some(cursor) => format!("/tenants?limit=2&cursor={cursor}"),
        };
        let page = admin.get(&path).await.expect(200);
        assert!(page.items("slug").len() <= 2);
        seen.extend(page.items("slug").into_iter().map(str::to_owned));
        cursor = page.body["nextCursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    seen.sort();
    assert_eq!(seen, ["default", "tenant-0", "tenant-1", "tenant-2", "tenant-3", "tenant-4"]);
    for path in ["/tenants?cursor=x", "/tenants?limit=0", "/tenants?limit=201", "/tenants?filter=x"] {
        admin.get(path).await.expect_problem(400, ": ");
    }
}

#[tokio::test]
async fn tenants_are_kept_apart() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "one").await;
    new_tenant(&admin, "other").await;
    let (one, other) = (client_of(&app, "one").await, client_of(&app, "other").await);
    let id = created(&one, "babs").await;
    created(&other, "babs").await;
    assert_eq!(other.get("/Users").await.expect(200).body["totalResults"], 1);
    let path = format!("/Users/{id}");
    for method in [Method::GET, Method::PUT, Method::PATCH, Method::DELETE] {
        let patch = crate::bodies::patch(&json!([{"op": "add", "path": "title", "value": "x"}]));
        let body = if method == Method::PATCH { patch } else { user("x") };
        other.request(method, &path).json(&body).send().await.expect_error(404, None, "");
    }
    other.at("/tenants/one").get(&path).await.expect_error(401, None, "token");
    let group = crate::bodies::group("g", &[&id]);
    other.post("/Groups", &group).await.expect_error(400, Some("invalidValue"), &id);
    let stats = admin.get("/tenants/one/stats").await.expect(200);
    assert_eq!(stats.body["resources"], json!({"User": 1, "Group": 0}));
    admin.delete("/tenants/one").await.expect(204);
    assert_eq!(other.get("/Users").await.expect(200).body["totalResults"], 1);
}

#[tokio::test]
async fn figures_are_told() {
    let app = TestApp::start().await.expect("a server");
    let admin = app.admin();
    new_tenant(&admin, "acme").await;
    let none = admin.get("/tenants/acme/stats").await.expect(200);
    let nothing = json!({"resources": {"User": 0, "Group": 0}, "activeUsers": 0, "lastWriteAt": null});
    assert_eq!(none.body, nothing);
    let client = client_of(&app, "acme").await;
    created(&client, "silent").await;
    for (name, active) in [("a", true), ("b", true), ("c", false)] {
        let mut body = user(name);
        body["active"] = json!(active);
        client.post("/Users", &body).await.expect(201);
    }
    let group = client.post("/Groups", &crate::bodies::group("g", &[])).await.expect(201);
    let stats = admin.get("/tenants/acme/stats").await.expect(200);
    assert_eq!(stats.body["resources"], json!({"User": 4, "Group": 1}));
    assert_eq!(stats.body["activeUsers"], 2);
    assert_eq!(stats.body["lastWriteAt"], group.body["meta"]["lastModified"]);
    let all = admin.get("/stats").await.expect(200);
    assert_eq!((&all.body["tenants"], &all.body["resources"]["User"]), (&json!(2), &json!(4)));
}
