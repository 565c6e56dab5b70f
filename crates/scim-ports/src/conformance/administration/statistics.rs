//! What is stored, in figures.

use std::collections::BTreeMap;

use scim_domain::identifier::TenantId;
use serde_json::json;

use crate::conformance::world::{World, object};
use crate::{DeleteResource, Statistics};

use super::AdministrationHarness;
use super::world::Office;

async fn of(office: &Office, id: TenantId) -> Statistics {
    office.stores.tenants.tenant_statistics(id).await.expect("the store answers")
}

async fn counted(office: &Office, id: TenantId) -> BTreeMap<String, u64> {
    let counts = office.stores.tenants.tenant_counts(id).await.expect("the store answers");
    assert_eq!(counts, of(office, id).await.resources);
    counts
}

async fn of_all(office: &Office) -> (usize, Statistics) {
    office.stores.tenants.statistics().await.expect("the store answers")
}

fn counts<const N: usize>(counts: [(&str, u64); N]) -> BTreeMap<String, u64> {
    counts.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

pub(super) async fn resources_are_counted_by_their_types(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    assert_eq!(of(&office, tenant.id).await, Statistics::default());
    let world = office.world(&tenant).await;
    let user = world.create(world.user("a")).await;
    let kept = world.create(world.user("b")).await;
    world.create(world.user("c")).await;
    let group = world.create(world.group("g", &[user.id])).await;
    world.create(world.device(json!({}))).await;
    assert_eq!(counted(&office, tenant.id).await, counts([("Device", 1), ("Group", 1), ("User", 3)]));
    // What is put aside is not there any more.
    let aside = DeleteResource { keep: Some(object(json!({}))), ..world.deletion_of(&kept) };
    world.try_delete(aside).await.expect("it is put aside");
    world.delete(&group).await;
    world.update(world.update_to(&user, json!({"userName": "d"}))).await;
    assert_eq!(counted(&office, tenant.id).await, counts([("Device", 1), ("User", 2)]));
}

pub(super) async fn active_users_are_counted(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let world = office.world(&tenant).await;
    let active = async |expected: u64| assert_eq!(of(&office, tenant.id).await.active_users, expected);
    let user = world.create(world.user_with(json!({"userName": "a", "active": true}))).await;
    let other = world.create(world.user_with(json!({"userName": "b", "active": true}))).await;
    world.create(world.user_with(json!({"userName": "c", "active": false}))).await;
    world.create(world.user("without")).await;
    active(2).await;
    world.update(world.update_to(&user, json!({"userName": "a", "active": false}))).await;
    active(1).await;
    world.update(world.update_to(&user, json!({"userName": "a"}))).await;
    world.update(world.update_to(&other, json!({"userName": "b", "active": true, "title": "x"}))).await;
    active(1).await;
    world.update(world.update_to(&user, json!({"userName": "a", "active": true}))).await;
    active(2).await;
    world.delete(&user).await;
    active(1).await;
    let keep = Some(object(json!({"userName": "b", "active": true})));
    let aside = DeleteResource { keep, ..world.deletion_of(&other) };
    world.try_delete(aside).await.expect("it is put aside");
    active(0).await;
}

pub(super) async fn the_last_write_is_known(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    assert_eq!(of(&office, tenant.id).await.last_write_at, None);
    let world = office.world(&tenant).await;
    let first = world.create(world.user("a")).await;
    assert_eq!(of(&office, tenant.id).await.last_write_at, Some(first.created));
    let second = world.create(world.user("b")).await;
    assert_eq!(of(&office, tenant.id).await.last_write_at, Some(second.created));
    let update = world.update_to(&first, json!({"userName": "c"}));
    let at = update.at;
    world.update(update).await;
    assert_eq!(of(&office, tenant.id).await.last_write_at, Some(at));
    // Nothing is written.
    world.update(world.update_of(&second)).await;
    assert_eq!(of(&office, tenant.id).await.last_write_at, Some(at));
}

pub(super) async fn a_tenant_that_is_not_there_has_no_figures(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let unknown = office.tenant_id();
    assert_eq!(of(&office, unknown).await, Statistics::default());
    assert!(counted(&office, unknown).await.is_empty());
    let tenant = office.register("a").await;
    let world = office.world(&tenant).await;
    world.create(world.user("a")).await;
    office.delete(&tenant).await;
    assert_eq!(of(&office, tenant.id).await, Statistics::default());
}

pub(super) async fn figures_of_all_tenants_are_added_up(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    assert_eq!(of_all(&office).await, (0, Statistics::default()));
    let fill = async |world: &World| {
        world.create(world.user_with(json!({"userName": "a", "active": true}))).await;
        world.create(world.user_with(json!({"userName": "b", "active": false}))).await;
        world.create(world.group("g", &[])).await.created
    };
    let (one, two) = (office.register("one").await, office.register("two").await);
    let empty = office.register("empty").await;
    let first = fill(&office.world(&one).await).await;
    let last = fill(&office.world(&two).await).await;
    let resources = counts([("Group", 2), ("User", 4)]);
    let all = Statistics { resources, active_users: 2, last_write_at: Some(last) };
    assert_eq!(of_all(&office).await, (3, all));
    // At once, whatever is still to be purged.
    office.delete(&two).await;
    let left = Statistics {
        resources: counts([("Group", 1), ("User", 2)]),
        active_users: 1,
        last_write_at: Some(first),
    };
    assert_eq!(of_all(&office).await, (2, left.clone()));
    office.purge().await;
    office.delete(&empty).await;
    assert_eq!(of_all(&office).await, (1, left));
}
