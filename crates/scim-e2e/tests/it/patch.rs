//! PATCH (RFC 7644 §3.5.2) by its letter, and what vendors send against it.

use scim_e2e::{Answer, Client};
use serde_json::{Value, json};

use crate::TestApp;
use crate::bodies::{ENTERPRISE, USER, created, created_group, members, patch, user};

/// A user with this beside its name, after `operations`.
async fn patched(client: &Client, extra: &Value, operations: &Value) -> Answer {
    let mut body = user("babs");
    for (name, value) in extra.as_object().expect("an object") {
        body[name] = value.clone();
    }
    let path = format!("/Users/{}", client.post("/Users", &body).await.expect(201).id());
    let answer = client.patch(&path, &patch(operations)).await;
    let after = client.get(&path).await.expect(200);
    if answer.status == 200 {
        assert_eq!(answer.body, after.body);
        assert_eq!(answer.header("content-location"), after.header("content-location"));
    } else {
        assert_eq!(after.version(), 1, "a refused PATCH changes nothing");
    }
    client.delete(&path).await.expect(204);
    answer
}

#[tokio::test]
async fn operations_do_what_the_rfc_says() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let work = || json!({"value": "babs@work", "type": "work"});
    let home = || json!({"value": "babs@home", "type": "home"});
    for (extra, operations, attribute, expected) in [
        (json!({}), json!([{"op": "add", "path": "nickName", "value": "B"}]), "nickName", json!("B")),
        (
            json!({"nickName": "A"}),
            json!([{"op": "replace", "path": "nickName", "value": "B"}]),
            "nickName",
            json!("B"),
        ),
        (json!({"nickName": "A"}), json!([{"op": "remove", "path": "nickName"}]), "nickName", Value::Null),
        (json!({}), json!([{"op": "add", "value": {"nickName": "B"}}]), "nickName", json!("B")),
        (
            json!({"emails": [work()]}),
            json!([{"op": "add", "path": "emails", "value": [home()]}]),
            "emails",
            json!([work(), home()]),
        ),
        (
            json!({"emails": [work()]}),
            json!([{"op": "replace", "path": "emails", "value": [home()]}]),
            "emails",
            json!([home()]),
        ),
        (
            json!({"emails": [work(), home()]}),
            json!([{"op": "remove", "path": "emails[type eq \"work\"]"}]),
            "emails",
            json!([home()]),
        ),
        (
            json!({"emails": [work()]}),
            json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "b@work"}]),
            "emails",
            json!([{"value": "b@work", "type": "work"}]),
        ),
        (
            json!({}),
            json!([{"op": "add", "path": format!("{ENTERPRISE}:department"), "value": "Tours"}]),
            ENTERPRISE,
            json!({"department": "Tours"}),
        ),
        (
            json!({"name": {"givenName": "B", "familyName": "J"}}),
            json!([{"op": "remove", "path": "name.givenName"}]),
            "name",
            json!({"familyName": "J"}),
        ),
    ] {
        let answer = patched(&client, &extra, &operations).await.expect(200);
        assert_eq!(answer.body[attribute], expected, "{operations}");
        assert_eq!(answer.version(), 2, "{operations}");
    }
}

#[tokio::test]
async fn what_vendors_send_is_understood() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    for (extra, operations, attribute, expected) in [
        (json!({}), json!([{"op": "Add", "path": "nickName", "value": "B"}]), "nickName", json!("B")),
        (
            json!({"active": true}),
            json!([{"op": "Replace", "path": "active", "value": "False"}]),
            "active",
            json!(false),
        ),
        (json!({}), json!([{"op": "Replace", "value": {"active": "True"}}]), "active", json!(true)),
        (
            json!({}),
            json!([{"op": "replace", "value": {"name.givenName": "B", "name.familyName": "J"}}]),
            "name",
            json!({"givenName": "B", "familyName": "J"}),
        ),
        (
            json!({}),
            json!([{"op": "add", "value": {format!("{ENTERPRISE}:department"): "Tours"}}]),
            ENTERPRISE,
            json!({"department": "Tours"}),
        ),
        (
            json!({}),
            json!([{"op": "Add", "path": "emails[type eq \"work\"].value", "value": "b@work"}]),
            "emails",
            json!([{"value": "b@work", "type": "work"}]),
        ),
        (
            json!({}),
            json!([{"op": "Replace", "path": "emails[type eq \"work\"].value", "value": "b@work"}]),
            "emails",
            json!([{"value": "b@work", "type": "work"}]),
        ),
        (
            json!({"nickName": "A"}),
            json!([{"op": "replace", "path": "nickName", "value": null}]),
            "nickName",
            Value::Null,
        ),
    ] {
        let answer = patched(&client, &extra, &operations).await.expect(200);
        let found = &answer.body[attribute];
        match (found.as_array(), expected.as_array()) {
            (Some(found), Some(expected)) => {
                assert!(expected.iter().all(|value| found.contains(value)), "{found:?}")
            }
            _ => assert_eq!(found, &expected, "{operations}"),
        }
    }
}

#[tokio::test]
async fn a_manager_may_be_a_plain_string() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let manager = created(&client, "manager").await;
    let path = format!("{ENTERPRISE}:manager");
    let answer = patched(&client, &json!({}), &json!([{"op": "Add", "path": path, "value": manager}])).await;
    assert_eq!(answer.expect(200).body[ENTERPRISE]["manager"]["value"], manager);
}

#[tokio::test]
async fn what_cannot_be_done_changes_nothing() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let nick = json!({"op": "add", "path": "nickName", "value": "B"});
    for (operation, scim_type) in [
        (json!({"op": "move", "path": "nickName"}), "invalidSyntax"),
        (json!({"path": "nickName", "value": "B"}), "invalidSyntax"),
        (json!({"op": "add", "path": "shoeSize", "value": 43}), "invalidPath"),
        (json!({"op": "add", "path": "emails[type eq", "value": "x"}), "invalidFilter"),
        (json!({"op": "add", "path": "emails[type eq \"work\"].", "value": "x"}), "invalidPath"),
        (json!({"op": "replace", "path": "id", "value": "x"}), "mutability"),
        (json!({"op": "replace", "path": "groups", "value": []}), "mutability"),
        (json!({"op": "replace", "path": "meta.created", "value": "2020-01-01T00:00:00Z"}), "mutability"),
        (json!({"op": "add", "path": "active", "value": "perhaps"}), "invalidValue"),
        (json!({"op": "remove", "path": "userName"}), "mutability"),
        (json!({"op": "remove"}), "noTarget"),
        (json!({"op": "add", "path": "name.givenName", "value": {"a": 1}}), "invalidValue"),
    ] {
        let answer = patched(&client, &json!({}), &json!([nick, operation])).await;
        if answer.body["scimType"] == "invalidValue" && scim_type == "mutability" {
            // Removing what is required: RFC 7644 §3.5.2.2 says invalidValue or mutability.
            answer.expect_error(400, Some("invalidValue"), "Operations[1]");
        } else {
            answer.expect_error(400, Some(scim_type), "Operations[1]");
        }
    }
    for body in
        [json!({"schemas": [USER], "Operations": [nick]}), json!({"Operations": [nick]}), patch(&json!("x"))]
    {
        let path = format!("/Users/{}", created(&client, &format!("x{}", body.to_string().len())).await);
        client.patch(&path, &body).await.expect_error(400, Some("invalidSyntax"), "");
    }
}

#[tokio::test]
async fn a_patch_that_changes_nothing_keeps_the_version() {
    let app = TestApp::start().await.expect("a server");
    let operations = json!([{"op": "add", "path": "nickName", "value": "B"}]);
    let answer = patched(&app.operator(), &json!({"nickName": "B"}), &operations).await;
    assert_eq!(answer.expect(200).version(), 1);
}

#[tokio::test]
async fn a_taken_name_is_refused() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    created(&client, "taken").await;
    let operations = json!([{"op": "replace", "path": "userName", "value": "TAKEN"}]);
    patched(&client, &json!({}), &operations).await.expect_error(409, Some("uniqueness"), "]: userName");
}

#[tokio::test]
async fn members_are_added_and_removed_in_every_spelling() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let (a, b, c) = (created(&client, "a").await, created(&client, "b").await, created(&client, "c").await);
    let all = [a.as_str(), b.as_str(), c.as_str()];
    for (before, operation, after) in [
        (&all[..1], json!({"op": "add", "path": "members", "value": [{"value": b}]}), &all[..2]),
        (&all[..1], json!({"op": "Add", "path": "members", "value": [{"value": b}, {"value": c}]}), &all[..]),
        (&all[..1], json!({"op": "add", "value": {"members": [{"value": b}]}}), &all[..2]),
        (&all[..1], json!({"op": "add", "path": "members", "value": {"value": b}}), &all[..2]),
        (&all[..2], json!({"op": "add", "path": "members", "value": [{"value": b}]}), &all[..2]),
        (&all[..], json!({"op": "replace", "path": "members", "value": [{"value": a}]}), &all[..1]),
        (&all[..2], json!({"op": "remove", "path": format!("members[value eq \"{b}\"]")}), &all[..1]),
        (&all[..2], json!({"op": "Remove", "path": "members", "value": [{"value": b}]}), &all[..1]),
        (&all[..2], json!({"op": "remove", "path": "members", "value": [{"value": c}]}), &all[..2]),
        (&all[..2], json!({"op": "remove", "path": format!("members[value eq \"{c}\"]")}), &all[..2]),
        (
            &all[..],
            json!({"op": "remove", "path": "members[display eq \"b\" or display eq \"c\"]"}),
            &all[..1],
        ),
        (&all[..], json!({"op": "remove", "path": "members"}), &all[..0]),
    ] {
        let group = created_group(&client, "g", before).await;
        let path = format!("/Groups/{group}");
        let answer = client.patch(&path, &patch(&json!([operation]))).await.expect(200);
        assert_eq!(members(&client, &group).await, after, "{operation}");
        assert_eq!(answer.version(), if before == after { 1 } else { 2 }, "{operation}");
    }
}
