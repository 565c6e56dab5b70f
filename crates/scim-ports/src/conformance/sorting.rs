//! The order of results.

use std::sync::Arc;

use scim_domain::listing::{Direction, SortOrder};
use scim_domain::resource::StoredResource;
use scim_domain::schema::ResourceType;
use serde_json::{Value, json};

use super::Harness;
use super::world::{World, ids, query};

const BOTH: [SortOrder; 2] = [Direction::Ascending, Direction::Descending];

/// Of resources numbered from 0 in the order of their creation, sorting gives these numbers.
async fn sorts(
    world: &World,
    resource_type: &Arc<ResourceType>,
    created: &[StoredResource],
    sort_by: &str,
    expected: [&[usize]; 2],
) {
    for (order, expected) in BOTH.into_iter().zip(expected) {
        let page = world.search(&query(resource_type).sort(sort_by, order).into_query()).await;
        let expected: Vec<_> = expected.iter().map(|&number| created[number].id).collect();
        assert_eq!(ids(&page.resources), expected, "sorted by {sort_by}, {order:?}");
        assert_eq!(page.total_results, created.len());
    }
}

async fn created(world: &World, resource_type: &Arc<ResourceType>, all: Vec<Value>) -> Vec<StoredResource> {
    let new =
        all.into_iter().map(|attributes| world.new_resource(Arc::clone(resource_type), attributes, &[]));
    world.try_create(new.collect()).await.expect("they are created")
}

pub(super) async fn without_a_sort_the_order_is_that_of_ids(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let mut new: Vec<_> = (0..20).map(|number| world.user(&format!("{}", 99 - number))).collect();
    let expected: Vec<_> = new.iter().map(|user| user.id).collect();
    new.rotate_left(7);
    for user in new {
        world.create(user).await;
    }
    let mut descending = query(&world.user_type()).into_query();
    descending.sort_order = Direction::Descending;
    for query in [query(&world.user_type()).into_query(), descending] {
        assert_eq!(ids(&world.search(&query).await.resources), expected, "{:?}", query.sort_order);
    }
    let filtered = query(&world.user_type()).filter("userName pr").into_query();
    assert_eq!(ids(&world.search(&filtered).await.resources), expected);
}

pub(super) async fn text_is_sorted_by_its_keys_and_absence_comes_last(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let users = world.user_type();
    let all = created(
        &world,
        &users,
        vec![
            json!({"userName": "0", "displayName": "beta"}),
            json!({"userName": "1"}),
            json!({"userName": "2", "displayName": "Alpha"}),
            json!({"userName": "3", "displayName": "BETA"}),
            json!({"userName": "4", "displayName": ""}),
            json!({"userName": "5", "displayName": "\u{ffff}"}),
            json!({"userName": "6"}),
            json!({"userName": "7", "displayName": "😀"}),
            json!({"userName": "8", "displayName": "a_b"}),
            json!({"userName": "9", "displayName": "É"}),
        ],
    )
    .await;
    let ascending = [4, 8, 2, 0, 3, 9, 5, 7, 1, 6];
    let descending = [1, 6, 7, 5, 9, 0, 3, 2, 8, 4];
    sorts(&world, &users, &all, "displayName", [&ascending, &descending]).await;
    // Of what does not exist in any resource, all are ties.
    let ties: Vec<usize> = (0..all.len()).collect();
    sorts(&world, &users, &all, "nickName", [&ties, &ties]).await;
    let back: Vec<usize> = ties.iter().rev().copied().collect();
    sorts(&world, &users, &all, "id", [&ties, &back]).await;
    sorts(&world, &users, &all, "userName", [&ties, &back]).await;
}

pub(super) async fn numbers_dates_and_booleans_are_sorted_by_what_they_mean(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let devices = world.device_type();
    let all = created(
        &world,
        &devices,
        vec![
            json!({"ports": 10, "weight": 1.5, "purchased": "2024-02-29T12:00:00Z", "enabled": true}),
            json!({"ports": 9, "weight": -2, "purchased": "2024-02-29T13:00:00+02:00", "displayName": "b"}),
            json!({"ports": -10, "weight": 1, "enabled": false, "displayName": "C"}),
            json!({"ports": 9_007_199_254_740_993_i64, "weight": 1e300, "purchased": "2024-02-29T12:00:00.1Z"}),
            json!({"ports": 9_007_199_254_740_992_i64, "weight": 1.0, "enabled": false}),
            json!({"label": "bare", "displayName": "a"}),
        ],
    )
    .await;
    sorts(&world, &devices, &all, "ports", [&[2, 1, 0, 4, 3, 5], &[5, 3, 4, 0, 1, 2]]).await;
    sorts(&world, &devices, &all, "weight", [&[1, 2, 4, 0, 3, 5], &[5, 3, 0, 2, 4, 1]]).await;
    sorts(&world, &devices, &all, "purchased", [&[1, 0, 3, 2, 4, 5], &[2, 4, 5, 3, 0, 1]]).await;
    sorts(&world, &devices, &all, "enabled", [&[2, 4, 0, 1, 3, 5], &[1, 3, 5, 0, 2, 4]]).await;
    sorts(&world, &devices, &all, "displayName", [&[2, 5, 1, 0, 3, 4], &[0, 3, 4, 1, 5, 2]]).await;
    sorts(&world, &devices, &all, "meta.created", [&[0, 1, 2, 3, 4, 5], &[5, 4, 3, 2, 1, 0]]).await;
}

pub(super) async fn several_values_are_sorted_by_the_primary_one(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let users = world.user_type();
    let email = |value: &str| json!({"value": value});
    let primary = |value: &str| json!({"value": value, "primary": true});
    let all = created(
        &world,
        &users,
        vec![
            json!({"userName": "0", "emails": [email("a"), primary("z")]}),
            json!({"userName": "1", "emails": [email("M"), email("a")]}),
            json!({"userName": "2"}),
            json!({"userName": "3", "emails": [primary("b"), email("zz")], "name": {"familyName": "x"}}),
            json!({"userName": "4", "emails": [{"type": "work"}, email("a")], "name": {"familyName": "A"}}),
        ],
    )
    .await;
    for sort_by in ["emails", "emails.value"] {
        sorts(&world, &users, &all, sort_by, [&[3, 1, 0, 2, 4], &[2, 4, 0, 1, 3]]).await;
    }
    sorts(&world, &users, &all, "name.familyName", [&[4, 3, 0, 1, 2], &[0, 1, 2, 3, 4]]).await;
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department";
    sorts(&world, &users, &all, enterprise, [&[0, 1, 2, 3, 4], &[0, 1, 2, 3, 4]]).await;
}

pub(super) async fn a_root_query_sorts_types_together(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let c = world.create(world.user_with(json!({"userName": "u", "displayName": "c"}))).await;
    let a = world.create(world.group("A", &[])).await;
    let bare = world.create(world.user("v")).await;
    let b = world.create(world.group("B", &[c.id])).await;
    let tie = world.create(world.user_with(json!({"userName": "w", "displayName": "a"}))).await;
    let types = query(&world.user_type()).and(&world.group_type());
    for (order, expected) in
        BOTH.into_iter().zip([[a.id, tie.id, b.id, c.id, bare.id], [bare.id, c.id, b.id, a.id, tie.id]])
    {
        let page = world.search(&types.clone().sort("displayName", order).into_query()).await;
        assert_eq!(ids(&page.resources), expected, "{order:?}");
    }
    // Groups have no userName: they count as absent.
    let page = world.search(&types.sort("userName", Direction::Ascending).into_query()).await;
    assert_eq!(ids(&page.resources), [c.id, bare.id, tie.id, a.id, b.id]);
}
