//! Bulk requests (RFC 7644 §3.7).

use scim_e2e::{Answer, Client};
use serde_json::{Value, json};

use crate::TestApp;
use crate::bodies::{created, group, members, patch, user};

const REQUEST: &str = "urn:ietf:params:scim:api:messages:2.0:BulkRequest";
const RESPONSE: &str = "urn:ietf:params:scim:api:messages:2.0:BulkResponse";

async fn bulk(client: &Client, operations: Value) -> Answer {
    client.post("/Bulk", &json!({"schemas": [REQUEST], "Operations": operations})).await
}

/// The statuses of a bulk response, in its order.
fn statuses(answer: &Answer) -> Vec<&str> {
    let operations = answer.body["Operations"].as_array().map(Vec::as_slice).unwrap_or_default();
    operations.iter().map(|operation| operation["status"].as_str().unwrap_or("none")).collect()
}

fn id_of(operation: &Value) -> &str {
    operation["location"].as_str().and_then(|location| location.rsplit('/').next()).unwrap_or_default()
}

#[tokio::test]
async fn every_kind_of_operation_in_one_request() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let (changed, replaced, deleted) = (
        created(&client, "changed").await,
        created(&client, "replaced").await,
        created(&client, "deleted").await,
    );
    let nick = patch(&json!([{"op": "add", "path": "nickName", "value": "N"}]));
    let answer = bulk(
        &client,
        json!([
            {"method": "POST", "path": "/Users", "bulkId": "new", "data": user("new")},
            {"method": "PUT", "path": format!("/Users/{replaced}"), "data": user("other")},
            {"method": "PATCH", "path": format!("/Users/{changed}"), "data": nick, "version": "W/\"v1\""},
            {"method": "DELETE", "path": format!("/Users/{deleted}")},
        ]),
    )
    .await
    .expect(200);
    assert_eq!(answer.body["schemas"], json!([RESPONSE]));
    assert_eq!(statuses(&answer), ["201", "200", "200", "204"]);
    let operations = &answer.body["Operations"];
    assert_eq!(operations[0]["bulkId"], "new");
    assert_eq!(operations[0]["version"], "W/\"v1\"");
    assert_eq!(operations[2]["version"], "W/\"v2\"");
    let location = format!("{}/Users/{}", client.base_url(), id_of(&operations[0]));
    assert_eq!(operations[0]["location"], location);
    let listed = client.get("/Users").await.expect(200);
    assert_eq!(listed.listed("userName"), ["changed", "other", "new"]);
}

#[tokio::test]
async fn bulk_ids_refer_forwards_backwards_and_in_circles() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let answer = bulk(
        &client,
        json!([
            {"method": "POST", "path": "/Groups", "bulkId": "east", "data": group("east", &["bulkId:west", "bulkId:babs"])},
            {"method": "POST", "path": "/Users", "bulkId": "babs", "data": user("babs")},
            {"method": "POST", "path": "/Groups", "bulkId": "west", "data": group("west", &["bulkId:east"])},
            {"method": "PATCH", "path": "/Groups/bulkId:west", "data":
                patch(&json!([{"op": "add", "path": "members", "value": [{"value": "bulkId:babs"}]}]))},
        ]),
    )
    .await
    .expect(200);
    assert_eq!(statuses(&answer), ["201", "201", "201", "200"]);
    let operations = &answer.body["Operations"];
    let (east, babs, west) = (id_of(&operations[0]), id_of(&operations[1]), id_of(&operations[2]));
    let mut of_east = members(&client, east).await;
    of_east.sort();
    let mut expected = [west, babs];
    expected.sort_unstable();
    assert_eq!(of_east, expected);
    assert_eq!(members(&client, west).await.len(), 2);
}

#[tokio::test]
async fn an_operation_that_fails_says_why_and_others_go_on() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let taken = created(&client, "taken").await;
    let operations = json!([
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": user("TAKEN")},
        {"method": "PATCH", "path": format!("/Users/{taken}"), "version": "W/\"v7\"", "data":
            patch(&json!([{"op": "add", "path": "nickName", "value": "N"}]))},
        {"method": "DELETE", "path": "/Users/nobody"},
        {"method": "POST", "path": "/Groups", "bulkId": "g", "data": group("g", &["bulkId:a"])},
        {"method": "POST", "path": "/Groups", "bulkId": "h", "data": group("h", &["bulkId:unknown"])},
        {"method": "POST", "path": "/Nothing", "bulkId": "n", "data": {}},
        {"method": "POST", "path": "/Users", "bulkId": "b", "data": user("fine")},
    ]);
    let answer = bulk(&client, operations).await.expect(200);
    let found = statuses(&answer);
    assert_eq!((found[0], found[1], found[2], found[6]), ("409", "412", "404", "201"), "{}", answer.body);
    assert!(found[3..6].iter().all(|status| status.starts_with('4')), "{}", answer.body);
    let operations = answer.body["Operations"].as_array().expect("operations");
    for operation in operations {
        let error = &operation["response"];
        let failed = operation["status"].as_str().is_some_and(|status| status.starts_with('4'));
        assert_eq!(failed, error.is_object(), "{operation}");
        if failed {
            assert_eq!(error["status"], operation["status"]);
        }
    }
    assert_eq!(operations[0]["response"]["scimType"], "uniqueness");
    let listed = client.get("/Groups").await.expect(200);
    assert_eq!(listed.body["totalResults"], 0);
}

#[tokio::test]
async fn fail_on_errors_stops_a_request() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let operation =
        |name: &str| json!({"method": "POST", "path": "/Users", "bulkId": name, "data": user(name)});
    let bad = json!({"method": "DELETE", "path": "/Users/nobody"});
    let body = json!({"schemas": [REQUEST], "failOnErrors": 2,
        "Operations": [operation("a"), bad, operation("b"), bad, operation("c")]});
    let answer = client.post("/Bulk", &body).await.expect(200);
    assert_eq!(statuses(&answer), ["201", "404", "201", "404"]);
    assert_eq!(client.get("/Users").await.listed("userName"), ["a", "b"]);
}

/// A POST of a user.
fn post(name: &str, user_name: &str) -> Value {
    json!({"method": "POST", "path": "/Users", "bulkId": name, "data": user(user_name)})
}

/// Some POSTs in a row, told apart though the store may be asked for all of them at once.
#[tokio::test]
async fn posts_in_a_row_succeed_and_fail_each_by_itself() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    created(&client, "taken").await;
    let mut invalid = post("invalid", "x");
    invalid["data"]["active"] = json!("perhaps");
    let group = |name: &str, members: &[&str]| json!({"method": "POST", "path": "/Groups", "bulkId": name, "data": group(name, members)});
    let nobody = "00000000-0000-7000-8000-000000000000";
    let answer = bulk(
        &client,
        json!([
            post("a", "a"),
            post("again", "A"),
            post("taken", "taken"),
            invalid,
            post("b", "b"),
            group("g", &["bulkId:a", "bulkId:b"]),
            group("of failed", &["bulkId:taken"]),
            group("of nobody", &[nobody]),
            group("own", &["bulkId:own"]),
            {"method": "POST", "path": "/Nothing", "bulkId": "n", "data": user("n")},
            post("c", "c"),
        ]),
    )
    .await
    .expect(200);
    assert_eq!(
        statuses(&answer),
        ["201", "409", "409", "400", "201", "201", "409", "400", "201", "404", "201"]
    );
    let operations = answer.body["Operations"].as_array().expect("operations");
    let names: Vec<&Value> = operations.iter().map(|operation| &operation["bulkId"]).collect();
    assert_eq!(names[..4], ["a", "again", "taken", "invalid"]);
    assert!(operations[3]["response"]["detail"].as_str().is_some_and(|text| text.contains("Operations[3]")));
    assert_eq!(members(&client, id_of(&operations[5])).await.len(), 2);
    assert_eq!(members(&client, id_of(&operations[8])).await, [id_of(&operations[8])]);
    assert_eq!(client.get("/Users").await.listed("userName"), ["taken", "a", "b", "c"]);
}

/// However many POSTs the store is asked for at once, nothing is created after the last error that the
/// client accepts (RFC 7644 §3.7.3).
#[tokio::test]
async fn fail_on_errors_stops_posts_in_a_row() {
    let app = TestApp::builder().config(|config| config.bulk.max_operations = 1000).start().await;
    let app = app.expect("a server");
    let client = app.operator();
    created(&client, "taken").await;
    // The operations at these places want a name that is taken.
    for (limit, count, failing, ran) in [
        (1, 6, vec![2, 4], 3),
        (1, 3, vec![0], 1),
        (1, 3, vec![2], 3),
        (2, 6, vec![1, 3, 4], 4),
        (2, 6, vec![4, 5], 6),
        (3, 150, vec![7, 120], 150),
        (2, 250, vec![7, 120, 121], 121),
        (25, 60, (10..60).step_by(2).collect(), 59),
    ] {
        let prefix = format!("{limit}-{count}-{}", failing.len());
        let name = |place: usize| match failing.contains(&place) {
            true => "taken".to_owned(),
            false => format!("{prefix}-{place:03}"),
        };
        let operations: Vec<Value> =
            (0..count).map(|place| post(&format!("b{place}"), &name(place))).collect();
        let body = json!({"schemas": [REQUEST], "failOnErrors": limit, "Operations": operations});
        let answer = client.post("/Bulk", &body).await.expect(200);
        let expected: Vec<&str> =
            (0..ran).map(|place| if failing.contains(&place) { "409" } else { "201" }).collect();
        assert_eq!(statuses(&answer), expected, "{prefix}");
        let created = format!("/Users?count=0&filter=userName%20sw%20%22{prefix}-%22");
        let created = client.get(&created).await.expect(200).body["totalResults"].clone();
        assert_eq!(created, ran - failing.iter().filter(|place| **place < ran).count(), "{prefix}");
    }
}

#[tokio::test]
async fn a_request_has_limits_of_its_own() {
    let app = TestApp::builder()
        .config(|config| {
            config.bulk.max_operations = 2;
            config.bulk.max_payload_size = 2000;
        })
        .http(|http| http.max_request_size = 500)
        .start()
        .await
        .expect("a server");
    let client = app.operator();
    let operation = |name: &str, filler: usize| {
        let mut data = user(name);
        data["displayName"] = json!("x".repeat(filler));
        json!({"method": "POST", "path": "/Users", "bulkId": name, "data": data})
    };
    let answer = bulk(&client, json!([operation("a", 800), operation("b", 0)])).await.expect(200);
    assert_eq!(statuses(&answer), ["201", "201"], "MAX_REQUEST_SIZE does not count here");
    bulk(&client, json!([operation("c", 2000)])).await.expect_error(413, None, "2000");
    let three = json!([operation("c", 0), operation("d", 0), operation("e", 0)]);
    bulk(&client, three).await.expect_error(413, None, "2");
    assert_eq!(client.get("/Users").await.body["totalResults"], 2);
}

#[tokio::test]
async fn what_is_no_bulk_request_is_refused_as_a_whole() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    for body in [
        json!({"Operations": []}),
        json!({"schemas": [RESPONSE], "Operations": []}),
        json!({"schemas": [REQUEST]}),
        json!({"schemas": [REQUEST], "Operations": {}}),
        json!([]),
    ] {
        client.post("/Bulk", &body).await.expect_error(400, Some("invalidSyntax"), "");
    }
    let not_one = bulk(&client, json!([{"method": "GET", "path": "/Users"}])).await.expect(200);
    assert_eq!(statuses(&not_one), ["400"]);
}
