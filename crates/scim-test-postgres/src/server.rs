//! The server that all tests of a process share, and the databases in it.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use crate::administrator::Administrator;
use crate::{Error, PrivateServer, URL_VARIABLE, random};

/// How the databases' names begin: this, the owner's mark, a number.
const PREFIX: &str = "scim_test_";

/// A server for tests. Its databases are dropped with their [`TestDatabase`].
#[derive(Debug)]
pub struct TestServer {
    administrator: Administrator,
    url: String,
    owner: String,
    made: AtomicU32,
    _private: Option<PrivateServer>,
}

impl TestServer {
    /// The server of this process, started by the first who asks.
    ///
    /// # Errors
    /// When there is none, with what to install or to set.
    pub fn get() -> Result<Arc<Self>, Error> {
        static SERVER: OnceLock<Result<Arc<TestServer>, Error>> = OnceLock::new();
        SERVER.get_or_init(|| find().map(Arc::new)).clone()
    }

    /// The server's URL, without a promise on which database it names.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Makes an empty database.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn create_database(self: &Arc<Self>) -> Result<TestDatabase, Error> {
        self.create("")
    }

    /// Makes a copy of a database, which is quick. Connections to the original are ended: the server
    /// copies only what nobody uses.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn create_database_from(self: &Arc<Self>, template: &TestDatabase) -> Result<TestDatabase, Error> {
        self.administrator.run(&format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            template.name
        ))?;
        self.create(&format!(" TEMPLATE {}", template.name))
    }

    fn create(self: &Arc<Self>, clause: &str) -> Result<TestDatabase, Error> {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let name = format!("{PREFIX}{}_{number}", self.owner);
        let url = with_database(&self.url, &name)?;
        self.administrator.run(&format!("CREATE DATABASE {name}{clause}"))?;
        Ok(TestDatabase { server: Arc::clone(self), name, url })
    }

    /// The server at `url`. Databases that dead processes left there are dropped.
    fn at(url: &str, private: Option<PrivateServer>) -> Result<Self, Error> {
        // Checked here, not by the first database.
        with_database(url, "")?;
        let owner = random::hexadecimal::<8>()?;
        // The connection's name tells others that the owner lives.
        let administrator = Administrator::connect(url, &format!("{PREFIX}{owner}"))?;
        let made = AtomicU32::new(0);
        let server = Self { administrator, url: url.to_owned(), owner, made, _private: private };
        server.sweep()?;
        Ok(server)
    }

    /// Drops the databases whose owners are connected no more.
    fn sweep(&self) -> Result<(), Error> {
        let abandoned = self.administrator.run(
            "SELECT datname FROM pg_database WHERE datname ~ '^scim_test_[0-9a-f]{16}_[0-9]+$' \
             AND left(datname, 26) NOT IN (SELECT application_name FROM pg_stat_activity \
             WHERE application_name IS NOT NULL)",
        )?;
        for name in abandoned {
            // Somebody may be connected to it, own it, or drop it first: then it is not for us.
            let _dropped = self.administrator.run(&format!("DROP DATABASE IF EXISTS {name}"));
        }
        Ok(())
    }
}

/// A database of its own. It is dropped with this value, whoever is connected to it.
#[derive(Debug)]
pub struct TestDatabase {
    server: Arc<TestServer>,
    name: String,
    url: String,
}

impl TestDatabase {
    /// Its URL, for a role that may do anything in it.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        // What stays is dropped by the next process, or goes with the server.
        let _dropped =
            self.server.administrator.run(&format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name));
    }
}

fn find() -> Result<TestServer, Error> {
    #[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the server")]
    let given = std::env::var(URL_VARIABLE);
    if let Ok(url) = given {
        return TestServer::at(&url, None).map_err(|error| Error::because(URL_VARIABLE, error));
    }
    let private = PrivateServer::start()
        .map_err(|error| Error::because(format!("no PostgreSQL for tests (set {URL_VARIABLE}?)"), error))?;
    let url = private.url().to_owned();
    TestServer::at(&url, Some(private))
}

/// The URL with another database.
///
/// # Errors
/// When it is not a URL.
fn with_database(url: &str, name: &str) -> Result<String, Error> {
    let (scheme, rest) = url
        .split_once("://")
        .filter(|(scheme, _)| matches!(*scheme, "postgres" | "postgresql"))
        .ok_or_else(|| Error::new("expected a URL like postgres://user:password@host:5432/postgres"))?;
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, format!("?{query}")),
        None => (rest, String::new()),
    };
    let authority = rest.split_once('/').map_or(rest, |(authority, _)| authority);
    Ok(format!("{scheme}://{authority}/{name}{query}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_of_dead_processes_are_dropped_and_those_of_living_ones_stay() {
        let living = TestServer::get().expect("a server");
        let kept = living.create_database().expect("a database");
        let dead = format!("{PREFIX}{}_0", random::hexadecimal::<8>().expect("random"));
        living.administrator.run(&format!("CREATE DATABASE {dead}")).expect("a database");
        let next = TestServer::at(living.url(), None).expect("the same server");
        let names = next.administrator.run("SELECT datname FROM pg_database").expect("names");
        assert!(names.iter().any(|name| name == kept.name()), "{names:?}");
        assert!(!names.contains(&dead), "{names:?}");
    }

    #[track_caller]
    fn check(url: &str, expected: &str) {
        assert_eq!(with_database(url, "new").unwrap_or_else(|error| error.to_string()), expected);
    }

    #[test]
    fn a_url_takes_another_database() {
        check("postgres://u:p@h:1/old", "postgres://u:p@h:1/new");
        check("postgresql://h", "postgresql://h/new");
        check("postgres://h/?sslmode=disable", "postgres://h/new?sslmode=disable");
        check("postgres://h/old?options=-c%20a=/b", "postgres://h/new?options=-c%20a=/b");
        let refused = "expected a URL like postgres://user:password@host:5432/postgres";
        check("host=h user=u", refused);
        check("http://h/old", refused);
    }
}
