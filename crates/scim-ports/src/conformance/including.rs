//! What is read beside the attributes.

use scim_domain::listing::{Include, MemberInclude};
use scim_domain::resource::StoredResource;

use super::Harness;
use super::world::{World, member_ids, query, shown};

fn with_members(members: MemberInclude) -> Include {
    Include { members, groups: false }
}

/// How many members and groups were read.
fn read(resource: &StoredResource) -> (Option<usize>, Option<usize>) {
    (resource.members.as_ref().map(Vec::len), resource.groups.as_ref().map(Vec::len))
}

pub(super) async fn only_what_is_asked_for_is_read(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let group = world.create(world.group("g", &[user.id])).await;
    let groups = Include { members: MemberInclude::None, groups: true };
    for (include, of_group, of_user) in [
        (Include::NOTHING, (None, None), (None, None)),
        (Include::EVERYTHING, (Some(1), None), (None, Some(1))),
        (with_members(MemberInclude::All), (Some(1), None), (None, None)),
        (groups, (None, None), (None, Some(1))),
    ] {
        for (resource, expected) in [(&group, of_group), (&user, of_user)] {
            let (repository, tenant) = (&world.resources, &world.tenant);
            let got = repository.resource_get(tenant, &resource.resource_type, resource.id, include).await;
            let got = got.expect("the store answers").expect("it is there");
            assert_eq!(read(&got), expected, "{include:?}");
            let updated = repository.resource_update(tenant, world.update_of(resource), include).await;
            assert_eq!(read(&updated.expect("nothing is changed").resource), expected, "{include:?}");
            let page = world.search(&query(&resource.resource_type).include(include).into_query()).await;
            assert_eq!(page.resources.iter().map(read).collect::<Vec<_>>(), [expected], "{include:?}");
        }
        let new = vec![world.group("h", &[user.id])];
        let created = world.resources.resource_create_all(&world.tenant, new, include).await;
        let created = created.expect("it is created").remove(0);
        assert_eq!(read(&created), of_group, "{include:?}");
        world.delete(&created).await;
    }
}

pub(super) async fn members_are_read_up_to_a_limit(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let [a, b, c] = [world.user("a"), world.user("b"), world.user("c")];
    let users = [a.id, b.id, c.id];
    world.try_create(vec![a, b, c]).await.expect("they are created");
    let many = world.create(world.group("many", &users)).await;
    let few = world.create(world.group("few", &users[..1])).await;
    let none = world.create(world.group("none", &[])).await;
    for (most, expected) in [
        (0, [None, None, Some(0)]),
        (1, [None, Some(1), Some(0)]),
        (2, [None, Some(1), Some(0)]),
        (3, [Some(3), Some(1), Some(0)]),
        (1000, [Some(3), Some(1), Some(0)]),
    ] {
        let include = with_members(MemberInclude::UpTo(most));
        let page = world.search(&query(&world.group_type()).include(include).into_query()).await;
        let counts: Vec<_> = page.resources.iter().map(|group| read(group).0).collect();
        assert_eq!(counts, expected, "up to {most}");
        for (group, expected) in [&many, &few, &none].into_iter().zip(expected) {
            let update =
                world.resources.resource_update(&world.tenant, world.update_of(group), include).await;
            let updated = update.expect("nothing is changed");
            assert_eq!(read(&updated.resource).0, expected);
            assert_eq!(updated.member_count, member_ids(group).len(), "the count is of all");
        }
    }
}

pub(super) async fn a_search_reads_what_a_get_reads(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let users: Vec<_> = ["a", "b", "c", "d"].into_iter().map(|name| world.user(name)).collect();
    let ids: Vec<_> = users.iter().map(|user| user.id).collect();
    world.try_create(users).await.expect("they are created");
    let inner = world.create(world.group("inner", &ids[..2])).await;
    world.create(world.group("outer", &[inner.id, ids[2]])).await;
    world.create(world.group("empty", &[])).await;
    for resource_type in [world.user_type(), world.group_type()] {
        let page = world.search(&query(&resource_type).into_query()).await;
        assert!(page.resources.len() >= 3);
        for resource in &page.resources {
            assert_eq!(shown(resource), shown(&world.get(resource).await));
        }
    }
}
