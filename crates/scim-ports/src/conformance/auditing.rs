//! What is written down of changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use scim_domain::audit::{AuditEntry, AuditEvent, AuditTarget};
use scim_domain::identifier::{Timestamp, Version};
use scim_domain::resource::{MemberChange, StoredResource};
use serde_json::json;

use crate::{DeleteResource, RepositoryError, UpdateResource};

use super::Harness;
use super::races::{WRITERS, all_at_once, report};
use super::world::{World, object, version};

/// The record that a change of a resource has to leave.
fn record(
    world: &World,
    entry: &AuditEntry,
    at: Timestamp,
    resource: &StoredResource,
    (before, after): (Option<u64>, Option<u64>),
) -> AuditEvent {
    let resource_type = resource.resource_type.name().to_owned();
    let target = AuditTarget { resource_type, id: resource.id.to_string() };
    entry.record(world.tenant.id, at, target, before.map(Version::new), after.map(Version::new))
}

/// The records since the one that was the last before.
async fn since(world: &World, known: usize) -> Vec<AuditEvent> {
    world.records().await.split_off(known)
}

pub(super) async fn a_creation_is_written_down(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let start = world.records().await.len();
    let new = vec![world.user("a"), world.group("g", &[]), world.device(json!({"label": "x"}))];
    let created = world.try_create(new.clone()).await.expect("they are created");
    let records = since(&world, start).await;
    let expected: Vec<AuditEvent> = new
        .iter()
        .zip(&created)
        .map(|(new, created)| record(&world, &new.audit, new.at, created, (None, Some(1))))
        .collect();
    assert_eq!(records, expected);
}

pub(super) async fn a_change_is_written_down_with_both_versions(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let group = world.create(world.group("g", &[])).await;
    let start = world.records().await.len();
    let mut expected = Vec::new();
    for (resource, update, before) in [
        (&user, world.update_to(&user, json!({"userName": "b"})), 1),
        (&user, world.update_to(&user, json!({"userName": "b", "title": "x"})), 2),
        (&group, world.members_of(&group, &[user.id], &[]), 1),
        (
            &group,
            UpdateResource {
                members: MemberChange::Replace(BTreeSet::new()),
                ..world.update_to(&group, json!({"displayName": "renamed"}))
            },
            2,
        ),
    ] {
        expected.push(record(&world, &update.audit, update.at, resource, (Some(before), Some(before + 1))));
        assert!(world.update(update).await.changed);
    }
    assert_eq!(since(&world, start).await, expected);
}

pub(super) async fn a_deletion_is_written_down_with_the_version_before(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let (one, two) = (world.create(world.user("a")).await, world.create(world.user("b")).await);
    // The groups that they leave have no records of their own.
    world.create(world.group("g", &[one.id, two.id])).await;
    world.update(world.update_to(&two, json!({"userName": "c"}))).await;
    let start = world.records().await.len();
    let gone = world.deletion_of(&one);
    let aside = DeleteResource { keep: Some(object(json!({}))), ..world.deletion_of(&two) };
    let expected = vec![
        record(&world, &gone.audit, gone.at, &one, (Some(1), None)),
        record(&world, &aside.audit, aside.at, &two, (Some(2), None)),
    ];
    for deletion in [gone, aside] {
        world.try_delete(deletion).await.expect("it is deleted");
    }
    assert_eq!(since(&world, start).await, expected);
}

pub(super) async fn what_changes_nothing_is_not_written_down(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user_with(json!({"userName": "a", "title": "x"}))).await;
    let group = world.create(world.group("g", &[user.id])).await;
    let start = world.records().await.len();
    for update in [
        world.update_of(&user),
        world.update_to(&user, json!({"title": "x", "userName": "a"})),
        world.members_of(&group, &[user.id], &[]),
        world.members_of(&group, &[], &[group.id]),
    ] {
        assert!(!world.update(update).await.changed);
    }
    assert_eq!(since(&world, start).await, []);
}

pub(super) async fn what_is_refused_is_not_written_down(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let (user, other) = (world.create(world.user("a")).await, world.create(world.user("b")).await);
    let group = world.create(world.group("g", &[])).await;
    let start = world.records().await.len();
    let unknown = world.id();
    for new in
        [vec![world.user("new"), world.user("A")], vec![world.user("new"), world.group("h", &[unknown])]]
    {
        world.try_create(new).await.expect_err("one of them is refused");
    }
    let stale = UpdateResource { expected: version(7), ..world.update_to(&user, json!({"userName": "c"})) };
    let nobody = StoredResource { id: unknown, ..user.clone() };
    for update in [
        stale,
        world.update_to(&other, json!({"userName": "A"})),
        world.update_to(&nobody, json!({"userName": "c"})),
        world.members_of(&group, &[user.id, unknown], &[]),
    ] {
        world.try_update(update).await.expect_err("it is refused");
    }
    let stale = DeleteResource { expected: version(7), ..world.deletion_of(&user) };
    for deletion in [stale, world.deletion_of(&nobody)] {
        world.try_delete(deletion).await.expect_err("it is refused");
    }
    assert_eq!(since(&world, start).await, []);
}

pub(super) async fn each_change_of_many_at_once_is_written_down(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let start = world.records().await.len();
    let written = all_at_once(harness, |number, reports| {
        let (world, user) = (Arc::clone(&world), user.clone());
        Box::pin(async move {
            let update = world.update_to(&user, json!({"userName": "a", "title": number.to_string()}));
            let request = update.audit.origin.request_id.clone();
            let updated = world.update(update).await;
            report(&reports, (updated.resource.version, request));
            let stale = UpdateResource { expected: version(1), ..world.update_of(&user) };
            let refused = world.try_update(stale).await;
            assert!(matches!(refused, Err(RepositoryError::VersionConflict { .. })));
        })
    })
    .await;
    let mut records: Vec<(Version, String)> = Vec::new();
    for record in since(&world, start).await {
        let after = record.version_after.expect("the version after");
        assert_eq!(record.version_before.map(Version::next), Some(after));
        records.push((after, record.origin.request_id.clone()));
    }
    let mut written = written;
    written.sort_unstable();
    records.sort_unstable();
    assert_eq!((records.len(), &records), (WRITERS, &written));
}

pub(super) async fn a_tenant_has_its_own_records(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let other = world.with(Arc::clone(&world.other));
    let start = other.records().await.len();
    let user = world.create(world.user("a")).await;
    world.update(world.update_to(&user, json!({"userName": "b"}))).await;
    world.delete(&user).await;
    assert_eq!(other.records().await.len(), start);
    assert!(world.records().await.iter().all(|record| record.tenant == world.tenant.id));
}
