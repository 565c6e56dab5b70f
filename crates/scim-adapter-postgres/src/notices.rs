//! Notices of changes, by `LISTEN` and `NOTIFY`.
//!
//! A transaction sends its notices by statements of their own, and PostgreSQL delivers them with its
//! commit, to every connection that listens. One connection of a process does, beside the pool: it
//! takes a direct one, since a pooler that hands connections from transaction to transaction loses notices.
//!
//! It is asked something every second. One that does not answer in time is given up, and all
//! subscribers are told, so that they do not trust what they remember while nothing arrives.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::select;
use parking_lot::Mutex;
use scim_domain::identifier::{CredentialId, TenantId};
use scim_ports::{ChangeListener, ChangeNotice, ChangeNotices};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_postgres::{AsyncMessage, Client};

use crate::connector::Connector;
use crate::settings::{ConnectionUrl, SettingsError};
use crate::sql::{Bind, Sql};

/// The channel of all notices.
const CHANNEL: &str = "scim_changes";
const LISTEN: &str = "LISTEN scim_changes";

/// Between two questions to the connection that listens.
const PROBE_INTERVAL: Duration = Duration::from_secs(1);

/// For how long a new connection is waited for.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// For how long an answer is waited for.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Between two attempts to connect: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The statement that sends a notice when its transaction commits. It stands alone: within a statement on
/// a distributed table it would be sent by the wrong node.
pub(crate) fn send(notice: ChangeNotice) -> Sql {
    Sql::global("SELECT pg_notify(").with(Bind::text(CHANNEL), ", ").with(Bind::text(payload(notice)), ")")
}

fn payload(notice: ChangeNotice) -> String {
    match notice {
        ChangeNotice::Tenant(tenant) => format!("tenant:{tenant}"),
        ChangeNotice::Credential(tenant, credential) => format!("credential:{tenant}:{credential}"),
        ChangeNotice::SigningKeys => "signing-keys".to_owned(),
    }
}

/// The notice that this is, exactly; `None` for anything else.
fn parse(payload: &str) -> Option<ChangeNotice> {
    let mut parts = payload.split(':');
    let notice = match (parts.next()?, parts.next(), parts.next()) {
        ("tenant", Some(tenant), None) => ChangeNotice::Tenant(TenantId::parse(tenant)?),
        ("credential", Some(tenant), Some(credential)) => {
            ChangeNotice::Credential(TenantId::parse(tenant)?, CredentialId::parse(credential)?)
        }
        ("signing-keys", None, None) => ChangeNotice::SigningKeys,
        _ => return None,
    };
    parts.next().is_none().then_some(notice)
}

/// The notices of everything that shares the database. The connection is closed with the last clone
/// of this and of the store.
#[derive(Clone)]
pub struct PostgresNotices {
    shared: Arc<Shared>,
}

/// What all clones share.
pub(crate) struct Shared {
    connector: Arc<Connector>,
    hub: Arc<Hub>,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Shared {
    /// Where to connect to; nothing is connected yet.
    pub(crate) fn new(url: &str) -> Result<Self, SettingsError> {
        let mut url = ConnectionUrl::parse(url)?;
        // So that one sees in pg_stat_activity which connection it is.
        let name = format!("{} notices", url.config.get_application_name().unwrap_or_default());
        url.config.application_name(name);
        let connector = Arc::new(Connector::new(url)?);
        Ok(Self { connector, hub: Arc::default(), task: Mutex::default() })
    }

    /// Starts to listen, where nobody has. MUST be called within a Tokio runtime.
    pub(crate) fn started(self: &Arc<Self>) -> PostgresNotices {
        let mut task = self.task.lock();
        if task.is_none() {
            let (connector, hub) = (Arc::clone(&self.connector), Arc::clone(&self.hub));
            *task = Some(tokio::spawn(listen_always(connector, hub)));
        }
        PostgresNotices { shared: Arc::clone(self) }
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        if let Some(task) = self.task.lock().take() {
            task.abort();
        }
    }
}

impl ChangeNotices for PostgresNotices {
    fn subscribe(&self, listener: Arc<dyn ChangeListener>) {
        let mut subscribers = self.shared.hub.subscribers.lock();
        listener.connected(subscribers.is_connected);
        subscribers.listeners.push(listener);
    }
}

/// Who is told.
#[derive(Default)]
struct Hub {
    subscribers: Mutex<Subscribers>,
}

#[derive(Default)]
struct Subscribers {
    listeners: Vec<Arc<dyn ChangeListener>>,
    is_connected: bool,
}

impl Hub {
    /// Answers what was true before. All of it is done under the lock, so that nobody hears of things in another order than they happened in.
    fn connected(&self, is_connected: bool) -> bool {
        let mut subscribers = self.subscribers.lock();
        let was_connected = std::mem::replace(&mut subscribers.is_connected, is_connected);
        if was_connected != is_connected {
            subscribers.listeners.iter().for_each(|listener| listener.connected(is_connected));
        }
        was_connected
    }

    fn changed(&self, payload: &str) {
        match parse(payload) {
            Some(notice) => {
                self.subscribers.lock().listeners.iter().for_each(|listener| listener.changed(notice));
            }
            // Of a later version, or of somebody who uses the channel for something else.
            None => tracing::debug!(payload, "a notice is not understood"),
        }
    }
}

/// Listens, over one connection after the other, until the task is aborted.
async fn listen_always(connector: Arc<Connector>, hub: Arc<Hub>) {
    let mut pause = FIRST_PAUSE;
    loop {
        let reason = listen(&connector, &hub).await;
        let was_connected = hub.connected(false);
        if was_connected {
            pause = FIRST_PAUSE;
        }
        if was_connected || pause == FIRST_PAUSE {
            tracing::warn!(reason, "notices of changes do not arrive");
        }
        sleep(pause).await;
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}

/// Listens over one connection; answers why it ended.
async fn listen(connector: &Connector, hub: &Hub) -> String {
    let (client, mut connection) = match timeout(CONNECT_TIMEOUT, connector.connect()).await {
        Ok(Ok(connected)) => connected,
        Ok(Err(error)) => return error.to_string(),
        Err(_elapsed) => return "the database does not answer".to_owned(),
    };
    let messages = async {
        loop {
            match poll_fn(|context| connection.poll_message(context)).await {
                Some(Ok(AsyncMessage::Notification(notice))) => hub.changed(notice.payload()),
                Some(Ok(_)) => {}
                Some(Err(error)) => return describe(&error),
                None => return "the connection was closed".to_owned(),
            }
        }
    };
    let questions = async {
        // It is the one channel that this connection listens to.
        if let Err(reason) = ask(&client, LISTEN).await {
            return reason;
        }
        tracing::debug!("notices of changes arrive");
        hub.connected(true);
        loop {
            sleep(PROBE_INTERVAL).await;
            if let Err(reason) = ask(&client, "SELECT 1").await {
                return reason;
            }
        }
    };
    select(pin!(messages), pin!(questions)).await.factor_first().0
}

async fn ask(client: &Client, question: &str) -> Result<(), String> {
    match timeout(PATIENCE, client.batch_execute(question)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(describe(&error)),
        Err(_elapsed) => Err("the connection does not answer any more".to_owned()),
    }
}

/// The error with what the database said, if it said anything.
fn describe(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => said.message().to_owned(),
        None => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_notice_is_read_as_it_is_sent() {
        let tenant = TenantId::new(Uuid::from_u128(1));
        let credential = CredentialId::new(Uuid::from_u128(2));
        for notice in [
            ChangeNotice::Tenant(tenant),
            ChangeNotice::Credential(tenant, credential),
            ChangeNotice::SigningKeys,
        ] {
            assert_eq!(parse(&payload(notice)), Some(notice));
        }
    }

    #[test]
    fn what_is_no_notice_of_ours_is_none() {
        let id = Uuid::from_u128(1).to_string();
        for payload in [
            "",
            "tenant",
            "tenant:",
            "tenant:1",
            "signing-keys:",
            "signing-keys:1",
            "SIGNING-KEYS",
            "other",
            &id,
            &format!("tenant:{id}:"),
            &format!("tenant:{id}:{id}"),
            &format!("tenant: {id}"),
            &format!("tenant:{}", Uuid::from_u128(171).to_string().to_uppercase()),
            &format!("credential:{id}"),
            &format!("credential:{id}:{id}:"),
        ] {
            assert_eq!(parse(payload), None, "{payload}");
        }
    }
}
