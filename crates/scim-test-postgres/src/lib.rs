//! A PostgreSQL for tests.
//!
//! With the feature `client`, `TestServer::get` gives the one server that all tests of a process
//! share, and each test takes a database of its own from it. [`PrivateServer`] is a server for one
//! test, which may stop it and start it again.
//!
//! The shared server is the first of these that there is:
//! 1. the one that `SCIM_TEST_DATABASE_URL` names: a URL of a role that may create databases, without
//!    TLS; databases are made beside the one in the URL and dropped after use;
//! 2. with the feature `docker`, a container of [`IMAGE`], when a Docker Engine answers;
//! 3. a cluster in a temporary directory, run from the server's programs on this machine.
//!
//! Containers and clusters end with the process that started them, however that ends: a small shell
//! process notices and cleans up. Nothing else depends on this crate but tests and `xtask`.

mod error;
mod local;
mod private;
mod random;
mod watch;

#[cfg(feature = "client")]
mod administrator;
#[cfg(feature = "client")]
mod blocking;
#[cfg(feature = "docker")]
mod docker;
#[cfg(feature = "client")]
mod server;

pub use error::Error;
pub use private::{PrivateServer, Shutdown};
#[cfg(feature = "client")]
pub use server::{TestDatabase, TestServer};

/// The environment variable that names a server to use.
pub const URL_VARIABLE: &str = "SCIM_TEST_DATABASE_URL";

/// The container image that stands for PostgreSQL where there is a Docker Engine.
pub const IMAGE: &str = "postgres:17-alpine";
