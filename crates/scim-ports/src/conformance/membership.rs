//! Members, and the groups that follow from them.

use std::sync::Arc;

use scim_domain::identifier::{ResourceId, Version};
use scim_domain::resource::{MemberChange, StoredResource};
use serde_json::{Value, json};

use crate::{RepositoryError, UpdateResource};

use super::Harness;
use super::world::{World, member_ids, read, shown};

pub(super) async fn members_come_and_go_by_name(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let [a, b, c] = three_users(&world).await;
    let group = world.create(world.group("g", &[a])).await;
    assert_eq!(member_ids(&group), [a]);
    let updated = world.update(world.members_of(&group, &[c, b], &[])).await;
    assert_eq!((member_ids(&updated.resource), updated.member_count), (vec![a, b, c], 3));
    assert_eq!(updated.resource.version, Version::new(2));
    let updated = world.update(world.members_of(&group, &[], &[a, c])).await;
    assert_eq!((member_ids(&updated.resource), updated.member_count), (vec![b], 1));
    let update = world.members_of(&group, &[a], &[b]);
    let at = update.at;
    let updated = world.update(update).await;
    assert_eq!(member_ids(&updated.resource), [a]);
    assert_eq!((updated.resource.version, updated.resource.last_modified), (Version::new(4), at));
    assert_eq!(shown(&world.get(&group).await), shown(&updated.resource));
}

pub(super) async fn members_are_replaced(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let [a, b, c] = three_users(&world).await;
    let group = world.create(world.group("g", &[a, b])).await;
    let replace = |members: &[ResourceId]| UpdateResource {
        members: MemberChange::Replace(members.iter().copied().collect()),
        ..world.update_of(&group)
    };
    let updated = world.update(replace(&[b, c])).await;
    assert_eq!((member_ids(&updated.resource), updated.member_count), (vec![b, c], 2));
    assert!(!world.update(replace(&[c, b])).await.changed);
    let missing = world.id();
    let error = world.try_update(replace(&[a, missing])).await.expect_err("one is unknown");
    assert!(matches!(error, RepositoryError::UnknownMembers { ids } if ids == [missing]));
    assert_eq!(member_ids(&world.get(&group).await), [b, c]);
    let updated = world.update(replace(&[])).await;
    assert_eq!((member_ids(&updated.resource), updated.member_count), (Vec::new(), 0));
    assert_eq!(updated.resource.version, Version::new(3));
}

pub(super) async fn a_member_change_that_changes_nothing_keeps_the_version(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let [a, b, _] = three_users(&world).await;
    let group = world.create(world.group("g", &[a])).await;
    for (add, remove) in
        [(vec![a], vec![]), (vec![], vec![b]), (vec![a], vec![b, world.id()]), (vec![], vec![])]
    {
        let updated = world.update(world.members_of(&group, &add, &remove)).await;
        assert!(!updated.changed);
        assert_eq!(updated.member_count, 1);
        assert_eq!(shown(&updated.resource), shown(&group));
    }
}

pub(super) async fn attributes_and_members_change_in_one_version(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let [a, ..] = three_users(&world).await;
    let group = world.create(world.group("g", &[])).await;
    let update = UpdateResource {
        members: world.members_of(&group, &[a], &[]).members,
        ..world.update_to(&group, json!({"displayName": "h"}))
    };
    let updated = world.update(update.clone()).await;
    assert_eq!(updated.resource.version, Version::new(2));
    assert_eq!(read(&updated.resource).display(), Some("h"));
    assert_eq!(member_ids(&updated.resource), [a]);
    let again = world.update(UpdateResource { at: world.now(), ..update }).await;
    assert!(!again.changed);
    assert_eq!(shown(&again.resource), shown(&updated.resource));
}

pub(super) async fn resources_created_together_may_be_members_of_one_another(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let old = world.create(world.user("old")).await;
    let user = world.user("new");
    let (mut one, mut two) = (world.group("one", &[user.id, old.id]), world.group("two", &[]));
    one.members.insert(two.id);
    two.members.extend([one.id, two.id]);
    let (one_id, two_id, user_id) = (one.id, two.id, user.id);
    let created = world.try_create(vec![one, user, two]).await.expect("all are created");
    let [one, user, two] = created.as_slice() else { panic!("three were created") };
    assert_eq!(member_ids(one), [old.id, user_id, two_id]);
    assert_eq!(member_ids(two), [one_id, two_id]);
    assert_eq!(groups(user), json!([[one_id.to_string(), "direct"], [two_id.to_string(), "indirect"]]));
    for resource in [one, user, two] {
        assert_eq!(resource.version, Version::FIRST);
        assert_eq!(shown(&world.get(resource).await), shown(resource));
    }
}

pub(super) async fn unknown_members_are_all_named(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let [a, b, _] = three_users(&world).await;
    let deleted = world.create(world.user("deleted")).await;
    world.delete(&deleted).await;
    let mut missing = vec![world.id(), deleted.id, world.id()];
    missing.sort_unstable();
    let mut all = missing.clone();
    all.extend([a, b]);
    let named = |error: RepositoryError| match error {
        RepositoryError::UnknownMembers { mut ids } => {
            ids.sort_unstable();
            ids
        }
        other => panic!("{other:?}"),
    };
    let refused = world.try_create(vec![world.user("x"), world.group("g", &all)]).await;
    let refused = refused.expect_err("members are unknown");
    assert_eq!((refused.index, named(refused.error)), (1, missing.clone()));
    let group = world.create(world.group("g", &[a])).await;
    let error = world.try_update(world.members_of(&group, &all, &[])).await;
    assert_eq!(named(error.expect_err("members are unknown")), missing);
    assert_eq!(shown(&world.get(&group).await), shown(&group));
}

pub(super) async fn members_of_the_wrong_type_are_unknown(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let device = world.create(world.device(json!({"label": "d"}))).await;
    let refused = world.try_create(vec![world.group("g", &[device.id])]).await.expect_err("no member");
    assert!(matches!(refused.error, RepositoryError::UnknownMembers { ids } if ids == [device.id]));
    let group = world.create(world.group("g", &[])).await;
    let error = world.try_update(world.members_of(&group, &[device.id], &[])).await.expect_err("no member");
    assert!(matches!(error, RepositoryError::UnknownMembers { ids } if ids == [device.id]));
    let new = world.device(json!({"label": "e"}));
    let refused = world.try_create(vec![world.group("h", &[new.id]), new]).await.expect_err("no member");
    assert_eq!(refused.index, 0);
    assert!(world.update(world.members_of(&group, &[group.id], &[])).await.changed, "a group may be one");
}

pub(super) async fn what_is_no_group_has_no_members(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let [a, b, _] = three_users(&world).await;
    let user = world.try_get(&world.user_type(), a).await.expect("it is there");
    let error = world.try_update(world.members_of(&user, &[b], &[])).await.expect_err("a user has none");
    assert!(matches!(error, RepositoryError::UnknownMembers { ids } if ids == [b]));
    assert!(!world.update(world.members_of(&user, &[], &[b])).await.changed);
    assert_eq!(shown(&world.get(&user).await), shown(&user));
}

pub(super) async fn members_show_their_type_and_display_of_now(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let named = world.create(world.user_with(json!({"userName": "a", "displayName": "Ada"}))).await;
    let plain = world.create(world.user("plain")).await;
    let inner = world.create(world.group("Inner", &[])).await;
    let group = world.create(world.group("g", &[named.id, plain.id, inner.id])).await;
    let display = |group: &StoredResource| {
        let members = group.members.iter().flatten();
        let shown = members.map(|member| json!([member.resource_type.name(), member.display]));
        Value::Array(shown.collect())
    };
    assert_eq!(display(&group), json!([["User", "Ada"], ["User", "plain"], ["Group", "Inner"]]));
    world.update(world.update_to(&named, json!({"userName": "a"}))).await;
    world.update(world.update_to(&inner, json!({"displayName": "Renamed"}))).await;
    let now = world.get(&group).await;
    assert_eq!(display(&now), json!([["User", "a"], ["User", "plain"], ["Group", "Renamed"]]));
}

pub(super) async fn a_change_of_a_member_is_no_change_of_its_group(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let inner = world.create(world.group("inner", &[user.id])).await;
    let outer = world.create(world.group("outer", &[inner.id])).await;
    world.update(world.update_to(&user, json!({"userName": "b", "displayName": "B"}))).await;
    world.update(world.members_of(&inner, &[], &[user.id])).await;
    let now = world.get(&outer).await;
    assert_eq!((now.version, now.last_modified), (outer.version, outer.last_modified));
    assert_eq!(world.get(&user).await.version, Version::new(2), "nor is being in a group one of the user");
}

pub(super) async fn groups_are_direct_and_indirect(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let top = world.create(world.group("top", &[])).await;
    let left = world.create(world.group("left", &[])).await;
    let right = world.create(world.group("right", &[user.id])).await;
    let low = world.create(world.group("low", &[user.id])).await;
    world.update(world.members_of(&left, &[low.id], &[])).await;
    // `right` is both: a group of the user, and a group of a group of the user.
    world.update(world.members_of(&right, &[left.id], &[])).await;
    world.update(world.members_of(&top, &[right.id, left.id], &[])).await;
    let expected = [(&right, "direct"), (&low, "direct"), (&top, "indirect"), (&left, "indirect")];
    let now = world.get(&user).await;
    assert_eq!(
        groups(&now),
        expected.iter().map(|(group, kind)| json!([group.id.to_string(), kind])).collect::<Value>()
    );
    let displays: Vec<_> = now.groups.iter().flatten().filter_map(|group| group.display.as_deref()).collect();
    assert_eq!(displays, ["right", "low", "top", "left"]);
    assert!(now.groups.iter().flatten().all(|group| group.resource_type.name() == "Group"));
    world.update(world.members_of(&left, &[], &[low.id])).await;
    world.update(world.members_of(&right, &[], &[user.id])).await;
    assert_eq!(groups(&world.get(&user).await), json!([[low.id.to_string(), "direct"]]));
}

pub(super) async fn circles_of_groups_do_no_harm(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let one = world.create(world.group("one", &[user.id])).await;
    let two = world.create(world.group("two", &[one.id])).await;
    let three = world.create(world.group("three", &[two.id])).await;
    world.update(world.members_of(&one, &[three.id, one.id], &[])).await;
    let expected = json!([
        [one.id.to_string(), "direct"],
        [two.id.to_string(), "indirect"],
        [three.id.to_string(), "indirect"]
    ]);
    assert_eq!(groups(&world.get(&user).await), expected);
    let in_three = format!("groups.value eq \"{}\"", three.id);
    assert_eq!(world.matching(&world.user_type(), &in_three).await, [user.id]);
    world.delete(&two).await;
    assert_eq!(groups(&world.get(&user).await), json!([[one.id.to_string(), "direct"]]));
    assert_eq!(member_ids(&world.get(&one).await), [user.id, one.id, three.id]);
}

pub(super) async fn a_group_of_many_counts_its_members(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let new: Vec<_> = (0..500).map(|number| world.user(&format!("user{number}"))).collect();
    let users: Vec<ResourceId> = new.iter().map(|user| user.id).collect();
    world.try_create(new).await.expect("they are created");
    let group = world.create(world.group("g", &users[..250])).await;
    let updated = world.update(world.members_of(&group, &users[100..], &[])).await;
    assert_eq!((updated.member_count, updated.resource.version), (500, Version::new(2)));
    assert_eq!(member_ids(&updated.resource), users);
    let updated = world.update(world.members_of(&group, &[], &users[1..])).await;
    assert_eq!((updated.member_count, member_ids(&updated.resource)), (1, users[..1].to_vec()));
}

/// The ids of three new users, ascending.
async fn three_users(world: &Arc<World>) -> [ResourceId; 3] {
    let new = ["a", "b", "c"].map(|name| world.user(name));
    let ids = [new[0].id, new[1].id, new[2].id];
    world.try_create(new.into()).await.expect("they are created");
    ids
}

/// The groups of a user: id and type of each.
fn groups(user: &StoredResource) -> Value {
    let groups = user.groups.as_ref().expect("the groups were read");
    let kind = |direct| if direct { "direct" } else { "indirect" };
    groups.iter().map(|group| json!([group.id.to_string(), kind(group.direct)])).collect()
}
