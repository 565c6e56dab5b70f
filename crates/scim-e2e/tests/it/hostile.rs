//! What nobody sends in good faith: it is refused, and the server goes on.

use reqwest::Method;
use scim_e2e::SECRET;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::TestApp;
use crate::bodies::{SEARCH_REQUEST, created, patch, user};

/// What the server says to these bytes, until it is done or closes the connection.
pub(crate) async fn raw(app: &TestApp, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.address()).await.expect("connected");
    // A server that has heard enough may close while it is still being told more.
    let _refused = stream.write_all(request).await;
    let mut answer = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(length) => answer.extend_from_slice(&chunk[..length]),
        }
        let text = String::from_utf8_lossy(&answer);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head
            .lines()
            .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if length.is_some_and(|length: usize| body.len() >= length) {
            break;
        }
    }
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn bodies_that_are_no_json_of_ours() {
    let app = TestApp::builder()
        .http(|http| http.max_request_size = 16 * 1024 * 1024)
        .start()
        .await
        .expect("a server");
    let client = app.operator();
    let path = format!("/Users/{}", created(&client, "babs").await);
    let deep =
        |open: &str, close: &str, depth: usize| format!("{}1{}", open.repeat(depth), close.repeat(depth));
    let bodies: Vec<Vec<u8>> = vec![
        b"[".repeat(10 * 1024 * 1024),
        b"{\"a\":".repeat(1024 * 1024),
        deep("[", "]", 65).into_bytes(),
        deep("{\"a\":", "}", 100_000).into_bytes(),
        b"\xff\xfe".to_vec(),
        b"{\"schemas\":[\"x\"],\"userName\":\"\xff\"}".to_vec(),
        br#"{"schemas":["x"],"userName":"\ud800"}"#.to_vec(),
        br#"{"schemas":["x"],"userName":"\udc00\ud800"}"#.to_vec(),
        br#"{"schemas":["x"],"n":1e400}"#.to_vec(),
        br#"{"schemas":["x"],"n":-1e400}"#.to_vec(),
        br#"{"userName":"a","userName":"b"}"#.to_vec(),
        br#"{"userName":"a","USERNAME":"b"}"#.to_vec(),
        b"\xef\xbb\xbf{}".to_vec(),
        b"{}{}".to_vec(),
        b"{\"a\":1,}".to_vec(),
        b"nan".to_vec(),
        b"null".to_vec(),
        b"\0".to_vec(),
        b"   ".to_vec(),
        b"{\"userName\":\"a\tb\"}".to_vec(),
    ];
    for body in bodies {
        for (method, path) in [
            (Method::POST, "/Users"),
            (Method::PUT, path.as_str()),
            (Method::PATCH, path.as_str()),
            (Method::POST, "/.search"),
            (Method::POST, "/Users/.search"),
        ] {
            let answer = client.request(method, path).body("application/json", body.clone()).send().await;
            let start = String::from_utf8_lossy(&body[..body.len().min(40)]).into_owned();
            assert_eq!(answer.status, 400, "{start}: {}", answer.body);
        }
        let answer =
            client.request(Method::POST, "/Bulk").body("application/json", body.clone()).send().await;
        assert!(answer.status == 400 || answer.status == 413, "{}", answer.body);
    }
    assert_eq!(client.get(&path).await.expect(200).version(), 1);
}

#[tokio::test]
async fn a_flood_is_cut_off_at_the_limit() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let flood = vec![b'['; 10 * 1024 * 1024];
    let head = |framing: &str| {
        format!(
            "POST /scim/v2/Users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {SECRET}\r\n\
             Content-Type: application/json\r\n{framing}\r\n\r\n"
        )
    };
    let mut announced = head(&format!("Content-Length: {}", flood.len())).into_bytes();
    announced.extend_from_slice(&flood);
    let mut chunked = head("Transfer-Encoding: chunked").into_bytes();
    for chunk in flood.chunks(64 * 1024) {
        chunked.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        chunked.extend_from_slice(chunk);
        chunked.extend_from_slice(b"\r\n");
    }
    for request in [announced, chunked] {
        let answer = raw(&app, &request).await;
        assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
        assert!(answer.contains("\"status\":\"413\""), "{answer}");
    }
    client.get("/Users").await.expect(200);
}

#[tokio::test]
async fn values_that_are_odd_but_allowed_are_kept_or_refused() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    for name in [
        "a\0b",
        "\u{202e}evil",
        "a\nb",
        "'; DROP TABLE users; --",
        "<script>",
        "\u{1F600}",
        "%s%n",
        "../../etc",
    ] {
        let answer = client.post("/Users", &user(name)).await;
        if answer.status == 201 {
            assert_eq!(answer.body["userName"], name);
            let filter = format!("userName eq {}", json!(name));
            let found = client.query("/Users", &[("filter", &filter)]).await.expect(200);
            assert_eq!(found.listed("userName"), [name]);
        } else {
            answer.expect_error(400, Some("invalidValue"), "userName");
        }
    }
}

#[tokio::test]
async fn parameters_that_make_no_sense() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let deep_not = format!("{}active pr{}", "not (".repeat(5000), ")".repeat(5000));
    let deep_parentheses = format!("{}active pr{}", "(".repeat(10_000), ")".repeat(10_000));
    let long_or = vec!["active pr"; 5000].join(" or ");
    for filter in [
        deep_not.as_str(),
        &deep_parentheses,
        "\0",
        "userName eq \"\\ud800\"",
        "userName eq \"\\u0000",
        "userName eq 1e400",
        "a[b[c[d eq 1]]]",
        "🙂 eq 1",
        "::::",
        "..",
        "[",
    ] {
        let answer = client.query("/Users", &[("filter", filter)]).await;
        assert!((400..500).contains(&answer.status), "{}", answer.body);
    }
    // A URL cannot be so long, but a body can.
    for filter in [&long_or, &deep_not] {
        let body = json!({"schemas": [SEARCH_REQUEST], "filter": filter});
        client.post("/Users/.search", &body).await.expect_error(400, Some("invalidFilter"), "filter");
    }
    for query in [
        "filter=%FF",
        "%FF=1",
        "count=99999999999999999999999",
        "startIndex=99999999999999999999999",
        "startIndex=-99999999999999999999999&count=18446744073709551616",
        "attributes=%C3%28",
        "attributes=..,,[,urn:,urn::,:,%00",
        "sortBy=%00",
        "sortBy=emails[type eq \"work\"]",
        "cursor=%00",
        "cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "&&&=&=&",
    ] {
        let answer = client.get(&format!("/Users?{query}")).await;
        assert!(answer.status == 200 || answer.status == 400, "{query}: {}", answer.body);
    }
}

#[tokio::test]
async fn patch_paths_that_make_no_sense() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let user = format!("/Users/{}", created(&client, "babs").await);
    let deep = format!("emails[{}type pr{}]", "(".repeat(5000), ")".repeat(5000));
    for path in [
        "",
        " ",
        ".",
        "..",
        "[",
        "]",
        "[]",
        "emails[",
        "emails[]",
        "emails[type eq \"work\"",
        "emails[type eq \"work\"]..value",
        "emails[type eq \"work\"].value.more",
        "name.givenName.more",
        "urn:",
        "urn:ietf:params:scim:schemas:core:2.0:User:",
        "\0",
        "🙂",
        "schemas[value eq 1]",
        deep.as_str(),
    ] {
        for op in ["add", "replace", "remove"] {
            let body = patch(&json!([{"op": op, "path": path, "value": "x"}]));
            let answer = client.patch(&user, &body).await;
            assert_eq!(answer.status, 400, "{op} '{path}': {}", answer.body);
        }
    }
    assert_eq!(client.get(&user).await.expect(200).version(), 1);
}

#[tokio::test]
async fn requests_that_are_no_good_http() {
    let app = TestApp::start().await.expect("a server");
    let authorized = format!("Host: x\r\nAuthorization: Bearer {SECRET}\r\nConnection: close\r\n");
    let long = "x".repeat(60 * 1024);
    let longer = "x".repeat(200 * 1024);
    for (head, expected) in [
        (format!("GET /scim/v2/Users?filter={long} HTTP/1.1\r\n{authorized}\r\n"), "400"),
        (format!("GET /scim/v2/Users/{long} HTTP/1.1\r\n{authorized}\r\n"), "404"),
        (format!("GET /scim/v2/Users?filter={longer} HTTP/1.1\r\n{authorized}\r\n"), "4"),
        (format!("GET /scim/v2/../../etc/passwd HTTP/1.1\r\n{authorized}\r\n"), "404"),
        (format!("GET /scim/v2/Users/%2e%2e%2f%2e%2e HTTP/1.1\r\n{authorized}\r\n"), "404"),
        (format!("GET /scim/v2/Users/%zz HTTP/1.1\r\n{authorized}\r\n"), "404"),
        (format!("GET /scim/v2/Users/%00%ff HTTP/1.1\r\n{authorized}\r\n"), "404"),
        (format!("GET /scim/v2/%55sers HTTP/1.1\r\n{authorized}\r\n"), "200"),
        (format!("BREW /scim/v2/Users HTTP/1.1\r\n{authorized}\r\n"), "405"),
        (
            format!("GET /scim/v2/Users HTTP/1.1\r\nHost: a/b\"\r\nAuthorization: Bearer {SECRET}\r\n\r\n"),
            "400",
        ),
        (format!("GET /scim/v2/Users HTTP/1.0\r\nAuthorization: Bearer {SECRET}\r\n\r\n"), "200"),
        (
            format!(
                "POST /scim/v2/Users HTTP/1.1\r\n{authorized}Content-Length: 99999999999999999999999\r\n\r\n"
            ),
            "4",
        ),
        (
            format!(
                "POST /scim/v2/Users HTTP/1.1\r\n{authorized}Content-Length: 18446744073709551615\r\n\r\n"
            ),
            "4",
        ),
        ("nonsense\r\n\r\n".to_owned(), "400"),
    ] {
        let answer = raw(&app, head.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {expected}"))
                || answer.starts_with(&format!("HTTP/1.0 {expected}")),
            "{}: {}",
            &head[..head.len().min(80)],
            &answer[..answer.len().min(300)]
        );
    }
    app.operator().get("/Users").await.expect(200);
}
