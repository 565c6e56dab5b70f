//! Creating many, each by itself.

use std::sync::Arc;

use scim_domain::audit::AuditEvent;
use scim_domain::identifier::Version;
use scim_domain::listing::Include;
use scim_domain::resource::StoredResource;
use serde_json::{Value, json};

use crate::{NewResource, RepositoryError};

use super::Harness;
use super::world::{World, member_ids, read, shown};

type Outcome = Result<StoredResource, RepositoryError>;

async fn create_each(world: &World, resources: Vec<NewResource>) -> Vec<Outcome> {
    world.resources.resource_create_each(&world.tenant, resources, Include::EVERYTHING).await
}

pub(super) async fn each_is_created_by_itself_in_order(harness: &dyn Harness) {
    let world = World::new(harness).await;
    assert!(create_each(&world, Vec::new()).await.is_empty());
    let member = world.create(world.user("member")).await;
    // More than any store takes in one step, and not in the order of their ids.
    let mut new: Vec<NewResource> = (0..300).map(|number| world.user(&format!("user{number}"))).collect();
    new.reverse();
    new.insert(150, world.group("group", &[member.id]));
    let outcomes = create_each(&world, new.clone()).await;
    assert_eq!(outcomes.len(), new.len());
    for (new, outcome) in new.iter().zip(outcomes) {
        let created = outcome.expect("it is created");
        assert_eq!((created.id, created.version), (new.id, Version::FIRST));
        assert_eq!((created.created, created.last_modified), (new.at, new.at));
        assert_eq!(read(&created).attributes, new.attributes);
        if created.members.is_some() {
            assert_eq!(member_ids(&created), [member.id]);
        }
        assert_eq!(shown(&world.get(&created).await), shown(&created));
    }
    assert_eq!(world.matching(&world.user_type(), "userName sw \"user\"").await.len(), 300);
}

pub(super) async fn each_of_many_is_refused_by_itself(harness: &dyn Harness) {
    let world = World::new(harness).await;
    world.create(world.user("taken")).await;
    let (missing, also_missing) = (world.id(), world.id());
    let device = |serial: &str| world.device(json!({"serialNumber": serial, "label": "l"}));
    let new = vec![
        world.user("a"),
        world.user("TAKEN"),
        world.group("g", &[missing, also_missing]),
        world.user("b"),
        // The same as the first of this very call.
        world.user("A"),
        device("1"),
        device("1"),
        world.group("h", &[]),
    ];
    let outcomes = create_each(&world, new.clone()).await;
    let said: Vec<Value> = outcomes.iter().map(said).collect();
    let unknown = json!({"unknown": [missing.to_string(), also_missing.to_string()]});
    let taken = |attribute: &str| json!({"taken": attribute});
    let expected = [
        json!("created"),
        taken("userName"),
        unknown,
        json!("created"),
        taken("userName"),
        json!("created"),
        taken("serialNumber"),
        json!("created"),
    ];
    assert_eq!(said, expected);
    for (new, outcome) in new.iter().zip(&outcomes) {
        let stored = world.try_get(&new.resource_type, new.id).await;
        assert_eq!(stored.is_some(), outcome.is_ok());
    }
    // What was refused has taken no unique value and has no record in the log.
    let names: Vec<String> =
        world.records().await.into_iter().filter_map(|record| Some(record.target?.id)).collect();
    let created = new.iter().zip(&outcomes).filter(|(_, outcome)| outcome.is_ok()).map(|(new, _)| new.id);
    // (Those of the one before the call aside.)
    assert!(names.into_iter().skip(1).eq(created.map(|id| id.to_string())));
}

fn said(outcome: &Outcome) -> Value {
    match outcome {
        Ok(_) => json!("created"),
        Err(RepositoryError::Uniqueness { attribute }) => json!({"taken": attribute}),
        Err(RepositoryError::UnknownMembers { ids }) => {
            json!({"unknown": ids.iter().map(ToString::to_string).collect::<Vec<_>>()})
        }
        Err(other) => json!({"error": other.to_string()}),
    }
}

pub(super) async fn creating_each_is_creating_them_one_by_one(harness: &dyn Harness) {
    let world = World::new(harness).await;
    let other = world.with(Arc::clone(&world.other));
    let member = world.user("member");
    for world in [&world, &other] {
        world.create(member.clone()).await;
    }
    let new: Vec<NewResource> = ["a", "b", "A", "member", "c", "ß", "ẞ", "c"]
        .into_iter()
        .map(|name| world.user(name))
        .chain([world.group("g", &[member.id]), world.group("h", &[world.id()])])
        .collect();
    let each = create_each(&world, new.clone()).await;
    for (new, outcome) in new.into_iter().zip(each) {
        let alone = other.try_create(vec![new]).await;
        match (outcome, alone) {
            (Ok(created), Ok(alone)) => assert_eq!(shown(&created), shown(&alone[0])),
            (outcome @ Err(_), Err(refused)) => assert_eq!(said(&outcome), said(&Err(refused.error))),
            (outcome, alone) => panic!("{outcome:?} is not {alone:?}"),
        }
    }
    let (records, others) = (world.records().await, other.records().await);
    let of = |records: Vec<AuditEvent>| records.iter().map(AuditEvent::to_json).collect::<Vec<_>>();
    assert_eq!(of(records), of(others));
}
