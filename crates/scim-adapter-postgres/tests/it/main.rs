//! The adapter against a real PostgreSQL.

#![expect(clippy::expect_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by a panic")]

mod audit;
mod conformance;
mod credentials;
mod equivalence;
mod failures;
mod gather;
mod injection;
mod migrations;
mod notices;
mod plans;
mod purge;
mod replica;
mod scripts;
mod security;
mod signing_keys;
mod statements;
mod statistics;
mod support;
mod tenants;
mod tls;
mod totals;
mod writes;
