//! What is due, when, and what comes of it.

use scim_domain::audit::{Actor, AuditEvent, AuditOperation, AuditOutcome, Origin};
use scim_domain::identifier::{AuditEventId, TenantId};
use uuid::Uuid;

use super::*;
use crate::authentication::AuthenticationPorts;
use crate::testing::{
    TestAudit, TestClock, TestCredentials, TestIds, TestPasswords, TestTenants, at, tenant,
};
use crate::{Attempt, Mount, OperatorAccess};

const DAY: i64 = 24 * 60 * 60;

struct World {
    tenants: Arc<TestTenants>,
    audit: Arc<TestAudit>,
    clock: Arc<TestClock>,
    maintenance: Maintenance,
}

/// A world that keeps its audit log for a day.
fn world() -> World {
    let (tenants, audit) = (Arc::new(TestTenants::default()), Arc::new(TestAudit::default()));
    tenants.put(tenant(1, "acme"));
    let clock = Arc::new(TestClock::new());
    let directory = Arc::new(TenantDirectory::new(tenants.clone(), clock.clone()));
    let authentication = Arc::new(Authentication::new(AuthenticationPorts {
        operator: OperatorAccess {
            secret: "secret".into(),
            tenant: "acme".into(),
            opens_every_tenant: false,
        },
        tenants: Arc::clone(&directory),
        credentials: Arc::new(TestCredentials::default()),
        audit: audit.clone(),
        tokens: None,
        passwords: Arc::new(TestPasswords::new()),
        clock: clock.clone(),
        ids: Arc::new(TestIds::default()),
        observer: Arc::new(scim_ports::Unobserved),
    }));
    let maintenance = Maintenance::new(MaintenanceParts {
        authentication,
        directory,
        tenants: tenants.clone(),
        audit: audit.clone(),
        audit_retention: Duration::from_secs(24 * 60 * 60),
        clock: clock.clone(),
        observer: Arc::new(scim_ports::Unobserved),
    });
    World { tenants, audit, clock, maintenance }
}

fn record(number: u128, seconds: i64) -> AuditEvent {
    let origin = Origin { actor: Actor::Service, request_id: String::new(), client_address: None };
    AuditEvent {
        id: AuditEventId::new(Uuid::from_u128(number)),
        at: at(seconds),
        tenant: TenantId::new(Uuid::from_u128(1)),
        origin: Arc::new(origin),
        operation: AuditOperation::Create,
        target: None,
        outcome: AuditOutcome::Success,
        version_before: None,
        version_after: None,
        attributes: Vec::new(),
        occurrences: 1,
    }
}

impl World {
    async fn refuse(&self) {
        let mount = Mount::Tenant("acme".into());
        let attempt = Attempt { mount: &mount, token: Some("wrong"), request_id: "r", client_address: None };
        self.maintenance.authentication.authenticate(attempt).await.expect_err("refused");
    }

    async fn write_records(&self, count: u128, seconds: i64) {
        let first = u128::try_from(self.audit.events().len()).expect("a few");
        let records = (first..first + count).map(|number| record(number, seconds)).collect();
        self.audit.audit_append(records).await.expect("written");
    }
}

#[tokio::test]
async fn refusals_are_written_down_each_time() {
    let world = world();
    for round in 1..=3 {
        world.refuse().await;
        assert_eq!(world.audit.events().len(), round - 1);
        world.maintenance.collect().await;
        assert_eq!(world.audit.events().len(), round);
    }
    world.audit.fail(true);
    world.refuse().await;
    world.maintenance.collect().await;
    world.audit.fail(false);
    world.maintenance.flush().await;
    assert_eq!(world.audit.events().len(), 4);
}

#[tokio::test]
async fn refusals_that_are_counted_are_written_down_after_a_minute_or_at_the_end() {
    let world = world();
    let occurrences = || -> u32 { world.audit.events().iter().map(|event| event.occurrences).sum() };
    for (seconds, expected) in [(0, 10), (59, 10), (1, 60)] {
        world.clock.advance(seconds);
        if seconds == 0 {
            for _ in 0..60 {
                world.refuse().await;
            }
        }
        world.maintenance.collect().await;
        assert_eq!(occurrences(), expected, "{seconds} seconds later");
    }
    for _ in 0..60 {
        world.refuse().await;
    }
    world.maintenance.flush().await;
    assert_eq!((occurrences(), world.audit.events().len()), (120, 22));
}

#[tokio::test]
async fn old_records_are_removed_every_hour() {
    let world = world();
    world.write_records(2500, 0).await;
    world.write_records(10, 3600).await;
    world.clock.advance(DAY);
    world.maintenance.tidy().await;
    assert_eq!(world.audit.events().len(), 2510, "what is a day old is not older than a day");
    world.clock.advance(3599);
    world.maintenance.tidy().await;
    assert_eq!(world.audit.events().len(), 2510, "it is not an hour later");
    world.clock.advance(1);
    world.maintenance.tidy().await;
    assert_eq!(world.audit.events().len(), 10);
}

#[tokio::test]
async fn what_is_more_than_one_turn_takes_is_gone_on_with() {
    let world = world();
    world.tenants.leave_behind(BATCH * BATCHES + 1);
    world.maintenance.tidy().await;
    assert_eq!(world.tenants.left_behind(), 1);
    world.maintenance.tidy().await;
    assert_eq!(world.tenants.left_behind(), 0);

    world.write_records(u128::try_from(BATCH * BATCHES + 1).expect("a few"), 0).await;
    world.clock.advance(DAY + 3600);
    world.maintenance.tidy().await;
    assert_eq!(world.audit.events().len(), 1);
    world.maintenance.tidy().await;
    assert_eq!(world.audit.events().len(), 0);
}

#[tokio::test]
async fn what_a_deleted_tenant_left_is_removed_when_a_notice_comes_or_a_minute_later() {
    let world = world();
    world.maintenance.tidy().await;
    world.tenants.leave_behind(1);
    world.maintenance.tidy().await;
    assert_eq!(world.tenants.left_behind(), 1);
    world.maintenance.changed(ChangeNotice::Tenant(tenant(1, "acme").id));
    world.maintenance.tidy().await;
    assert_eq!(world.tenants.left_behind(), 0);
    world.tenants.leave_behind(1);
    world.clock.advance(60);
    world.maintenance.tidy().await;
    assert_eq!(world.tenants.left_behind(), 0);
}

#[tokio::test]
async fn what_fails_is_tried_again() {
    let world = world();
    world.tenants.leave_behind(1);
    world.tenants.fail(true);
    world.maintenance.tidy().await;
    world.tenants.fail(false);
    world.clock.advance(60);
    world.maintenance.tidy().await;
    assert_eq!(world.tenants.left_behind(), 0);
}
