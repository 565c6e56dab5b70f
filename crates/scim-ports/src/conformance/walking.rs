//! Walks along cursors while others write: whatever is there throughout is met exactly once.

use std::collections::HashMap;
use std::sync::Arc;

use scim_domain::identifier::ResourceId;
use scim_domain::listing::query::KeysetPosition;
use scim_domain::listing::{Direction, Include, SortKey};
use serde_json::json;

use super::Harness;
use super::world::{Query, World, query, read};

const STAYING: usize = 120;
const PASSING: usize = 150;

pub(super) async fn a_walk_meets_what_stays_exactly_once(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let all = query(&world.user_type()).include(Include::NOTHING);
    walk_among_writers(harness, &world, &all).await;
    walk_among_writers(harness, &world, &all.filter("userName sw \"stays\" or active pr")).await;
}

pub(super) async fn a_sorted_walk_meets_what_stays_exactly_once(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let all = query(&world.user_type()).include(Include::NOTHING);
    for order in [Direction::Ascending, Direction::Descending] {
        walk_among_writers(harness, &world, &all.clone().sort("title", order)).await;
    }
}

/// Creates resources that stay, and walks both ways along all of them while others come and go.
async fn walk_among_writers(harness: &dyn Harness, world: &Arc<World>, query: &Query) {
    let round = world.id();
    let mut staying = Vec::new();
    let mut passing = Vec::new();
    for number in 0..STAYING {
        // Those that will go are among those that stay, by id as well as by title.
        let title = format!("title {}", number % 10);
        staying.push(world.user_with(json!({"userName": format!("stays {round} {number}"), "title": title})));
        passing.push(world.user_with(json!({"userName": format!("old {round} {number}"), "title": title})));
    }
    let staying: Vec<ResourceId> =
        world.try_create(staying).await.expect("created").iter().map(|user| user.id).collect();
    let passing = world.try_create(passing).await.expect("created");
    let writers = [
        harness.spawn(Box::pin({
            let world = Arc::clone(world);
            async move {
                for user in passing {
                    world.delete(&user).await;
                }
            }
        })),
        harness.spawn(Box::pin({
            let world = Arc::clone(world);
            async move {
                for number in 0..PASSING {
                    let name = format!("new {round} {number}");
                    let title = format!("title {}", number % 10);
                    let user = world.create(world.user_with(json!({"userName": name, "title": title}))).await;
                    if number % 2 == 0 {
                        world.delete(&user).await;
                    }
                }
            }
        })),
    ];
    for direction in [Direction::Ascending, Direction::Descending] {
        let met = walk(world, query, direction).await;
        for id in &staying {
            assert_eq!(met.get(id), Some(&1), "a resource that was there throughout, {direction:?}");
        }
        assert!(met.values().all(|times| *times == 1), "nothing is met twice, {direction:?}");
    }
    for writer in writers {
        writer.await;
    }
    for id in staying {
        let user = world.try_get(&world.user_type(), id).await.expect("it stays");
        world.delete(&user).await;
    }
}

/// How many times each resource was met.
async fn walk(world: &World, query: &Query, direction: Direction) -> HashMap<ResourceId, usize> {
    let sort_by = query.clone().into_query().scopes[0].sort_by.clone();
    let mut met = HashMap::new();
    let mut position = None;
    loop {
        let page = world.search(&query.clone().keyset(position, direction, 7).into_query()).await;
        for resource in &page.resources {
            let times: &mut usize = met.entry(resource.id).or_default();
            *times = times.saturating_add(1);
        }
        let last = match direction {
            Direction::Ascending => page.resources.last(),
            Direction::Descending => page.resources.first(),
        };
        let Some(last) = last else { return met };
        let sort_key = sort_by.as_ref().and_then(|sort_by| SortKey::of(&read(last), sort_by));
        position = Some(KeysetPosition { sort_key, id: last.id });
        if !page.has_more {
            return met;
        }
    }
}
