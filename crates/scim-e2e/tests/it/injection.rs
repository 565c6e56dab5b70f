//! Text that looks like something else to whatever may read it behind the server: SQL, patterns, JSON,
//! paths in JSON. It is a value, or it is refused with 400; nothing of it is ever run. And the corpora of
//! the fuzz targets, which are answered as whole requests.

use std::path::Path;

use reqwest::Method;
use scim_e2e::{Answer, Client};
use serde_json::{Value, json};

use crate::TestApp;
use crate::bodies::{ENTERPRISE, GROUP, SEARCH_REQUEST, USER, created, created_group, group, patch, user};

/// What ends up in somebody's statement if it is put together from text.
const HOSTILE: [&str; 40] = [
    "'",
    "''",
    "\"",
    "\\",
    "\\'",
    "';",
    "'; DROP TABLE scim_resource; --",
    "'; DELETE FROM scim_resource WHERE '1' = '1",
    "x'; UPDATE scim_resource SET version = 99; --",
    "' OR '1'='1",
    "' OR 1=1 --",
    "') OR ('1'='1",
    "\" OR \"\"=\"",
    "1 OR 1=1",
    "' UNION SELECT payload, 1, now(), now(), 0 FROM scim_resource --",
    "'||(SELECT pg_sleep(60))||'",
    "1; SELECT pg_sleep(60)",
    "$$; SELECT pg_sleep(60); $$",
    "$1",
    "$2::text",
    "' AND 1=CAST((SELECT version()) AS int) --",
    "'; COPY scim_resource TO PROGRAM 'true'; --",
    "E'\\x27'",
    "U&'\\0027'",
    "/* comment */",
    "-- comment",
    "%",
    "_",
    "%' ESCAPE '",
    "{{braces}} :named ? @p0 #{x} ${x}",
    "{\"v\": {}}",
    "\"}, \"x\": {\"",
    "$.\"emails\"[*] ? (@ == \"x\")",
    "\" ? (true) || \"",
    "@ == $v || true",
    "like_regex \".*\" flag \"q\"",
    "(SELECT 1)",
    "[0]",
    "\u{2019}; DROP TABLE scim_resource; --",
    "\u{ff07} OR \u{ff07}1\u{ff07}=\u{ff07}1",
];

/// The two users and the group that have to be as they were when everything is over.
struct Witnesses {
    ids: [String; 3],
    before: Vec<Value>,
}

impl Witnesses {
    async fn new(client: &Client) -> Self {
        let (a, b) = (created(client, "witness-a").await, created(client, "witness-b").await);
        let all = created_group(client, "witnesses", &[&a, &b]).await;
        let ids = [format!("/Users/{a}"), format!("/Users/{b}"), format!("/Groups/{all}")];
        let mut witnesses = Self { ids, before: Vec::new() };
        witnesses.before = witnesses.now(client).await;
        witnesses
    }

    async fn now(&self, client: &Client) -> Vec<Value> {
        let mut now = Vec::new();
        for path in &self.ids {
            now.push(client.get(path).await.expect(200).body);
        }
        now
    }

    async fn check(&self, client: &Client, users: usize) {
        assert_eq!(self.now(client).await, self.before);
        assert_eq!(client.get("/Users").await.expect(200).body["totalResults"], users);
        assert_eq!(client.get("/Groups").await.expect(200).body["totalResults"], 1);
    }
}

/// A text as one segment of a path.
fn segment(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Answered, or refused as the client's mistake of one of these kinds.
#[track_caller]
fn check_refused_or(answer: &Answer, statuses: &[u16], what: &str) {
    if answer.status != 400 {
        assert!(statuses.contains(&answer.status), "{what}: {} {}", answer.status, answer.body);
    }
}

/// Every path of an attribute that there is of a resource type.
async fn attribute_paths(client: &Client, resource_type: &str, schemas: &[&str]) -> Vec<String> {
    let mut paths: Vec<String> =
        ["id", "schemas", "meta.created", "meta.version", "meta.location"].map(str::to_owned).to_vec();
    for urn in schemas {
        let schema = client.get(&format!("/Schemas/{urn}")).await.expect(200).body;
        let prefix = if *urn == ENTERPRISE { format!("{urn}:") } else { String::new() };
        for attribute in schema["attributes"].as_array().expect("attributes") {
            let name = format!("{prefix}{}", attribute["name"].as_str().expect("a name"));
            let subs = attribute["subAttributes"].as_array().map(Vec::as_slice).unwrap_or_default();
            let subs = subs.iter().map(|sub| format!("{name}.{}", sub["name"].as_str().expect("a name")));
            paths.extend(subs);
            paths.push(name);
        }
    }
    assert!(paths.len() > 8, "{resource_type} has attributes: {paths:?}");
    paths
}

#[tokio::test]
async fn as_the_value_of_a_filter_it_is_a_value() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let witnesses = Witnesses::new(&client).await;
    for (endpoint, schemas) in [("/Users", &[USER, ENTERPRISE][..]), ("/Groups", &[GROUP])] {
        let paths = attribute_paths(&client, endpoint, schemas).await;
        // Each text is tried on each attribute, and with each operator, but not all with all.
        for (turn, hostile) in HOSTILE.iter().enumerate() {
            for (index, path) in paths.iter().enumerate() {
                let operator = ["eq", "co", "sw", "ew", "gt", "le", "ne"][(turn + index) % 7];
                let filter = format!("{path} {operator} {}", json!(hostile));
                let answer = client.query(endpoint, &[("filter", &filter), ("count", "1")]).await;
                if answer.status == 400 {
                    answer.expect_error(400, Some("invalidFilter"), "");
                } else {
                    let total = &answer.expect(200).body["totalResults"];
                    assert!(matches!(operator, "gt" | "le" | "ne") || total == 0, "{filter} finds {total}");
                }
            }
        }
    }
    for hostile in HOSTILE {
        let quoted = json!(hostile);
        for filter in [
            format!("emails[type eq {quoted} and value co {quoted}]"),
            format!("emails[type eq \"work\" or not (value sw {quoted})].value eq {quoted}"),
            format!("userName eq {quoted} or (name.familyName ew {quoted} and not (title ne {quoted}))"),
            format!("groups[display eq {quoted}]"),
        ] {
            let found = client.query("/Users", &[("filter", &filter)]).await.expect(200);
            assert_eq!(found.body["totalResults"], 0, "{filter}");
            let body = json!({"schemas": [SEARCH_REQUEST], "filter": filter});
            client.post("/.search", &body).await.expect(200);
        }
    }
    witnesses.check(&client, 2).await;
}

#[tokio::test]
async fn anywhere_else_in_a_query_it_is_refused_or_ignored() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let witnesses = Witnesses::new(&client).await;
    for hostile in HOSTILE {
        for filter in [
            hostile.to_owned(),
            format!("userName eq {hostile}"),
            format!("userName eq '{hostile}'"),
            format!("userName {hostile} \"x\""),
            format!("{hostile} eq \"x\""),
            format!("emails[{hostile}]"),
            format!("emails.{hostile} pr"),
            format!("{USER}:{hostile} pr"),
            format!("urn:x:{hostile}:y pr"),
            format!("userName pr {hostile}"),
        ] {
            let answer = client.query("/Users", &[("filter", &filter)]).await;
            // A few of them can be the name of an attribute, which nobody has.
            if answer.status == 200 {
                assert_eq!(answer.body["totalResults"], 0, "{filter}");
            } else {
                answer.expect_error(400, Some("invalidFilter"), "");
            }
        }
        for name in
            ["sortBy", "attributes", "excludedAttributes", "cursor", "count", "startIndex", "sortOrder"]
        {
            for value in [hostile.to_owned(), format!("userName{hostile}"), format!("emails.{hostile}")] {
                let answer = client.query("/Users", &[(name, &value), ("filter", "userName pr")]).await;
                check_refused_or(&answer, &[200], &format!("{name}={value}"));
                if answer.status == 200 {
                    assert_eq!(answer.body["totalResults"], 2, "{name}={value}");
                }
                let body = json!({"schemas": [SEARCH_REQUEST], name: value});
                check_refused_or(&client.post("/.search", &body).await, &[200], &body.to_string());
                let body = json!({"schemas": [SEARCH_REQUEST], name: [value]});
                check_refused_or(&client.post("/.search", &body).await, &[200], &body.to_string());
            }
        }
    }
    witnesses.check(&client, 2).await;
}

#[tokio::test]
async fn in_a_path_or_a_header_it_names_nothing() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let witnesses = Witnesses::new(&client).await;
    let first = &witnesses.ids[0];
    let title = patch(&json!([{"op": "replace", "path": "title", "value": "x"}]));
    for hostile in HOSTILE {
        for id in [segment(hostile), format!("{}{}", first.trim_start_matches("/Users/"), segment(hostile))] {
            for endpoint in ["/Users", "/Groups", "/Schemas", "/ResourceTypes"] {
                client.get(&format!("{endpoint}/{id}")).await.expect_error(404, None, "");
            }
            let path = format!("/Users/{id}");
            client.put(&path, &user("x")).await.expect_error(404, None, "");
            client.patch(&path, &title).await.expect_error(404, None, "");
            client.delete(&path).await.expect_error(404, None, "");
            client.get(&format!("/{id}")).await.expect_error(404, None, "");
        }
        let tenant = client.at(&format!("/tenants/{}/scim/v2", segment(hostile)));
        assert!(matches!(tenant.get("/Users").await.status, 401 | 404), "{hostile}");
        if hostile.is_ascii() {
            let wanted = client.request(Method::PATCH, first).header("If-Match", hostile).json(&title);
            check_refused_or(&wanted.send().await, &[412], hostile);
            let known = client.request(Method::GET, first).header("If-None-Match", hostile);
            check_refused_or(&known.send().await, &[200], hostile);
            let anonymous = app.anonymous();
            for scheme in ["Bearer", "Basic"] {
                let header = format!("{scheme} {hostile}");
                let asked = anonymous.request(Method::GET, "/Users").header("Authorization", &header);
                asked.send().await.expect(401);
            }
        }
    }
    witnesses.check(&client, 2).await;
}

#[tokio::test]
async fn in_a_write_it_is_kept_as_it_is_or_refused() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let witnesses = Witnesses::new(&client).await;
    let patched = format!("/Users/{}", created(&client, "patched").await);
    for hostile in HOSTILE {
        let body = json!({
            "schemas": [USER, ENTERPRISE], "userName": format!("x{hostile}"), "externalId": hostile,
            "displayName": hostile, "name": {"familyName": hostile},
            "emails": [{"value": hostile, "type": hostile}], ENTERPRISE: {"department": hostile}
        });
        let answer = client.post("/Users", &body).await;
        check_refused_or(&answer, &[201], hostile);
        if answer.status == 201 {
            for name in ["userName", "externalId", "displayName", "name", ENTERPRISE] {
                assert_eq!(answer.body[name], body[name], "{hostile}");
            }
            assert_eq!(answer.body["emails"][0]["value"], hostile);
            client.post("/Users", &body).await.expect_error(409, Some("uniqueness"), "userName");
            for filter in ["displayName", "emails.value", "emails[type pr].value", "name.familyName"] {
                let filter = format!("{filter} eq {}", json!(hostile));
                let found = client.query("/Users", &[("filter", &filter)]).await.expect(200);
                assert!(found.listed("id").contains(&answer.id().as_str()), "{filter}");
            }
            client.delete(&format!("/Users/{}", answer.id())).await.expect(204);
        }
        let quoted = json!(hostile);
        for path in [
            hostile.to_owned(),
            format!("emails[type eq {quoted}].value"),
            format!("emails[{hostile}].value"),
            format!("emails.{hostile}"),
            format!("title{hostile}"),
            format!("{ENTERPRISE}:{hostile}"),
        ] {
            for op in ["add", "replace", "remove"] {
                let answer =
                    client.patch(&patched, &patch(&json!([{"op": op, "path": path, "value": "x"}]))).await;
                check_refused_or(&answer, &[200, 204], &format!("{op} {path}"));
            }
        }
        let named = patch(&json!([{"op": "add", "value": {hostile: "x", "title": "x"}}]));
        check_refused_or(&client.patch(&patched, &named).await, &[200, 204], hostile);
        let member = patch(&json!([{"op": "add", "path": "members", "value": [{"value": hostile}]}]));
        client.patch(&witnesses.ids[2], &member).await.expect_error(400, Some("invalidValue"), "members");
        client.post("/Groups", &group("g", &[hostile])).await.expect_error(
            400,
            Some("invalidValue"),
            "members",
        );
        let bulk = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [
            {"method": "DELETE", "path": format!("/Users/{hostile}")},
            {"method": "POST", "path": format!("/{hostile}"), "bulkId": "a", "data": user("bulk")},
            {"method": "POST", "path": "/Groups", "bulkId": "b", "data": group("g", &[&format!("bulkId:{hostile}")])},
            {"method": hostile, "path": "/Users", "bulkId": hostile},
        ]});
        let answer = client.post("/Bulk", &bulk).await.expect(200);
        for operation in answer.body["Operations"].as_array().expect("operations") {
            let status = operation["status"].as_str().expect("a status");
            assert!(matches!(status, "400" | "404" | "405" | "409"), "{hostile}: {operation}");
        }
    }
    witnesses.check(&client, 3).await;
}

/// The inputs of a fuzz target.
fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    let entries =
        std::fs::read_dir(&directory).unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
    let inputs: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .map(|path| (path.display().to_string(), std::fs::read(&path).expect("readable")))
        .collect();
    assert!(inputs.len() >= 10, "{target}");
    inputs
}

#[tokio::test]
async fn every_input_of_the_fuzz_targets_is_answered() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let witnesses = Witnesses::new(&client).await;
    let patched = format!("/Users/{}", created(&client, "patched").await);
    let mut answered = 0;
    for (input, bytes) in corpus("filter") {
        let encoded: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
        for path in ["/Users", "/Groups", ""] {
            let mut answers = Vec::new();
            // What is too long for the line of a request is not for its body.
            if encoded.len() < 20_000 && !path.is_empty() {
                answers.push(client.get(&format!("{path}?filter={encoded}&sortBy=userName")).await);
            }
            if let Ok(filter) = std::str::from_utf8(&bytes) {
                let body = json!({"schemas": [SEARCH_REQUEST], "filter": filter});
                answers.push(client.post(&format!("{path}/.search"), &body).await);
            }
            for answer in answers {
                assert!(matches!(answer.status, 200 | 400), "{input}: {} {}", answer.status, answer.body);
                if answer.status == 400 && std::str::from_utf8(&bytes).is_ok() {
                    answer.expect_error(400, Some("invalidFilter"), "");
                }
                answered += usize::from(answer.status == 200);
            }
        }
    }
    assert!(answered > 20, "{answered} of the filters only");
    for (input, bytes) in corpus("cursor") {
        let encoded: String = bytes.iter().map(|byte| format!("%{byte:02X}")).collect();
        check_refused_or(&client.get(&format!("/Users?cursor={encoded}")).await, &[200], &input);
    }
    for (input, bytes) in corpus("patch_path") {
        let Ok(path) = std::str::from_utf8(&bytes) else { continue };
        for op in ["add", "replace", "remove"] {
            let body = patch(&json!([{"op": op, "path": path, "value": "x"}]));
            check_refused_or(&client.patch(&patched, &body).await, &[200, 204], &input);
        }
    }
    for (input, bytes) in corpus("patch_body") {
        let body = || client.request(Method::PATCH, &patched).body("application/scim+json", bytes.clone());
        check_refused_or(&body().send().await, &[200, 204, 409], &input);
    }
    for (input, bytes) in corpus("json") {
        let body = || client.request(Method::PUT, &patched).body("application/scim+json", bytes.clone());
        check_refused_or(&body().send().await, &[200, 409], &input);
    }
    for (input, bytes) in corpus("bulk_body") {
        let body = client.request(Method::POST, "/Bulk").body("application/scim+json", bytes.clone());
        let answer = body.send().await;
        check_refused_or(&answer, &[200, 413], &input);
        let operations = answer.body["Operations"].as_array().map(Vec::as_slice).unwrap_or_default();
        for operation in operations {
            let status = operation["status"].as_str().expect("a status");
            assert!(status.starts_with(['2', '4']), "{input}: {operation}");
        }
    }
    assert_eq!(witnesses.now(&client).await, witnesses.before);
}
