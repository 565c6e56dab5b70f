//! The orderly end in the middle of a storm of writes: every request is answered, and what is stored is what was acknowledged.

use std::collections::BTreeSet;

use crate::server::{SECRET, Server, database};
use crate::storm::{Storm, wait_until_not_ready};

/// The names of all users.
async fn stored(server: &Server) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut cursor = String::new();
    loop {
        let page =
            server.get(&format!("/Users?attributes=userName&count=200&cursor={cursor}")).await.expect(200);
        let users = page.body["Resources"].as_array().expect("users");
        names.extend(users.iter().map(|user| user["userName"].as_str().expect("a name").to_owned()));
        match page.body["nextCursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return names,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_is_what_was_acknowledged() {
    let database = database();
    let mut server = Server::spawn(database.url(), &[("SHUTDOWN_DELAY", "1")]).serving();
    let (address, pid) = (server.address(), server.pid().to_string());
    let storm = Storm::begin(address, SECRET);
    let storming = tokio::task::spawn_blocking(move || {
        storm.wait(100);
        let signalled = std::process::Command::new("kill").args(["-TERM", &pid]).status().expect("kill");
        assert!(signalled.success());
        wait_until_not_ready(address);
        storm.end()
    });
    let acknowledged = storming.await.expect("the storm is over");
    assert_eq!(server.wait().code(), Some(0));
    let again = Server::start(database.url());
    assert_eq!(stored(&again).await, acknowledged);
}
