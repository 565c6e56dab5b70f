//! The credentials of tenants.

use scim_domain::audit::AuditOperation;
use scim_domain::credential::{Credential, CredentialKind, PreviousSecret};
use scim_domain::identifier::{CredentialId, ResourceId, TenantId};
use scim_domain::scope::Scopes;
use scim_ports::{CredentialRepository, RepositoryError, RotateCredential};
use uuid::Uuid;

use crate::support::{
    at, audit_entry, block_on, create_tenant, credential, later, log, shared_store, store_credential,
};

fn rotation(credential: &Credential, secret_hash: &str, until: i64) -> RotateCredential {
    RotateCredential {
        tenant: credential.tenant,
        id: credential.id,
        secret_hash: secret_hash.to_owned(),
        previous_expires_at: later(until),
        at: later(1),
        audit: audit_entry(AuditOperation::Rotate),
    }
}

#[test]
fn a_credential_is_stored_rotated_and_removed() {
    block_on(async {
        let store = shared_store().await;
        let credentials = store.credentials();
        let tenant = create_tenant(&store).await;
        let whole = Credential {
            kind: CredentialKind::OauthClient,
            label: "a\0\u{1}é".to_owned(),
            scopes: Scopes::parse(["read:User", "bulk"]).expect("scopes"),
            subject: Some(ResourceId::new(Uuid::new_v4())),
            expires_at: Some(later(60)),
            last_used_at: Some(at()),
            previous: Some(PreviousSecret { secret_hash: "zeroth".to_owned(), expires_at: later(2) }),
            ..credential(tenant)
        };
        let get = async || credentials.credential_get(tenant, whole.id).await.expect("the store answers");
        store_credential(&store, &whole).await;
        assert!(get().await == Some(whole.clone()));

        let rotated =
            credentials.credential_rotate(rotation(&whole, "second", 30)).await.expect("it is there");
        let previous = Some(PreviousSecret { secret_hash: "first".to_owned(), expires_at: later(30) });
        assert!(rotated == Credential { secret_hash: "second".to_owned(), previous, ..whole.clone() });
        assert!(get().await == Some(rotated));
        let again = credentials.credential_rotate(rotation(&whole, "third", 40)).await.expect("it is there");
        assert_eq!(again.live_hashes(later(35)), ["third", "second"]);

        let other = create_tenant(&store).await;
        let delete = async |tenant| {
            credentials
                .credential_delete(tenant, whole.id, later(2), audit_entry(AuditOperation::Delete))
                .await
        };
        let foreign = credentials.credential_get(other, whole.id).await.expect("the store answers");
        assert!(foreign.is_none());
        assert!(matches!(delete(other).await, Err(RepositoryError::NotFound)));
        delete(tenant).await.expect("it is there");
        assert!(matches!(delete(tenant).await, Err(RepositoryError::NotFound)));
        assert!(get().await.is_none());
        let rotated = credentials.credential_rotate(rotation(&whole, "fourth", 50)).await;
        assert!(matches!(rotated, Err(RepositoryError::NotFound)));
        let id = whole.id;
        let expected = [
            format!("create tenant {tenant} ->1"),
            format!("create credential {id} ->-"),
            format!("rotate credential {id} ->-"),
            format!("rotate credential {id} ->-"),
            format!("delete credential {id} ->-"),
        ];
        assert_eq!(log(&store, tenant).await, expected);
    });
}

#[test]
fn a_credential_needs_a_tenant() {
    block_on(async {
        let store = shared_store().await;
        let nobody = TenantId::new(Uuid::new_v4());
        let audit = audit_entry(AuditOperation::Create);
        let created = store.credentials().credential_create(credential(nobody), audit).await;
        assert!(matches!(created, Err(RepositoryError::NotFound)));
        assert!(log(&store, nobody).await.is_empty());
    });
}

#[test]
fn credentials_are_listed_in_the_order_of_their_ids() {
    block_on(async {
        let store = shared_store().await;
        let tenant = create_tenant(&store).await;
        let mut ids = Vec::new();
        for _ in 0..4 {
            let credential = credential(tenant);
            store_credential(&store, &credential).await;
            ids.push(credential.id);
        }
        ids.sort();
        let list = async |after, limit| -> Vec<CredentialId> {
            let listed = store.credentials().credential_list(tenant, after, limit).await;
            listed.expect("the store answers").into_iter().map(|credential| credential.id).collect()
        };
        assert_eq!(list(None, 10).await, ids);
        assert_eq!(list(None, 3).await, ids[..3]);
        assert_eq!(list(Some(ids[2]), 3).await, ids[3..]);
        assert_eq!(list(Some(ids[3]), 3).await, []);
    });
}

#[test]
fn uses_are_noted_forwards_only_and_are_no_change() {
    block_on(async {
        let store = shared_store().await;
        let mut uses = Vec::new();
        // More tenants than are sent at a time.
        for _ in 0..20 {
            let credential = credential(create_tenant(&store).await);
            store_credential(&store, &credential).await;
            uses.push((credential.tenant, credential.id));
        }
        let unused = credential(uses[0].0);
        store_credential(&store, &unused).await;
        let note = async |minutes: &[i64]| {
            let all =
                minutes.iter().flat_map(|it| uses.iter().map(|(tenant, id)| (*tenant, *id, later(*it))));
            let gone = (uses[0].0, CredentialId::new(Uuid::new_v4()), at());
            let nowhere = (TenantId::new(Uuid::new_v4()), uses[0].1, at());
            let noted = store.credentials().credential_used(all.chain([gone, nowhere]).collect()).await;
            noted.expect("the store answers");
        };
        let last = async |tenant, id| {
            let found = store.credentials().credential_get(tenant, id).await.expect("the store answers");
            found.expect("it is there").last_used_at
        };
        for (minutes, expected) in [(vec![3], 3), (vec![1, 2], 3), (vec![4, 6, 5], 6)] {
            note(&minutes).await;
            for (tenant, id) in &uses {
                assert_eq!(last(*tenant, *id).await, Some(later(expected)));
            }
        }
        assert_eq!(last(unused.tenant, unused.id).await, None);
        assert_eq!(log(&store, uses[1].0).await.len(), 2);
        store.credentials().credential_used(Vec::new()).await.expect("there is nothing to do");
    });
}

/// Replicas note the same credentials at the same time, in whatever order.
#[test]
fn uses_noted_at_once_do_not_stand_in_each_others_way() {
    block_on(async {
        let store = shared_store().await;
        let tenant = create_tenant(&store).await;
        let mut ids = Vec::new();
        for _ in 0..30 {
            let credential = credential(tenant);
            store_credential(&store, &credential).await;
            ids.push(credential.id);
        }
        let tasks: Vec<_> = (1..=8)
            .map(|minute| {
                let credentials = store.credentials();
                let uses = ids.iter().map(|id| (tenant, *id, later(minute))).collect();
                tokio::spawn(async move { credentials.credential_used(uses).await })
            })
            .collect();
        for task in tasks {
            task.await.expect("it ends well").expect("the store answers");
        }
        let all = store.credentials().credential_list(tenant, None, 100).await.expect("the store answers");
        assert!(all.iter().all(|credential| credential.last_used_at == Some(later(8))));
    });
}
