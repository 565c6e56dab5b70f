//! Deleting what is put aside rather than removed (`softDelete`).

use scim_domain::identifier::Version;
use scim_domain::resource::StoredResource;
use serde_json::json;

use crate::{DeleteResource, RepositoryError};

use super::Harness;
use super::world::{World, member_ids, object, query, version};

fn putting_aside(world: &World, resource: &StoredResource) -> DeleteResource {
    DeleteResource {
        keep: Some(object(json!({"userName": "kept", "title": "aside", "active": false}))),
        ..world.deletion_of(resource)
    }
}

async fn put_aside(world: &World, resource: &StoredResource) {
    world.try_delete(putting_aside(world, resource)).await.expect("it is put aside");
}

pub(super) async fn what_is_put_aside_is_not_shown_again(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user_with(json!({"userName": "a", "title": "before"}))).await;
    let stays = world.create(world.user("b")).await;
    put_aside(&world, &user).await;
    assert!(world.try_get(&user.resource_type, user.id).await.is_none());
    for filter in [
        "userName pr".to_owned(),
        "not (userName eq \"x\")".to_owned(),
        format!("id eq \"{}\" or userName eq \"b\"", user.id),
        "title eq \"aside\" or title eq \"before\" or userName eq \"kept\" or userName eq \"b\"".to_owned(),
        "active eq false or userName sw \"b\"".to_owned(),
    ] {
        assert_eq!(world.matching(&user.resource_type, &filter).await, [stays.id], "{filter}");
    }
    assert_eq!(world.search(&query(&user.resource_type).into_query()).await.total_results, 1);
    let sorted = query(&user.resource_type).sort("title", scim_domain::listing::SortOrder::Ascending);
    assert_eq!(world.search(&sorted.into_query()).await.total_results, 1);
    let update = world.try_update(world.update_to(&user, json!({"userName": "a"}))).await;
    assert!(matches!(update, Err(RepositoryError::NotFound)));
    for deletion in [world.deletion_of(&user), putting_aside(&world, &user)] {
        assert!(matches!(world.try_delete(deletion).await, Err(RepositoryError::NotFound)));
    }
    // Not even when everything is worked out again.
    let last = world.resources.resource_reindex(&world.tenant, &user.resource_type, None, 100).await;
    assert!(last.expect("the store answers").is_none_or(|last| last == stays.id));
    assert_eq!(world.matching(&user.resource_type, "userName pr").await, [stays.id]);
}

pub(super) async fn what_is_put_aside_frees_its_unique_values(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    put_aside(&world, &user).await;
    // Both the name that it had and the one that it is kept with; and each may be put aside again.
    for name in ["A", "kept", "a"] {
        let again = world.create(world.user(name)).await;
        assert_eq!(again.version, Version::FIRST);
        put_aside(&world, &again).await;
    }
}

pub(super) async fn what_is_put_aside_leaves_its_groups_and_members(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let (user, stays) = (world.create(world.user("a")).await, world.create(world.user("b")).await);
    let group = world.create(world.group("group", &[user.id, stays.id])).await;
    let above = world.create(world.group("above", &[group.id])).await;
    let deletion = putting_aside(&world, &user);
    let at = deletion.at;
    world.try_delete(deletion).await.expect("it is put aside");
    let now = world.get(&group).await;
    assert_eq!(member_ids(&now), [stays.id]);
    assert_eq!((now.version, now.last_modified), (Version::new(2), at));
    let error =
        world.try_update(world.members_of(&group, &[user.id], &[])).await.expect_err("it is not there");
    assert!(matches!(error, RepositoryError::UnknownMembers { ids } if ids == [user.id]));
    put_aside(&world, &group).await;
    assert!(member_ids(&world.get(&above).await).is_empty());
    assert_eq!(world.get(&stays).await.groups.expect("the groups are read").len(), 0);
    assert_eq!(world.get(&stays).await.version, Version::FIRST);
}

pub(super) async fn putting_aside_expects_a_version(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let expecting = |number| DeleteResource { expected: version(number), ..putting_aside(&world, &user) };
    let error = world.try_delete(expecting(2)).await.expect_err("another version");
    assert!(matches!(error, RepositoryError::VersionConflict { current } if current == Version::FIRST));
    assert_eq!(world.get(&user).await.version, Version::FIRST);
    world.try_delete(expecting(1)).await.expect("the version is right");
}
