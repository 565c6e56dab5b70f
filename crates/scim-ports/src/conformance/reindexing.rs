//! Working out again what goes by a definition that has changed.

use std::sync::Arc;

use scim_domain::identifier::{ResourceId, Version};
use scim_domain::listing::SortOrder;
use scim_domain::resource::StoredResource;
use serde_json::{Value, json};

use crate::RepositoryError;

use super::Harness;
use super::world::{World, ids, query, redefined, shown};

/// The world after an operator has changed an attribute of Device, and the store has caught up.
async fn after(world: &World, attribute: &str, characteristics: Value) -> World {
    let world = world.with(redefined(&world.tenant, attribute, &characteristics));
    reindex(&world, 1000).await;
    world
}

/// Goes over all devices in steps, and answers the last id of each step.
async fn reindex(world: &World, limit: usize) -> Vec<ResourceId> {
    let (mut steps, mut last) = (Vec::new(), None);
    loop {
        let next = world.resources.resource_reindex(&world.tenant, &world.device_type(), last, limit).await;
        last = next.expect("the store answers");
        let Some(id) = last else { return steps };
        assert!(steps.last().is_none_or(|previous| *previous < id), "it goes on");
        steps.push(id);
    }
}

#[track_caller]
fn refused(outcome: Result<Vec<StoredResource>, crate::RefusedCreate>, expected: &str) {
    let refused = outcome.expect_err("the value is taken");
    assert!(
        matches!(&refused.error, RepositoryError::Uniqueness { attribute } if attribute == expected),
        "{refused:?}"
    );
}

pub(super) async fn a_value_that_becomes_unique_is_taken(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let device = world.create(world.device(json!({"label": "One", "tags": ["a", "b"]}))).await;
    let world = after(&world, "label", json!({"uniqueness": "server"})).await;
    let world = after(&world, "tags", json!({"uniqueness": "server"})).await;
    refused(world.try_create(vec![world.device(json!({"label": "ONE"}))]).await, "label");
    refused(world.try_create(vec![world.device(json!({"tags": ["c", "B"]}))]).await, "tags");
    let two = world.create(world.device(json!({"label": "two"}))).await;
    let error =
        world.try_update(world.update_to(&two, json!({"label": "one"}))).await.expect_err("it is taken");
    assert!(matches!(error, RepositoryError::Uniqueness { attribute } if attribute == "label"));
    // It is the device's own, and free when the device is gone.
    world.update(world.update_to(&world.get(&device).await, json!({"label": "ONE"}))).await;
    world.delete(&device).await;
    world.create(world.device(json!({"label": "one", "tags": ["a"]}))).await;
}

pub(super) async fn a_value_that_is_no_longer_unique_is_free(harness: &dyn Harness) {
    let world = World::new(harness).await;
    world.create(world.device(json!({"serialNumber": "1", "assetTag": "t"}))).await;
    let world = after(&world, "serialNumber", json!({"uniqueness": "none"})).await;
    world.create(world.device(json!({"serialNumber": "1"}))).await;
    refused(world.try_create(vec![world.device(json!({"assetTag": "T"}))]).await, "assetTag");
}

pub(super) async fn values_that_become_equal_are_found_and_taken(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let device = world.create(world.device(json!({"serialNumber": "Ab-1", "displayName": "Straße"}))).await;
    let other = world.create(world.device(json!({"serialNumber": "aB-2", "displayName": "STRASSE"}))).await;
    let changed = after(&world, "serialNumber", json!({"caseExact": false})).await;
    let changed = after(&changed, "displayName", json!({"caseExact": false})).await;
    let devices = changed.device_type();
    for (filter, expected) in [
        ("serialNumber eq \"AB-1\"", vec![device.id]),
        ("serialNumber ne \"AB-1\"", vec![other.id]),
        ("serialNumber sw \"ab\"", vec![device.id, other.id]),
        ("serialNumber gt \"AB-1\"", vec![other.id]),
        ("displayName eq \"strasse\"", vec![device.id, other.id]),
        ("displayName co \"RASS\"", vec![device.id, other.id]),
    ] {
        assert_eq!(changed.matching(&devices, filter).await, expected, "{filter}");
    }
    refused(changed.try_create(vec![changed.device(json!({"serialNumber": "AB-1"}))]).await, "serialNumber");
}

pub(super) async fn values_that_are_no_longer_equal_are_apart(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let upper = world.create(world.device(json!({"assetTag": "TAG", "label": "B"}))).await;
    let lower = world.create(world.device(json!({"assetTag": "other", "label": "a"}))).await;
    let changed = after(&world, "assetTag", json!({"caseExact": true})).await;
    let changed = after(&changed, "label", json!({"caseExact": true})).await;
    let devices = changed.device_type();
    assert_eq!(changed.matching(&devices, "assetTag eq \"TAG\"").await, [upper.id]);
    assert!(changed.matching(&devices, "assetTag eq \"tag\"").await.is_empty());
    assert!(changed.matching(&devices, "label sw \"b\"").await.is_empty());
    let sorted = query(&devices).sort("label", SortOrder::Ascending).into_query();
    assert_eq!(ids(&changed.search(&sorted).await.resources), [upper.id, lower.id]);
    changed.create(changed.device(json!({"assetTag": "tag"}))).await;
    refused(changed.try_create(vec![changed.device(json!({"assetTag": "TAG"}))]).await, "assetTag");
}

pub(super) async fn of_several_that_have_a_unique_value_one_keeps_it(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let new = vec![
        world.device(json!({"serialNumber": "1", "label": "same"})),
        world.device(json!({"serialNumber": "2", "label": "SAME"})),
        world.device(json!({"serialNumber": "3", "label": "Same", "assetTag": "t"})),
    ];
    let devices = world.try_create(new).await.expect("they are created");
    let world = after(&world, "label", json!({"uniqueness": "server"})).await;
    refused(world.try_create(vec![world.device(json!({"label": "same"}))]).await, "label");
    // All are there, and what else they have is still their own.
    assert_eq!(world.matching(&world.device_type(), "label eq \"same\"").await, ids(&devices));
    refused(world.try_create(vec![world.device(json!({"serialNumber": "2"}))]).await, "serialNumber");
    refused(world.try_create(vec![world.device(json!({"assetTag": "T"}))]).await, "assetTag");
    for device in &devices {
        world.delete(device).await;
    }
    world.create(world.device(json!({"label": "same", "serialNumber": "3", "assetTag": "t"}))).await;
}

pub(super) async fn a_reindex_changes_nothing_else(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let device = world.create(world.device(json!({"label": "x", "serialNumber": "1", "ports": 3}))).await;
    world.update(world.update_to(&device, json!({"label": "y", "serialNumber": "1", "weight": 0.1}))).await;
    let elsewhere = world.with(Arc::clone(&world.other));
    let theirs = elsewhere.create(elsewhere.device(json!({"label": "x"}))).await;
    let before = [shown(&world.get(&user).await), shown(&world.get(&device).await)];
    let records = world.records().await;
    let changed = after(&world, "label", json!({"uniqueness": "server", "caseExact": true})).await;
    assert_eq!([shown(&changed.get(&user).await), shown(&changed.get(&device).await)], before);
    assert_eq!(changed.get(&device).await.version, Version::new(2));
    assert_eq!(changed.records().await, records);
    assert_eq!(shown(&elsewhere.get(&theirs).await), shown(&theirs));
    elsewhere.create(elsewhere.device(json!({"label": "X"}))).await;
}

pub(super) async fn a_reindex_goes_in_steps(harness: &dyn Harness) {
    let world = World::new(harness).await;
    assert_eq!(reindex(&world, 2).await, []);
    let label = |number: usize| json!({"label": format!("device {number}")});
    let new: Vec<_> = (0..5).map(|number| world.device(label(number))).collect();
    let devices = world.try_create(new).await.expect("they are created");
    world.create(world.user("device 9")).await;
    let world = world.with(redefined(&world.tenant, "label", &json!({"uniqueness": "server"})));
    let steps = reindex(&world, 2).await;
    let position = |id: &ResourceId| devices.iter().position(|device| device.id == *id);
    let ends: Vec<usize> = steps.iter().map(|id| position(id).expect("a device") + 1).collect();
    let starts = [0].into_iter().chain(ends.iter().copied());
    assert!(starts.zip(&ends).all(|(start, end)| end - start <= 2), "no step is too long: {ends:?}");
    assert!(ends.last().is_some_and(|last| *last >= 3), "nothing is left out: {ends:?}");
    for number in 0..5 {
        refused(world.try_create(vec![world.device(label(number))]).await, "label");
    }
}
