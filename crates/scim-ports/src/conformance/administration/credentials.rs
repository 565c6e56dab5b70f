//! Credentials.

use std::sync::Arc;

use scim_domain::audit::{AuditEvent, AuditOperation, AuditTarget};
use scim_domain::credential::{Credential, CredentialKind, PreviousSecret};
use scim_domain::identifier::{CredentialId, ResourceId, Timestamp};
use scim_domain::scope::Scopes;

use crate::RotateCredential;
use crate::conformance::races::{WRITERS, all_at_once, report};

use super::AdministrationHarness;
use super::world::{Office, not_found, shown};

pub(super) async fn a_credential_is_read_back_as_it_was_created(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let plain = office.new_credential(tenant.id);
    let scopes = Scopes::parse(["write:Group", "read", "read:User", "bulk", "discovery"]).expect("scopes");
    let full = Credential {
        kind: CredentialKind::OauthClient,
        label: "Ünï \"quoted\" \\ '👩‍👩‍👧'".to_owned(),
        scopes,
        // It need not be there: the user may come later.
        subject: Some(ResourceId::new(office.ticks.uuid())),
        expires_at: Some(office.now()),
        last_used_at: Some(office.now()),
        previous: Some(PreviousSecret { secret_hash: "$before$".to_owned(), expires_at: office.now() }),
        ..office.new_credential(tenant.id)
    };
    let nothing =
        Credential { label: String::new(), scopes: Scopes::new([]), ..office.new_credential(tenant.id) };
    for credential in [plain, full, nothing] {
        office.try_create_credential(&credential).await.expect("it is created");
        let found = office.credential(tenant.id, credential.id).await.expect("it is there");
        assert_eq!(shown(&found), shown(&credential));
        assert!(found.scopes.iter().eq(credential.scopes.iter()));
    }
}

pub(super) async fn a_credential_is_that_of_one_tenant(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let (tenant, other) = (office.register("a").await, office.register("b").await);
    let credential = office.create_credential(&tenant).await;
    assert!(office.credential(other.id, credential.id).await.is_none());
    assert!(office.credential(tenant.id, office.credential_id()).await.is_none());
    assert!(office.credential(office.tenant_id(), credential.id).await.is_none());
    let elsewhere = Credential { tenant: other.id, ..credential.clone() };
    let rotation = office.rotation_of(&elsewhere, "new");
    not_found(office.stores.credentials.credential_rotate(rotation).await);
    not_found(office.try_delete_credential(other.id, credential.id).await);
    let uses = vec![(other.id, credential.id, office.now())];
    office.stores.credentials.credential_used(uses).await.expect("the store answers");
    let found = office.credential(tenant.id, credential.id).await.expect("it is there");
    assert_eq!(shown(&found), shown(&credential));
}

pub(super) async fn a_credential_needs_a_tenant(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let nobodys = office.new_credential(office.tenant_id());
    not_found(office.try_create_credential(&nobodys).await);
    assert!(office.credential(nobodys.tenant, nobodys.id).await.is_none());
    assert_eq!(office.records(nobodys.tenant).await, []);
    let tenant = office.register("a").await;
    office.delete(&tenant).await;
    not_found(office.try_create_credential(&office.new_credential(tenant.id)).await);
}

pub(super) async fn credentials_are_listed_in_the_order_of_their_ids(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let (tenant, other) = (office.register("a").await, office.register("b").await);
    let mut new: Vec<Credential> = (0..5).map(|_| office.new_credential(tenant.id)).collect();
    let ids: Vec<CredentialId> = new.iter().map(|credential| credential.id).collect();
    new.reverse();
    for credential in &new {
        office.try_create_credential(credential).await.expect("it is created");
        office.create_credential(&other).await;
    }
    let list = async |after: Option<CredentialId>, limit: usize| {
        let list = office.credentials(tenant.id, after, limit).await;
        assert!(list.iter().all(|credential| credential.tenant == tenant.id));
        list.iter().map(|credential| credential.id).collect::<Vec<_>>()
    };
    assert_eq!(list(None, 10).await, ids);
    assert_eq!(list(None, 2).await, ids[..2]);
    assert_eq!(list(Some(ids[1]), 2).await, ids[2..4]);
    assert_eq!(list(Some(ids[3]), 2).await, ids[4..]);
    assert_eq!(list(Some(ids[4]), 2).await, []);
    assert_eq!(list(None, 0).await, []);
    assert!(office.credentials(office.tenant_id(), None, 10).await.is_empty());
    new.reverse();
    let shown_all = |list: &[Credential]| list.iter().map(shown).collect::<Vec<_>>();
    assert_eq!(shown_all(&office.credentials(tenant.id, None, 10).await), shown_all(&new));
}

pub(super) async fn a_rotation_keeps_the_secret_before_for_a_while(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let mut expected = office.create_credential(&tenant).await;
    let untouched = office.create_credential(&tenant).await;
    // The second time, the first secret is forgotten.
    for secret_hash in ["$second$", "$third$"] {
        let rotation = office.rotation_of(&expected, secret_hash);
        let before = std::mem::replace(&mut expected.secret_hash, secret_hash.to_owned());
        let expires_at = rotation.previous_expires_at;
        expected.previous = Some(PreviousSecret { secret_hash: before, expires_at });
        let answer = office.stores.credentials.credential_rotate(rotation).await.expect("it is rotated");
        assert_eq!(shown(&answer), shown(&expected));
        let found = office.credential(tenant.id, expected.id).await.expect("it is there");
        assert_eq!(shown(&found), shown(&expected));
    }
    let other = office.credential(tenant.id, untouched.id).await.expect("it is there");
    assert_eq!(shown(&other), shown(&untouched));
    let nobodys = office.new_credential(tenant.id);
    not_found(office.stores.credentials.credential_rotate(office.rotation_of(&nobodys, "new")).await);
}

pub(super) async fn a_deleted_credential_is_gone(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let (credential, stays) =
        (office.create_credential(&tenant).await, office.create_credential(&tenant).await);
    office.try_delete_credential(tenant.id, credential.id).await.expect("it is deleted");
    assert!(office.credential(tenant.id, credential.id).await.is_none());
    let left = office.credentials(tenant.id, None, 10).await;
    assert_eq!(left.iter().map(shown).collect::<Vec<_>>(), [shown(&stays)]);
    not_found(office.try_delete_credential(tenant.id, credential.id).await);
    let rotation = office.rotation_of(&credential, "new");
    not_found(office.stores.credentials.credential_rotate(rotation).await);
}

pub(super) async fn a_deleted_tenant_has_no_credentials(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let credential = office.create_credential(&tenant).await;
    office.delete(&tenant).await;
    let gone = async || {
        assert!(office.credential(tenant.id, credential.id).await.is_none());
        assert!(office.credentials(tenant.id, None, 10).await.is_empty());
        let rotation = office.rotation_of(&credential, "new");
        not_found(office.stores.credentials.credential_rotate(rotation).await);
        not_found(office.try_delete_credential(tenant.id, credential.id).await);
    };
    gone().await;
    office.purge().await;
    gone().await;
}

pub(super) async fn uses_are_noted_forwards_only(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let (tenant, other) = (office.register("a").await, office.register("b").await);
    let (one, two) = (office.create_credential(&tenant).await, office.create_credential(&other).await);
    let gone = office.new_credential(tenant.id);
    let records = office.records(tenant.id).await;
    let used = async |uses: &[(&Credential, Timestamp)]| {
        let uses = uses.iter().map(|(credential, at)| (credential.tenant, credential.id, *at)).collect();
        office.stores.credentials.credential_used(uses).await.expect("the store answers");
    };
    let last = async |credential: &Credential| {
        let found = office.credential(credential.tenant, credential.id).await.expect("it is there");
        let at = found.last_used_at;
        assert_eq!(
            shown(&Credential { last_used_at: None, ..found }),
            shown(credential),
            "nothing else changes"
        );
        at
    };
    let times: Vec<Timestamp> = (0..4).map(|_| office.now()).collect();
    used(&[]).await;
    // Those that are gone are left out, and the others are not.
    used(&[(&gone, times[0]), (&one, times[1]), (&two, times[2])]).await;
    assert_eq!((last(&one).await, last(&two).await), (Some(times[1]), Some(times[2])));
    used(&[(&one, times[0])]).await;
    assert_eq!(last(&one).await, Some(times[1]));
    // One credential may be named more than once.
    used(&[(&one, times[2]), (&one, times[3]), (&one, times[0]), (&two, times[1])]).await;
    assert_eq!((last(&one).await, last(&two).await), (Some(times[3]), Some(times[2])));
    assert_eq!(office.records(tenant.id).await, records);
}

pub(super) async fn writes_on_credentials_are_written_down(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let mut expected: Vec<AuditEvent> = office.records(tenant.id).await;
    let credential = office.new_credential(tenant.id);
    let target = || AuditTarget { resource_type: "credential".to_owned(), id: credential.id.to_string() };
    let audit = office.ticks.audit(AuditOperation::Create, &["label", "scopes"]);
    expected.push(audit.record(tenant.id, credential.created_at, target(), None, None));
    let created = office.stores.credentials.credential_create(credential.clone(), audit).await;
    created.expect("it is created");
    let rotation = office.rotation_of(&credential, "new");
    expected.push(rotation.audit.record(tenant.id, rotation.at, target(), None, None));
    office.stores.credentials.credential_rotate(rotation).await.expect("it is rotated");
    let (audit, at) = (office.ticks.audit(AuditOperation::Delete, &[]), office.now());
    expected.push(audit.record(tenant.id, at, target(), None, None));
    let deleted = office.stores.credentials.credential_delete(tenant.id, credential.id, at, audit).await;
    deleted.expect("it is deleted");
    // What is refused is not.
    not_found(office.try_delete_credential(tenant.id, credential.id).await);
    not_found(office.stores.credentials.credential_rotate(office.rotation_of(&credential, "newer")).await);
    assert_eq!(office.records(tenant.id).await, expected);
}

pub(super) async fn of_many_rotations_at_once_each_is_done(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let credential = office.create_credential(&tenant).await;
    let known = office.records(tenant.id).await.len();
    let mut steps = all_at_once(harness, |number, reports| {
        let (office, credential) = (Arc::clone(&office), credential.clone());
        Box::pin(async move {
            let rotation: RotateCredential = office.rotation_of(&credential, &number.to_string());
            let rotated = office.stores.credentials.credential_rotate(rotation).await.expect("it is rotated");
            assert_eq!(rotated.secret_hash, number.to_string());
            let previous = rotated.previous.expect("the secret before").secret_hash;
            report(&reports, (previous, rotated.secret_hash));
        })
    })
    .await;
    // Each took the place of another one: they make one chain from the first secret to the last.
    let mut secret = credential.secret_hash;
    while let Some(place) = steps.iter().position(|(before, _)| *before == secret) {
        secret = steps.swap_remove(place).1;
    }
    assert_eq!(steps, []);
    let now = office.credential(tenant.id, credential.id).await.expect("it is there");
    assert_eq!(now.secret_hash, secret);
    assert_eq!(office.records(tenant.id).await.len() - known, WRITERS);
}
