//! The adapter against a real PostgreSQL.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod conformance;
mod equivalence;
mod failures;
mod injection;
mod migrations;
mod plans;
mod replica;
mod security;
mod statements;
mod support;
mod tls;
mod writes;
