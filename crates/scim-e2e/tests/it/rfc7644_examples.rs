//! The examples of RFC 7644 §3: every request that it shows gets the answer that it shows, by the letter
//! (`strictMode`) and as the server is by default.
//!
//! The fixtures are the RFC's text, named after section and subject, without page breaks and indentation.
//! The RFC's ids, versions and base URL are replaced by those of the server under test. Slips
//! that are no JSON, or that the RFC itself contradicts, are mended in the fixture, and the test says so.

use reqwest::Method;
use scim_e2e::{Answer, Client};
use serde_json::{Value, json};

use crate::TestApp;
use crate::bodies::{ENTERPRISE, GROUP, LIST_RESPONSE, PATCH_OP, USER, created, group, members, user};

/// The text of a fixture.
macro_rules! fixture {
    ($name:literal) => {
        include_str!(concat!("../fixtures/rfc7644/", $name))
    };
}

/// How the RFC spells the id of Barbara Jensen: it leaves parts of it out.
const BABS: &[&str] = &[
    "2819c223-7f76-453a-919d-413861904646",
    "2819c223-7f76-...413861904646",
    "2819c223...919d-413861904646",
    "2819c223...413861904646",
];
/// How it spells the id of James Smith.
const JAMES: &[&str] = &[
    "08e1d05d-121c-4561-8b96-473d93df9210",
    "08e1d05d...473d93df9210",
    "c75ad752-64ae-4823-840d-ffa80929976c",
];

/// What §3 leaves to the service provider: it is there, whatever it is.
const OWN_CHOICE: &[&str] = &["created", "lastModified", "version", "detail"];

/// A server by the letter, or as it is by default.
async fn server(strict_mode: bool) -> TestApp {
    let builder = TestApp::builder().config(|config| config.strict_mode = strict_mode);
    builder.start().await.expect("a server")
}

/// The fixture with these ids (or versions) in place of the RFC's spellings.
#[track_caller]
fn filled(client: &Client, fixture: &str, replacements: &[(&[&str], &str)]) -> String {
    let mut text = fixture.replace("https://example.com/v2", client.base_url());
    for (spellings, replacement) in replacements {
        assert!(spellings.iter().any(|spelling| text.contains(spelling)), "{spellings:?}: {text}");
        for spelling in *spellings {
            text = text.replace(spelling, replacement);
        }
    }
    text
}

/// Sends a body as it is written, at the version that `If-Match` says.
async fn send(client: &Client, method: Method, path: &str, if_match: Option<&str>, body: String) -> Answer {
    let request = client.request(method, path).header("Accept", "application/scim+json");
    let request = request.body("application/scim+json", body);
    match if_match {
        Some(version) => request.header("If-Match", version).send().await,
        None => request.send().await,
    }
}

async fn bulk(client: &Client, body: String) -> Answer {
    send(client, Method::POST, "/Bulk", None, body).await
}

/// A PATCH by a fixture, at the version that the resource has: what the resource is after it.
async fn patched(client: &Client, path: &str, fixture: &str, ids: &[(&[&str], &str)]) -> Answer {
    let before = client.get(path).await.expect(200);
    let body = filled(client, fixture, ids);
    let answer = send(client, Method::PATCH, path, Some(before.header("etag")), body).await.expect(200);
    let after = client.get(path).await.expect(200);
    assert_eq!(answer.body, after.body, "the entire resource");
    assert_eq!(answer.header("etag"), after.header("etag"));
    let unchanged = before.body == after.body;
    assert_eq!(after.version(), if unchanged { before.version() } else { before.version() + 1 });
    after
}

/// Demands everything of `expected` in `found`; there may be more attributes, but not more elements.
#[track_caller]
fn check_shows(found: &Value, expected: &Value) {
    match (found, expected) {
        (Value::Object(attributes), Value::Object(expected)) => {
            for (name, expected) in expected {
                let value = attributes.get(name).unwrap_or(&Value::Null);
                if OWN_CHOICE.contains(&name.as_str()) {
                    assert!(value.as_str().is_some_and(|text| !text.is_empty()), "{name}: {found}");
                } else {
                    check_shows(value, expected);
                }
            }
        }
        (Value::Array(elements), Value::Array(expected)) => {
            assert_eq!(elements.len(), expected.len(), "{found}");
            for (element, expected) in elements.iter().zip(expected) {
                check_shows(element, expected);
            }
        }
        _ => assert_eq!(found, expected),
    }
}

/// Demands the answer that a fixture shows.
#[track_caller]
fn check_answer(client: &Client, found: &Answer, fixture: &str, ids: &[(&[&str], &str)]) {
    let expected = serde_json::from_str(&filled(client, fixture, ids)).expect("JSON");
    check_shows(&found.body, &expected);
    assert_eq!(found.header("content-type"), "application/scim+json");
}

/// Demands the headers of a resource: its version, and where it is (RFC 7644 §3.3, §3.14).
#[track_caller]
fn check_headers(client: &Client, found: &Answer, location: &str, path: &str) {
    assert_eq!(found.header("etag"), found.body["meta"]["version"], "{}", found.body);
    assert_eq!(found.header(location), format!("{}{path}", client.base_url()));
}

/// Creates what the fixture of §3.3 says, with more attributes; answers its path.
async fn babs(client: &Client, more: &Value) -> (String, String) {
    let mut body: Value = serde_json::from_str(fixture!("3.3-create-user.json")).expect("JSON");
    for (name, value) in more.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let id = client.post("/Users", &body).await.expect(201).id();
    (format!("/Users/{id}"), id)
}

/// The ids of two users, and the path of a group with `of` as its members.
async fn guides(client: &Client, of: &[usize]) -> ([String; 2], String) {
    let ids = [created(client, "bjensen").await, created(client, "jsmith").await];
    let of: Vec<&str> = of.iter().map(|&index| ids[index].as_str()).collect();
    let path =
        format!("/Groups/{}", client.post("/Groups", &group("Tour Guides", &of)).await.expect(201).id());
    (ids, path)
}

/// The members' ids in some order, the same for both sides of a comparison.
fn sorted<const N: usize>(mut ids: [String; N]) -> Vec<String> {
    ids.sort();
    ids.into()
}

async fn members_at(client: &Client, path: &str) -> Vec<String> {
    let mut ids = members(client, path.trim_start_matches("/Groups/")).await;
    ids.sort();
    ids
}

#[tokio::test]
async fn section_3_3_create_and_3_14_version() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let body = fixture!("3.3-create-user.json").to_owned();
        let answer = send(&client, Method::POST, "/Users", None, body.clone()).await.expect(201);
        let (id, path) = (answer.id(), format!("/Users/{}", answer.id()));
        check_answer(&client, &answer, fixture!("3.3-create-user-response.json"), &[(BABS, &id)]);
        check_headers(&client, &answer, "location", &path);
        let again = send(&client, Method::POST, "/Users", None, body).await;
        again.expect_error(409, Some("uniqueness"), "userName");

        let known = client.request(Method::GET, &format!("{path}?attributes=displayName"));
        known.header("If-None-Match", answer.header("etag")).send().await.expect(304);
    }
}

#[tokio::test]
async fn section_3_4_1_get() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let (path, id) = babs(
            &client,
            &json!({
                "phoneNumbers": [{"value": "555-555-8377", "type": "work"}],
                "emails": [{"value": "bjensen@example.com", "type": "work"}],
            }),
        )
        .await;
        let answer = client.get(&path).await.expect(200);
        check_answer(&client, &answer, fixture!("3.4.1-get-user-response.json"), &[(BABS, &id)]);
        // The RFC shows `Location` here and for PUT, where HTTP has `Content-Location` (RFC 9110 §8.7).
        check_headers(&client, &answer, "content-location", &path);
    }
}

#[tokio::test]
async fn section_3_4_2_list() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let ids = [created(&client, "bjensen").await, created(&client, "jsmith").await];
        let answer = client.get("/Users?attributes=userName").await.expect(200);
        let response = fixture!("3.4.2-list-users-response.json");
        check_answer(&client, &answer, response, &[(BABS, &ids[0]), (JAMES, &ids[1])]);
        for resource in answer.body["Resources"].as_array().expect("a list") {
            let shown: Vec<&str> =
                resource.as_object().expect("an object").keys().map(String::as_str).collect();
            assert!(shown.iter().all(|name| ["schemas", "id", "userName"].contains(name)), "{shown:?}");
        }
    }
}

#[tokio::test]
async fn section_3_4_2_1_root_query() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        guides(&client, &[]).await;
        // The RFC forgets the quotation marks, which its own grammar demands.
        let slip = "(meta.resourceType eq User) or (meta.resourceType eq Group)";
        client.query("", &[("filter", slip)]).await.expect_error(400, Some("invalidFilter"), "");
        let filter = "(meta.resourceType eq \"User\") or (meta.resourceType eq \"Group\")";
        let answer = client.query("", &[("filter", filter)]).await.expect(200);
        assert_eq!(answer.body["totalResults"], 3, "{}", answer.body);
    }
}

#[tokio::test]
async fn section_3_4_2_2_figure_2_filters() {
    const ALL: &[&str] = &["bjensen", "jomalley", "alice", "bob"];
    let expected: &[&[&str]] = &[
        &["bjensen"],
        &["jomalley"],
        &["jomalley"],
        &["jomalley"],
        &["bjensen"],
        ALL,
        ALL,
        &[],
        &[],
        &["bjensen"],
        &["bjensen", "jomalley"],
        &["bjensen"],
        &["bjensen"],
        &["alice"],
        &["bjensen", "bob"],
        &["bjensen"],
        &["bjensen", "jomalley"],
    ];
    let filters: Vec<&str> = fixture!("filters.txt").lines().collect();
    assert_eq!(filters.len(), expected.len());
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        for body in [
            json!({"schemas": [USER, ENTERPRISE], "userName": "bjensen", "title": "Tour Guide", "userType": "Employee",
                "emails": [{"value": "bjensen@example.com", "type": "work"}], ENTERPRISE: {"department": "Tours"}}),
            json!({"schemas": [USER], "userName": "jomalley", "name": {"familyName": "O'Malley"}, "userType": "Intern",
                "emails": [{"value": "j@example.org", "type": "home"}],
                "ims": [{"value": "j@foo.com", "type": "xmpp"}]}),
            json!({"schemas": [USER], "userName": "alice", "userType": "Contractor",
                "emails": [{"value": "alice@example.net", "type": "home"}],
                "ims": [{"value": "alice@foo.com", "type": "skype"}]}),
            json!({"schemas": [USER], "userName": "bob", "userType": "Employee",
                "emails": [{"value": "bob@example.net", "type": "work"}]}),
        ] {
            client.post("/Users", &body).await.expect(201);
        }
        for (filter, expected) in filters.iter().zip(expected) {
            let answer = client.query("/Users", &[("filter", filter)]).await.expect(200);
            assert_eq!(answer.listed("userName"), *expected, "{filter}");
        }
        for filter in ["userName Eq \"bjensen\"", "Username eq \"bjensen\""] {
            let answer = client.query("/Users", &[("filter", filter)]).await.expect(200);
            assert_eq!(answer.listed("userName"), ["bjensen"], "{filter}");
        }
        let unknown = client.query("/Users", &[("filter", "userName regex \"b.*\"")]).await;
        unknown.expect_error(400, Some("invalidFilter"), "regex");
    }
}

#[tokio::test]
async fn section_3_4_3_search() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let mut smith = user("jsmith");
        smith["displayName"] = json!("Smith, James");
        smith["title"] = json!("Guide");
        let smith = client.post("/Users", &smith).await.expect(201).id();
        let family = client.post("/Groups", &group("Smith Family", &[&smith])).await.expect(201).id();
        created(&client, "bjensen").await;
        client.post("/Groups", &group("The Smiths", &[])).await.expect(201);
        let body = fixture!("3.4.3-search.json").to_owned();
        let answer = send(&client, Method::POST, "/.search", None, body).await.expect(200);
        let expected = json!({
            "schemas": [LIST_RESPONSE],
            "totalResults": 2,
            "itemsPerPage": 2,
            "startIndex": 1,
            "Resources": [
                {"schemas": [USER], "id": smith, "userName": "jsmith", "displayName": "Smith, James"},
                {"schemas": [GROUP], "id": family, "displayName": "Smith Family"},
            ],
        });
        assert_eq!(answer.body, expected);
    }
}

#[tokio::test]
async fn section_3_5_1_put() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let (path, id) = babs(
            &client,
            &json!({"roles": [{"value": "guide"}], "emails": [{"value": "old@example.com", "type": "work"}]}),
        )
        .await;
        let version = client.get(&path).await.header("etag").to_owned();
        let body = filled(&client, fixture!("3.5.1-put-user.json"), &[(BABS, &id)]);
        let answer = send(&client, Method::PUT, &path, Some(&version), body.clone()).await.expect(200);
        check_answer(&client, &answer, fixture!("3.5.1-put-user-response.json"), &[(BABS, &id)]);
        check_headers(&client, &answer, "content-location", &path);
        assert_eq!(answer.body["roles"], Value::Null);
        assert_ne!(answer.header("etag"), version);
        assert_eq!(client.get(&path).await.body, answer.body);
        let stale = send(&client, Method::PUT, &path, Some(&version), body).await;
        stale.expect_error(412, None, "");
    }
}

#[tokio::test]
async fn section_3_5_2_1_add() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let ([babs_id, james], path) = guides(&client, &[1]).await;
        // The second time she is a member already, and nothing changes.
        let mut versions = Vec::new();
        for _ in 0..2 {
            let after =
                patched(&client, &path, fixture!("3.5.2.1-add-member.json"), &[(BABS, &babs_id)]).await;
            versions.push(after.version());
            assert_eq!(members_at(&client, &path).await, sorted([babs_id.clone(), james.clone()]));
        }
        assert_eq!(versions, [2, 2]);
        client
            .request(Method::DELETE, &format!("/Users/{babs_id}"))
            .header("If-Match", "*")
            .send()
            .await
            .expect(204);

        let work = json!({"value": "bjensen@example.com", "type": "work"});
        let (path, _) = babs(&client, &json!({"emails": [work], "nickName": "Barbie"})).await;
        // The RFC forgets the bracket that closes `value`.
        let after = patched(&client, &path, fixture!("3.5.2.1-add-attributes.json"), &[]).await;
        let home = json!({"value": "babs@jensen.org", "type": "home"});
        assert_eq!(after.body["emails"], json!([work, home]));
        assert_eq!(after.body["nickName"], "Babs");
        assert_eq!(after.body["name"]["familyName"], "Jensen");
    }
}

#[tokio::test]
async fn section_3_5_2_2_remove() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let ([babs_id, james], path) = guides(&client, &[0, 1]).await;
        // The second time she is no member any more, and nothing changes.
        for _ in 0..2 {
            let fixture = fixture!("3.5.2.2-remove-member.json");
            let after = patched(&client, &path, fixture, &[(BABS, &babs_id)]).await;
            assert_eq!(after.version(), 2);
            assert_eq!(members_at(&client, &path).await, [james.as_str()]);
        }
        let after = patched(&client, &path, fixture!("3.5.2.2-remove-all-members.json"), &[]).await;
        assert_eq!(after.body["members"], Value::Null);

        let both: &[(&[&str], &str)] = &[(BABS, &babs_id), (JAMES, &james)];
        let all = patched(&client, &path, fixture!("3.5.2.2-remove-all-and-add-members.json"), both).await;
        assert_eq!(all.body["members"][0]["type"], "User");
        assert_eq!(members_at(&client, &path).await, sorted([babs_id.clone(), james.clone()]));

        let group = client.post("/Groups", &group("Guides of tours", &[&babs_id])).await.expect(201).id();
        let path = format!("/Groups/{group}");
        // The RFC forgets the space between `eq` and the value, and the filter is understood all the same.
        patched(&client, &path, fixture!("3.5.2.2-remove-and-add-member.json"), both).await;
        assert_eq!(members_at(&client, &path).await, [james.as_str()]);
    }
}

#[tokio::test]
async fn section_3_5_2_2_remove_an_email() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let kept = json!([
            {"value": "bjensen@example.org", "type": "work"},
            {"value": "babs@example.com", "type": "home"},
        ]);
        let mut emails = kept.as_array().cloned().expect("a list");
        emails.insert(1, json!({"value": "bjensen@example.com", "type": "work"}));
        let (path, _) = babs(&client, &json!({"emails": emails})).await;
        let after = patched(&client, &path, fixture!("3.5.2.2-remove-email.json"), &[]).await;
        assert_eq!(after.body["emails"], kept);
    }
}

#[tokio::test]
async fn section_3_5_2_3_replace_members() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let (ids, path) = guides(&client, &[]).await;
        let alice = created(&client, "alice").await;
        let group =
            client.post("/Groups", &group("Guides of tours", &[&alice, &ids[0]])).await.expect(201).id();
        for path in [path, format!("/Groups/{group}")] {
            let both: &[(&[&str], &str)] = &[(BABS, &ids[0]), (JAMES, &ids[1])];
            patched(&client, &path, fixture!("3.5.2.3-replace-members.json"), both).await;
            assert_eq!(members_at(&client, &path).await, sorted(ids.clone()), "{path}");
        }
    }
}

#[tokio::test]
async fn section_3_5_2_3_replace_values() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let home = json!({"type": "home", "locality": "Anaheim", "primary": true});
        let work = json!({"type": "work", "locality": "Burbank"});
        let (path, _) = babs(
            &client,
            &json!({"addresses": [home, work], "title": "Guide", "nickName": "Barbie",
                "emails": [{"value": "old@example.com", "type": "other"}]}),
        )
        .await;
        let fixture = fixture!("3.5.2.3-replace-address.json");
        let after = patched(&client, &path, fixture, &[]).await;
        let fixture: Value = serde_json::from_str(fixture).expect("JSON");
        let address = &fixture["Operations"][0]["value"];
        assert_eq!(after.body["addresses"][0]["locality"], "Anaheim");
        assert_ne!(after.body["addresses"][0]["primary"], true, "there is one primary address");
        assert_eq!(&after.body["addresses"][1], address);

        let after = patched(&client, &path, fixture!("3.5.2.3-replace-street-address.json"), &[]).await;
        let mut address = address.clone();
        address["streetAddress"] = json!("1010 Broadway Ave");
        assert_eq!(after.body["addresses"][1], address);
        assert_eq!(after.body["addresses"][0]["streetAddress"], Value::Null);

        // The RFC forgets the bracket that closes `value`.
        let after = patched(&client, &path, fixture!("3.5.2.3-replace-attributes.json"), &[]).await;
        let emails = json!([
            {"value": "bjensen@example.com", "type": "work", "primary": true},
            {"value": "babs@jensen.org", "type": "home"},
        ]);
        assert_eq!(after.body["emails"], emails);
        assert_eq!(after.body["nickName"], "Babs");
        assert_eq!(after.body["title"], "Guide", "other attributes are unaffected");
        assert_eq!(after.body["addresses"][1], address, "other attributes are unaffected");
    }
}

#[tokio::test]
async fn section_3_6_delete_and_3_12_not_found() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let (path, id) = babs(&client, &json!({})).await;
        let version = client.get(&path).await.header("etag").to_owned();
        client.request(Method::DELETE, &path).header("If-Match", &version).send().await.expect(204);
        let answer = client.get(&path).await.expect(404);
        check_answer(&client, &answer, fixture!("3.6-get-deleted-user-response.json"), &[(BABS, &id)]);
        answer.expect_error(404, None, &id);
        let never = client.get(&format!("/Users/{}", BABS[0])).await.expect(404);
        check_answer(&client, &never, fixture!("3.12-not-found-response.json"), &[]);
        never.expect_error(404, None, BABS[0]);
        babs(&client, &json!({})).await;
    }
}

#[tokio::test]
async fn section_3_12_read_only_attribute() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let (path, _) = babs(&client, &json!({})).await;
        // The RFC shows it for a PUT, where its §3.5.1 has readOnly attributes ignored; a PATCH that
        // names one is refused so (§3.5.2). It also forgets the comma after `scimType`.
        let body =
            json!({"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "id", "value": "x"}]});
        let answer = send(&client, Method::PATCH, &path, Some("*"), body.to_string()).await.expect(400);
        check_answer(&client, &answer, fixture!("3.12-mutability-response.json"), &[]);
        answer.expect_error(400, Some("mutability"), "id");
    }
}

/// The ids in the locations of a bulk response, in its order.
fn ids_of(answer: &Answer) -> Vec<String> {
    let operations = answer.body["Operations"].as_array().expect("operations");
    let location = |operation: &Value| operation["location"].as_str().unwrap_or_default().to_owned();
    operations.iter().map(|it| location(it).rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn section_3_7_1_circular_references() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let answer = bulk(&client, fixture!("3.7.1-circular-groups.json").to_owned()).await.expect(200);
        let ids = ids_of(&answer);
        // The RFC has apostrophes around the operand, where its grammar demands quotation marks.
        let found = client.query("/Groups", &[("filter", "displayName sw \"Group\"")]).await.expect(200);
        check_answer(
            &client,
            &found,
            fixture!("3.7.1-circular-groups-response.json"),
            &[
                (&["c3a26dd3-27a0-4dec-a2ac-ce211e105f97"], &ids[0]),
                (&["6c5bb468-14b2-4183-baf2-06d523e03bd3"], &ids[1]),
            ],
        );
    }
}

#[tokio::test]
async fn section_3_7_2_bulk_ids() {
    const ALICE: &[&str] = &["92b725cd-9465-4e7d-8c16-01f8e146b87a"];
    const TOUR_GUIDES: &[&str] = &["e9e30dba-f08f-4109-8486-d5c6a331660a"];
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let answer = bulk(&client, fixture!("3.7.2-user-in-group.json").to_owned()).await.expect(200);
        let ids = ids_of(&answer);
        let both: &[(&[&str], &str)] = &[(ALICE, &ids[0]), (TOUR_GUIDES, &ids[1])];
        // The RFC shows `status` as an object with `code` here, and as a string in §3.7.3 and everywhere else.
        check_answer(&client, &answer, fixture!("3.7.2-user-in-group-response.json"), both);
        let path = format!("/Groups/{}", ids[1]);
        let group = client.get(&path).await.expect(200);
        check_answer(&client, &group, fixture!("3.7.2-get-group-response.json"), both);
        check_headers(&client, &group, "content-location", &path);
        assert_eq!(group.header("etag"), answer.body["Operations"][1]["version"]);
    }
}

#[tokio::test]
async fn section_3_7_2_bulk_ids_in_extensions() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let answer = bulk(&client, fixture!("3.7.2-manager.json").to_owned()).await.expect(200);
        let ids = ids_of(&answer);
        let bob = client.get(&format!("/Users/{}", ids[1])).await.expect(200);
        assert_eq!(
            (&bob.body["userName"], &bob.body[ENTERPRISE]["employeeNumber"]),
            (&json!("Bob"), &json!("11250"))
        );
        assert_eq!(bob.body[ENTERPRISE]["manager"]["value"], ids[0]);
        assert_eq!(client.get(&format!("/Users/{}", ids[0])).await.expect(200).body["userName"], "Alice");
    }
}

/// The users of §3.7.3, as the RFC spells their ids, and their versions.
const ALICE: &[&str] = &["92b725cd-9465-4e7d-8c16-01f8e146b87a"];
const REPLACED: &[&str] = &["b7c14771-226c-4d05-8860-134711653041"];
const PATCHED: &[&str] = &["5d8d29d3-342c-4b5f-8683-a3cb6763ffcc"];
const DELETED: &[&str] = &["e9025315-6bea-44e1-899c-1e07454e468b"];
const VERSIONS: &[&str] = &["3694e05e9dff591", "edac3253e2c0ef2", "0ee8add0a938e1a"];

/// The user that the request of §3.7.3 replaces, the one it changes, and the one it deletes.
async fn three(client: &Client) -> [String; 3] {
    let mut dave = user("nickname");
    dave["nickName"] = json!("Nick");
    [
        created(client, "replaced").await,
        client.post("/Users", &dave).await.expect(201).id(),
        created(client, "deleted").await,
    ]
}

/// The request of §3.7.3, at this version of the users. The fixture has two slips mended: the operations
/// of its PATCH were an array within an object that had no name for it, and the `schemas` of Alice said
/// `urn:ietf:params:scim:api:messages:2.0:User`.
fn add_update_remove(client: &Client, [replaced, patched, deleted]: &[String; 3], version: &str) -> String {
    let ids: &[(&[&str], &str)] =
        &[(REPLACED, replaced), (PATCHED, patched), (DELETED, deleted), (VERSIONS, version)];
    filled(client, fixture!("3.7.3-add-update-remove.json"), ids)
}

/// The same with the RFC's slip in Alice, who cannot be created so.
fn with_a_bad_alice(body: &str) -> String {
    let data = "\"data\":{\n        \"schemas\": [\"urn:ietf:params:scim:schemas:core:2.0:User\"],\n        \"userName\":\"Alice\"";
    assert!(body.contains(data), "{body}");
    body.replace(data, &data.replace("schemas:core", "api:messages"))
}

#[tokio::test]
async fn section_3_7_3_add_update_and_remove() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let ids = three(&client).await;
        let answer = bulk(&client, add_update_remove(&client, &ids, "v1")).await.expect(200);
        let alice = &ids_of(&answer)[0];
        check_answer(
            &client,
            &answer,
            fixture!("3.7.3-add-update-remove-response.json"),
            &[(ALICE, alice), (REPLACED, &ids[0]), (PATCHED, &ids[1]), (DELETED, &ids[2])],
        );
        let listed = client.get("/Users").await.expect(200);
        assert_eq!(listed.listed("id"), [&ids[0], &ids[1], alice]);
        assert_eq!(listed.listed("userName"), ["Bob", "Dave", "Alice"]);
        assert_eq!(listed.listed("nickName"), [""; 0]);
    }
}

#[tokio::test]
async fn section_3_7_3_an_error_ends_it() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let ids = three(&client).await;
        let body = with_a_bad_alice(&add_update_remove(&client, &ids, "v1"));
        let answer = bulk(&client, body).await.expect(200);
        // The RFC forgets the comma after `scimType`, here and below.
        check_answer(&client, &answer, fixture!("3.7.3-failed-create-response.json"), &[]);
        assert_eq!(answer.body["Operations"][0]["location"], Value::Null, "there is no such resource");
        assert_eq!(client.get("/Users").await.listed("userName"), ["replaced", "nickname", "deleted"]);
    }
}

#[tokio::test]
async fn section_3_7_3_all_fail() {
    for strict in [false, true] {
        let app = server(strict).await;
        let client = app.operator();
        let ids = three(&client).await;
        let deleted = client.request(Method::DELETE, &format!("/Users/{}", ids[2])).header("If-Match", "*");
        deleted.send().await.expect(204);
        let body = with_a_bad_alice(&add_update_remove(&client, &ids, "v7"));
        let unlimited = body.replace("\"failOnErrors\":1,", "");
        assert_ne!(unlimited, body);
        let answer = bulk(&client, unlimited).await.expect(200);
        check_answer(
            &client,
            &answer,
            fixture!("3.7.3-all-failed-response.json"),
            &[(REPLACED, &ids[0]), (PATCHED, &ids[1]), (DELETED, &ids[2])],
        );
        assert_eq!(client.get("/Users").await.listed("userName"), ["replaced", "nickname"]);
    }
}

#[tokio::test]
async fn section_3_7_4_too_large() {
    let app = server(false).await;
    let body = fixture!("3.7.2-user-in-group.json").replace("Alice", &"A".repeat(1_048_576));
    let answer = bulk(&app.operator(), body).await;
    answer.expect_error(413, None, "1048576");
}
