//! Deleting, and what goes with it.

use scim_domain::identifier::Version;
use serde_json::json;

use crate::{DeleteResource, RepositoryError};

use super::Harness;
use super::world::{World, member_ids, query, shown, version};

pub(super) async fn a_deleted_resource_is_gone(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let stays = world.create(world.user("b")).await;
    world.delete(&user).await;
    assert!(world.try_get(&user.resource_type, user.id).await.is_none());
    assert_eq!(world.matching(&user.resource_type, "userName pr").await, [stays.id]);
    assert!(world.matching(&user.resource_type, "userName eq \"a\"").await.is_empty());
    assert_eq!(world.search(&query(&user.resource_type).into_query()).await.total_results, 1);
    let again = world.try_delete(world.deletion_of(&user)).await;
    assert!(matches!(again, Err(RepositoryError::NotFound)));
    let update = world.try_update(world.update_to(&user, json!({"userName": "a"}))).await;
    assert!(matches!(update, Err(RepositoryError::NotFound)));
}

pub(super) async fn a_deletion_expects_a_version(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    world.update(world.update_to(&user, json!({"userName": "a", "title": "x"}))).await;
    let expecting = |number| DeleteResource { expected: version(number), ..world.deletion_of(&user) };
    let error = world.try_delete(expecting(1)).await.expect_err("another version");
    assert!(matches!(error, RepositoryError::VersionConflict { current } if current == Version::new(2)));
    assert_eq!(world.get(&user).await.version, Version::new(2));
    world.try_delete(expecting(2)).await.expect("the version is right");
    let error = world.try_delete(expecting(2)).await.expect_err("it is gone");
    assert!(matches!(error, RepositoryError::NotFound));
}

pub(super) async fn a_deleted_resource_frees_its_unique_values(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    world.delete(&user).await;
    let again = world.create(world.user("A")).await;
    assert_ne!(again.id, user.id);
    assert_eq!(again.version, Version::FIRST);
}

pub(super) async fn a_deleted_member_leaves_its_groups_which_change(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let (user, stays) = (world.create(world.user("a")).await, world.create(world.user("b")).await);
    let one = world.create(world.group("one", &[user.id, stays.id])).await;
    let two = world.create(world.group("two", &[user.id])).await;
    let above = world.create(world.group("above", &[one.id])).await;
    let without = world.create(world.group("without", &[stays.id])).await;
    let deletion = world.deletion_of(&user);
    let at = deletion.at;
    world.try_delete(deletion).await.expect("it is deleted");
    for (group, members) in [(&one, vec![stays.id]), (&two, Vec::new())] {
        let now = world.get(group).await;
        assert_eq!(member_ids(&now), members);
        assert_eq!((now.version, now.last_modified), (Version::new(2), at));
        assert_eq!(now.attributes, group.attributes);
    }
    for group in [&above, &without] {
        let now = world.get(group).await;
        assert_eq!((now.version, now.last_modified), (group.version, group.last_modified));
    }
    // A group that was a member leaves as well.
    world.delete(&one).await;
    let now = world.get(&above).await;
    assert_eq!((member_ids(&now), now.version), (Vec::new(), Version::new(2)));
}

pub(super) async fn a_deleted_group_releases_its_members(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let inner = world.create(world.group("inner", &[user.id])).await;
    let outer = world.create(world.group("outer", &[inner.id])).await;
    world.delete(&inner).await;
    let now = world.get(&user).await;
    assert_eq!(shown(&now), shown(&user), "a user does not change when its groups do");
    assert!(member_ids(&world.get(&outer).await).is_empty());
    world.create(world.group("inner", &[user.id])).await;
    assert_eq!(world.get(&user).await.groups.map(|groups| groups.len()), Some(1));
}

pub(super) async fn a_deleted_member_of_itself_is_gone(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let group = world.create(world.group("self", &[])).await;
    let other = world.create(world.group("other", &[group.id])).await;
    world.update(world.members_of(&group, &[group.id, other.id], &[])).await;
    world.delete(&group).await;
    assert!(world.try_get(&group.resource_type, group.id).await.is_none());
    let now = world.get(&other).await;
    assert_eq!((member_ids(&now), now.version), (Vec::new(), Version::new(2)));
    world.delete(&other).await;
}
