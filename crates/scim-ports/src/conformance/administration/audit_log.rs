//! The audit log.

use std::sync::Arc;

use scim_domain::audit::{Actor, AuditEvent, AuditFilter, AuditOperation, AuditOutcome, AuditTarget, Origin};
use scim_domain::identifier::{AuditEventId, ResourceId, TenantId, Timestamp, Version};
use serde_json::json;

use crate::conformance::world::World;
use crate::{AuditQuery, NewResource};

use super::AdministrationHarness;
use super::world::Office;

/// A refusal without anything special.
fn event(office: &Office, tenant: TenantId) -> AuditEvent {
    let origin = Origin {
        actor: Actor::Unknown { credential: None },
        request_id: "a request".to_owned(),
        client_address: None,
    };
    AuditEvent {
        id: AuditEventId::new(office.ticks.uuid()),
        at: office.now(),
        tenant,
        origin: Arc::new(origin),
        operation: AuditOperation::Authenticate,
        target: None,
        outcome: AuditOutcome::Refused,
        version_before: None,
        version_after: None,
        attributes: Vec::new(),
        occurrences: 1,
    }
}

/// A record for every kind of actor, with everything that a record can have.
fn varied(office: &Office, tenant: TenantId) -> Vec<AuditEvent> {
    let credential = office.credential_id();
    let subject = Some(ResourceId::new(office.ticks.uuid()));
    let issuer = || "https://idp.example/Straße".to_owned();
    let actors = [
        (Actor::Operator, Some("192.0.2.7")),
        (Actor::CommandLine, None),
        (Actor::Service, None),
        (Actor::Credential { id: credential, subject: None }, Some("2001:db8::7")),
        (Actor::Credential { id: office.credential_id(), subject }, Some("::ffff:192.0.2.7")),
        (Actor::Issuer { issuer: issuer(), name: None, subject: None }, None),
        (Actor::Issuer { issuer: issuer(), name: Some("bjensen 👩‍👩‍👧".to_owned()), subject }, None),
        (Actor::Unknown { credential: None }, Some("192.0.2.8")),
        (Actor::Unknown { credential: Some(credential) }, None),
    ];
    let operations = [
        AuditOperation::Create,
        AuditOperation::Replace,
        AuditOperation::Modify,
        AuditOperation::Delete,
        AuditOperation::Rotate,
        AuditOperation::Authenticate,
    ];
    let target = |(resource_type, id): (&str, &str)| AuditTarget {
        resource_type: resource_type.to_owned(),
        id: id.to_owned(),
    };
    let targets =
        [None, Some(("User", "2819c223")), Some(("schema", "urn:example:Ünit")), Some(("tenant", ""))];
    let attributes: [&[&str]; 3] = [&[], &["userName"], &["a \"b\"", "urn:example:x:y", "ß", ""]];
    let mut events = Vec::new();
    for (number, (actor, address)) in actors.into_iter().enumerate() {
        let request_id = format!("request {}", number % 4);
        let client_address = address.map(|address| address.parse().expect("an address"));
        let small = u32::try_from(number).expect("a small number");
        events.push(AuditEvent {
            origin: Arc::new(Origin { actor, request_id, client_address }),
            operation: operations[number % operations.len()],
            target: targets[number % targets.len()].map(target),
            outcome: if number % 3 == 0 { AuditOutcome::Refused } else { AuditOutcome::Success },
            version_before: (number % 2 == 0).then(|| Version::new(u64::from(small))),
            version_after: (number % 3 == 0).then(|| Version::new(u64::from(small) + 1)),
            attributes: attributes[number % attributes.len()].iter().map(|name| (*name).to_owned()).collect(),
            occurrences: small * small + 1,
            ..event(office, tenant)
        });
    }
    events
}

async fn append(office: &Office, events: &[AuditEvent]) {
    office.stores.audit.audit_append(events.to_vec()).await.expect("they are added");
}

fn all() -> AuditQuery {
    AuditQuery { filter: None, before: None, limit: 1000 }
}

pub(super) async fn records_are_read_back_as_they_were_added(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let mut expected = office.records(tenant.id).await;
    append(&office, &[]).await;
    let events = varied(&office, tenant.id);
    append(&office, &events).await;
    expected.extend(events);
    assert_eq!(office.records(tenant.id).await, expected);
}

pub(super) async fn the_newest_records_come_first(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let mut events: Vec<AuditEvent> = (0..6).map(|_| event(&office, tenant.id)).collect();
    // Writers may come in another order than their ids.
    for index in [3, 0, 5] {
        append(&office, &events[index..=index]).await;
    }
    append(&office, &[events[4].clone(), events[1].clone(), events[2].clone()]).await;
    events.reverse();
    let page = async |before: Option<usize>, limit: usize| {
        let before = before.map(|index| events[index].id);
        office.page(tenant.id, &AuditQuery { filter: None, before, limit }).await
    };
    let all = page(None, 100).await;
    assert_eq!((all.len(), &all[..6]), (7, &events[..]), "and the tenant's own");
    assert_eq!(page(None, 2).await, events[..2]);
    assert_eq!(page(Some(1), 2).await, events[2..4]);
    assert_eq!(page(Some(3), 2).await, events[4..]);
    assert_eq!(page(Some(5), 100).await, all[6..]);
    assert_eq!(page(None, 0).await, []);
    let oldest = AuditQuery { filter: None, before: Some(all[6].id), limit: 10 };
    assert_eq!(office.page(tenant.id, &oldest).await, []);
}

pub(super) async fn records_are_filtered_as_the_domain_does(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    append(&office, &varied(&office, tenant.id)).await;
    append(&office, &varied(&office, tenant.id)).await;
    let world = office.world(&tenant).await;
    let user = write_resources(&world).await;
    let records = office.page(tenant.id, &all()).await;
    let middle = &records[records.len() / 2];
    let credential =
        records.iter().find_map(|record| record.origin.actor.credential()).expect("a credential");
    let subject = records.iter().find_map(|record| record.origin.actor.subject()).expect("a subject");
    let filters = [
        format!("at ge \"{}\"", middle.at),
        format!("at lt \"{}\" or at eq \"{}\"", middle.at, records[0].at),
        format!("at gt \"{}\" and at le \"{}\"", middle.at, records[1].at),
        format!("at ne \"{}\"", middle.at),
        format!("credentialId eq \"{credential}\""),
        format!("credentialId ne \"{credential}\""),
        format!("subject eq \"{subject}\""),
        format!("resourceType eq \"User\" and resourceId eq \"{user}\""),
        format!("resourceId ne \"{user}\""),
    ];
    let fixed = [
        "at pr",
        "operation eq \"create\"",
        "operation ne \"create\"",
        "operation eq \"CREATE\"",
        "operation sw \"re\" or operation ew \"te\"",
        "outcome eq \"refused\"",
        "not (outcome eq \"refused\")",
        "actor eq \"issuer\" or actor eq \"commandLine\"",
        "actor gt \"operator\"",
        "credentialId pr",
        "not (credentialId pr)",
        "subject pr",
        "issuer co \"idp.example/Straß\"",
        "issuer co \"STRASSE\"",
        "name pr",
        "name co \"%\" or name co \"_\"",
        "name ne \"bjensen\"",
        "requestId eq \"request 1\"",
        "requestId le \"request 2\"",
        "clientAddress eq \"192.0.2.7\"",
        "clientAddress sw \"2001:db8:\"",
        "clientAddress pr and outcome eq \"success\"",
        "clientAddress ne \"192.0.2.7\"",
        "resourceType eq \"schema\"",
        "resourceType pr",
        "resourceType ne \"User\"",
        "resourceId eq \"\"",
        "resourceId pr",
        "resourceId ew \"Ünit\"",
        "attributes eq \"userName\"",
        "attributes eq \"username\"",
        "attributes ne \"userName\"",
        "attributes pr",
        "not (attributes pr)",
        "attributes co \"\\\"b\\\"\"",
        "attributes sw \"urn:example:\"",
        "attributes ge \"v\"",
        "attributes eq \"ß\" and not (operation eq \"modify\" or actor eq \"unknown\")",
    ];
    let mut hits = 0;
    for filter in filters.iter().map(String::as_str).chain(fixed) {
        let parsed = AuditFilter::parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
        let expected: Vec<AuditEvent> =
            records.iter().filter(|record| parsed.matches(record)).cloned().collect();
        hits += usize::from(!expected.is_empty() && expected.len() < records.len());
        let query = |before, limit| AuditQuery { filter: Some(parsed.clone()), before, limit };
        assert_eq!(office.page(tenant.id, &query(None, 1000)).await, expected, "{filter}");
        let few = office.page(tenant.id, &query(None, 2)).await;
        assert_eq!(few, expected[..expected.len().min(2)], "{filter}");
        let before = expected.first().map(|record| record.id);
        let rest = expected.get(1..).unwrap_or_default();
        assert_eq!(office.page(tenant.id, &query(before, 1000)).await, *rest, "{filter}");
    }
    assert!(hits > 30, "most filters tell records apart: {hits}");
}

/// Makes a few records by changes of resources, and answers the id of a user.
async fn write_resources(world: &World) -> ResourceId {
    let user: NewResource = world.user("a");
    let user = world.create(user).await;
    world.update(world.update_to(&user, json!({"userName": "b"}))).await;
    world.create(world.group("g", &[user.id])).await;
    world.delete(&user).await;
    user.id
}

pub(super) async fn records_are_those_of_one_tenant(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let (tenant, other) = (office.register("a").await, office.register("b").await);
    let theirs = office.records(other.id).await;
    let own: Vec<AuditEvent> = (0..3).map(|_| event(&office, tenant.id)).collect();
    let mut events = own.clone();
    events.insert(1, event(&office, other.id));
    append(&office, &events).await;
    assert_eq!(office.records(tenant.id).await[1..], own);
    let mut expected = theirs;
    expected.push(events[1].clone());
    assert_eq!(office.records(other.id).await, expected);
    let filter = AuditFilter::parse("not (actor eq \"x\")").expect("a filter");
    let page = office.page(other.id, &AuditQuery { filter: Some(filter), ..all() }).await;
    assert_eq!(page.len(), expected.len());
    assert_eq!(office.records(office.tenant_id()).await, []);
}

pub(super) async fn records_outlive_their_tenant(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    append(&office, &varied(&office, tenant.id)).await;
    let before = office.records(tenant.id).await;
    office.delete(&tenant).await;
    office.purge().await;
    // Refusals that were under way come even later.
    let late = event(&office, tenant.id);
    append(&office, std::slice::from_ref(&late)).await;
    let after = office.records(tenant.id).await;
    assert_eq!(after.len(), before.len() + 2);
    assert_eq!((&after[..before.len()], after.last()), (&before[..], Some(&late)));
    assert_eq!(after[before.len()].operation, AuditOperation::Delete);
}

pub(super) async fn old_records_are_pruned(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let prune = async |before: Timestamp, limit: usize| {
        office.stores.audit.audit_prune(before, limit).await.expect("the store answers")
    };
    let (tenant, gone) = (office.register("a").await, office.register("b").await);
    let mut events: Vec<AuditEvent> = Vec::new();
    for _ in 0..5 {
        events.extend([event(&office, tenant.id), event(&office, gone.id)]);
    }
    append(&office, &events).await;
    office.delete(&gone).await;
    let ids = async || {
        let mut ids = Vec::new();
        for id in [tenant.id, gone.id] {
            ids.extend(office.records(id).await.into_iter().map(|record| (record.at, record.id)));
        }
        ids.sort_unstable();
        ids
    };
    let mut expected = ids().await;
    assert_eq!(expected.len(), 13, "two registrations, ten refusals and a deletion");
    assert_eq!(prune(expected[0].0, 10).await, 0, "nothing is older than the oldest");
    // What is as old as that stays.
    let before = events[6].at;
    let old = expected.iter().filter(|(at, _)| *at < before).count();
    assert_eq!(prune(before, 3).await, 3);
    let left = ids().await;
    assert_eq!(left.len(), expected.len() - 3);
    assert!(expected.iter().filter(|record| !left.contains(record)).all(|(at, _)| *at < before));
    assert_eq!(prune(before, 100).await, old - 3);
    assert_eq!(prune(before, 100).await, 0);
    expected.retain(|(at, _)| *at >= before);
    assert_eq!(ids().await, expected);
    assert_eq!(prune(office.now(), 0).await, 0);
    assert_eq!(prune(office.now(), 100).await, expected.len());
    assert_eq!(ids().await, []);
}
