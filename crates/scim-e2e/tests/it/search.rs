//! Queries (RFC 7644 §3.4.2, §3.4.3).

use scim_e2e::Client;
use serde_json::{Value, json};

use crate::TestApp;
use crate::bodies::{ENTERPRISE, LIST_RESPONSE, SEARCH_REQUEST, USER, created_group};

/// Three users: Alice, Bob and Carol.
async fn people(client: &Client) -> Vec<String> {
    let mut ids = Vec::new();
    for (name, family, department, active, mail) in [
        ("alice", "Cooper", "Music", true, "alice@work.example"),
        ("Bob", "Dylan", "music", false, "bob@home.example"),
        ("carol", "Åberg", "Film", true, "carol@work.example"),
    ] {
        let kind = if mail.contains("work") { "work" } else { "home" };
        let body = json!({
            "schemas": [USER, ENTERPRISE],
            "userName": name,
            "name": {"familyName": family},
            "active": active,
            "emails": [{"value": mail, "type": kind, "primary": true}],
            ENTERPRISE: {"department": department},
        });
        ids.push(client.post("/Users", &body).await.expect(201).id());
    }
    ids
}

#[tokio::test]
async fn filters_find_what_they_describe() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    people(&client).await;
    for (filter, expected) in [
        ("userName eq \"BOB\"", &["Bob"][..]),
        ("USERNAME Eq \"bob\"", &["Bob"]),
        ("userName ne \"bob\"", &["alice", "carol"]),
        ("userName sw \"c\" or userName ew \"ICE\"", &["alice", "carol"]),
        ("emails[type eq \"work\" and value co \"carol\"]", &["carol"]),
        ("emails.value ew \"example\" and active eq true", &["alice", "carol"]),
        ("emails co \"home\"", &["Bob"]),
        ("not (active eq true)", &["Bob"]),
        ("nickName pr", &[]),
        ("not (nickName pr)", &["alice", "Bob", "carol"]),
        ("name.familyName gt \"cz\"", &["Bob", "carol"]),
        (
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"Music\"",
            &["alice", "Bob"],
        ),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"alice\"", &["alice"]),
        ("meta.created gt \"2020-01-01T00:00:00Z\" and userName eq \"alice\"", &["alice"]),
        ("meta.resourceType eq \"User\" and active eq false", &["Bob"]),
        ("userName eq \"a\" or userName eq \"bob\" and active eq true", &[]),
        ("(userName eq \"alice\" or userName eq \"bob\") and active eq true", &["alice"]),
    ] {
        let answer = client.query("/Users", &[("filter", filter)]).await.expect(200);
        assert_eq!(answer.listed("userName"), expected, "{filter}");
        assert_eq!(answer.body["totalResults"], expected.len(), "{filter}");
        assert_eq!(answer.body["schemas"], json!([LIST_RESPONSE]));
    }
}

#[tokio::test]
async fn bad_filters_are_refused_with_the_position() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    for filter in [
        "userName",
        "userName eq",
        "userName eq bob",
        "userName xx \"bob\"",
        "userName eq \"bob\" and",
        "(userName eq \"bob\"",
        "userName eq \"bob\")",
        "emails[type eq \"work\"",
        "shoeSize eq 43",
        "active gt true",
        "active co \"t\"",
        "meta.created gt \"yesterday\"",
        "password pr",
        "",
    ] {
        let answer = client.query("/Users", &[("filter", filter)]).await;
        answer.expect_error(400, Some("invalidFilter"), "");
    }
    let answer = client.query("/Users", &[("filter", "userName eq \"a\" und active eq true")]).await;
    answer.expect_error(400, Some("invalidFilter"), "17");
}

#[tokio::test]
async fn pages_by_index() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    people(&client).await;
    for (parameters, names, start, items) in [
        ("", &["alice", "Bob", "carol"][..], 1, 3),
        ("?count=2", &["alice", "Bob"], 1, 2),
        ("?startIndex=2&count=1", &["Bob"], 2, 1),
        ("?startIndex=0", &["alice", "Bob", "carol"], 1, 3),
        ("?startIndex=-5&count=1", &["alice"], 1, 1),
        ("?startIndex=4", &[], 4, 0),
        ("?count=0", &[], 1, 0),
        ("?count=-1", &[], 1, 0),
    ] {
        let answer = client.get(&format!("/Users{parameters}")).await.expect(200);
        assert_eq!(answer.listed("userName"), names, "{parameters}");
        assert_eq!(answer.body["totalResults"], 3, "{parameters}");
        assert_eq!(answer.body["startIndex"], start, "{parameters}");
        assert_eq!(answer.body["itemsPerPage"], items, "{parameters}");
    }
    client.get("/Users?count=x").await.expect_error(400, Some("invalidValue"), "count");
    client.get("/Users?startIndex=x").await.expect_error(400, Some("invalidValue"), "startIndex");
}

#[tokio::test]
async fn a_page_has_no_more_than_the_tenant_allows() {
    let app =
        TestApp::builder().config(|config| config.filter.max_results = 2).start().await.expect("a server");
    let client = app.operator();
    people(&client).await;
    for parameters in ["", "?count=100"] {
        let answer = client.get(&format!("/Users{parameters}")).await.expect(200);
        assert_eq!((answer.listed("userName").len(), &answer.body["totalResults"]), (2, &json!(3)));
    }
}

#[tokio::test]
async fn results_are_sorted() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    people(&client).await;
    for (parameters, expected) in [
        ("sortBy=userName", ["alice", "Bob", "carol"]),
        ("sortBy=userName&sortOrder=descending", ["carol", "Bob", "alice"]),
        ("sortBy=USERNAME&sortOrder=ascending", ["alice", "Bob", "carol"]),
        ("sortBy=emails&sortOrder=descending", ["carol", "Bob", "alice"]),
        ("sortBy=name.familyName", ["alice", "Bob", "carol"]),
        ("sortBy=active", ["Bob", "alice", "carol"]),
        ("sortBy=shoeSize", ["alice", "Bob", "carol"]),
    ] {
        let answer = client.get(&format!("/Users?{parameters}")).await.expect(200);
        assert_eq!(answer.listed("userName"), expected, "{parameters}");
    }
    client.get("/Users?sortBy=userName&sortOrder=up").await.expect_error(
        400,
        Some("invalidValue"),
        "sortOrder",
    );
}

#[tokio::test]
async fn a_query_may_come_in_a_body() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    people(&client).await;
    let body = json!({
        "schemas": [SEARCH_REQUEST],
        "filter": "active eq true",
        "sortBy": "userName",
        "sortOrder": "descending",
        "attributes": ["userName"],
        "startIndex": 1,
        "count": 1,
    });
    for path in ["/Users/.search", "/.search"] {
        let answer = client.post(path, &body).await.expect(200);
        assert_eq!(answer.listed("userName"), ["carol"], "{path}");
        assert_eq!(answer.body["totalResults"], 2, "{path}");
        assert_eq!(answer.body["Resources"][0]["active"], Value::Null, "{path}");
    }
    client.post("/Users/.search", &json!({"filter": "active eq true"})).await.expect_error(
        400,
        Some("invalidSyntax"),
        "schemas",
    );
    client.post("/Nothing/.search", &body).await.expect_error(404, None, "Nothing");
}

#[tokio::test]
async fn the_root_has_resources_of_every_type() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let ids = people(&client).await;
    created_group(&client, "guides", &[&ids[0]]).await;
    for path in ["", "/"] {
        let answer = client.get(path).await.expect(200);
        assert_eq!(answer.body["totalResults"], 4, "{path}");
        let answer =
            client.query(path, &[("filter", "displayName eq \"guides\" or userName eq \"bob\"")]).await;
        let found = answer.expect(200);
        assert_eq!(found.body["totalResults"], 2, "{path}: an attribute that a type does not have is absent");
    }
    let answer = client.query("", &[("filter", "meta.resourceType eq \"Group\"")]).await.expect(200);
    assert_eq!(answer.listed("displayName"), ["guides"]);
}
