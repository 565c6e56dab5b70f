//! Changing, and what a change expects.

use scim_domain::identifier::Version;
use serde_json::json;

use crate::{ExpectedVersion, RepositoryError, UpdateResource};

use super::Harness;
use super::world::{World, member_ids, read, shown, version};

pub(super) async fn versions_count_up_by_one(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let mut created = None;
    for number in 2..6 {
        let update = world.update_to(&user, json!({"userName": "a", "title": format!("title {number}")}));
        let at = update.at;
        let updated = world.update(update).await;
        assert!(updated.changed);
        assert_eq!(updated.resource.version, Version::new(number));
        assert_eq!(updated.resource.last_modified, at);
        assert_eq!(updated.member_count, 0);
        assert_eq!(*created.get_or_insert(updated.resource.created), user.created);
        assert_eq!(shown(&world.get(&user).await), shown(&updated.resource));
    }
}

pub(super) async fn a_change_of_nothing_keeps_the_version(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let attributes = json!({"userName": "a", "emails": [{"value": "x@example.com"}], "active": false});
    let user = world.create(world.user_with(attributes.clone())).await;
    for update in [world.update_to(&user, attributes), world.update_of(&user)] {
        let updated = world.update(update).await;
        assert!(!updated.changed);
        assert_eq!(shown(&updated.resource), shown(&user));
    }
    assert_eq!(shown(&world.get(&user).await), shown(&user));
}

pub(super) async fn an_update_is_answered_as_it_is_read(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let member = world.create(world.user("m")).await;
    let group = world.create(world.group("g", &[member.id])).await;
    let updated = world.update(world.update_to(&group, json!({"displayName": "h", "externalId": "x"}))).await;
    assert_eq!(shown(&updated.resource), shown(&world.get(&group).await));
    assert_eq!(updated.member_count, 1);
}

pub(super) async fn an_update_expects_one_of_several_versions(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let expecting = |numbers: &[u64], title: &str| UpdateResource {
        expected: ExpectedVersion::OneOf(numbers.iter().copied().map(Version::new).collect()),
        ..world.update_to(&user, json!({"userName": "a", "title": title}))
    };
    for numbers in [&[][..], &[2], &[0, 2, 3]] {
        let error = world.try_update(expecting(numbers, "no")).await.expect_err("another version");
        assert!(
            matches!(error, RepositoryError::VersionConflict { current } if current == Version::FIRST),
            "{error:?}"
        );
    }
    assert_eq!(world.update(expecting(&[7, 1], "yes")).await.resource.version, Version::new(2));
    let error = world.try_update(expecting(&[7, 1], "again")).await.expect_err("another version by now");
    assert!(matches!(error, RepositoryError::VersionConflict { current } if current == Version::new(2)));
    assert_eq!(read(&world.get(&user).await).attributes.get("title"), Some(&json!("yes")));
}

pub(super) async fn an_update_of_nothing_there_is_not_found(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let update = UpdateResource { id: world.id(), ..world.update_to(&user, json!({"userName": "b"})) };
    assert!(matches!(world.try_update(update).await, Err(RepositoryError::NotFound)));
    world.create(world.user("b")).await;
}

pub(super) async fn errors_have_their_precedence(harness: &dyn Harness) {
    let world = World::new(harness).await;
    world.create(world.device(json!({"serialNumber": "taken"}))).await;
    let missing = world.id();
    let device = world.create(world.device(json!({"serialNumber": "own"}))).await;
    // A device is no group, so any member is unknown; the serial number is taken; the version is wrong.
    let everything_wrong = UpdateResource {
        expected: version(9),
        members: world.members_of(&device, &[missing], &[]).members,
        ..world.update_to(&device, json!({"serialNumber": "taken"}))
    };
    let not_there = UpdateResource { id: world.id(), ..everything_wrong.clone() };
    assert!(matches!(world.try_update(not_there).await, Err(RepositoryError::NotFound)));
    let error = world.try_update(everything_wrong.clone()).await.expect_err("all is wrong");
    assert!(matches!(error, RepositoryError::VersionConflict { .. }), "{error:?}");
    let error = world.try_update(UpdateResource { expected: version(1), ..everything_wrong }).await;
    let error = error.expect_err("much is wrong");
    assert!(matches!(error, RepositoryError::UnknownMembers { .. }), "{error:?}");
    assert_eq!(shown(&world.get(&device).await), shown(&device));
}

pub(super) async fn a_refused_update_writes_nothing(harness: &dyn Harness) {
    let world = World::new(harness).await;
    world.create(world.user("taken")).await;
    let user = world.create(world.user_with(json!({"userName": "own", "title": "before"}))).await;
    let update = world.update_to(&user, json!({"userName": "Taken", "title": "after"}));
    let error = world.try_update(update).await.expect_err("the name is taken");
    assert!(
        matches!(&error, RepositoryError::Uniqueness { attribute } if attribute == "userName"),
        "{error:?}"
    );
    assert_eq!(shown(&world.get(&user).await), shown(&user));
    assert_eq!(world.matching(&world.user_type(), "title eq \"before\"").await, [user.id]);

    let member = world.create(world.user("m")).await;
    let group = world.create(world.group("g", &[])).await;
    let update = UpdateResource {
        members: world.members_of(&group, &[member.id, world.id()], &[]).members,
        ..world.update_to(&group, json!({"displayName": "h"}))
    };
    world.try_update(update).await.expect_err("a member is unknown");
    assert_eq!(shown(&world.get(&group).await), shown(&group));
    assert!(member_ids(&world.get(&group).await).is_empty());
}

pub(super) async fn a_unique_value_is_free_when_it_is_changed(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("before")).await;
    world.update(world.update_to(&user, json!({"userName": "after"}))).await;
    world.create(world.user("Before")).await;
    let refused = world.try_create(vec![world.user("AFTER")]).await.expect_err("it is taken now");
    assert!(matches!(refused.error, RepositoryError::Uniqueness { .. }));
    let back = world.try_update(world.update_to(&user, json!({"userName": "before"}))).await;
    assert!(matches!(back, Err(RepositoryError::Uniqueness { .. })));
}

pub(super) async fn a_unique_value_is_free_when_it_is_given_up(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let device = world.create(world.device(json!({"serialNumber": "s", "assetTag": "t"}))).await;
    world.update(world.update_to(&device, json!({"assetTag": "t"}))).await;
    world.create(world.device(json!({"serialNumber": "s"}))).await;
    // A store holds the unique values that it is told, not those that it finds in the attributes.
    let user = world.create(world.user("hidden")).await;
    let mut hide = world.update_to(&user, json!({"userName": "hidden", "active": false}));
    if let Some((_, unique_values)) = &mut hide.attributes {
        unique_values.clear();
    }
    world.update(hide).await;
    world.create(world.user("hidden")).await;
    assert_eq!(world.matching(&world.user_type(), "userName eq \"hidden\"").await.len(), 2);
}

pub(super) async fn a_resource_keeps_its_own_unique_value(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let updated = world.update(world.update_to(&user, json!({"userName": "A", "title": "x"}))).await;
    assert!(updated.changed);
    let refused = world.try_create(vec![world.user("a")]).await.expect_err("it is still taken");
    assert!(matches!(refused.error, RepositoryError::Uniqueness { .. }));
    assert_eq!(world.matching(&world.user_type(), "userName eq \"a\"").await, [user.id]);
}
