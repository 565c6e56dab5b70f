//! The HTTP tests on PostgreSQL, a database for each test.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "what a test cannot go on without ends it")]

mod it;

use it::{bodies, hostile};

/// The server under test.
type TestApp = scim_e2e::TestApp<scim_e2e::Postgres>;
