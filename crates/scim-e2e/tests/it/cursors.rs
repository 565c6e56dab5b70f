//! Pages by cursor (RFC 9865).

use scim_e2e::Answer;

use crate::TestApp;
use crate::bodies::created;

fn cursor<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.body[name].as_str()
}

#[tokio::test]
async fn a_walk_goes_to_the_end_and_back() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    for name in ["a", "b", "c", "d", "e"] {
        created(&client, name).await;
    }
    let first = client.get("/Users?cursor=&count=2&sortBy=userName&sortOrder=descending").await.expect(200);
    assert_eq!(first.listed("userName"), ["e", "d"]);
    assert_eq!(first.body["totalResults"], 5);
    assert_eq!(first.body["itemsPerPage"], 2);
    assert_eq!(cursor(&first, "previousCursor"), None);
    let page = async |cursor: &str| {
        let parameters =
            [("cursor", cursor), ("count", "2"), ("sortBy", "userName"), ("sortOrder", "descending")];
        client.query("/Users", &parameters).await.expect(200)
    };
    let second = page(cursor(&first, "nextCursor").expect("a next page")).await;
    assert_eq!(second.listed("userName"), ["c", "b"]);
    let third = page(cursor(&second, "nextCursor").expect("a next page")).await;
    assert_eq!(third.listed("userName"), ["a"]);
    assert_eq!(cursor(&third, "nextCursor"), None);
    let back = page(cursor(&third, "previousCursor").expect("a page before")).await;
    assert_eq!(back.listed("userName"), ["c", "b"]);
    let start = page(cursor(&back, "previousCursor").expect("a page before")).await;
    assert_eq!(start.listed("userName"), ["e", "d"]);
}

#[tokio::test]
async fn a_walk_meets_what_was_there_throughout_exactly_once() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    let mut ids = Vec::new();
    for index in 0..20 {
        ids.push(created(&client, &format!("user{index:02}")).await);
    }
    let mut seen: Vec<String> = Vec::new();
    let mut next = String::new();
    for round in 0.. {
        let answer = client.query("/Users", &[("cursor", &next), ("count", "3")]).await.expect(200);
        seen.extend(answer.listed("userName").into_iter().map(str::to_owned));
        // One goes that was seen already, one that was not, and one comes.
        if round == 1 {
            client.delete(&format!("/Users/{}", ids[0])).await.expect(204);
            client.delete(&format!("/Users/{}", ids[19])).await.expect(204);
            created(&client, "newcomer").await;
        }
        match cursor(&answer, "nextCursor") {
            Some(cursor) => next = cursor.to_owned(),
            None => break,
        }
    }
    let expected: Vec<String> = (0..19).map(|index| format!("user{index:02}")).collect();
    let throughout: Vec<&String> = seen.iter().filter(|name| *name != "newcomer").collect();
    assert_eq!(throughout, expected.iter().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_cursor_is_good_for_its_own_query_only() {
    let app = TestApp::start().await.expect("a server");
    let client = app.operator();
    for name in ["a", "b", "c"] {
        created(&client, name).await;
    }
    let first = client.get("/Users?cursor=&count=1").await.expect(200);
    let next = cursor(&first, "nextCursor").expect("a next page");
    let refused = async |path: &str, parameters: &[(&str, &str)]| {
        client.query(path, parameters).await.expect_error(400, Some("invalidCursor"), "cursor");
    };
    refused("/Users", &[("cursor", next), ("count", "1"), ("filter", "active eq true")]).await;
    refused("/Users", &[("cursor", next), ("count", "1"), ("sortBy", "userName")]).await;
    refused("/Groups", &[("cursor", next), ("count", "1")]).await;
    refused("/Users", &[("cursor", &next[1..])]).await;
    refused("/Users", &[("cursor", "x")]).await;
    let bad = client.get("/Users?cursor=&count=x").await;
    bad.expect_error(400, Some("invalidCount"), "count");
    let other_count = client.query("/Users", &[("cursor", next), ("count", "2")]).await;
    other_count.expect_error(400, Some("invalidCount"), "count");
    let answer = client.query("/Users", &[("cursor", next), ("count", "1")]).await.expect(200);
    assert_eq!(answer.listed("userName"), ["b"]);
}
