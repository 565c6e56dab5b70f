//! A server for one test, which may stop it and start it again.

use std::path::Path;

use crate::Error;
#[cfg(feature = "docker")]
use crate::docker::{self, Container};
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
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Local(Cluster),
    #[cfg(feature = "docker")]
    Docker(Box<Container>),
}

impl PrivateServer {
    /// Starts one: with the feature `docker` in a container, when a Docker Engine answers and has or
    /// gets the image; otherwise as [`PrivateServer::start_local`].
    ///
    /// # Errors
    /// When there is no way to, with what to install; or when it does not come up.
    pub fn start() -> Result<Self, Error> {
        #[cfg(feature = "docker")]
        if docker::answers() {
            return match Container::start() {
                Ok(container) => Ok(Self { kind: Kind::Docker(Box::new(container)) }),
                Err(why) => Self::start_local().map_err(|error| Error::because(error, why)),
            };
        }
        Self::start_local()
    }

    /// Starts one from the programs on this machine, and only from those.
    ///
    /// # Errors
    /// When they are missing, with what to install; or when the server does not come up.
    pub fn start_local() -> Result<Self, Error> {
        Ok(Self { kind: Kind::Local(Cluster::start(None, "")?) })
    }

    /// Starts one from the programs on this machine with its data below `place`, a directory for
    /// nothing else, and with more `settings`, lines as in `postgresql.conf`: for measurements, which need
    /// the disk and the settings of production.
    ///
    /// # Errors
    /// As [`PrivateServer::start_local`].
    pub fn start_local_in(place: &Path, settings: &str) -> Result<Self, Error> {
        Ok(Self { kind: Kind::Local(Cluster::start(Some(place), settings)?) })
    }

    /// The URL of its database `postgres`, for its superuser. It stays the same over restarts.
    pub fn url(&self) -> &str {
        match &self.kind {
            Kind::Local(cluster) => cluster.url(),
            #[cfg(feature = "docker")]
            Kind::Docker(container) => container.url(),
        }
    }

    /// Starts a replica that follows it: a server that is read from only, with the same role and password.
    ///
    /// # Errors
    /// When it does not come up, or this server is in a container.
    pub fn start_replica(&self) -> Result<Self, Error> {
        Ok(Self { kind: Kind::Local(self.cluster()?.start_replica()?) })
    }

    /// Writes a file into the directory of its data, for the server alone to read: a certificate, or
    /// `pg_hba.conf`. What is in `more.conf` is part of its settings. They count from the next start.
    ///
    /// # Errors
    /// When it cannot be written, or the server is in a container.
    pub fn write_file(&self, name: &str, text: &str) -> Result<(), Error> {
        self.cluster()?.write_file(name, text)
    }

    fn cluster(&self) -> Result<&Cluster, Error> {
        match &self.kind {
            Kind::Local(cluster) => Ok(cluster),
            #[cfg(feature = "docker")]
            Kind::Docker(_) => Err(Error::new("a container cannot be got at as a local server can")),
        }
    }

    /// Stops it and waits until it is gone. Nothing happens when it does not run.
    ///
    /// # Errors
    /// When it does not end.
    pub fn stop(&self, how: Shutdown) -> Result<(), Error> {
        match &self.kind {
            Kind::Local(cluster) => cluster.stop(how),
            #[cfg(feature = "docker")]
            Kind::Docker(container) => container.stop(how),
        }
    }

    /// Starts it again with its data, on the same port. Nothing happens when it runs.
    ///
    /// # Errors
    /// When it does not come up.
    pub fn start_again(&self) -> Result<(), Error> {
        match &self.kind {
            Kind::Local(cluster) => cluster.start_again(),
            #[cfg(feature = "docker")]
            Kind::Docker(container) => container.start_again(),
        }
    }
}
