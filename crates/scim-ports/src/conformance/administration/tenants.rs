//! Registering, changing and deleting tenants.

use scim_domain::audit::{AuditEvent, AuditOperation, AuditTarget};
use scim_domain::identifier::{TenantId, Version};
use scim_domain::schema::TenantDefinitions;
use scim_domain::tenant::{BulkConfig, Tenant, TenantConfig};
use serde_json::json;

use crate::conformance::world::{query, redefined, shown};
use crate::{RepositoryError, TenantRecord, UpdateTenant};

use super::AdministrationHarness;
use super::world::{Office, definitions_of, not_found, slug_taken};

/// Rules that are not the ones that a tenant begins with.
fn strict() -> TenantConfig {
    TenantConfig {
        strict_mode: true,
        bulk: BulkConfig { max_operations: 7, max_payload_size: 77 },
        documentation_uri: Some("https://example.com/a?b='c'".to_owned()),
        ..TenantConfig::default()
    }
}

/// Whether requests see the tenant that the record describes.
#[track_caller]
fn same(tenant: &Tenant, record: &TenantRecord) {
    assert_eq!((tenant.id, &tenant.slug, tenant.active), (record.id, &record.slug, record.active));
    assert_eq!(*tenant.config, record.config);
}

pub(super) async fn a_tenant_is_read_back_as_it_was_registered(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let mut new = office.new_tenant("Acme-ß_1.x");
    new.record.display_name = "Ünïted \"Acme\" \\ 'Corp' 👩‍👩‍👧".to_owned();
    new.record.active = false;
    new.record.preset = "entra".to_owned();
    new.record.config = strict();
    new.definitions.schemas.reverse();
    office.stores.tenants.tenant_create(new.clone()).await.expect("it is registered");
    assert_eq!(office.record(new.record.id).await, Some(new.record.clone()));
    for tenant in [office.tenant(new.record.id).await, office.tenant_called("Acme-ß_1.x").await] {
        let tenant = tenant.expect("the tenant is there");
        same(&tenant, &new.record);
        let (found, given) = (definitions_of(&tenant), &new.definitions);
        assert_eq!(
            json!([found.schemas, found.resource_types]),
            json!([given.schemas, given.resource_types])
        );
    }
}

pub(super) async fn a_tenant_that_was_never_registered_is_not_there(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("one").await;
    let unknown = office.tenant_id();
    assert!(office.record(unknown).await.is_none() && office.tenant(unknown).await.is_none());
    // Slugs are compared byte by byte, and an id is no slug.
    for slug in ["", "ONE", "on", "one ", "on_", "%", "one\0", &tenant.id.to_string()] {
        assert!(office.tenant_called(slug).await.is_none(), "{slug:?}");
    }
    not_found(office.try_update(UpdateTenant { id: unknown, ..office.update_of(&tenant) }).await);
    not_found(office.try_delete(unknown, tenant.version).await);
}

pub(super) async fn a_slug_is_that_of_one_tenant(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("acme").await;
    office.register("ACME").await;
    let again = office.new_tenant("acme");
    slug_taken(office.stores.tenants.tenant_create(again.clone()).await);
    assert!(office.record(again.record.id).await.is_none());
    let mut same_id = office.new_tenant("another");
    same_id.record.id = tenant.id;
    slug_taken(office.stores.tenants.tenant_create(same_id).await);
    assert!(office.tenant_called("another").await.is_none());
    assert_eq!(office.record(tenant.id).await, Some(tenant));
}

pub(super) async fn tenants_are_listed_in_the_order_of_their_ids(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let list = async |after: Option<TenantId>, limit: usize| {
        office.stores.tenants.tenant_list(after, limit).await.expect("the store answers")
    };
    assert_eq!(list(None, 10).await, []);
    let mut new: Vec<_> = ["d", "a", "c", "b", "e"].map(|slug| office.new_tenant(slug)).into();
    let records: Vec<TenantRecord> = new.iter().map(|new| new.record.clone()).collect();
    new.reverse();
    for new in new {
        office.stores.tenants.tenant_create(new).await.expect("it is registered");
    }
    assert_eq!(list(None, 10).await, records);
    assert_eq!(list(None, 2).await, records[..2]);
    assert_eq!(list(Some(records[1].id), 2).await, records[2..4]);
    assert_eq!(list(Some(records[3].id), 2).await, records[4..]);
    assert_eq!(list(Some(records[4].id), 2).await, []);
    assert_eq!(list(None, 0).await, []);
    office.delete(&records[2]).await;
    // Where the list goes on from need not be there.
    assert_eq!(list(Some(records[2].id), 2).await, records[3..]);
    assert_eq!(list(Some(records[0].id), 2).await, [records[1].clone(), records[3].clone()]);
}

pub(super) async fn a_change_of_a_tenant_is_seen_at_once(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let before = office.register("before").await;
    same(&office.tenant(before.id).await.expect("it is there"), &before);
    same(&office.tenant_called("before").await.expect("it is there"), &before);
    let update = UpdateTenant {
        slug: Some("after".to_owned()),
        display_name: Some("Another name".to_owned()),
        active: Some(false),
        config: Some(strict()),
        ..office.update_of(&before)
    };
    let expected = TenantRecord {
        slug: "after".to_owned(),
        display_name: "Another name".to_owned(),
        active: false,
        config: strict(),
        version: Version::new(2),
        updated_at: update.at,
        ..before.clone()
    };
    assert_eq!(office.update(update).await, expected);
    assert_eq!(office.record(before.id).await.as_ref(), Some(&expected));
    same(&office.tenant(before.id).await.expect("it is there"), &expected);
    same(&office.tenant_called("after").await.expect("it is there"), &expected);
    assert!(office.tenant_called("before").await.is_none());
}

pub(super) async fn what_a_change_does_not_name_stays(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let mut expected = office.register("a").await;
    let changes: [fn(&mut UpdateTenant, &mut TenantRecord); 5] = [
        |update, record| {
            (update.slug, record.slug) = (Some("b".to_owned()), "b".to_owned());
        },
        |update, record| {
            (update.display_name, record.display_name) = (Some(String::new()), String::new());
        },
        |update, record| {
            (update.active, record.active) = (Some(false), false);
        },
        |update, record| {
            (update.config, record.config) = (Some(strict()), strict());
        },
        // Every write counts, whatever it changes.
        |_, _| (),
    ];
    for change in changes {
        let mut update = office.update_of(&expected);
        expected.version = expected.version.next();
        expected.updated_at = update.at;
        change(&mut update, &mut expected);
        assert_eq!(office.update(update).await, expected);
        assert_eq!(office.record(expected.id).await.as_ref(), Some(&expected));
        let tenant = office.tenant(expected.id).await.expect("it is there");
        same(&tenant, &expected);
        assert_eq!(definitions_of(&tenant).resource_types.len(), 3);
    }
}

pub(super) async fn definitions_are_replaced(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let (record, other) = (office.register("a").await, office.register("b").await);
    let before = office.tenant(record.id).await.expect("it is there");
    let changed = definitions_of(&redefined(&before, "label", &json!({"uniqueness": "server"})));
    let update = UpdateTenant { definitions: Some(changed.clone()), ..office.update_of(&record) };
    let record = office.update(update).await;
    assert_eq!(record.version, Version::new(2));
    for tenant in [office.tenant(record.id).await, office.tenant_called("a").await] {
        assert_eq!(definitions_of(&tenant.expect("it is there")), changed);
    }
    // Fewer, and in another order.
    let mut fewer = TenantDefinitions::rfc7643();
    fewer.schemas.reverse();
    fewer.resource_types.reverse();
    let update = UpdateTenant { definitions: Some(fewer.clone()), ..office.update_of(&record) };
    office.update(update).await;
    assert_eq!(definitions_of(&office.tenant(record.id).await.expect("it is there")), fewer);
    let untouched = office.tenant(other.id).await.expect("it is there");
    assert_eq!(definitions_of(&untouched), definitions_of(&before));
}

pub(super) async fn a_tenant_is_deleted_at_the_version_expected_only(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let tenant = office.update(office.update_of(&tenant)).await;
    let before = office.records(tenant.id).await;
    for stale in [1, 3] {
        let error = office.try_delete(tenant.id, Version::new(stale)).await.expect_err("another version");
        assert!(matches!(error, RepositoryError::VersionConflict { current } if current == tenant.version));
    }
    // Nothing was done.
    assert_eq!(office.record(tenant.id).await.as_ref(), Some(&tenant));
    same(&office.tenant_called("a").await.expect("it is there"), &tenant);
    assert_eq!(office.records(tenant.id).await, before);
    office.delete(&tenant).await;
    assert!(office.record(tenant.id).await.is_none());
}

pub(super) async fn errors_of_a_change_have_their_precedence(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let (tenant, other) = (office.register("a").await, office.register("taken").await);
    let tenant = office.update(office.update_of(&tenant)).await;
    let taken = || UpdateTenant { slug: Some("taken".to_owned()), ..office.update_of(&tenant) };
    not_found(office.try_update(UpdateTenant { id: office.tenant_id(), ..taken() }).await);
    for stale in [1, 3] {
        let update = UpdateTenant { expected: Version::new(stale), config: Some(strict()), ..taken() };
        let error = office.try_update(update).await.expect_err("another version");
        assert!(matches!(error, RepositoryError::VersionConflict { current } if current == tenant.version));
    }
    let fewer = Some(TenantDefinitions::rfc7643());
    slug_taken(office.try_update(UpdateTenant { definitions: fewer, active: Some(false), ..taken() }).await);
    // Nothing of what was refused was written.
    for record in [&tenant, &other] {
        assert_eq!(office.record(record.id).await.as_ref(), Some(record));
        let now = office.tenant(record.id).await.expect("it is there");
        same(&now, record);
        assert_eq!(definitions_of(&now).resource_types.len(), 3);
    }
}

pub(super) async fn a_tenant_keeps_its_own_slug_and_frees_its_old_one(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("own").await;
    let renamed = |record: &TenantRecord, slug: &str| UpdateTenant {
        slug: Some(slug.to_owned()),
        ..office.update_of(record)
    };
    let tenant = office.update(renamed(&tenant, "own")).await;
    let tenant = office.update(renamed(&tenant, "other")).await;
    let next = office.register("own").await;
    slug_taken(office.try_update(renamed(&tenant, "own")).await);
    assert_eq!(office.tenant_called("own").await.map(|found| found.id), Some(next.id));
    assert_eq!(office.tenant_called("other").await.map(|found| found.id), Some(tenant.id));
}

pub(super) async fn a_deleted_tenant_is_gone_at_once(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let (tenant, stays) = (office.register("a").await, office.register("b").await);
    let world = office.world(&tenant).await;
    world.create(world.user("babs")).await;
    // As it is when it was used a moment before.
    assert!(office.tenant_called("a").await.is_some());
    office.delete(&tenant).await;
    assert!(office.record(tenant.id).await.is_none() && office.tenant(tenant.id).await.is_none());
    assert!(office.tenant_called("a").await.is_none());
    let list = office.stores.tenants.tenant_list(None, 10).await.expect("the store answers");
    assert_eq!(list, [stays]);
    not_found(office.try_update(office.update_of(&tenant)).await);
    not_found(office.try_delete(tenant.id, tenant.version).await);
    // Its slug is free, and the next one to have it starts with nothing.
    let next = office.register("a").await;
    assert_eq!(office.tenant_called("a").await.map(|found| found.id), Some(next.id));
    let world = office.world(&next).await;
    assert!(world.matching(&world.user_type(), "userName pr").await.is_empty());
    world.create(world.user("babs")).await;
}

pub(super) async fn purging_leaves_other_tenants_alone(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    assert_eq!(office.stores.tenants.tenant_purge(10).await.expect("the store answers"), 0);
    let (gone, stays) = (office.register("gone").await, office.register("stays").await);
    let (lost, kept) = (office.world(&gone).await, office.world(&stays).await);
    let mut groups = Vec::new();
    for world in [&lost, &kept] {
        let new = (0..10).map(|number| world.user(&format!("user{number}"))).collect();
        let users = world.try_create(new).await.expect("they are created");
        let members: Vec<_> = users.iter().map(|user| user.id).collect();
        groups.push(world.create(world.group("everyone", &members)).await);
    }
    let credential = office.create_credential(&stays).await;
    office.create_credential(&gone).await;
    let records = office.records(gone.id).await.len();
    assert_eq!(office.stores.tenants.tenant_purge(10).await.expect("the store answers"), 0);
    office.delete(&gone).await;
    office.purge().await;
    assert_eq!(office.stores.tenants.tenant_purge(10).await.expect("the store answers"), 0);
    // Even to those who knew it before.
    for resource_type in [lost.user_type(), lost.group_type()] {
        assert_eq!(lost.search(&query(&resource_type).into_query()).await.total_results, 0);
    }
    assert!(lost.try_get(&groups[0].resource_type, groups[0].id).await.is_none());
    assert_eq!(shown(&kept.get(&groups[1]).await), shown(&groups[1]));
    assert_eq!(kept.matching(&kept.user_type(), "userName pr").await.len(), 10);
    assert!(office.credential(stays.id, credential.id).await.is_some());
    assert_eq!(office.record(stays.id).await, Some(stays));
    assert_eq!(office.records(gone.id).await.len(), records + 1);
}

pub(super) async fn writes_on_tenants_are_written_down(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let new = office.new_tenant("a");
    let (id, mut expected) = (new.record.id, Vec::<AuditEvent>::new());
    let target = || AuditTarget { resource_type: "tenant".to_owned(), id: id.to_string() };
    let version = |number| Some(Version::new(number));
    expected.push(new.audit.record(id, new.record.created_at, target(), None, version(1)));
    office.stores.tenants.tenant_create(new.clone()).await.expect("it is registered");
    let update = UpdateTenant { active: Some(false), ..office.update_of(&new.record) };
    expected.push(update.audit.record(id, update.at, target(), version(1), version(2)));
    let record = office.update(update).await;
    let schema = AuditTarget { resource_type: "schema".to_owned(), id: "urn:example:Ünit".to_owned() };
    let update = UpdateTenant {
        definitions: Some(TenantDefinitions::rfc7643()),
        audit_target: Some(schema.clone()),
        ..office.update_of(&record)
    };
    expected.push(update.audit.record(id, update.at, schema, version(2), version(3)));
    office.update(update).await;
    let (audit, at) = (office.ticks.audit(AuditOperation::Delete, &[]), office.now());
    expected.push(audit.record(id, at, target(), version(3), None));
    office.stores.tenants.tenant_delete(id, Version::new(3), at, audit).await.expect("it is deleted");
    assert_eq!(office.records(id).await, expected);
}

pub(super) async fn refused_writes_on_tenants_are_not_written_down(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let (tenant, other) = (office.register("a").await, office.register("b").await);
    let before = (office.records(tenant.id).await, office.records(other.id).await);
    let again = office.new_tenant("a");
    slug_taken(office.stores.tenants.tenant_create(again.clone()).await);
    slug_taken(
        office.try_update(UpdateTenant { slug: Some("b".to_owned()), ..office.update_of(&tenant) }).await,
    );
    let stale = UpdateTenant { expected: Version::new(9), ..office.update_of(&tenant) };
    office.try_update(stale).await.expect_err("another version");
    let unknown = office.tenant_id();
    not_found(office.try_delete(unknown, tenant.version).await);
    office.try_delete(tenant.id, Version::new(9)).await.expect_err("another version");
    assert_eq!((office.records(tenant.id).await, office.records(other.id).await), before);
    for nobody in [again.record.id, unknown] {
        assert_eq!(office.records(nobody).await, []);
    }
}
