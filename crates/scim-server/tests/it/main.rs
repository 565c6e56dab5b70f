//! The server as a process: what a newcomer and an operator do with the binary.

mod process;
mod readme;
