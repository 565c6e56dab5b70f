//! The server under test over HTTP: one source of tests for every store.
//!
//! [`TestApp`] serves the real application on a free port, [`Client`] sends requests as one actor,
//! and every [`Answer`] is checked for what all answers have in common, so that no test has to.

#![expect(clippy::expect_used, clippy::indexing_slicing, reason = "what a test cannot go on without ends it")]

mod answer;
mod app;
mod client;

pub use answer::Answer;
pub use app::{Backend, Builder, Memory, Postgres, SECRET, TestApp, TestCredential};
pub use client::{Client, Request, encode};
