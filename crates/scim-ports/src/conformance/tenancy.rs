//! Tenants are kept apart, and found.

use scim_domain::identifier::TenantId;
use scim_domain::listing::Include;
use scim_domain::resource::StoredResource;
use scim_domain::tenant::Tenant;
use serde_json::json;
use uuid::Uuid;

use crate::RepositoryError;

use super::Harness;
use super::world::{World, member_ids, query, shown};

pub(super) async fn tenants_are_found_by_id_and_by_slug(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let same = |found: Option<std::sync::Arc<Tenant>>, expected: &Tenant| {
        let found = found.expect("the tenant is there");
        assert_eq!((found.id, &found.slug, found.active), (expected.id, &expected.slug, expected.active));
        assert_eq!(found.config, expected.config);
        let names = |tenant: &Tenant| -> Vec<String> {
            tenant.schema.resource_types().iter().map(|known| known.name().to_owned()).collect()
        };
        assert_eq!(names(&found), names(expected));
    };
    for tenant in [&world.tenant, &world.other] {
        same(world.tenants.tenant_by_id(tenant.id).await.expect("the store answers"), tenant);
        same(world.tenants.tenant_by_slug(&tenant.slug).await.expect("the store answers"), tenant);
    }
    let unknown = TenantId::new(Uuid::new_v4());
    assert!(world.tenants.tenant_by_id(unknown).await.expect("the store answers").is_none());
    for slug in ["", "kit-", &world.tenant.slug.to_uppercase(), &world.tenant.id.to_string()] {
        assert!(world.tenants.tenant_by_slug(slug).await.expect("the store answers").is_none(), "{slug}");
    }
}

pub(super) async fn another_tenant_sees_nothing(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user_with(json!({"userName": "a", "title": "t"}))).await;
    let group = world.create(world.group("g", &[user.id])).await;
    for resource in [&user, &group] {
        let got = world
            .resources
            .resource_get(&world.other, &resource.resource_type, resource.id, Include::EVERYTHING)
            .await;
        assert!(got.expect("the store answers").is_none());
        let all = query(&resource.resource_type);
        for query in [
            all.clone(),
            all.clone().filter(&format!("id eq \"{}\"", resource.id)),
            all.clone().filter("meta.created pr"),
            all.filter("displayName pr or title eq \"t\" or userName eq \"a\""),
        ] {
            let page = world.resources.resource_search(&world.other, &query.into_query()).await;
            let page = page.expect("the store answers");
            assert_eq!((page.total_results, page.resources.len(), page.has_more), (0, 0, false));
        }
    }
}

pub(super) async fn another_tenant_writes_nothing(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let update = world.update_to(&user, json!({"userName": "stolen"}));
    let update = world.resources.resource_update(&world.other, update, Include::NOTHING).await;
    assert!(matches!(update, Err(RepositoryError::NotFound)));
    let delete = world.resources.resource_delete(&world.other, world.deletion_of(&user)).await;
    assert!(matches!(delete, Err(RepositoryError::NotFound)));
    assert_eq!(shown(&world.get(&user).await), shown(&user));
}

pub(super) async fn another_tenants_resources_are_unknown_members(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let create = |new| world.resources.resource_create_all(&world.other, new, Include::EVERYTHING);
    let refused = create(vec![world.group("g", &[user.id])]).await.expect_err("another tenant's user");
    assert!(matches!(refused.error, RepositoryError::UnknownMembers { ids } if ids == [user.id]));
    let group: StoredResource = create(vec![world.group("g", &[])]).await.expect("it is created").remove(0);
    let update = world.members_of(&group, &[user.id], &[]);
    let error = world.resources.resource_update(&world.other, update, Include::EVERYTHING).await;
    let error = error.expect_err("another tenant's user");
    assert!(matches!(error, RepositoryError::UnknownMembers { ids } if ids == [user.id]));
    let got = world.resources.resource_get(&world.other, &group.resource_type, group.id, Include::EVERYTHING);
    let got = got.await.expect("the store answers").expect("it is there");
    assert!(member_ids(&got).is_empty());
}

pub(super) async fn unique_values_are_those_of_one_tenant(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let first = world.create(world.user("same")).await;
    let new = vec![world.user("same")];
    let second = world.resources.resource_create_all(&world.other, new, Include::NOTHING).await;
    let second = second.expect("the name is free in the other tenant").remove(0);
    world.delete(&first).await;
    let got = world.resources.resource_get(&world.other, &second.resource_type, second.id, Include::NOTHING);
    assert!(got.await.expect("the store answers").is_some());
    let new = vec![world.user("Same")];
    let refused = world.resources.resource_create_all(&world.other, new, Include::NOTHING).await;
    let refused = refused.expect_err("the name is still taken in the other tenant");
    assert!(matches!(refused.error, RepositoryError::Uniqueness { .. }));
}

pub(super) async fn a_store_answers_when_it_is_well(harness: &dyn Harness) {
    let world = World::new(harness).await;
    world.resources.ping().await.expect("the store is well");
}
