//! A resource type, and an extension of it and of User, put in while requests run: each characteristic
//! of an attribute (RFC 7643 §7) holds in every operation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::join_all;
use reqwest::Method;
use scim_e2e::{Answer, Client};
use serde_json::{Value, json};

use crate::TestApp;
use crate::admin::{client_of, configure, new_tenant};
use crate::admin_devices::{ASSET, DEVICE, define, device};
use crate::bodies::{ENTERPRISE, SEARCH_REQUEST, USER, created, patch, user};

const TENANT: &str = "acme";
const WRITERS: usize = 24;

struct World {
    _app: TestApp,
    admin: Client,
    client: Client,
}

impl World {
    async fn bare() -> Self {
        let app = TestApp::start().await.expect("a server");
        let admin = app.admin();
        new_tenant(&admin, TENANT).await;
        let client = client_of(&app, TENANT).await;
        Self { _app: app, admin, client }
    }

    /// With the type Device, and its extension on User too.
    async fn new() -> Self {
        let world = Self::bare().await;
        define(&world.admin, TENANT).await;
        world.set_user_extensions(&[ENTERPRISE, ASSET]).await;
        world
    }

    async fn set_user_extensions(&self, urns: &[&str]) {
        let extensions: Vec<Value> =
            urns.iter().map(|urn| json!({"schema": urn, "required": false})).collect();
        let body =
            json!({"name": "User", "endpoint": "/Users", "schema": USER, "schemaExtensions": extensions});
        self.admin.put(&format!("/tenants/{TENANT}/resource-types/User"), &body).await.expect(200);
    }

    async fn device(&self, serial: &str) -> Answer {
        self.client.post("/Devices", &device(serial, serial)).await.expect(201)
    }

    /// Both kinds of resources with the extension: what creates one, and what it is.
    fn extended(&self, mark: &str) -> [(&'static str, Value); 2] {
        let mut person = user(&format!("user-{mark}"));
        person["schemas"] = json!([USER, ASSET]);
        person[ASSET] = json!({"tag": mark, "boughtAt": "2026-01-31T12:00:00Z", "note": "keep dry"});
        [("/Users", person), ("/Devices", device(mark, mark))]
    }
}

fn in_asset(op: &str, name: &str, value: &Value) -> Value {
    patch(&json!([{"op": op, "path": format!("{ASSET}:{name}"), "value": value}]))
}

fn with_status(answers: &[Answer], status: u16) -> usize {
    answers.iter().filter(|answer| answer.status == status).count()
}

/// Reads and writes users until it is told to end; answers how often.
async fn work(worker: usize, client: Client, is_over: Arc<AtomicBool>) -> usize {
    let mut rounds = 0;
    while !is_over.load(Ordering::Relaxed) {
        let name = format!("worker-{worker}-{rounds}");
        let id = created(&client, &name).await;
        let path = format!("/Users/{id}");
        assert_eq!(client.get(&path).await.expect(200).body["userName"], name);
        let title = patch(&json!([{"op": "add", "path": "title", "value": name}]));
        assert_eq!(client.patch(&path, &title).await.expect(200).version(), 2);
        let found =
            client.query("/Users", &[("filter", &format!("userName eq \"{name}\""))]).await.expect(200);
        assert_eq!(found.listed("id"), [id.as_str()]);
        client.put(&path, &user(&name)).await.expect(200);
        client.get("/ResourceTypes").await.expect(200);
        client.delete(&path).await.expect(204);
        rounds += 1;
    }
    rounds
}

#[tokio::test]
async fn definitions_come_and_go_while_users_are_read_and_written() {
    let world = World::bare().await;
    let is_over = Arc::new(AtomicBool::new(false));
    let workers = [0, 1].map(|worker| tokio::spawn(work(worker, world.client.clone(), Arc::clone(&is_over))));
    let keeper = created(&world.client, "keeper").await;
    for round in 0..3 {
        define(&world.admin, TENANT).await;
        world.set_user_extensions(&[ENTERPRISE, ASSET]).await;
        for (endpoint, body) in world.extended(&format!("mark-{round}")) {
            let made = world.client.post(endpoint, &body).await.expect(201);
            assert_eq!(made.body[ASSET]["tag"], format!("mark-{round}"), "known as soon as it is put in");
            world.client.delete(&format!("{endpoint}/{}", made.id())).await.expect(204);
        }
        world.set_user_extensions(&[ENTERPRISE]).await;
        world.admin.delete(&format!("/tenants/{TENANT}/resource-types/Device")).await.expect(204);
        for urn in [ASSET, DEVICE] {
            world.admin.delete(&format!("/tenants/{TENANT}/schemas/{urn}")).await.expect(204);
        }
        world.client.get("/Devices").await.expect_error(404, None, "/Devices");
    }
    is_over.store(true, Ordering::Relaxed);
    for worker in workers {
        assert!(worker.await.expect("no request of it failed") > 0);
    }
    assert_eq!(world.client.get(&format!("/Users/{keeper}")).await.expect(200).version(), 1);
}

#[tokio::test]
async fn discovery_shows_what_was_put_in() {
    let world = World::new().await;
    let shown = world.client.get(&format!("/Schemas/{ASSET}")).await.expect(200);
    let attributes = shown.body["attributes"].as_array().expect("attributes");
    let facts =
        ["name", "type", "caseExact", "mutability", "returned", "uniqueness", "required", "multiValued"];
    let facts: Vec<Vec<&Value>> =
        attributes.iter().map(|attribute| facts.iter().map(|fact| &attribute[*fact]).collect()).collect();
    let tag = json!(["tag", "string", true, "readWrite", "default", "server", false, false]);
    let bought = json!(["boughtAt", "dateTime", false, "immutable", "default", "none", false, false]);
    let note = json!(["note", "string", false, "readWrite", "request", "none", false, false]);
    assert_eq!(json!(facts), json!([tag, bought, note]));
    assert_eq!(shown.body["meta"]["location"], format!("{}/Schemas/{ASSET}", world.client.base_url()));
    let listed = world.client.get("/Schemas").await.expect(200);
    for urn in [DEVICE, ASSET] {
        assert_eq!(listed.listed("id").iter().filter(|listed| **listed == urn).count(), 1);
    }
    let extension = json!({"schema": ASSET, "required": false});
    for (name, extensions) in [
        ("Device", json!([extension])),
        ("User", json!([{"schema": ENTERPRISE, "required": false}, extension])),
    ] {
        let shown = world.client.get(&format!("/ResourceTypes/{name}")).await.expect(200);
        assert_eq!(shown.body["schemaExtensions"], extensions);
        assert_eq!(shown.body["meta"]["resourceType"], "ResourceType");
    }
}

#[tokio::test]
async fn what_is_immutable_is_set_once() {
    let world = World::new().await;
    let (client, bought, other) = (&world.client, "2026-01-31T12:00:00Z", "2027-01-31T12:00:00Z");
    for (endpoint, body) in world.extended("m") {
        let mut bare = body.clone();
        bare[ASSET] = json!({"tag": "n"});
        bare["userName"] = json!("bare");
        bare["serialNumber"] = json!("bare");
        let path = format!("{endpoint}/{}", client.post(endpoint, &bare).await.expect(201).id());
        // It has no value yet, so it is given one, by PATCH or by PUT.
        let set = client.patch(&path, &in_asset("add", "boughtAt", &json!(bought))).await.expect(200);
        assert_eq!((&set.body[ASSET]["boughtAt"], set.version()), (&json!(bought), 2));
        for op in ["add", "replace"] {
            let same = client.patch(&path, &in_asset(op, "boughtAt", &json!(bought))).await.expect(200);
            assert_eq!(same.version(), 2, "the same value changes nothing");
            let refused = client.patch(&path, &in_asset(op, "boughtAt", &json!(other))).await;
            refused.expect_error(400, Some("mutability"), "boughtAt");
        }
        let remove = patch(&json!([{"op": "remove", "path": format!("{ASSET}:boughtAt")}]));
        client.patch(&path, &remove).await.expect_error(400, Some("mutability"), "boughtAt");
        let remove = patch(&json!([{"op": "remove", "path": ASSET}]));
        client.patch(&path, &remove).await.expect_error(400, Some("mutability"), "boughtAt");
        // In the middle of others it takes all with it.
        let both = patch(&json!([
            {"op": "add", "path": "displayName", "value": "changed"},
            {"op": "replace", "path": format!("{ASSET}:boughtAt"), "value": other},
        ]));
        client.patch(&path, &both).await.expect_error(400, Some("mutability"), "Operations[1]");

        let mut again = bare.clone();
        again[ASSET]["boughtAt"] = json!(other);
        client.put(&path, &again).await.expect_error(400, Some("mutability"), "boughtAt");
        again[ASSET]["boughtAt"] = json!(bought);
        assert_eq!(client.put(&path, &again).await.expect(200).version(), 2);
        let kept = client.put(&path, &bare).await.expect(200);
        assert_eq!(kept.body[ASSET]["boughtAt"], bought, "a PUT without it leaves it as it is");
        let shown = client.get(&path).await.expect(200);
        assert_ne!(shown.body["displayName"], "changed");
        client.delete(&path).await.expect(204);
        let made = client.post(endpoint, &bare).await.expect(201);
        let path = format!("{endpoint}/{}", made.id());
        assert_eq!(client.put(&path, &again).await.expect(200).body[ASSET]["boughtAt"], bought);
        client.delete(&path).await.expect(204);
    }
}

#[tokio::test]
async fn of_writers_that_set_what_is_immutable_one_succeeds() {
    let world = World::new().await;
    let mut bare = device("s", "t");
    bare[ASSET] = json!({"tag": "t"});
    let path = format!("/Devices/{}", world.client.post("/Devices", &bare).await.expect(201).id());
    let answers = join_all((0..WRITERS).map(async |second| {
        let value = json!(format!("2026-01-31T12:00:{second:02}Z"));
        world.client.patch(&path, &in_asset("add", "boughtAt", &value)).await
    }))
    .await;
    assert_eq!((with_status(&answers, 200), with_status(&answers, 400)), (1, WRITERS - 1));
    let set = answers.iter().find(|answer| answer.status == 200).expect("one");
    let shown = world.client.get(&path).await.expect(200);
    assert_eq!((&shown.body[ASSET]["boughtAt"], shown.version()), (&set.body[ASSET]["boughtAt"], 2));
}

#[tokio::test]
async fn what_is_returned_on_request_is_shown_when_it_is_asked_for_or_written() {
    let world = World::new().await;
    let client = &world.client;
    let note = |answer: &Answer| answer.body[ASSET].get("note").cloned();
    for (endpoint, body) in world.extended("m") {
        let made = client.post(endpoint, &body).await.expect(201);
        assert_eq!(note(&made), Some(json!("keep dry")));
        let path = format!("{endpoint}/{}", made.id());
        let asked = format!("attributes={ASSET}:note");
        assert_eq!(note(&client.get(&path).await.expect(200)), None);
        assert_eq!(note(&client.get(&format!("{path}?{asked}")).await.expect(200)), Some(json!("keep dry")));
        assert_eq!(
            note(&client.get(&format!("{path}?excludedAttributes=displayName")).await.expect(200)),
            None
        );

        let rename = patch(&json!([{"op": "add", "path": "displayName", "value": "other"}]));
        assert_eq!(note(&client.patch(&path, &rename).await.expect(200)), None, "it was not written");
        let write = in_asset("replace", "note", &json!("keep cool"));
        assert_eq!(note(&client.patch(&path, &write).await.expect(200)), Some(json!("keep cool")));
        let excluded = format!("{path}?excludedAttributes={ASSET}:note");
        assert_eq!(note(&client.patch(&excluded, &write).await.expect(200)), None);
        assert_eq!(note(&client.put(&path, &body).await.expect(200)), Some(json!("keep dry")));
        let mut without = body.clone();
        without[ASSET].as_object_mut().expect("an object").remove("note");
        assert_eq!(note(&client.put(&format!("{path}?{asked}"), &without).await.expect(200)), None);
        client.put(&path, &body).await.expect(200);

        // In lists it is as in a single resource; whoever may ask for it may filter by it.
        let filter = format!("{ASSET}:note eq \"KEEP DRY\"");
        let listed = |answer: &Answer| answer.body["Resources"][0][ASSET].get("note").cloned();
        let found = client.query(endpoint, &[("filter", &filter)]).await.expect(200);
        assert_eq!((&found.body["totalResults"], listed(&found)), (&json!(1), None));
        let parameters = [("filter", filter.as_str()), ("attributes", &format!("{ASSET}:note"))];
        let found = client.query(endpoint, &parameters).await.expect(200);
        assert_eq!(listed(&found), Some(json!("keep dry")));
        assert!(found.body["Resources"][0].get("displayName").is_none());
        let search =
            json!({"schemas": [SEARCH_REQUEST], "filter": filter, "attributes": [format!("{ASSET}:note")]});
        for at in [endpoint, ""] {
            let found = client.post(&format!("{at}/.search"), &search).await.expect(200);
            assert_eq!(listed(&found), Some(json!("keep dry")));
        }
        let excluded = [("excludedAttributes", ASSET), ("filter", filter.as_str())];
        let found = client.query(endpoint, &excluded).await.expect(200);
        assert!(found.body["Resources"][0].get(ASSET).is_none(), "{}", found.body);
        let schemas = found.body["Resources"][0]["schemas"].as_array().expect("schemas");
        assert!(!schemas.contains(&json!(ASSET)), "{schemas:?}");
        client.delete(&path).await.expect(204);
    }
}

#[tokio::test]
async fn letters_count_where_an_attribute_is_case_exact() {
    let world = World::new().await;
    let client = &world.client;
    for (serial, name) in [("a", "delta"), ("B", "Alpha"), ("c", "CHARLIE"), ("D", "bravo")] {
        let mut body = device(serial, &format!("{serial}-tag"));
        body["displayName"] = json!(name);
        client.post("/Devices", &body).await.expect(201);
    }
    let listed = async |parameters: &[(&str, &str)]| {
        client.query("/Devices", parameters).await.expect(200).listed("serialNumber").join("")
    };
    for (filter, expected) in [
        ("serialNumber eq \"b\"", ""),
        ("serialNumber eq \"B\"", "B"),
        ("serialNumber ne \"b\"", "aBcD"),
        ("serialNumber gt \"B\"", "acD"),
        ("serialNumber le \"B\"", "B"),
        ("serialNumber co \"d\"", ""),
        ("displayName eq \"ALPHA\"", "B"),
        ("displayName ne \"ALPHA\"", "acD"),
        ("displayName sw \"ch\"", "c"),
        ("displayName gt \"BRAVO\"", "ac"),
        ("displayName co \"L\"", "aBc"),
        ("URN:EXAMPLE:params:scim:schemas:extension:ASSET:2.0:device:TAG eq \"B-tag\"", "B"),
        ("ports.value eq \"ETH0\"", "aBcD"),
    ] {
        assert_eq!(listed(&[("filter", filter)]).await, expected, "{filter}");
    }
    for (tag, expected) in [("b-tag", ""), ("B-tag", "B")] {
        for filter in [format!("{ASSET}:tag eq \"{tag}\""), format!("{ASSET}:tag sw \"{tag}\"")] {
            assert_eq!(listed(&[("filter", &filter)]).await, expected, "{filter}");
        }
    }
    let tag = format!("{ASSET}:tag");
    for (sort_by, order, expected) in [
        ("serialNumber", "ascending", "BDac"),
        ("serialNumber", "descending", "caDB"),
        ("displayName", "ascending", "BDca"),
        ("DISPLAYNAME", "descending", "acDB"),
        (tag.as_str(), "ascending", "BDac"),
    ] {
        assert_eq!(listed(&[("sortBy", sort_by), ("sortOrder", order)]).await, expected, "{sort_by} {order}");
    }
    // What has no value comes last, or first where the order is descending (RFC 7644 §3.4.2.3).
    let mut bare = device("E", "x");
    bare.as_object_mut().expect("an object").remove(ASSET);
    bare["schemas"] = json!([DEVICE]);
    client.post("/Devices", &bare).await.expect(201);
    assert_eq!(listed(&[("sortBy", &tag)]).await, "BDacE");
    assert_eq!(listed(&[("sortBy", &tag), ("sortOrder", "descending")]).await, "EcaDB");
    assert_eq!(listed(&[("filter", &format!("not ({ASSET}:tag pr)"))]).await, "E");
    let shown = client.query("/Devices", &[("filter", "serialNumber eq \"E\"")]).await.expect(200);
    assert_eq!(shown.body["Resources"][0]["schemas"], json!([DEVICE]));
}

#[tokio::test]
async fn what_is_unique_is_given_once_among_many_writers() {
    let world = World::new().await;
    let client = &world.client;
    let devices =
        join_all((0..WRITERS).map(async |number| world.device(&format!("own-{number}")).await.id())).await;
    for round in 0..3 {
        let (tag, mark) = (format!("tag-{round}"), format!("{round}"));
        let answers = join_all(devices.iter().enumerate().map(async |(number, id)| {
            let path = format!("/Devices/{id}");
            match round {
                0 => client.patch(&path, &in_asset("replace", "tag", &json!(tag))).await,
                1 => client.put(&path, &device(&format!("own-{number}"), &tag)).await,
                _ => client.post("/Devices", &device(&format!("new-{number}"), &tag)).await,
            }
        }))
        .await;
        let succeeded = with_status(&answers, 200) + with_status(&answers, 201);
        assert_eq!((succeeded, with_status(&answers, 409)), (1, WRITERS - 1), "{mark}");
        let refused = answers.iter().find(|answer| answer.status == 409).expect("one");
        refused.expect_error(409, Some("uniqueness"), "tag");
        let found = client.query("/Devices", &[("filter", &format!("{ASSET}:tag eq \"{tag}\""))]).await;
        assert_eq!(found.expect(200).body["totalResults"], 1);
    }
    // Other letters are another value, and another type's values are its own.
    client.post("/Devices", &device("other", "TAG-0")).await.expect(201);
    let [(_, mut person), _] = world.extended("tag-0");
    let person_id = client.post("/Users", &person).await.expect(201).id();
    person["userName"] = json!("someone-else");
    client.post("/Users", &person).await.expect_error(409, Some("uniqueness"), "tag");
    // A value that is given up is free, and so is that of what is deleted.
    let path = format!("/Users/{person_id}");
    client.patch(&path, &in_asset("replace", "tag", &json!("tag-x"))).await.expect(200);
    let second = client.post("/Users", &person).await.expect(201).id();
    client.delete(&format!("/Users/{second}")).await.expect(204);
    client.patch(&path, &in_asset("replace", "tag", &json!("tag-0"))).await.expect(200);
}

#[tokio::test]
async fn versions_and_preconditions_are_those_of_every_resource() {
    let world = World::new().await;
    let client = &world.client;
    let made = world.device("s").await;
    assert_eq!(made.header("etag"), "W/\"v1\"");
    assert_eq!(made.body["meta"]["version"], "W/\"v1\"");
    let path = format!("/Devices/{}", made.id());
    let conditional = async |method: Method, header: &str, version: &str, body: &Value| {
        client.request(method, &path).header(header, version).json(body).send().await
    };
    let unchanged = conditional(Method::GET, "If-None-Match", "W/\"v1\"", &Value::Null).await.expect(304);
    assert_eq!(unchanged.header("etag"), "W/\"v1\"");
    let note = in_asset("replace", "note", &json!("new"));
    conditional(Method::PATCH, "If-Match", "W/\"v2\"", &note).await.expect_error(412, None, "v1");
    assert_eq!(conditional(Method::PATCH, "If-Match", "W/\"v1\"", &note).await.expect(200).version(), 2);
    assert_eq!(client.patch(&path, &note).await.expect(200).version(), 2, "nothing changes");
    conditional(Method::GET, "If-None-Match", "W/\"v1\"", &Value::Null).await.expect(200);
    let whole = device("s", "s");
    conditional(Method::PUT, "If-Match", "W/\"v1\"", &whole).await.expect_error(412, None, "v2");
    assert_eq!(
        conditional(Method::PUT, "If-Match", "W/\"v9\", W/\"v2\"", &whole).await.expect(200).version(),
        3
    );
    conditional(Method::DELETE, "If-Match", "W/\"v2\"", &Value::Null).await.expect_error(412, None, "v3");
    configure(&world.admin, TENANT, json!({"strictMode": true})).await;
    client.delete(&path).await.expect(428);
    client.patch(&path, &note).await.expect(428);
    conditional(Method::DELETE, "If-Match", "*", &Value::Null).await.expect(204);
    conditional(Method::DELETE, "If-Match", "*", &Value::Null).await.expect(404);
}

#[tokio::test]
async fn bulk_requests_treat_it_as_any_type() {
    let world = World::new().await;
    let client = &world.client;
    let id = world.device("there").await.id();
    let path = format!("/Devices/{id}");
    let bulk = async |operations: Value| {
        let schemas = ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"];
        client.post("/Bulk", &json!({"schemas": schemas, "Operations": operations})).await.expect(200)
    };
    let other = json!("2027-01-31T12:00:00Z");
    let answer = bulk(json!([
        {"method": "POST", "path": "/Devices", "bulkId": "a", "data": device("a", "a")},
        {"method": "POST", "path": "/Devices", "bulkId": "b", "data": device("b", "a")},
        {"method": "PATCH", "path": path, "data": in_asset("replace", "boughtAt", &other)},
        {"method": "PATCH", "path": path, "version": "W/\"v1\"", "data": in_asset("replace", "note", &json!("x"))},
        {"method": "PUT", "path": path, "version": "W/\"v1\"", "data": device("there", "there")},
        {"method": "PATCH", "path": "/Devices/bulkId:a", "data": in_asset("replace", "tag", &json!("A"))},
        {"method": "POST", "path": "/Devices", "bulkId": "c", "data": {"schemas": [DEVICE], "displayName": "x"}},
        {"method": "DELETE", "path": path, "version": "W/\"v2\""},
    ]))
    .await;
    let operations = answer.body["Operations"].as_array().expect("operations");
    let outcomes: Vec<(&str, Option<&str>)> = operations
        .iter()
        .map(|it| (it["status"].as_str().unwrap_or_default(), it["response"]["scimType"].as_str()))
        .collect();
    let expected = [
        ("201", None),
        ("409", Some("uniqueness")),
        ("400", Some("mutability")),
        ("200", None),
        ("412", None),
        ("200", None),
        ("400", Some("invalidValue")),
        ("204", None),
    ];
    assert_eq!(outcomes, expected, "{}", answer.body);
    let location = operations[0]["location"].as_str().expect("a location");
    assert!(location.starts_with(&format!("{}/Devices/", client.base_url())), "{location}");
    client.get(&path).await.expect(404);
    let left = client.get("/Devices").await.expect(200);
    assert_eq!(left.listed("serialNumber"), ["a"]);
    assert_eq!(left.body["Resources"][0][ASSET]["tag"], "A");
}

#[tokio::test]
async fn soft_deletion_removes_what_cannot_be_inactive() {
    let world = World::new().await;
    let client = &world.client;
    configure(&world.admin, TENANT, json!({"softDelete": true})).await;
    for (endpoint, body) in world.extended("m") {
        for _ in 0..2 {
            let path = format!("{endpoint}/{}", client.post(endpoint, &body).await.expect(201).id());
            client.delete(&path).await.expect(204);
            client.get(&path).await.expect_error(404, None, "");
            let found = client.query(endpoint, &[("filter", &format!("{ASSET}:tag eq \"m\""))]).await;
            assert_eq!(found.expect(200).body["totalResults"], 0);
        }
    }
    // Nothing of the devices is left, so their definition goes; of the users something is kept aside.
    world.admin.delete(&format!("/tenants/{TENANT}/resource-types/Device")).await.expect(204);
    let stats = world.admin.get(&format!("/tenants/{TENANT}/stats")).await.expect(200);
    assert_eq!(stats.body["resources"]["User"], 0);
}

#[tokio::test]
async fn a_definition_stays_while_data_needs_it() {
    let world = World::new().await;
    let (admin, client) = (&world.admin, &world.client);
    let [(_, person), _] = world.extended("m");
    let (person, thing) =
        (client.post("/Users", &person).await.expect(201).id(), world.device("m").await.id());
    let at = |path: &str| format!("/tenants/{TENANT}{path}");
    let schema = at(&format!("/schemas/{ASSET}"));
    let stored = admin.get(&schema).await.expect(200).body;
    let with = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut schema = stored.clone();
        change(schema["attributes"].as_array_mut().expect("attributes"));
        schema
    };
    for (reason, name, body) in [
        ("removed", "note", with(&|attributes| attributes.truncate(2))),
        ("type", "tag", with(&|attributes| attributes[0]["type"] = json!("boolean"))),
        ("multiValued", "tag", with(&|attributes| attributes[0]["multiValued"] = json!(true))),
    ] {
        let report = admin.put(&format!("{schema}?dryRun=true"), &body).await.expect(200);
        assert_eq!(report.body["affected"], 2, "{reason}: {}", report.body);
        let violations = report.body["violations"].as_array().expect("violations");
        assert_eq!(violations.len(), 2, "{reason}: {}", report.body);
        for (resource_type, id) in [("User", &person), ("Device", &thing)] {
            let found = violations.iter().find(|violation| violation["resourceType"] == resource_type);
            let found = found.expect("one of each type");
            assert_eq!(found["attribute"], format!("{ASSET}:{name}"), "{}", report.body);
            assert_eq!((&found["count"], &found["examples"]), (&json!(1), &json!([id])));
        }
        let refused = admin.put(&schema, &body).await;
        refused.expect_problem(409, "2 stored resources");
        assert_eq!(refused.body["violations"], report.body["violations"]);
    }
    admin.delete(&schema).await.expect_problem(409, ASSET);
    let device_type = at("/resource-types/Device");
    let bare = json!({"name": "Device", "endpoint": "/Devices", "schema": DEVICE});
    let report = admin.put(&format!("{device_type}?dryRun=true"), &bare).await.expect(200);
    assert_eq!(
        (&report.body["affected"], report.body["violations"].as_array().map(Vec::len)),
        (&json!(1), Some(1))
    );
    admin.put(&device_type, &bare).await.expect_problem(409, "1 stored resources");
    let report = admin.delete(&format!("{device_type}?dryRun=true")).await.expect(200);
    assert_eq!(report.body["violations"][0]["reason"], "resourceTypeRemoved");

    // A dry run changed nothing, and what was refused did not either.
    assert_eq!(admin.get(&schema).await.expect(200).body, stored);
    assert_eq!(client.get(&format!("/Devices/{thing}")).await.expect(200).body[ASSET]["tag"], "m");
    // Without its data it goes, and comes back, without anything of old.
    let remove = patch(&json!([{"op": "remove", "path": format!("{ASSET}:note")}]));
    for path in [format!("/Users/{person}"), format!("/Devices/{thing}")] {
        client.patch(&path, &remove).await.expect(200);
    }
    admin.put(&schema, &with(&|attributes| attributes.truncate(2))).await.expect(200);
    let filter = format!("{ASSET}:note pr");
    let refused = client.query("/Devices", &[("filter", &filter)]).await;
    refused.expect_error(400, Some("invalidFilter"), "note");
    admin.put(&schema, &stored).await.expect(200);
    let found = client.query("/Devices", &[("filter", &filter)]).await.expect(200);
    assert_eq!(found.body["totalResults"], 0);
}
