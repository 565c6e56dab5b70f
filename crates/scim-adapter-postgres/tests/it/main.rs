//! The adapter against a real PostgreSQL.

#![expect(clippy::expect_used, clippy::panic, reason = "a test fails by a panic")]

mod conformance;
mod plans;
mod support;
