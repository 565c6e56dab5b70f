//! The page against the document, and against itself.

use std::collections::BTreeSet;

use actix_web::body::to_bytes;
use actix_web::http::StatusCode;
use actix_web::http::header::IF_NONE_MATCH;
use actix_web::test::TestRequest;
use serde_json::Value;

use super::*;

fn whole_page() -> (Value, String) {
    let document = openapi(Some("https://scim.example"));
    let page = page::page(&document);
    (document, page)
}

/// The values of an attribute, wherever it is.
fn attributes<'a>(page: &'a str, name: &str) -> Vec<&'a str> {
    let mark = format!(" {name}=\"");
    page.split(mark.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn tags_are_closed_in_their_order() {
    let (_, page) = whole_page();
    let mut open = Vec::new();
    for tag in page.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("the end of a tag");
        let name = tag.split([' ', '\n']).next().expect("a name");
        match name.strip_prefix('/') {
            Some(name) => assert_eq!(open.pop(), Some(name), "{tag}"),
            None if ["!doctype", "meta", "link", "br"].contains(&name) => {}
            None => open.push(name),
        }
    }
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn every_link_has_its_target_and_every_id_is_there_once() {
    let (_, page) = whole_page();
    let ids = attributes(&page, "id");
    let distinct: BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(ids.len(), distinct.len());
    for link in attributes(&page, "href") {
        match link.strip_prefix('#') {
            Some(id) => assert!(distinct.contains(id), "{link}"),
            None => assert!(["docs/style.css", "openapi.json", "./"].contains(&link), "{link}"),
        }
    }
}

#[test]
fn everything_in_the_document_is_on_the_page() {
    let (document, page) = whole_page();
    let ids: BTreeSet<&str> = attributes(&page, "id").into_iter().collect();
    for (path, item) in document["paths"].as_object().expect("paths") {
        let operations = item.as_object().expect("an item").values();
        for id in operations.filter_map(|operation| operation.get("operationId")?.as_str()) {
            // What is below the other mounts is the same.
            assert_eq!(ids.contains(id), !path.starts_with("/tenants/"), "{id}");
        }
    }
    for name in document["components"]["schemas"].as_object().expect("schemas").keys() {
        assert!(ids.contains(format!("schema-{name}").as_str()), "{name}");
    }
    for name in document["components"]["responses"].as_object().expect("responses").keys() {
        assert!(ids.contains(name.as_str()), "{name}");
    }
    for mount in ["/scim/v2", "/tenants/{tenant}", "/tenants/{tenant}/scim/v2"] {
        assert!(page.contains(&html::code(mount)), "{mount}");
    }
}

#[test]
fn there_is_nothing_that_the_policy_forbids() {
    let (_, page) = whole_page();
    for forbidden in ["<script", "<style", " style=", " onclick", "src=", "<base", "<form"] {
        assert!(!page.contains(forbidden), "{forbidden}");
    }
    for forbidden in ["@import", "url("] {
        assert!(!STYLE.contains(forbidden), "{forbidden}");
    }
    assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">"));
}

#[test]
fn every_class_has_a_style() {
    let (_, page) = whole_page();
    let classes: BTreeSet<&str> =
        attributes(&page, "class").into_iter().flat_map(str::split_whitespace).collect();
    for class in classes {
        // The frame of an operation looks as any other does.
        assert!(class == "operation" || STYLE.contains(&format!(".{class}")), "{class}");
    }
}

#[tokio::test]
async fn who_has_a_text_is_not_sent_it_again() {
    let asset = Asset::new("text/css; charset=utf-8", "a".to_owned());
    let first = asset.answer(&TestRequest::default().to_http_request());
    assert_eq!(first.status(), StatusCode::OK);
    let tag = first.headers().get(ETAG).expect("a tag").clone();
    assert_eq!(to_bytes(first.into_body()).await.expect("a body").as_ref(), b"a");
    for (known, status) in [
        (tag.to_str().expect("text"), StatusCode::NOT_MODIFIED),
        ("*", StatusCode::NOT_MODIFIED),
        ("\"other\"", StatusCode::OK),
        ("garbage", StatusCode::OK),
    ] {
        let request = TestRequest::default().insert_header((IF_NONE_MATCH, known)).to_http_request();
        let answer = asset.answer(&request);
        assert_eq!(answer.status(), status, "{known}");
        assert_eq!(answer.headers().get(ETAG), Some(&tag));
    }
}
