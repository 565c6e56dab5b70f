//! A server with users in it.

use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

use anyhow::Result;
use xtask::server::Server;

use crate::Plan;
use crate::load::{Lane, Target};
use crate::seed::{self, Id, write_request};

/// A server, and the ids of the users that were put into it.
pub(crate) struct Filled {
    pub(crate) server: Server,
    pub(crate) ids: Arc<Vec<Id>>,
}

impl Filled {
    /// Starts a server, on the database that is named or else on its embedded store, and creates users
    /// over `/Bulk`.
    ///
    /// # Errors
    /// When the server fails, or does not create all of them.
    pub(crate) fn start(plan: &Plan, database_url: Option<&str>, users: usize) -> Result<Self> {
        let server = Server::start_on(database_url, Command::new(&plan.server), None)?;
        let start = Instant::now();
        let ids = Arc::new(seed::users(&server, users, plan.connections)?);
        println!("created {users} users over /Bulk in {:.1} s", start.elapsed().as_secs_f64());
        Ok(Self { server, ids })
    }

    /// Requests to this server.
    pub(crate) fn target(
        &self,
        status: u16,
        write: impl Fn(&mut Lane, &mut Vec<u8>) + Send + Sync + 'static,
    ) -> Target {
        Target {
            address: self.server.address(),
            pid: self.server.pid(),
            status,
            write: Arc::new(write),
            beside: None,
        }
    }

    /// The operator's secret.
    pub(crate) fn secret(&self) -> String {
        self.server.secret().to_owned()
    }

    /// What follows the target of a request without a body.
    pub(crate) fn rest_of_get(&self) -> String {
        let mut rest = Vec::new();
        write_request(&mut rest, "", self.server.secret(), "", b"");
        String::from_utf8_lossy(&rest).into_owned()
    }
}
