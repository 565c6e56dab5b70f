//! Notices of changes, from one store to another.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use scim_adapter_postgres::PostgresStore;
use scim_domain::audit::AuditOperation;
use scim_domain::identifier::{TenantId, Version};
use scim_ports::{
    ChangeListener, ChangeNotice, ChangeNotices, CredentialRepository, RotateCredential,
    SigningKeyRepository, StoredSigningKey, TenantRegistry,
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::support::{
    at, audit_entry, block_on, connect, create_tenant, credential, delete_tenant, later, own_store, settings,
    shared_store, store_credential, tenant_update,
};

#[derive(Debug, PartialEq)]
enum Heard {
    Connected(bool),
    Changed(ChangeNotice),
}

/// Writes down what it hears.
struct Ear(UnboundedSender<Heard>);

impl ChangeListener for Ear {
    fn changed(&self, notice: ChangeNotice) {
        let _nobody_listens = self.0.send(Heard::Changed(notice));
    }

    fn connected(&self, is_connected: bool) {
        let _nobody_listens = self.0.send(Heard::Connected(is_connected));
    }
}

/// What one subscriber hears.
struct Hearing(UnboundedReceiver<Heard>);

impl Hearing {
    /// A new subscriber.
    fn of(store: &PostgresStore) -> Self {
        let (sender, receiver) = unbounded_channel();
        store.notices().subscribe(Arc::new(Ear(sender)));
        Self(receiver)
    }

    /// What comes next; `None` where nothing ever will.
    async fn next(&mut self) -> Option<Heard> {
        tokio::time::timeout(Duration::from_secs(20), self.0.recv())
            .await
            .expect("something is heard in time")
    }

    async fn expect(&mut self, expected: Heard) {
        assert_eq!(self.next().await, Some(expected));
    }

    async fn expect_changed(&mut self, notice: ChangeNotice) {
        self.expect(Heard::Changed(notice)).await;
    }

    async fn until_connected(&mut self) {
        while self.next().await.expect("somebody tells") != Heard::Connected(true) {}
    }
}

async fn change(store: &PostgresStore, id: TenantId, version: u64) {
    let update = tenant_update(id, Version::new(version));
    store.tenants().tenant_update(update).await.expect("it is changed");
}

#[test]
fn every_change_in_one_store_is_heard_of_in_another() {
    block_on(async {
        let (here, database) = own_store().await;
        let there = PostgresStore::open(&settings(database.url())).await.expect("the database is there");
        let mut hearing = Hearing::of(&there);
        hearing.until_connected().await;

        let id = create_tenant(&here).await;
        hearing.expect_changed(ChangeNotice::Tenant(id)).await;
        change(&here, id, 1).await;
        hearing.expect_changed(ChangeNotice::Tenant(id)).await;

        let credential = credential(id);
        store_credential(&here, &credential).await;
        let of_credential = ChangeNotice::Credential(id, credential.id);
        hearing.expect_changed(of_credential).await;
        let used = vec![(id, credential.id, at())];
        here.credentials().credential_used(used).await.expect("it is noted, which is no change");
        let rotation = RotateCredential {
            tenant: id,
            id: credential.id,
            secret_hash: "second".to_owned(),
            previous_expires_at: at(),
            at: at(),
            audit: audit_entry(AuditOperation::Rotate),
        };
        here.credentials().credential_rotate(rotation).await.expect("it is rotated");
        hearing.expect_changed(of_credential).await;
        let audit = audit_entry(AuditOperation::Delete);
        let deleted = here.credentials().credential_delete(id, credential.id, at(), audit).await;
        deleted.expect("it is removed");
        hearing.expect_changed(of_credential).await;

        let key = |id: &str| StoredSigningKey {
            id: id.to_owned(),
            algorithm: "EdDSA".to_owned(),
            sealed: Vec::new(),
            public_jwk: "{}".to_owned(),
            created_at: at(),
            expires_at: later(1),
        };
        assert!(here.signing_keys().signing_key_add(key("a"), None).await.expect("the store answers"));
        hearing.expect_changed(ChangeNotice::SigningKeys).await;
        assert!(!here.signing_keys().signing_key_add(key("b"), None).await.expect("the store answers"));

        // What was refused or is not understood is not heard of.
        let refused = here.tenants().tenant_update(tenant_update(id, Version::FIRST)).await;
        assert!(refused.is_err());
        let client = connect(database.url()).await;
        let nonsense = "SELECT pg_notify('scim_changes', 'nonsense'), pg_notify('other', 'signing-keys')";
        client.batch_execute(nonsense).await.expect("they are sent");
        delete_tenant(&here, id).await;
        hearing.expect_changed(ChangeNotice::Tenant(id)).await;
    });
}

#[test]
fn a_subscriber_is_told_at_once_whether_notices_arrive() {
    block_on(async {
        let store = shared_store().await;
        let mut first = Hearing::of(&store);
        first.until_connected().await;
        let mut second = Hearing::of(&store);
        second.expect(Heard::Connected(true)).await;
        let id = create_tenant(&store).await;
        for hearing in [&mut first, &mut second] {
            // Other tests write to the same database.
            while hearing.next().await != Some(Heard::Changed(ChangeNotice::Tenant(id))) {}
        }
    });
}

#[test]
fn a_connection_that_is_cut_is_noticed_and_made_again() {
    block_on(async {
        let (store, database) = own_store().await;
        let mut hearing = Hearing::of(&store);
        hearing.until_connected().await;
        let id = create_tenant(&store).await;
        hearing.expect_changed(ChangeNotice::Tenant(id)).await;
        let client = connect(database.url()).await;
        for version in 1..3 {
            let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
                WHERE datname = current_database() AND application_name LIKE '% notices'";
            assert_eq!(client.query(cut, &[]).await.expect("it is cut").len(), 1);
            hearing.expect(Heard::Connected(false)).await;
            hearing.expect(Heard::Connected(true)).await;
            change(&store, id, version).await;
            hearing.expect_changed(ChangeNotice::Tenant(id)).await;
        }
    });
}

/// A way to the database that can be made to swallow everything without a sound.
struct Tunnel {
    port: u16,
    is_silent: Arc<AtomicBool>,
}

impl Tunnel {
    fn to(host: String, port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let own_port = listener.local_addr().expect("an address").port();
        let is_silent = Arc::new(AtomicBool::new(false));
        let silent = Arc::clone(&is_silent);
        std::thread::spawn(move || {
            for near in listener.incoming() {
                let near = near.expect("a connection");
                let far = TcpStream::connect((host.as_str(), port)).expect("the database is there");
                let (near_too, far_too) =
                    (near.try_clone().expect("a handle"), far.try_clone().expect("a handle"));
                pass_on(near, far_too, Arc::clone(&silent));
                pass_on(far, near_too, Arc::clone(&silent));
            }
        });
        Self { port: own_port, is_silent }
    }
}

fn pass_on(mut from: TcpStream, mut to: TcpStream, is_silent: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            match from.read(&mut buffer) {
                Ok(0) | Err(_) => return drop(to.shutdown(std::net::Shutdown::Both)),
                Ok(_) if is_silent.load(Ordering::Acquire) => {}
                Ok(count) => {
                    if to.write_all(&buffer[..count]).is_err() {
                        return;
                    }
                }
            }
        }
    });
}

#[test]
fn a_connection_that_falls_silent_is_noticed_within_seconds() {
    block_on(async {
        let (store, database) = own_store().await;
        let config: Config = database.url().parse().expect("a URL");
        let Some(Host::Tcp(host)) = config.get_hosts().first() else { panic!("a host: {config:?}") };
        let port = *config.get_ports().first().expect("a port");
        let tunnel = Tunnel::to(host.clone(), port);
        let near = database.url().replace(&format!("{host}:{port}"), &format!("127.0.0.1:{}", tunnel.port));
        assert_ne!(near, database.url());
        let distant = PostgresStore::open(&settings(&near)).await.expect("the database is there");
        let mut hearing = Hearing::of(&distant);
        hearing.until_connected().await;
        tunnel.is_silent.store(true, Ordering::Release);
        let silent_since = Instant::now();
        hearing.expect(Heard::Connected(false)).await;
        assert!(silent_since.elapsed() < Duration::from_secs(6), "{:?}", silent_since.elapsed());
        tunnel.is_silent.store(false, Ordering::Release);
        hearing.expect(Heard::Connected(true)).await;
        let id = create_tenant(&store).await;
        hearing.expect_changed(ChangeNotice::Tenant(id)).await;
    });
}

#[test]
fn listening_ends_with_the_store() {
    block_on(async {
        let (store, _database) = own_store().await;
        let mut hearing = Hearing::of(&store);
        hearing.until_connected().await;
        let handle = store.notices();
        drop(store);
        let mut other = {
            let (sender, receiver) = unbounded_channel();
            handle.subscribe(Arc::new(Ear(sender)));
            Hearing(receiver)
        };
        other.expect(Heard::Connected(true)).await;
        drop(handle);
        assert_eq!(hearing.next().await, None);
        assert_eq!(other.next().await, None);
    });
}
