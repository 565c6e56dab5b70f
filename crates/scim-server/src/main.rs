//! The `scim-server` program.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    scim_server::run(std::env::args_os(), std::env::vars_os())
}
