//! Statements to the server itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use crate::Error;
use crate::blocking::Blocking;

/// How long a connection may take to come.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that is kept.
#[derive(Debug)]
pub(crate) struct Administrator {
    connection: Arc<Connection>,
    blocking: Blocking,
}

impl Administrator {
    /// An administrator of the server at `url`, whose connection goes by `name`. Connects.
    ///
    /// # Errors
    /// When the URL is not understood or the server does not answer.
    pub(crate) fn connect(url: &str, name: &str) -> Result<Self, Error> {
        let mut config: Config = url.parse().map_err(|error| explain("the server's URL", &error))?;
        config.application_name(name).connect_timeout(CONNECT_TIMEOUT);
        let connection = Arc::new(Connection { config, client: Mutex::new(None) });
        let administrator = Self { connection, blocking: Blocking::start()? };
        administrator.run("SELECT 1")?;
        Ok(administrator)
    }

    /// Runs one statement and gives the first column of its rows, as text.
    ///
    /// # Errors
    /// When the server does not answer or refuses it.
    pub(crate) fn run(&self, statement: &str) -> Result<Vec<String>, Error> {
        let (connection, statement) = (Arc::clone(&self.connection), statement.to_owned());
        self.blocking.wait(async move { connection.run(&statement).await })
    }
}

#[derive(Debug)]
struct Connection {
    config: Config,
    client: Mutex<Option<Client>>,
}

impl Connection {
    async fn run(&self, statement: &str) -> Result<Vec<String>, Error> {
        let mut client = self.client.lock().await;
        if client.as_ref().is_some_and(Client::is_closed) {
            *client = None;
        }
        let client = match &mut *client {
            Some(client) => client,
            empty => empty.insert(connect(&self.config).await?),
        };
        let messages = client.simple_query(statement).await.map_err(|error| explain(statement, &error))?;
        let rows = messages.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some(row.get(0).unwrap_or_default().to_owned()),
            _ => None,
        });
        Ok(rows.collect())
    }
}

async fn connect(config: &Config) -> Result<Client, Error> {
    let result = config.connect(NoTls).await;
    let (client, connection) = result.map_err(|error| explain("cannot connect to PostgreSQL", &error))?;
    // How it ends is seen by the statement that needs it.
    tokio::spawn(async move { drop(connection.await) });
    Ok(client)
}

/// The client's own message is short; the reason is in its source.
fn explain(what: &str, error: &tokio_postgres::Error) -> Error {
    let reason = std::error::Error::source(error).map(|source| format!(": {source}")).unwrap_or_default();
    Error::because(what, format!("{error}{reason}"))
}
