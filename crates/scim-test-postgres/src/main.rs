//! A PostgreSQL to try things with: prints its URL, and ends with its standard input.

use std::io::{Read, Write, stdin, stdout};

use scim_test_postgres::{Error, PrivateServer};

fn main() -> Result<(), Error> {
    let server = PrivateServer::start()?;
    let mut out = stdout();
    // Nobody who does not read the URL can use the server.
    if writeln!(out, "{}", server.url()).and_then(|()| out.flush()).is_ok() {
        let mut ignored = Vec::new();
        // Whether it ends or breaks is the same.
        let _end = stdin().read_to_end(&mut ignored);
    }
    Ok(())
}
