//! The keys that sign tokens.

use std::sync::Arc;

use scim_domain::identifier::Timestamp;

use crate::StoredSigningKey;
use crate::conformance::races::{WRITERS, all_at_once, report};

use super::AdministrationHarness;
use super::world::Office;

fn key(office: &Office, id: &str) -> StoredSigningKey {
    let created_at = office.now();
    StoredSigningKey {
        id: id.to_owned(),
        algorithm: "EdDSA".to_owned(),
        sealed: format!("\0\u{ff}{id}").into_bytes(),
        public_jwk: format!("{{\"kty\": \"OKP\",\"kid\":\"{id}\"}}"),
        created_at,
        expires_at: Timestamp::new(created_at.date_time() + time::Duration::days(1)),
    }
}

async fn add(office: &Office, key: &StoredSigningKey, newest: Option<&str>) -> bool {
    office.stores.signing_keys.signing_key_add(key.clone(), newest).await.expect("the store answers")
}

async fn keys(office: &Office) -> Vec<StoredSigningKey> {
    office.stores.signing_keys.signing_keys().await.expect("the store answers")
}

pub(super) async fn keys_are_read_back_the_newest_first(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    assert_eq!(keys(&office).await, []);
    // Ids say nothing about the order.
    let (first, second, third) = (key(&office, "m"), key(&office, "z"), key(&office, "a"));
    assert!(add(&office, &first, None).await);
    assert!(add(&office, &second, Some("m")).await);
    assert!(add(&office, &third, Some("z")).await);
    assert_eq!(keys(&office).await, [third, second, first]);
}

pub(super) async fn a_key_is_added_after_the_one_that_is_the_newest(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let (first, second) = (key(&office, "first"), key(&office, "second"));
    assert!(!add(&office, &first, Some("unknown")).await);
    assert!(add(&office, &first, None).await);
    assert!(!add(&office, &second, None).await);
    assert!(!add(&office, &second, Some("FIRST")).await);
    assert_eq!(keys(&office).await, std::slice::from_ref(&first));
    assert!(add(&office, &second, Some("first")).await);
    assert!(!add(&office, &key(&office, "third"), Some("first")).await);
    assert_eq!(keys(&office).await, [second, first]);
}

pub(super) async fn of_many_keys_added_at_once_one_is(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let mut newest: Option<String> = None;
    // The first of all, and one in place of it.
    for round in 0..2 {
        let results = all_at_once(harness, |number, reports| {
            let (office, newest) = (Arc::clone(&office), newest.clone());
            Box::pin(async move {
                let key = key(&office, &format!("{round}-{number}"));
                let is_added = add(&office, &key, newest.as_deref()).await;
                report(&reports, is_added.then_some(key));
            })
        })
        .await;
        assert_eq!(results.len(), WRITERS);
        let won: Vec<StoredSigningKey> = results.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "{won:?}");
        let keys = keys(&office).await;
        assert_eq!((keys.len(), &keys[0]), (round + 1, &won[0]));
        newest = Some(won[0].id.clone());
    }
}

pub(super) async fn keys_that_expired_are_removed(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let (old, current) = (key(&office, "old"), key(&office, "current"));
    assert!(add(&office, &old, None).await);
    assert!(add(&office, &current, Some("old")).await);
    let prune = async |now: Timestamp| {
        office.stores.signing_keys.signing_keys_prune(now).await.expect("the store answers");
    };
    // One that expires at this very moment has not expired before it.
    for now in [old.created_at, old.expires_at] {
        prune(now).await;
        assert_eq!(keys(&office).await, [current.clone(), old.clone()]);
    }
    prune(Timestamp::new(old.expires_at.date_time() + time::Duration::microseconds(1))).await;
    assert_eq!(keys(&office).await, std::slice::from_ref(&current));
    prune(Timestamp::new(current.expires_at.date_time() + time::Duration::days(1))).await;
    assert_eq!(keys(&office).await, []);
    assert!(add(&office, &key(&office, "new"), None).await);
}
