//! The keys that sign tokens.

use scim_adapter_postgres::PostgresStore;
use scim_ports::{SigningKeyRepository, StoredSigningKey};

use crate::support::{block_on, later, own_store};

fn key(id: &str, minute: i64) -> StoredSigningKey {
    StoredSigningKey {
        id: id.to_owned(),
        algorithm: "EdDSA".to_owned(),
        sealed: vec![0, 1, 255],
        public_jwk: "{}".to_owned(),
        created_at: later(minute),
        expires_at: later(minute + 10),
    }
}

async fn ids(store: &PostgresStore) -> Vec<String> {
    let keys = store.signing_keys().signing_keys().await.expect("the store answers");
    keys.into_iter().map(|key| key.id).collect()
}

#[test]
fn keys_are_added_after_the_newest_and_removed_when_they_have_expired() {
    block_on(async {
        let (store, _database) = own_store().await;
        let keys = store.signing_keys();
        let add = async |key, newest| keys.signing_key_add(key, newest).await.expect("the store answers");
        assert!(!add(key("a", 0), Some("x")).await, "there is no x");
        assert!(add(key("a", 0), None).await);
        assert!(!add(key("b", 5), None).await, "there is one");
        assert!(add(key("b", 5), Some("a")).await);
        assert!(!add(key("c", 6), Some("a")).await, "b is newer");
        assert!(!add(key("a", 6), Some("b")).await, "there is an a");
        assert_eq!(keys.signing_keys().await.expect("the store answers"), [key("b", 5), key("a", 0)]);
        keys.signing_keys_prune(later(10)).await.expect("the store answers");
        assert_eq!(ids(&store).await, ["b", "a"], "it expires now, not before");
        keys.signing_keys_prune(later(11)).await.expect("the store answers");
        assert_eq!(ids(&store).await, ["b"]);
    });
}

#[test]
fn of_replicas_that_rotate_at_once_one_succeeds() {
    block_on(async {
        let (store, _database) = own_store().await;
        let mut newest: Option<String> = None;
        for round in 0..3 {
            let tasks: Vec<_> = (0..8)
                .map(|replica| {
                    let (keys, newest) = (store.signing_keys(), newest.clone());
                    let key = key(&format!("{round}-{replica}"), round);
                    tokio::spawn(async move { keys.signing_key_add(key, newest.as_deref()).await })
                })
                .collect();
            let mut added = 0;
            for task in tasks {
                added += usize::from(task.await.expect("it ends well").expect("the store answers"));
            }
            assert_eq!(added, 1);
            newest = ids(&store).await.into_iter().next();
        }
        assert_eq!(ids(&store).await.len(), 3);
    });
}
