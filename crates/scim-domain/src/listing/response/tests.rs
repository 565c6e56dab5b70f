//! List responses: their envelope, their pages and the laws of cursor walks.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::listing::parameters::ListParameters;
use crate::listing::query::{PageRequest, ResourceQuery};
use crate::listing::sort::SortKey;
use crate::resource::Resource;
use crate::schema::ResourceType;
use crate::test_support::{BASE_URL, id, moment, resource, tenant};

fn sealer() -> CursorSealer {
    CursorSealer::new([7; 32])
}

fn types() -> Vec<Arc<ResourceType>> {
    tenant().schema.resource_types().to_vec()
}

/// The page of `resources` that `query` asks for, worked out the slow way.
fn search(query: &ResourceQuery, resources: &[Resource]) -> ResourcePage {
    let key = |resource: &Resource| {
        let scope =
            query.scopes.iter().find(|scope| scope.resource_type.name() == resource.resource_type.name());
        scope.and_then(|scope| scope.sort_by.as_ref()).and_then(|sort_by| SortKey::of(resource, sort_by))
    };
    let compare = |left: &(Option<SortKey>, crate::identifier::ResourceId), right: &(Option<SortKey>, _)| {
        let by_key = SortKey::compare(left.0.as_ref(), right.0.as_ref());
        query.sort_order.apply(by_key).then(left.1.cmp(&right.1))
    };
    let mut sorted: Vec<Resource> = resources.to_vec();
    sorted.sort_by(|left, right| compare(&(key(left), left.id), &(key(right), right.id)));
    let total_results = sorted.len();
    let (rest, count): (Vec<Resource>, usize) = match &query.page {
        PageRequest::Index { skip, count } => (sorted.into_iter().skip(*skip).collect(), *count),
        PageRequest::Keyset { position, direction, count } => {
            let place = position.clone().map(|position| (position.sort_key, position.id));
            let beyond = |resource: &Resource| {
                let Some(place) = &place else { return true };
                direction.apply(compare(&(key(resource), resource.id), place)).is_gt()
            };
            let mut rest: Vec<Resource> = sorted.into_iter().filter(beyond).collect();
            if *direction == Direction::Descending {
                rest.reverse();
            }
            (rest, *count)
        }
    };
    let has_more = rest.len() > count;
    let mut resources: Vec<Resource> = rest.into_iter().take(count).collect();
    if matches!(&query.page, PageRequest::Keyset { direction: Direction::Descending, .. }) {
        resources.reverse();
    }
    let resources = resources.into_iter().map(StoredResource::from).collect();
    ResourcePage { total_results, resources, has_more }
}

fn answer(parameters: &ListParameters, resources: &[Resource]) -> Value {
    let tenant = tenant();
    let plan = QueryPlan::new(parameters, &types(), &tenant, BASE_URL, &sealer(), moment()).expect("a plan");
    let page = search(&plan.query, resources);
    let mut out = Vec::new();
    write_list_response(&mut out, &plan, &page, BASE_URL, &sealer(), moment(), [[1; 24], [2; 24]])
        .expect("written");
    serde_json::from_slice(&out).expect("JSON")
}

fn ids(answer: &Value) -> Vec<String> {
    let resources = answer["Resources"].as_array().expect("an array");
    resources.iter().map(|resource| resource["id"].as_str().expect("an id").to_owned()).collect()
}

fn user(number: u128, name: &str) -> Resource {
    resource(&types()[0], number, json!({"userName": name}))
}

fn users(count: u128) -> Vec<Resource> {
    (1..=count).map(|number| user(number, &format!("user{number}"))).collect()
}

fn by_cursor(cursor: &str, count: usize) -> ListParameters {
    ListParameters { cursor: Some(cursor.into()), count: Some(count), ..ListParameters::default() }
}

/// The example of RFC 7644 §3.4.2.
#[test]
fn the_user_names_of_all_users() {
    let parameters = ListParameters { attributes: vec!["userName".into()], ..ListParameters::default() };
    let answer = answer(&parameters, &[user(1, "bjensen"), user(2, "jsmith")]);
    let schemas = ["urn:ietf:params:scim:schemas:core:2.0:User"];
    assert_eq!(
        answer,
        json!({
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
            "totalResults": 2,
            "itemsPerPage": 2,
            "startIndex": 1,
            "Resources": [
                {"schemas": schemas, "id": id(1).to_string(), "userName": "bjensen"},
                {"schemas": schemas, "id": id(2).to_string(), "userName": "jsmith"},
            ],
        })
    );
}

#[test]
fn each_type_has_its_own_projection() {
    let group = resource(&types()[1], 3, json!({"displayName": "Smith Family"}));
    let mut smith = user(2, "jsmith");
    smith.attributes.insert("displayName".into(), json!("Smith, James"));
    let parameters = ListParameters {
        attributes: vec!["displayName".into(), "userName".into()],
        ..ListParameters::default()
    };
    let answer = answer(&parameters, &[smith, group]);
    assert_eq!(answer["Resources"][0]["userName"], "jsmith");
    assert_eq!(answer["Resources"][1]["displayName"], "Smith Family");
    assert_eq!(answer["Resources"][1]["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:Group"]));
    assert_eq!(answer["Resources"][0].get("meta"), None);
}

#[test]
fn pages_by_position_have_a_start_index_and_no_cursor() {
    let parameters = ListParameters { start_index: Some(4), count: Some(3), ..ListParameters::default() };
    let answer = answer(&parameters, &users(5));
    assert_eq!(
        (&answer["startIndex"], &answer["itemsPerPage"], &answer["totalResults"]),
        (&json!(4), &json!(2), &json!(5))
    );
    assert_eq!((answer.get("nextCursor"), answer.get("previousCursor")), (None, None));
}

#[test]
fn a_count_of_zero_gives_the_total_alone() {
    for parameters in [by_cursor("", 0), ListParameters { count: Some(0), ..ListParameters::default() }] {
        let answer = answer(&parameters, &users(3));
        assert_eq!((&answer["totalResults"], &answer["Resources"]), (&json!(3), &json!([])));
        assert_eq!((answer.get("nextCursor"), answer.get("previousCursor")), (None, None));
    }
}

#[test]
fn a_result_on_one_page_has_no_cursors() {
    for count in [0, 3] {
        let answer = answer(&by_cursor("", 3), &users(count));
        assert_eq!((answer.get("nextCursor"), answer.get("previousCursor")), (None, None));
        assert_eq!(answer.get("startIndex"), None);
        assert_eq!(answer["totalResults"], json!(count));
    }
}

#[test]
fn a_page_that_emptied_meanwhile_leads_back_to_what_is_left() {
    let all = users(6);
    let first = answer(&by_cursor("", 2), &all);
    let second = answer(&by_cursor(first["nextCursor"].as_str().expect("more"), 2), &all);
    // Everything before the second page goes; walking back finds nothing, and from there the start.
    let back = answer(&by_cursor(second["previousCursor"].as_str().expect("before"), 2), &all[2..]);
    assert_eq!((ids(&back).len(), back.get("previousCursor")), (0, None));
    let start = answer(&by_cursor(back["nextCursor"].as_str().expect("not the last"), 2), &all[2..]);
    assert_eq!(ids(&start), [id(3).to_string(), id(4).to_string()]);
    assert_eq!(start.get("previousCursor"), None);
    // Everything after it goes: it is the last page.
    let last = answer(&by_cursor(second["nextCursor"].as_str().expect("more"), 2), &all[..4]);
    assert_eq!((ids(&last).len(), last.get("nextCursor")), (0, None));
}

proptest! {
    /// Forwards every resource comes once and in order; backwards the same pages come again.
    #[test]
    fn a_walk_by_cursor_sees_everything_once(
        titles in prop::collection::vec(prop::option::of("[a-c]{1,2}"), 1..30),
        count in 1..8usize, sorted: bool, descending: bool,
    ) {
        let resources: Vec<Resource> = titles
            .iter()
            .zip(1..)
            .map(|(title, number)| {
                let mut user = user(number, "x");
                if let Some(title) = title {
                    user.attributes.insert("title".into(), json!(title));
                }
                user
            })
            .collect();
        let parameters = |cursor: &str| ListParameters {
            sort_by: sorted.then(|| "title".to_owned()),
            sort_order: if descending { Direction::Descending } else { Direction::Ascending },
            ..by_cursor(cursor, count)
        };
        let all = answer(&ListParameters { cursor: None, count: None, ..parameters("") }, &resources);
        let mut forwards = Vec::new();
        let mut page = answer(&parameters(""), &resources);
        prop_assert!(page.get("previousCursor").is_none());
        loop {
            prop_assert!(forwards.len() <= titles.len());
            forwards.push(ids(&page));
            prop_assert_eq!(&page["totalResults"], &json!(titles.len()));
            let Some(next) = page["nextCursor"].as_str() else { break };
            page = answer(&parameters(next), &resources);
        }
        prop_assert_eq!(forwards.concat(), ids(&all));
        prop_assert!(forwards.iter().rev().skip(1).all(|ids| ids.len() == count));
        for expected in forwards.iter().rev().skip(1) {
            page = answer(&parameters(page["previousCursor"].as_str().expect("a page before")), &resources);
            prop_assert_eq!(&ids(&page), expected);
            prop_assert!(page.get("nextCursor").is_some());
        }
        prop_assert!(page.get("previousCursor").is_none());
    }
}
