//! Many writers at once.

use std::sync::{Arc, Mutex, PoisonError};

use scim_domain::identifier::Version;
use scim_domain::resource::StoredResource;
use serde_json::{Value, json};

use crate::{ExpectedVersion, RepositoryError, UpdateResource};

use super::world::{World, member_ids, read, version};
use super::{BoxFuture, Harness};

pub(super) const WRITERS: usize = 64;

/// What the writers report.
pub(super) type Reports<T> = Arc<Mutex<Vec<T>>>;

pub(super) fn report<T>(reports: &Reports<T>, value: T) {
    reports.lock().unwrap_or_else(PoisonError::into_inner).push(value);
}

/// Starts a task for each writer, waits for all of them, and answers what they reported.
pub(super) async fn all_at_once<T: Send + 'static>(
    harness: &dyn Harness,
    task: impl Fn(usize, Reports<T>) -> BoxFuture<'static>,
) -> Vec<T> {
    let reports: Reports<T> = Arc::default();
    let running: Vec<_> =
        (0..WRITERS).map(|number| harness.spawn(task(number, Arc::clone(&reports)))).collect();
    for task in running {
        task.await;
    }
    std::mem::take(&mut *reports.lock().unwrap_or_else(PoisonError::into_inner))
}

pub(super) async fn of_many_writers_at_one_version_one_succeeds(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    let results = all_at_once(harness, |number, reports| {
        let (world, user) = (Arc::clone(&world), user.clone());
        Box::pin(async move {
            let update = world.update_to(&user, json!({"userName": "a", "title": number.to_string()}));
            let result = world.try_update(UpdateResource { expected: version(1), ..update }).await;
            report(&reports, result.map(|updated| updated.resource));
        })
    })
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, WRITERS - 1));
    for error in lost.into_iter().filter_map(Result::err) {
        assert!(
            matches!(error, RepositoryError::VersionConflict { current } if current == Version::new(2)),
            "{error:?}"
        );
    }
    let now = world.get(&user).await;
    let won: Vec<StoredResource> = won.into_iter().filter_map(Result::ok).collect();
    assert_eq!((now.version, &now.attributes), (Version::new(2), &won[0].attributes));
}

pub(super) async fn of_many_creations_of_one_name_one_succeeds(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let results = all_at_once(harness, |number, reports| {
        let world = Arc::clone(&world);
        Box::pin(async move {
            let name = if number % 2 == 0 { "wanted" } else { "WANTED" };
            // Each brings another resource along, which must not stay without it.
            let pair = vec![world.user(&format!("beside{number}")), world.user(name)];
            report(&reports, world.try_create(pair).await.map_err(|refused| refused.error));
        })
    })
    .await;
    let (won, lost): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
    assert_eq!((won.len(), lost.len()), (1, WRITERS - 1));
    assert!(lost.iter().all(|result| matches!(result, Err(RepositoryError::Uniqueness { .. }))));
    let found = world.matching(&world.user_type(), "userName eq \"wanted\"").await;
    assert_eq!(found.len(), 1);
    assert_eq!(world.matching(&world.user_type(), "userName pr").await.len(), 2);
}

pub(super) async fn no_member_is_lost_among_many_writers(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let new: Vec<_> = (0..WRITERS).map(|number| world.user(&format!("user{number}"))).collect();
    let users: Vec<_> = new.iter().map(|user| user.id).collect();
    world.try_create(new).await.expect("they are created");
    let group = world.create(world.group("g", &[])).await;
    let mut versions = all_at_once(harness, |number, reports| {
        let (world, group, user) = (Arc::clone(&world), group.clone(), users[number]);
        Box::pin(async move {
            let updated = world.update(world.members_of(&group, &[user], &[])).await;
            assert!(member_ids(&updated.resource).contains(&user));
            report(&reports, updated.resource.version);
        })
    })
    .await;
    versions.sort_unstable();
    let each_once: Vec<Version> = (2..).map(Version::new).take(WRITERS).collect();
    assert_eq!(versions, each_once, "each writer made a version of its own");
    let now = world.get(&group).await;
    assert_eq!((member_ids(&now), now.version), (users, Version::new(65)));
}

pub(super) async fn no_change_is_lost_among_many_writers_that_retry(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let user = world.create(world.user("a")).await;
    all_at_once::<()>(harness, |number, _| {
        let (world, user) = (Arc::clone(&world), user.clone());
        Box::pin(async move {
            loop {
                let now = world.get(&user).await;
                let mut attributes = Value::Object(read(&now).attributes);
                attributes["emails"] = match attributes["emails"].take() {
                    Value::Array(mut emails) => {
                        emails.push(json!({"value": number.to_string()}));
                        Value::Array(emails)
                    }
                    _ => json!([{"value": number.to_string()}]),
                };
                let expected = ExpectedVersion::OneOf(vec![now.version]);
                let update = UpdateResource { expected, ..world.update_to(&user, attributes) };
                match world.try_update(update).await {
                    Ok(_) => return,
                    Err(RepositoryError::VersionConflict { current }) => assert_ne!(current, now.version),
                    Err(other) => panic!("{other:?}"),
                }
            }
        })
    })
    .await;
    let now = read(&world.get(&user).await);
    let emails = now.attributes.get("emails").and_then(Value::as_array).expect("there are emails");
    let mut numbers: Vec<usize> =
        emails.iter().filter_map(|email| email["value"].as_str()?.parse().ok()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..WRITERS).collect::<Vec<_>>());
    assert_eq!(now.version, Version::new(65));
}

pub(super) async fn members_deleted_while_they_are_added_leave_no_trace(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let new: Vec<_> = (0..WRITERS).map(|number| world.user(&format!("user{number}"))).collect();
    let users = world.try_create(new).await.expect("they are created");
    let group = world.create(world.group("g", &[])).await;
    let added = all_at_once(harness, |number, reports| {
        let (world, group, user) = (Arc::clone(&world), group.clone(), users[number / 2].clone());
        Box::pin(async move {
            if number % 2 == 0 {
                world.delete(&user).await;
                return;
            }
            match world.try_update(world.members_of(&group, &[user.id], &[])).await {
                Ok(updated) => report(&reports, updated.changed),
                Err(RepositoryError::UnknownMembers { ids }) => assert_eq!(ids, [user.id]),
                Err(other) => panic!("{other:?}"),
            }
        })
    })
    .await;
    let now = world.get(&group).await;
    assert!(member_ids(&now).is_empty(), "all who were added are deleted by now");
    assert!(added.iter().all(|changed| *changed));
    let changes = u64::try_from(added.len() * 2).expect("a small number");
    assert_eq!(now.version, Version::new(1 + changes), "each came and left, or never came");
}
