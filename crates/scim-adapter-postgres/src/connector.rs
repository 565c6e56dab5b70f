//! Opening a connection as `sslmode` asks, and saying so where it fails.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::{CancelToken, Client, Config, Connection, Error, Socket};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::settings::{ConnectionUrl, SettingsError, SslMode};
use crate::tls;

/// What reads and writes for a client; to be run beside it.
pub(crate) type Driver = Connection<Socket, <MakeRustlsConnect as MakeTlsConnect<Socket>>::Stream>;

/// Opens connections to one database.
pub(crate) struct Connector {
    config: Config,
    tls: MakeRustlsConnect,
    asked: Asked,
}

/// What the URL says about TLS.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    mode: SslMode,
    root_cert: Option<String>,
}

/// How long asking the database to cancel something may take. It ends by itself where that comes to nothing: by
/// `statement_timeout`.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// Cancels what the database does for one connection.
pub(crate) struct Cancel {
    token: CancelToken,
    tls: MakeRustlsConnect,
    runtime: Handle,
}

impl Cancel {
    /// Asks for it, over a connection of its own, and does not wait.
    pub(crate) fn send(self) {
        let Self { token, tls, runtime } = self;
        runtime.spawn(async move {
            match timeout(CANCEL_TIMEOUT, token.cancel_query(tls)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "a statement could not be cancelled"),
                Err(_elapsed) => tracing::debug!("a statement could not be cancelled in time"),
            }
        });
    }
}

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoConnection {
    /// The database cannot be reached.
    #[error("no connection to the database: {}", reason(.0))]
    Unreachable(Error),
    /// The two do not agree on TLS, or the certificate is not one to trust.
    #[error("no TLS with the database ({asked}): {}", reason(.error))]
    Tls {
        /// What was asked for.
        asked: Asked,
        /// Why there is none.
        error: Error,
    },
    /// The database turns it down.
    #[error("the database turns the connection down ({asked}): {}", reason(.error))]
    Refused {
        /// Whether it came with TLS may be the reason.
        asked: Asked,
        /// In the words of the database.
        error: Error,
    },
}

impl Connector {
    pub(crate) fn new(url: ConnectionUrl) -> Result<Self, SettingsError> {
        let tls = tls::connector(&url)?;
        Ok(Self {
            tls,
            asked: Asked { mode: url.ssl_mode, root_cert: url.ssl_root_cert },
            config: url.config,
        })
    }

    /// What cancels the statements of a client. MUST be called within the runtime that carries its connection.
    pub(crate) fn cancel(&self, client: &Client) -> Cancel {
        Cancel { token: client.cancel_token(), tls: self.tls.clone(), runtime: Handle::current() }
    }

    /// Opens a connection. With `prefer`, one without TLS where the one with it comes to nothing.
    pub(crate) async fn connect(&self) -> Result<(Client, Driver), NoConnection> {
        let error = match self.config.connect(self.tls.clone()).await {
            Ok(connected) => return Ok(connected),
            Err(error) => error,
        };
        if self.asked.mode == SslMode::Prefer && (is_of_tls(&error) || is_refusal(&error)) {
            let mut plain = self.config.clone();
            plain.ssl_mode(tokio_postgres::config::SslMode::Disable);
            // Where this comes to nothing as well, the reason is the first.
            if let Ok(connected) = plain.connect(self.tls.clone()).await {
                return Ok(connected);
            }
        }
        let asked = self.asked.clone();
        Err(match error {
            error if is_of_tls(&error) => NoConnection::Tls { asked, error },
            error if is_refusal(&error) => NoConnection::Refused { asked, error },
            error => NoConnection::Unreachable(error),
        })
    }
}

/// Whether the handshake failed. The driver tells by its words alone.
fn is_of_tls(error: &Error) -> bool {
    error.to_string().contains("TLS handshake")
}

/// Whether the database does not let this role in, from here, in this way, with this password.
fn is_refusal(error: &Error) -> bool {
    let refusals = [SqlState::INVALID_AUTHORIZATION_SPECIFICATION, SqlState::INVALID_PASSWORD];
    error.code().is_some_and(|code| refusals.contains(code))
}

/// The driver's own message is short; the reason is in its source.
fn reason(error: &Error) -> String {
    match error.source() {
        Some(source) => source.to_string(),
        None => error.to_string(),
    }
}

impl fmt::Display for Asked {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "sslmode={}", self.mode.name())?;
        match &self.root_cert {
            Some(path) => write!(formatter, ", sslrootcert={path}"),
            None => Ok(()),
        }
    }
}
