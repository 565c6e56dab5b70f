//! The life of a user (RFC 7644 §3.3 to §3.6, RFC 7643 §4.1, §8.2).

use serde_json::{Value, json};

use crate::TestApp;
use crate::bodies::{ENTERPRISE, USER, created, user};

/// The full user of RFC 7643 §8.3, as a client sends it.
fn full_user() -> Value {
    json!({
        "schemas": [USER, ENTERPRISE],
        "id": "2819c223-7f76-453a-919d-413861904646",
        "externalId": "701984",
        "userName": "bjensen@example.com",
        "name": {"formatted": "Ms. Barbara J Jensen, III", "familyName": "Jensen", "givenName": "Barbara",
            "middleName": "Jane", "honorificPrefix": "Ms.", "honorificSuffix": "III"},
        "displayName": "Babs Jensen",
        "nickName": "Babs",
        "profileUrl": "https://login.example.com/bjensen",
        "emails": [{"value": "bjensen@example.com", "type": "work", "primary": true},
            {"value": "babs@jensen.org", "type": "home"}],
        "addresses": [{"type": "work", "streetAddress": "100 Universal City Plaza", "locality": "Hollywood",
            "region": "CA", "postalCode": "91608", "country": "US", "primary": true}],
        "phoneNumbers": [{"value": "555-555-5555", "type": "work"}],
        "userType": "Employee",
        "title": "Tour Guide",
        "preferredLanguage": "en-US",
        "locale": "en-US",
        "timezone": "America/Los_Angeles",
        "active": true,
        "password": "t1meMa$heen",
        "x509Certificates": [{"value": "TUlJRFF6Q0NBcXlnQXdJQkFnSUNFQUF3RFFZSktvWklodmNOQVFFRkJRQXc="}],
        "groups": [{"value": "e9e30dba-f08f-4109-8486-d5c6a331660a"}],
        ENTERPRISE: {"employeeNumber": "701984", "costCenter": "4130", "organization": "Universal Studios",
            "division": "Theme Park", "department": "Tour Operations"},
        "meta": {"resourceType": "Nonsense", "version": "W/\"v99\""},
    })
}

#[tokio::test]
async fn a_user_is_created_read_replaced_and_deleted() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();

    let answer = client.post("/Users", &full_user()).await.expect(201);
    let id = answer.id();
    let location = format!("{}/Users/{id}", client.base_url());
    assert_ne!(id, "2819c223-7f76-453a-919d-413861904646", "ids are made here");
    assert_eq!(answer.header("location"), location);
    assert_eq!(answer.header("etag"), "W/\"v1\"");
    assert_eq!(answer.header("content-type"), "application/scim+json");
    let meta = &answer.body["meta"];
    assert_eq!(meta["resourceType"], "User");
    assert_eq!(meta["location"], location);
    assert_eq!(meta["version"], "W/\"v1\"");
    assert_eq!(meta["created"], meta["lastModified"]);
    assert_eq!(answer.body["schemas"], json!([USER, ENTERPRISE]));
    assert_eq!(answer.body["groups"], Value::Null, "groups are computed");
    for (name, sent) in full_user().as_object().expect("an object") {
        if !["id", "meta", "password", "groups", "schemas"].contains(&name.as_str()) {
            assert_eq!(&answer.body[name], sent, "{name}");
        }
    }

    let read = client.get(&format!("/Users/{id}")).await.expect(200);
    assert_eq!(read.body, answer.body);
    assert_eq!(read.header("content-location"), location);
    assert_eq!(read.header("etag"), "W/\"v1\"");

    let body = json!({"schemas": [USER], "id": id, "userName": "babs", "displayName": "B"});
    let replaced = client.put(&format!("/Users/{id}"), &body).await.expect(200);
    assert_eq!(replaced.version(), 2);
    assert_eq!(replaced.header("content-location"), location);
    assert_eq!(replaced.body["displayName"], "B");
    assert_eq!(replaced.body["emails"], Value::Null, "what is left out is gone");
    assert_eq!(replaced.body["schemas"], json!([USER]));
    assert_eq!(replaced.body["meta"]["created"], meta["created"]);

    let again = client.put(&format!("/Users/{id}"), &body).await.expect(200);
    assert_eq!(again.version(), 2, "nothing has changed");
    assert_eq!(again.body, replaced.body);

    client.delete(&format!("/Users/{id}")).await.expect(204);
    client.get(&format!("/Users/{id}")).await.expect_error(404, None, &id);
    client.delete(&format!("/Users/{id}")).await.expect_error(404, None, &id);
    client.put(&format!("/Users/{id}"), &body).await.expect_error(404, None, &id);
    client.post("/Users", &user("babs")).await.expect(201);
}

#[tokio::test]
async fn names_are_matched_without_regard_to_case_and_shown_as_the_schema_spells_them() {
    let app = TestApp::start().await.expect("a server");
    let body = json!({"SCHEMAS": [USER.to_uppercase()], "USERNAME": "bj", "Name": {"GIVENNAME": "B"}});
    let answer = app.operator().post("/Users", &body).await.expect(201);
    assert_eq!(answer.body["userName"], "bj");
    assert_eq!(answer.body["name"], json!({"givenName": "B"}));
}

#[tokio::test]
async fn a_user_name_is_unique_by_precis() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    created(&client, "BJensen@example.com").await;
    let other = created(&client, "other").await;
    for taken in ["bjensen@EXAMPLE.com", "ｂｊｅｎｓｅｎ@example.com"] {
        client.post("/Users", &user(taken)).await.expect_error(409, Some("uniqueness"), "userName");
        let path = format!("/Users/{other}");
        client.put(&path, &user(taken)).await.expect_error(409, Some("uniqueness"), "userName");
    }
    let listed = client.get("/Users").await.expect(200);
    assert_eq!(listed.listed("userName"), ["BJensen@example.com", "other"]);
}

#[tokio::test]
async fn bodies_that_do_not_validate_name_what_is_wrong() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    for (body, scim_type, detail) in [
        (json!({"userName": "x"}), "invalidSyntax", "schemas"),
        (json!({"schemas": ["urn:example:none"], "userName": "x"}), "invalidSyntax", "schemas"),
        (json!({"schemas": [USER]}), "invalidValue", "userName"),
        (json!({"schemas": [USER], "userName": ""}), "invalidValue", "userName"),
        (json!({"schemas": [USER], "userName": 1}), "invalidValue", "userName"),
        (json!({"schemas": [USER], "userName": "x", "active": "perhaps"}), "invalidValue", "active"),
        (
            json!({"schemas": [USER], "userName": "x", "emails": [{"value": 1}]}),
            "invalidValue",
            "emails[0].value",
        ),
        (json!({"schemas": [USER], "userName": "x", "name": "Babs"}), "invalidValue", "name"),
        (
            json!({"schemas": [USER], "userName": "x",
                "emails": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}),
            "invalidValue",
            "emails",
        ),
        (json!([]), "invalidSyntax", "object"),
        (json!("x"), "invalidSyntax", "object"),
    ] {
        client.post("/Users", &body).await.expect_error(400, Some(scim_type), detail);
    }
    assert_eq!(client.get("/Users").await.expect(200).body["totalResults"], 0);
}

#[tokio::test]
async fn unknown_attributes_are_ignored_and_never_come_back() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let mut body = user("x");
    body["favouriteColour"] = json!("blue");
    body["name"] = json!({"givenName": "X", "shoeSize": 43});
    let answer = client.post("/Users", &body).await.expect(201);
    assert_eq!(answer.body["favouriteColour"], Value::Null);
    assert_eq!(answer.body["name"], json!({"givenName": "X"}));
}

#[tokio::test]
async fn a_password_is_hashed_never_shown_and_cannot_be_searched_for() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let mut body = user("x");
    body["password"] = json!("correct horse");
    let id = client.post("/Users?attributes=password,userName", &body).await.expect(201).id();
    client.get(&format!("/Users/{id}?attributes=password")).await.expect(200);
    let found = client.query("/Users", &[("filter", "password eq \"correct horse\"")]).await;
    found.expect_error(400, Some("invalidFilter"), "password");
    body["password"] = json!("x".repeat(100));
    let path = format!("/Users/{id}");
    client.put(&path, &body).await.expect_error(400, Some("invalidValue"), "password");
}

#[tokio::test]
async fn answers_show_what_was_asked_for() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let names = |body: &Value| {
        let mut names: Vec<String> = body.as_object().expect("an object").keys().cloned().collect();
        names.sort();
        names
    };
    let shown = client.post("/Users?attributes=name.givenName", &full_user()).await.expect(201);
    assert_eq!(names(&shown.body), ["id", "name", "schemas"]);
    assert_eq!(shown.body["name"], json!({"givenName": "Barbara"}));

    let path = format!("/Users/{}", shown.id());
    let shown =
        client.get(&format!("{path}?attributes={ENTERPRISE}:costCenter,emails.value")).await.expect(200);
    assert_eq!(names(&shown.body), ["emails", "id", "schemas", ENTERPRISE]);
    assert_eq!(shown.body[ENTERPRISE], json!({"costCenter": "4130"}));
    assert_eq!(shown.body["emails"], json!([{"value": "bjensen@example.com"}, {"value": "babs@jensen.org"}]));

    let shown =
        client.get(&format!("{path}?excludedAttributes=emails,name.familyName,meta,id")).await.expect(200);
    assert_eq!(shown.body["emails"], Value::Null);
    assert_eq!(shown.body["meta"], Value::Null);
    assert_eq!(shown.body["name"]["familyName"], Value::Null);
    assert_eq!(shown.body["name"]["givenName"], "Barbara");
    assert!(shown.body["id"].is_string(), "id is always returned");

    let listed = client.get("/Users?attributes=userName").await.expect(200);
    assert_eq!(names(&listed.body["Resources"][0]), ["id", "schemas", "userName"]);
}

#[tokio::test]
async fn a_client_may_prefer_no_body() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let minimal = |method: reqwest::Method, path: &str, body: &Value| {
        client.request(method, path).json(body).header("Prefer", "return=minimal").send()
    };
    let answer = minimal(reqwest::Method::POST, "/Users", &user("x")).await.expect(201);
    assert_eq!((answer.body.clone(), answer.version()), (Value::Null, 1));
    let location = answer.header("location").to_owned();
    let path = location.strip_prefix(client.base_url()).expect("below the base URL");
    let answer = minimal(reqwest::Method::PUT, path, &user("y")).await.expect(204);
    assert_eq!((answer.version(), answer.header("content-location")), (2, location.as_str()));
    let shown =
        minimal(reqwest::Method::PUT, &format!("{path}?attributes=userName"), &user("z")).await.expect(200);
    assert_eq!(shown.body["userName"], "z", "who names attributes sees them");
}
