//! A server for one test, which may stop it and start it again.

use crate::Error;
use crate::local::Cluster;

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// It ends its connections, rolls back what they were doing, and leaves everything in order.
    Fast,
    /// It aborts. The next start recovers from the log, as after a crash.
    Immediate,
    /// It is killed (SIGKILL), as by a machine that runs out of memory.
    Kill,
}

/// A PostgreSQL of its own. Dropping it stops it and removes its data.
#[derive(Debug)]
pub struct PrivateServer {
    cluster: Cluster,
}

impl PrivateServer {
    /// Starts one.
    ///
    /// # Errors
    /// When there is no way to, with what to install; or when it does not come up.
    pub fn start() -> Result<Self, Error> {
        Self::start_local()
    }

    /// Starts one from the programs on this machine, and only from those.
    ///
    /// # Errors
    /// When they are missing, with what to install; or when the server does not come up.
    pub fn start_local() -> Result<Self, Error> {
        Ok(Self { cluster: Cluster::start()? })
    }

    /// The URL of its database `postgres`, for its superuser. It stays the same over restarts.
    pub fn url(&self) -> &str {
        self.cluster.url()
    }

    /// Stops it and waits until it is gone. Nothing happens when it does not run.
    ///
    /// # Errors
    /// When it does not end.
    pub fn stop(&self, how: Shutdown) -> Result<(), Error> {
        self.cluster.stop(how)
    }

    /// Starts it again with its data, on the same port. Nothing happens when it runs.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_again(&self) -> Result<(), Error> {
        self.cluster.start_again()
    }
}
