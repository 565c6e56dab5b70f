//! The registry of tenants.

use std::sync::Arc;

use scim_domain::audit::{AuditOperation, AuditTarget};
use scim_domain::identifier::{TenantId, Version};
use scim_domain::schema::TenantDefinitions;
use scim_domain::tenant::TenantConfig;
use scim_ports::{
    CredentialRepository, NewTenant, RepositoryError, RotateCredential, Statistics, TenantRegistry,
    TenantRepository, UpdateTenant,
};
use serde_json::json;
use uuid::Uuid;

use crate::support::{
    at, audit_entry, block_on, connect, create_tenant, create_users, credential, delete_tenant, later, log,
    new_tenant, own_store, shared_store, store_credential, tenant_update,
};

fn unique_slug() -> String {
    format!("t-{}", Uuid::new_v4())
}

#[track_caller]
fn is_taken<T: std::fmt::Debug>(outcome: Result<T, RepositoryError>) {
    let is_slug = |error: &RepositoryError| matches!(error, RepositoryError::Uniqueness { attribute } if attribute == "slug");
    assert!(outcome.as_ref().is_err_and(is_slug), "{outcome:?}");
}

#[track_caller]
fn is_not_found<T: std::fmt::Debug>(outcome: Result<T, RepositoryError>) {
    assert!(matches!(outcome, Err(RepositoryError::NotFound)), "{outcome:?}");
}

#[test]
fn a_tenant_is_created_and_changed() {
    block_on(async {
        let store = shared_store().await;
        let tenants = store.tenants();
        let mut new = new_tenant(&unique_slug());
        new.record.display_name = "A\0\u{1}b".to_owned();
        new.record.preset = "okta".to_owned();
        // A set of keys is kept as it comes.
        let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "AA", "kid": "a\0b", "c\0": {"\u{1}": ["\0"]}});
        let issuer = json!({"issuer": "https://idp", "audiences": ["scim"], "jwks": {"keys": [key]}});
        new.record.config = TenantConfig::from_json(&json!({"trustedIssuers": [issuer]})).expect("a config");
        let expected = new.record.clone();
        let id = expected.id;
        tenants.tenant_create(new).await.expect("it is created");
        assert_eq!(tenants.tenant_record(id).await.expect("the store answers"), Some(expected.clone()));

        let config = TenantConfig { strict_mode: true, ..expected.config.clone() };
        let slug = unique_slug();
        let update = UpdateTenant {
            slug: Some(slug.clone()),
            active: Some(false),
            config: Some(config.clone()),
            ..tenant_update(id, Version::FIRST)
        };
        let updated = tenants.tenant_update(update).await.expect("it is changed");
        assert_eq!(
            (updated.version, updated.updated_at, updated.created_at, &updated.slug, updated.active),
            (Version::new(2), later(1), at(), &slug, false)
        );
        assert_eq!((&updated.config, &updated.display_name), (&config, &expected.display_name));
        assert_eq!(tenants.tenant_record(id).await.expect("the store answers"), Some(updated));
        let found = tenants.tenant_by_slug(&slug).await.expect("the store answers").expect("it is there");
        assert_eq!((found.id, found.active, &*found.config), (id, false, &config));
        assert!(tenants.tenant_by_slug(&expected.slug).await.expect("the store answers").is_none());

        let target = AuditTarget { resource_type: "schema".to_owned(), id: "urn:x".to_owned() };
        let update = UpdateTenant {
            display_name: Some("B".to_owned()),
            audit_target: Some(target),
            ..tenant_update(id, Version::new(2))
        };
        assert_eq!(tenants.tenant_update(update).await.expect("it is changed").display_name, "B");
        let expected = [
            format!("create tenant {id} ->1"),
            format!("modify tenant {id} 1>2"),
            "modify schema urn:x 2>3".to_owned(),
        ];
        assert_eq!(log(&store, id).await, expected);
    });
}

#[test]
fn refusals_have_their_order_and_write_nothing() {
    block_on(async {
        let store = shared_store().await;
        let tenants = store.tenants();
        let (first, second) = (create_tenant(&store).await, create_tenant(&store).await);
        let taken = tenants.tenant_record(first).await.expect("the store answers").expect("it is there").slug;
        let before = tenants.tenant_record(second).await.expect("the store answers");
        let to_taken = |id, version| UpdateTenant { slug: Some(taken.clone()), ..tenant_update(id, version) };

        is_not_found(tenants.tenant_update(to_taken(TenantId::new(Uuid::new_v4()), Version::FIRST)).await);
        let conflict = tenants.tenant_update(to_taken(second, Version::new(7))).await;
        assert!(
            matches!(conflict, Err(RepositoryError::VersionConflict { current }) if current == Version::FIRST),
            "{conflict:?}"
        );
        is_taken(tenants.tenant_update(to_taken(second, Version::FIRST)).await);
        is_taken(tenants.tenant_create(new_tenant(&taken)).await);
        let mut same_id = new_tenant(&unique_slug());
        same_id.record.id = second;
        same_id.definitions.resource_types.clear();
        is_taken(tenants.tenant_create(same_id).await);

        assert_eq!(tenants.tenant_record(second).await.expect("the store answers"), before);
        assert_eq!(log(&store, second).await, [format!("create tenant {second} ->1")]);
        // Its own slug is not another's.
        let slug = before.expect("it is there").slug;
        let same = UpdateTenant { slug: Some(slug), ..tenant_update(second, Version::FIRST) };
        assert_eq!(tenants.tenant_update(same).await.expect("it is changed").version, Version::new(2));
    });
}

#[test]
fn of_many_that_want_one_slug_or_one_version_one_succeeds() {
    block_on(async {
        let store = shared_store().await;
        let slug = unique_slug();
        let race = |attempts: Vec<NewTenant>| {
            let tenants = store.tenants();
            attempts.into_iter().map(move |new| {
                let tenants = tenants.clone();
                tokio::spawn(async move { tenants.tenant_create(new).await })
            })
        };
        let mut created = 0;
        for task in race((0..8).map(|_| new_tenant(&slug)).collect()).collect::<Vec<_>>() {
            match task.await.expect("it ends well") {
                Ok(()) => created += 1,
                refused => is_taken(refused),
            }
        }
        assert_eq!(created, 1);

        let id =
            store.tenants().tenant_by_slug(&slug).await.expect("the store answers").expect("it is there").id;
        let updates: Vec<_> = (0..8)
            .map(|_| {
                let tenants = store.tenants();
                tokio::spawn(async move { tenants.tenant_update(tenant_update(id, Version::FIRST)).await })
            })
            .collect();
        let mut updated = 0;
        for task in updates {
            match task.await.expect("it ends well") {
                Ok(_) => updated += 1,
                Err(error) => assert!(matches!(error, RepositoryError::VersionConflict { .. }), "{error:?}"),
            }
        }
        assert_eq!(updated, 1);
        assert_eq!(log(&store, id).await.len(), 2);
    });
}

#[test]
fn definitions_are_replaced_as_a_whole_and_shared_while_they_are_equal() {
    block_on(async {
        let store = shared_store().await;
        let tenants = store.tenants();
        let (one, other) = (create_tenant(&store).await, create_tenant(&store).await);
        let schema_of = async |id: TenantId| {
            let found = store.tenants().tenant_by_id(id).await.expect("the store answers");
            Arc::clone(&found.expect("it is there").schema)
        };
        let schema = schema_of(one).await;
        assert!(Arc::ptr_eq(&schema, &schema_of(other).await));

        let mut definitions = TenantDefinitions::rfc7643();
        definitions.resource_types.retain(|it| it.name != "Group");
        definitions.resource_types[0].name = "Person".to_owned();
        let update =
            UpdateTenant { definitions: Some(definitions.clone()), ..tenant_update(one, Version::FIRST) };
        tenants.tenant_update(update).await.expect("it is changed");
        let changed = schema_of(one).await;
        let names: Vec<&str> = changed.resource_types().iter().map(|it| it.name()).collect();
        assert_eq!((names, changed.schemas().len()), (vec!["Person"], definitions.schemas.len()));
        assert!(Arc::ptr_eq(&schema, &schema_of(other).await));
        // What is not mentioned stays.
        tenants.tenant_update(tenant_update(one, Version::new(2))).await.expect("it is changed");
        assert!(Arc::ptr_eq(&changed, &schema_of(one).await));
    });
}

#[test]
fn tenants_are_listed_in_the_order_of_their_ids() {
    block_on(async {
        let (store, _database) = own_store().await;
        let mut ids = Vec::new();
        for _ in 0..5 {
            ids.push(create_tenant(&store).await);
        }
        delete_tenant(&store, ids.remove(2)).await;
        ids.sort();
        let list = async |after, limit| -> Vec<TenantId> {
            let listed = store.tenants().tenant_list(after, limit).await.expect("the store answers");
            listed.into_iter().map(|record| record.id).collect()
        };
        assert_eq!(list(None, 10).await, ids);
        assert_eq!(list(None, 2).await, ids[..2]);
        assert_eq!(list(Some(ids[1]), 2).await, ids[2..]);
        assert_eq!(list(Some(ids[3]), 2).await, []);
        assert_eq!(list(None, 0).await, []);
    });
}

#[test]
fn a_deleted_tenant_is_gone_but_for_its_log_and_its_slug_is_free() {
    block_on(async {
        let store = shared_store().await;
        let (tenants, credentials) = (store.tenants(), store.credentials());
        let new = new_tenant(&unique_slug());
        let (id, slug) = (new.record.id, new.record.slug.clone());
        tenants.tenant_create(new).await.expect("it is created");
        let credential = credential(id);
        store_credential(&store, &credential).await;
        delete_tenant(&store, id).await;

        assert!(tenants.tenant_by_id(id).await.expect("the store answers").is_none());
        for name in [&slug, &format!("/{id}")] {
            assert!(tenants.tenant_by_slug(name).await.expect("the store answers").is_none(), "{name}");
        }
        assert!(tenants.tenant_record(id).await.expect("the store answers").is_none());
        assert_eq!(tenants.tenant_statistics(id).await.expect("the store answers"), Statistics::default());
        is_not_found(tenants.tenant_update(tenant_update(id, Version::new(2))).await);
        let audit = audit_entry(AuditOperation::Delete);
        is_not_found(tenants.tenant_delete(id, Version::new(2), later(10), audit).await);
        assert!(credentials.credential_get(id, credential.id).await.expect("the store answers").is_none());
        assert!(credentials.credential_list(id, None, 10).await.expect("the store answers").is_empty());
        let audit = || audit_entry(AuditOperation::Create);
        is_not_found(credentials.credential_create(crate::support::credential(id), audit()).await);
        is_not_found(credentials.credential_delete(id, credential.id, at(), audit()).await);
        let rotation = RotateCredential {
            tenant: id,
            id: credential.id,
            secret_hash: "second".to_owned(),
            previous_expires_at: at(),
            at: at(),
            audit: audit(),
        };
        is_not_found(credentials.credential_rotate(rotation).await);

        let again = new_tenant(&slug);
        let new_id = again.record.id;
        tenants.tenant_create(again).await.expect("the slug is free");
        let found = tenants.tenant_by_slug(&slug).await.expect("the store answers").expect("it is there");
        assert_eq!(found.id, new_id);
        let lines = log(&store, id).await;
        assert_eq!(lines.last(), Some(&format!("delete tenant {id} 1>-")));
        assert_eq!(lines.len(), 3);
    });
}

/// Every key of a table begins with its tenant, so no row can name rows of two.
#[test]
fn the_database_refuses_rows_that_join_two_tenants() {
    block_on(async {
        let (store, database) = own_store().await;
        let mut users = Vec::new();
        for _ in 0..2 {
            let tenant = store.tenants().tenant_by_id(create_tenant(&store).await).await;
            let tenant = tenant.expect("the store answers").expect("it is there");
            for user in create_users(&store, &tenant, ["a", "b"]).await {
                users.push((tenant.id, user.id));
            }
        }
        let [(ours, one), (_, two), (theirs, three), (_, four)] = users[..] else { panic!("{users:?}") };
        let client = connect(database.url()).await;
        let member = |tenant, group, member| {
            format!("INSERT INTO resource_member VALUES ('{tenant}', '{group}', '{member}')")
        };
        let value = |tenant, id| {
            format!("INSERT INTO resource_unique_value VALUES ('{tenant}', 'User', 'other', 'x', '{id}')")
        };
        for statement in [member(ours, one, two), member(theirs, three, four), value(ours, one)] {
            client.batch_execute(&statement).await.expect("rows of one tenant");
        }
        for (statement, constraint) in [
            (member(ours, one, three), "resource_member_member_fk"),
            (member(ours, three, one), "resource_member_group_fk"),
            (member(theirs, one, four), "resource_member_group_fk"),
            (member(ours, three, four), "resource_member_group_fk"),
            (value(theirs, one), "resource_unique_value_resource_fk"),
            (
                format!("UPDATE resource_member SET member_id = '{three}' WHERE tenant_id = '{ours}'"),
                "resource_member_member_fk",
            ),
            (
                format!("UPDATE resource_member SET tenant_id = '{theirs}' WHERE tenant_id = '{ours}'"),
                "resource_member_group_fk",
            ),
            (
                format!("UPDATE scim_resource SET tenant_id = '{theirs}' WHERE id = '{two}'"),
                "resource_unique_value_resource_fk",
            ),
        ] {
            let refused = client.batch_execute(&statement).await.expect_err(&statement);
            let refused = refused.as_db_error().expect("the database says why");
            assert_eq!(refused.code().code(), "23503", "{statement}");
            assert_eq!(refused.constraint(), Some(constraint), "{statement}");
        }
        // What is added to the tables later keeps to it: a key that names rows of a tenant's has the tenant in it.
        let loose = "SELECT c.conname::text FROM pg_constraint c \
            JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attname = 'tenant_id' \
            WHERE c.contype = 'f' AND NOT a.attnum = ANY (c.confkey)";
        let loose: Vec<String> =
            client.query(loose, &[]).await.expect("rows").iter().map(|row| row.get(0)).collect();
        assert!(loose.is_empty(), "{loose:?}");
    });
}
