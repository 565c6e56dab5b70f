//! Pages, by position and by cursor.

use std::sync::Arc;

use scim_domain::identifier::ResourceId;
use scim_domain::listing::query::KeysetPosition;
use scim_domain::listing::{Direction, Include, SortKey};
use scim_domain::resource::StoredResource;
use serde_json::json;

use super::Harness;
use super::world::{Query, World, ids, query, read};

/// Ten users, whose titles repeat and are not there for some, and `query`s on them.
async fn ten_users(world: &Arc<World>) -> Vec<StoredResource> {
    let mut new = Vec::new();
    for number in 0..10 {
        new.push(world.user_with(match number % 4 {
            3 => json!({"userName": format!("u{number}")}),
            rest => json!({"userName": format!("u{number}"), "title": format!("title {rest}")}),
        }));
    }
    world.try_create(new).await.expect("they are created")
}

/// Every kind of query on them, which all have their own order.
fn queries(world: &Arc<World>) -> Vec<Query> {
    let all = query(&world.user_type());
    let filtered = all.clone().filter("userName ne \"u5\"");
    [all, filtered]
        .into_iter()
        .flat_map(|query| {
            let sorted =
                [Direction::Ascending, Direction::Descending].map(|order| query.clone().sort("title", order));
            std::iter::once(query).chain(sorted)
        })
        .collect()
}

pub(super) async fn pages_by_position(harness: &dyn Harness) {
    let world = World::new(harness).await;
    ten_users(&world).await;
    for query in queries(&world) {
        let whole = ids(&world.search(&query.clone().into_query()).await.resources);
        for skip in 0..12 {
            for count in 1..12 {
                let page = world.search(&query.clone().index(skip, count).into_query()).await;
                let expected: Vec<_> = whole.iter().skip(skip).take(count).copied().collect();
                assert_eq!(ids(&page.resources), expected, "{count} after {skip} of {query:?}");
                assert_eq!(page.total_results, whole.len());
                assert_eq!(page.has_more, skip.saturating_add(count) < whole.len());
            }
        }
        let page = world.search(&query.index(usize::MAX, usize::MAX).into_query()).await;
        assert_eq!((page.total_results, page.resources.len(), page.has_more), (whole.len(), 0, false));
    }
}

pub(super) async fn a_count_of_zero_asks_for_the_total(harness: &dyn Harness) {
    let world = World::new(harness).await;
    ten_users(&world).await;
    for query in queries(&world) {
        let whole = world.search(&query.clone().into_query()).await.total_results;
        for skip in [0, 5, 100] {
            let page = world.search(&query.clone().index(skip, 0).into_query()).await;
            assert_eq!((page.total_results, page.resources.len()), (whole, 0));
        }
    }
    let none = world.search(&query(&world.group_type()).index(0, 0).into_query()).await;
    assert_eq!((none.total_results, none.resources.len(), none.has_more), (0, 0, false));
}

/// Where a resource is in the order of a query.
fn position(resource: &StoredResource, query: &Query) -> KeysetPosition {
    let query = query.clone().into_query();
    let sort_by =
        query.scopes.iter().find(|scope| scope.resource_type.name() == resource.resource_type.name());
    let sort_by = sort_by.and_then(|scope| scope.sort_by.clone());
    KeysetPosition {
        sort_key: sort_by.and_then(|sort_by| SortKey::of(&read(resource), &sort_by)),
        id: resource.id,
    }
}

pub(super) async fn pages_by_cursor_go_both_ways(harness: &dyn Harness) {
    let world = World::new(harness).await;
    ten_users(&world).await;
    for query in queries(&world) {
        let whole = world.search(&query.clone().into_query()).await.resources;
        let all = ids(&whole);
        for count in [1, 2, 3, 9, 10, 11] {
            let first = query.clone().keyset(None, Direction::Ascending, count).into_query();
            let forward = world.search(&first).await;
            assert_eq!(ids(&forward.resources), all.iter().take(count).copied().collect::<Vec<_>>());
            assert_eq!((forward.has_more, forward.total_results), (count < all.len(), all.len()));
            let last = query.clone().keyset(None, Direction::Descending, count).into_query();
            let back = world.search(&last).await;
            let first = all.len().saturating_sub(count);
            assert_eq!(ids(&back.resources), all[first..], "the last page");
            assert_eq!((back.has_more, back.total_results), (first > 0, all.len()));
            for (at, resource) in whole.iter().enumerate() {
                let from = |direction| {
                    query.clone().keyset(Some(position(resource, &query)), direction, count).into_query()
                };
                let page = world.search(&from(Direction::Ascending)).await;
                let after = &all[at + 1..];
                assert_eq!(ids(&page.resources), after[..after.len().min(count)], "after {at} of {query:?}");
                assert_eq!((page.has_more, page.total_results), (after.len() > count, all.len()));
                let page = world.search(&from(Direction::Descending)).await;
                let first = at.saturating_sub(count);
                assert_eq!(ids(&page.resources), all[first..at], "before {at} of {query:?}");
                assert_eq!((page.has_more, page.total_results), (first > 0, all.len()));
            }
        }
    }
}

pub(super) async fn a_cursor_holds_when_its_resource_is_gone(harness: &dyn Harness) {
    let world = World::new(harness).await;
    ten_users(&world).await;
    for query in queries(&world) {
        let whole = world.search(&query.clone().into_query()).await.resources;
        let (at, gone) = (whole.len() / 2, &whole[whole.len() / 2]);
        world.delete(gone).await;
        let all: Vec<ResourceId> = ids(&whole).into_iter().filter(|id| *id != gone.id).collect();
        let from = |direction| query.clone().keyset(Some(position(gone, &query)), direction, 2).into_query();
        let after = world.search(&from(Direction::Ascending)).await;
        assert_eq!(ids(&after.resources), all[at..all.len().min(at + 2)], "{query:?}");
        let before = world.search(&from(Direction::Descending)).await;
        assert_eq!(ids(&before.resources), all[at.saturating_sub(2)..at], "{query:?}");
    }
}

pub(super) async fn pages_of_two_types_are_merged(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let mut expected = Vec::new();
    for number in 0..7 {
        expected.push(world.create(world.user(&format!("u{number}"))).await.id);
        if number % 2 == 0 {
            expected.push(world.create(world.group(&format!("g{number}"), &[])).await.id);
        }
    }
    let both = query(&world.group_type()).and(&world.user_type());
    for query in [both.clone(), both.filter("meta.created pr")] {
        for skip in 0..expected.len() + 1 {
            let page = world.search(&query.clone().index(skip, 3).into_query()).await;
            let rest = &expected[skip..];
            assert_eq!(ids(&page.resources), rest[..rest.len().min(3)], "3 after {skip}");
            assert_eq!((page.total_results, page.has_more), (expected.len(), rest.len() > 3));
        }
        for (at, id) in expected.iter().enumerate() {
            let position = KeysetPosition { sort_key: None, id: *id };
            let from = |direction| query.clone().keyset(Some(position.clone()), direction, 3).into_query();
            let after = world.search(&from(Direction::Ascending)).await;
            let rest = &expected[at + 1..];
            assert_eq!(ids(&after.resources), rest[..rest.len().min(3)]);
            assert_eq!(after.has_more, rest.len() > 3);
            let before = world.search(&from(Direction::Descending)).await;
            assert_eq!(ids(&before.resources), expected[at.saturating_sub(3)..at]);
            assert_eq!(before.has_more, at > 3);
        }
    }
}

pub(super) async fn pages_of_many(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let new: Vec<_> = (0..1500).map(|number| world.user(&format!("user{number}"))).collect();
    let mut expected: Vec<_> = new.iter().map(|user| user.id).collect();
    let mut created = Vec::new();
    let mut new = new.into_iter();
    loop {
        let batch: Vec<_> = new.by_ref().take(500).collect();
        if batch.is_empty() {
            break;
        }
        created.extend(world.try_create(batch).await.expect("they are created"));
    }
    for resource in created.iter().skip(3).step_by(7).take(50) {
        world.delete(resource).await;
        expected.retain(|id| *id != resource.id);
    }
    let all = query(&world.user_type()).include(Include::NOTHING);
    for skip in [0, 1, 255, 256, 257, 700, 1399, 1449, 1450, 2000] {
        let page = world.search(&all.clone().index(skip, 100).into_query()).await;
        let wanted: Vec<_> = expected.iter().skip(skip).take(100).copied().collect();
        assert_eq!(ids(&page.resources), wanted, "100 after {skip}");
        assert_eq!(page.total_results, expected.len());
    }
    let found = world.search(&all.filter("userName ew \"00\"").into_query()).await;
    assert!(found.resources.len() >= 10 && found.total_results == found.resources.len());
}
