//! The server over HTTP, whatever its store (RFC 7643, RFC 7644, RFC 9865): `memory.rs` and
//! `postgres.rs` say on which.

#![expect(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "what a test cannot go on without ends it"
)]

pub(crate) mod bodies;

pub(crate) mod admin;
mod admin_activity;
mod admin_config;
mod admin_credentials;
pub(crate) mod admin_devices;
mod admin_problems;
mod admin_schemas;
mod admin_tenants;
mod authentication;
mod browsers;
mod bulk;
mod concurrency;
mod credentials;
mod cursors;
mod custom_types;
mod discovery;
mod documentation;
mod entra;
mod errors;
mod etag;
mod faults;
mod groups;
mod health;
pub(crate) mod hostile;
mod injection;
mod isolation;
mod me;
mod metrics;
mod negotiation;
mod oauth;
mod okta;
mod patch;
mod proxies;
pub(crate) mod rate_limits;
mod rfc7644_examples;
mod search;
mod strict_mode;
mod users;
