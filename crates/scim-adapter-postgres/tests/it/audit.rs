//! The audit log: what a filter finds is what the domain says that it finds.

use std::sync::Arc;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use scim_adapter_postgres::PostgresStore;
use scim_domain::audit::{
    Actor, AuditAttribute, AuditEvent, AuditFilter, AuditOperand, AuditOperation, AuditOutcome, AuditTarget,
    Origin,
};
use scim_domain::filter::ComparisonOperator;
use scim_domain::identifier::{AuditEventId, CredentialId, ResourceId, TenantId, Version};
use scim_ports::{AuditQuery, AuditRepository};
use uuid::Uuid;

use crate::support::{block_on, connect, later, own_store, shared_store};

/// Texts that records have and filters ask for: with what SQL and its patterns take for something
/// else, what PostgreSQL refuses, and what sorts differently by bytes than by letters.
const TEXTS: [&str; 14] =
    ["", "a", "A", "ab", "aB", "é", "z", "%", "_", "\0", "\0a", "\u{1}", "'; --", "User"];

fn text() -> impl Strategy<Value = String> {
    select(TEXTS.as_slice()).prop_map(str::to_owned)
}

/// One of few ids, so that filters meet them.
fn id() -> impl Strategy<Value = Uuid> {
    (1..4_u128).prop_map(Uuid::from_u128)
}

fn actor() -> impl Strategy<Value = Actor> {
    let credential = || id().prop_map(CredentialId::new);
    let subject = || proptest::option::of(id().prop_map(ResourceId::new));
    prop_oneof![
        select(vec![Actor::Operator, Actor::CommandLine, Actor::Service]),
        (credential(), subject()).prop_map(|(id, subject)| Actor::Credential { id, subject }),
        (text(), proptest::option::of(text()), subject()).prop_map(|(issuer, name, subject)| Actor::Issuer {
            issuer,
            name,
            subject
        }),
        proptest::option::of(credential()).prop_map(|credential| Actor::Unknown { credential }),
    ]
}

fn event(tenant: TenantId) -> impl Strategy<Value = AuditEvent> {
    let address = proptest::option::of(select(vec!["192.0.2.1", "192.0.2.10", "2001:db8::1"]));
    let origin = (actor(), text(), address).prop_map(|(actor, request_id, address)| Origin {
        actor,
        request_id,
        client_address: address.map(|address| address.parse().expect("an address")),
    });
    let operation =
        select(vec![AuditOperation::Create, AuditOperation::Modify, AuditOperation::Authenticate]);
    let outcome = select(vec![AuditOutcome::Success, AuditOutcome::Refused]);
    let target = proptest::option::of(
        (text(), text()).prop_map(|(resource_type, id)| AuditTarget { resource_type, id }),
    );
    let version = || proptest::option::of((1..9_u64).prop_map(Version::new));
    // An attribute has a name.
    let attributes = proptest::collection::vec(text().prop_filter("a name", |name| !name.is_empty()), 0..3);
    (
        any::<u128>(),
        0..5_i64,
        origin,
        operation,
        outcome,
        target,
        (version(), version()),
        attributes,
        1..4_u32,
    )
        .prop_map(
            move |(id, minute, origin, operation, outcome, target, versions, attributes, occurrences)| {
                AuditEvent {
                    id: AuditEventId::new(Uuid::from_u128(id)),
                    at: later(minute),
                    tenant,
                    origin: Arc::new(origin),
                    operation,
                    target,
                    outcome,
                    version_before: versions.0,
                    version_after: versions.1,
                    attributes,
                    occurrences,
                }
            },
        )
}

fn comparison() -> impl Strategy<Value = AuditFilter> {
    use ComparisonOperator::{
        Contains, EndsWith, Equal, GreaterOrEqual, GreaterThan, LessOrEqual, LessThan, NotEqual, StartsWith,
    };

    let ordering = [Equal, NotEqual, GreaterThan, GreaterOrEqual, LessThan, LessOrEqual];
    let any_operator = [ordering.as_slice(), &[Contains, StartsWith, EndsWith]].concat();
    let texts: Vec<AuditAttribute> =
        AuditAttribute::ALL.iter().copied().filter(|attribute| *attribute != AuditAttribute::At).collect();
    let known =
        select(vec!["create", "modify", "success", "issuer", "credential", "192.0.2.1", "2001:", "1"]);
    let operand = prop_oneof![
        4 => text(),
        2 => known.prop_map(str::to_owned),
        1 => id().prop_map(|id| id.to_string()),
    ];
    prop_oneof![
        1 => select(AuditAttribute::ALL).prop_map(AuditFilter::Present),
        1 => (select(ordering.to_vec()), 0..5_i64).prop_map(|(operator, minute)| AuditFilter::Compare {
            attribute: AuditAttribute::At,
            operator,
            operand: AuditOperand::Time(later(minute)),
        }),
        6 => (select(texts), select(any_operator), operand).prop_map(|(attribute, operator, operand)| {
            AuditFilter::Compare { attribute, operator, operand: AuditOperand::Text(operand) }
        }),
    ]
}

fn filter() -> impl Strategy<Value = AuditFilter> {
    comparison().prop_recursive(3, 12, 3, |inner| {
        let some = || proptest::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            some().prop_map(AuditFilter::And),
            some().prop_map(AuditFilter::Or),
            inner.clone().prop_map(|filter| AuditFilter::Not(Box::new(filter))),
        ]
    })
}

fn draw<S: Strategy>(strategy: S, count: usize) -> Vec<S::Value> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|_| strategy.new_tree(&mut runner).expect("it is drawn").current()).collect()
}

async fn page(
    store: &PostgresStore,
    tenant: TenantId,
    filter: Option<AuditFilter>,
    before: Option<AuditEventId>,
    limit: usize,
) -> Vec<AuditEvent> {
    let query = AuditQuery { filter, before, limit };
    store.audit().audit_page(tenant, &query).await.expect("the store answers")
}

#[test]
fn a_filter_finds_what_the_domain_says_and_records_are_read_as_they_were_written() {
    block_on(async {
        let store = shared_store().await;
        let (tenant, other) = (TenantId::new(Uuid::new_v4()), TenantId::new(Uuid::new_v4()));
        let mut events = draw(event(tenant), 250);
        let foreign = draw(event(other), 3);
        let all = events.iter().chain(&foreign).cloned().collect();
        store.audit().audit_append(all).await.expect("they are added");
        events.sort_by_key(|event| std::cmp::Reverse(event.id));
        assert_eq!(page(&store, tenant, None, None, 1000).await, events);
        let mut hits = 0;
        for filter in draw(filter(), 300) {
            let expected: Vec<&AuditEvent> = events.iter().filter(|event| filter.matches(event)).collect();
            let found = page(&store, tenant, Some(filter.clone()), None, 1000).await;
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{filter:?}");
            hits += usize::from(!found.is_empty() && found.len() < events.len());
        }
        assert!(hits > 100, "few filters tell records apart: {hits}");
    });
}

#[test]
fn pages_follow_one_another_from_the_newest() {
    block_on(async {
        let store = shared_store().await;
        let tenant = TenantId::new(Uuid::new_v4());
        let mut events = draw(event(tenant), 30);
        store.audit().audit_append(events.clone()).await.expect("they are added");
        events.sort_by_key(|event| std::cmp::Reverse(event.id));
        let filter = AuditFilter::parse("outcome eq \"success\"").expect("a filter");
        let matching: Vec<AuditEvent> =
            events.iter().filter(|event| filter.matches(event)).cloned().collect();
        for (filter, expected) in [(None, events), (Some(filter), matching)] {
            let (mut walked, mut before) = (Vec::new(), None);
            loop {
                let some = page(&store, tenant, filter.clone(), before, 4).await;
                assert!(some.len() <= 4);
                let Some(last) = some.last() else { break };
                before = Some(last.id);
                walked.extend(some);
            }
            assert_eq!(walked, expected);
        }
        assert!(page(&store, tenant, None, None, 0).await.is_empty());
        store.audit().audit_append(Vec::new()).await.expect("there is nothing to do");
    });
}

#[test]
fn records_that_come_again_are_added_once() {
    block_on(async {
        let store = shared_store().await;
        let (one, other) = (TenantId::new(Uuid::new_v4()), TenantId::new(Uuid::new_v4()));
        let first = draw(event(one), 2);
        store.audit().audit_append(first.clone()).await.expect("they are added");
        // As after an answer that did not arrive.
        let again: Vec<AuditEvent> = first.into_iter().chain(draw(event(other), 2)).collect();
        store.audit().audit_append(again).await.expect("those that are there are no hindrance");
        for tenant in [one, other] {
            assert_eq!(page(&store, tenant, None, None, 10).await.len(), 2);
        }
    });
}

#[test]
fn old_records_are_removed_in_pieces_whoever_they_are_of() {
    block_on(async {
        let (store, database) = own_store().await;
        let tenants = [TenantId::new(Uuid::new_v4()), TenantId::new(Uuid::new_v4())];
        for tenant in tenants {
            let mut events = draw(event(tenant), 10);
            for (minute, event) in (0..).zip(&mut events) {
                event.at = later(minute);
            }
            store.audit().audit_append(events).await.expect("they are added");
        }
        let prune =
            async |limit| store.audit().audit_prune(later(6), limit).await.expect("the store answers");
        assert_eq!(prune(0).await, 0);
        // What somebody else is removing is left to them.
        let client = connect(database.url()).await;
        let lock = format!("BEGIN; SELECT FROM audit_event WHERE tenant_id = '{}' FOR UPDATE", tenants[0]);
        client.batch_execute(&lock).await.expect("a lock");
        assert_eq!(prune(100).await, 6);
        client.batch_execute("COMMIT").await.expect("it ends");
        assert_eq!([prune(5).await, prune(5).await, prune(5).await], [5, 1, 0]);
        for tenant in tenants {
            let left = page(&store, tenant, None, None, 100).await;
            assert_eq!(left.len(), 4);
            assert!(left.iter().all(|event| event.at >= later(6)));
        }
    });
}
