//! The project's own commands, `cargo xtask …`: everything that a person or a CI job does with this
//! repository beyond plain `cargo`.
//!
//! It knows the server only from outside, as a process that speaks HTTP; it imports no crate of the
//! product, so that a broken crate cannot break the tool that reports it. `scim-test-postgres` is a tool
//! like itself.
#![expect(clippy::print_stdout, reason = "a command line tool: its output is what it is for")]

pub mod bench;
pub mod ci;
pub mod conformance;
pub mod deploy;
pub mod fuzz;
pub mod postgres;
pub mod process;
pub mod server;
pub mod test;
pub mod tidy;
