//! Migrations, forwards and backwards, and by several servers at once.

use std::sync::Arc;

use scim_adapter_postgres::PostgresStore;
use scim_domain::listing::Include;
use scim_ports::conformance::tenant;
use scim_ports::{RepositoryError, ResourceRepository, TenantRepository};

use crate::support::{
    block_on, create_tenant, create_users, database, delete_tenant, new_user, register, search, settings,
    update_to,
};

#[test]
fn migrations_go_up_down_and_up_again_with_data() {
    block_on(async {
        let database = database();
        let store = PostgresStore::open(&settings(database.url())).await.expect("the database is there");
        for _ in 0..2 {
            let pending = store.pending_migrations().await.expect("the database answers");
            let not_ready = store.resources().ping().await;
            assert!(matches!(not_ready, Err(RepositoryError::Unavailable(_))), "{not_ready:?}");
            assert_eq!(store.migrate().await.expect("they apply"), pending);
            assert!(store.migrate().await.expect("there is nothing to do").is_empty());
            store.resources().ping().await.expect("the store is ready");

            let tenant = tenant();
            register(&store, &[Arc::clone(&tenant)]).await;
            let users = create_users(&store, &tenant, ["a", "b"]).await;
            let (resources, user) = (store.resources(), &users[0]);
            let got = resources.resource_get(&tenant, &user.resource_type, user.id, Include::NOTHING);
            assert!(got.await.expect("the store answers").is_some());

            let deleted = create_tenant(&store).await;
            delete_tenant(&store, deleted).await;
            store.revert().await.expect("they are taken back");
            let got = resources.resource_get(&tenant, &user.resource_type, user.id, Include::NOTHING).await;
            is_unmigrated(got);
            is_unmigrated(resources.resource_search(&tenant, &search(&user.resource_type, "id pr")).await);
            let new = vec![new_user(&tenant, "c")];
            let created = resources.resource_create_all(&tenant, new, Include::NOTHING).await;
            is_unmigrated(created.map_err(|refused| refused.error));
            is_unmigrated(resources.resource_update(&tenant, update_to(user, "c"), Include::NOTHING).await);
            is_unmigrated(store.tenants().tenant_by_slug("nobody's").await);
        }
        assert!(!store.pending_migrations().await.expect("the database answers").is_empty());
    });
}

/// The tables are not there: later the same call may succeed.
#[track_caller]
fn is_unmigrated<T: std::fmt::Debug>(outcome: Result<T, RepositoryError>) {
    let Err(RepositoryError::Unavailable(why)) = outcome else { panic!("{outcome:?}") };
    assert!(why.to_string().starts_with("migrations are not applied"), "{why}");
}

#[test]
fn servers_that_start_at_once_all_come_up() {
    block_on(async {
        let database = database();
        let start = || async {
            let store = PostgresStore::open(&settings(database.url())).await.expect("the database is there");
            let applied = store.migrate().await.expect("the migrations apply");
            store.resources().ping().await.expect("the store is ready");
            applied
        };
        let (one, two, three) = tokio::join!(start(), start(), start());
        let applied = [one, two, three];
        assert_eq!(applied.iter().filter(|versions| !versions.is_empty()).count(), 1, "{applied:?}");
    });
}

#[test]
fn a_tenant_is_registered_once() {
    block_on(async {
        let store = crate::support::shared_store().await;
        let tenant = tenant();
        register(&store, &[Arc::clone(&tenant)]).await;
        let again = store.tenants().tenant_register(&tenant, "again", crate::support::at()).await;
        assert!(!again.expect("the store answers"), "it was there");
        let found = store.tenants().tenant_by_slug("\0").await.expect("the store answers");
        assert!(found.is_none());
    });
}
