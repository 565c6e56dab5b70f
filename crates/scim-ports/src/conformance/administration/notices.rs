//! Hearing of changes.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

use scim_domain::tenant::TenantConfig;

use crate::{ChangeListener, ChangeNotice, StoredSigningKey, UpdateTenant};

use super::AdministrationHarness;
use super::world::Office;

/// Remembers what it hears.
#[derive(Default)]
struct Listener {
    heard: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    notices: Vec<ChangeNotice>,
    is_connected: bool,
    waiting: Option<Waker>,
}

impl Listener {
    /// Subscribes, and waits until notices arrive.
    async fn subscribed(harness: &dyn AdministrationHarness, office: &Office) -> Arc<Self> {
        let listener = Arc::new(Self::default());
        office.stores.notices.subscribe(Arc::<Self>::clone(&listener));
        listener.wait(harness, |heard| heard.is_connected).await;
        listener
    }

    fn lock(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut Heard)) {
        let mut heard = self.lock();
        change(&mut heard);
        if let Some(waiting) = heard.waiting.take() {
            waiting.wake();
        }
    }

    /// Waits until it is so.
    async fn wait(&self, harness: &dyn AdministrationHarness, is_so: impl Fn(&Heard) -> bool + Send + Sync) {
        let wait = poll_fn(|context| {
            let mut heard = self.lock();
            if is_so(&heard) {
                return Poll::Ready(());
            }
            heard.waiting = Some(context.waker().clone());
            Poll::Pending
        });
        harness.in_time(Box::pin(wait)).await;
    }

    /// Waits for a notice and takes it out, with those that came before.
    async fn hears(&self, harness: &dyn AdministrationHarness, notice: ChangeNotice) -> Vec<ChangeNotice> {
        self.wait(harness, |heard| heard.notices.contains(&notice)).await;
        let notices = &mut self.lock().notices;
        let place = notices.iter().position(|heard| *heard == notice).map_or(0, |place| place + 1);
        notices.drain(..place).collect()
    }
}

impl ChangeListener for Listener {
    fn changed(&self, notice: ChangeNotice) {
        self.change(|heard| heard.notices.push(notice));
    }

    fn connected(&self, is_connected: bool) {
        self.change(|heard| heard.is_connected = is_connected);
    }
}

pub(super) async fn a_listener_hears_that_notices_arrive(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let first = Listener::subscribed(harness, &office).await;
    // One that comes later as well, and then both hear of what happens.
    let second = Listener::subscribed(harness, &office).await;
    let tenant = office.register("a").await;
    for listener in [&first, &second] {
        listener.hears(harness, ChangeNotice::Tenant(tenant.id)).await;
    }
}

pub(super) async fn writes_on_tenants_are_told(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let listener = Listener::subscribed(harness, &office).await;
    let tenant = office.register("a").await;
    let notice = ChangeNotice::Tenant(tenant.id);
    listener.hears(harness, notice).await;
    let changes: [fn(&mut UpdateTenant); 4] = [
        |update| update.active = Some(false),
        |update| update.slug = Some("b".to_owned()),
        |update| update.config = Some(TenantConfig { strict_mode: true, ..TenantConfig::default() }),
        |update| update.definitions = Some(scim_domain::schema::TenantDefinitions::rfc7643()),
    ];
    let mut record = tenant.clone();
    for change in changes {
        let mut update = office.update_of(&record);
        change(&mut update);
        record = office.update(update).await;
        listener.hears(harness, notice).await;
    }
    office.register("another").await;
    office.delete(&record).await;
    listener.hears(harness, notice).await;
}

pub(super) async fn writes_on_credentials_are_told(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let listener = Listener::subscribed(harness, &office).await;
    let credential = office.create_credential(&tenant).await;
    let notice = ChangeNotice::Credential(tenant.id, credential.id);
    listener.hears(harness, notice).await;
    let rotation = office.rotation_of(&credential, "new");
    office.stores.credentials.credential_rotate(rotation).await.expect("it is rotated");
    listener.hears(harness, notice).await;
    office.try_delete_credential(tenant.id, credential.id).await.expect("it is deleted");
    listener.hears(harness, notice).await;
}

pub(super) async fn a_new_signing_key_is_told(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let listener = Listener::subscribed(harness, &office).await;
    let mut newest: Option<String> = None;
    for id in ["first", "second"] {
        let key = StoredSigningKey {
            id: id.to_owned(),
            algorithm: "EdDSA".to_owned(),
            sealed: vec![1, 2, 3],
            public_jwk: "{}".to_owned(),
            created_at: office.now(),
            expires_at: office.now(),
        };
        let added = office.stores.signing_keys.signing_key_add(key, newest.as_deref()).await;
        assert!(added.expect("the store answers"));
        listener.hears(harness, ChangeNotice::SigningKeys).await;
        newest = Some(id.to_owned());
    }
}

pub(super) async fn the_use_of_a_credential_is_not_told(harness: &dyn AdministrationHarness) {
    let office = Office::new(harness).await;
    let tenant = office.register("a").await;
    let listener = Listener::subscribed(harness, &office).await;
    let credential = office.create_credential(&tenant).await;
    let notice = ChangeNotice::Credential(tenant.id, credential.id);
    listener.hears(harness, notice).await;
    let uses = vec![(tenant.id, credential.id, office.now())];
    office.stores.credentials.credential_used(uses).await.expect("the store answers");
    // What is told of a later change comes after what would have been told of the use.
    let later = office.register("later").await;
    let heard = listener.hears(harness, ChangeNotice::Tenant(later.id)).await;
    assert!(!heard.contains(&notice), "{heard:?}");
}
