//! The load bench: what the server does per second over HTTP, beside handlers of the same web framework
//! that do next to nothing, and beside itself at other sizes.
//!
//! One run on one machine: two servers (with 1,000 users and with 1,000,000) and the handlers, each a
//! process of its own, and this client on 16 keep-alive connections. On the embedded store the handler
//! is empty; on PostgreSQL it runs one prepared statement. Client, servers and database share the
//! processors. Each figure is a ratio between two loads whose rounds take turns, so that what
//! slows the machine down slows both.
//!
//! It knows the server from outside only, and is no part of the product.
#![expect(clippy::print_stdout, reason = "a command line tool: its output is what it is for")]

mod baseline;
mod client;
mod filled;
mod flood;
mod load;
mod memory;
mod outcome;
mod postgres;
mod process_figures;
mod report;
mod requests;
mod seed;
mod tenants;
mod users;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::{Parser, Subcommand, ValueEnum};

// The allocator of the server, so that the empty handler has it too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures the server over HTTP.
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench --")]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    /// A short run with 20,000 users: to try it out; its figures are not judged
    #[arg(long)]
    quick: bool,
    /// How many users the large server holds
    #[arg(long)]
    users: Option<usize>,
    /// How many rounds each load has
    #[arg(long)]
    rounds: Option<usize>,
    /// How long one round takes
    #[arg(long)]
    round_milliseconds: Option<u64>,
    /// Keep-alive connections
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Threads of the client; half of the processors unless given
    #[arg(long)]
    client_threads: Option<usize>,
    /// Only scenarios whose name contains this
    #[arg(long)]
    only: Option<String>,
    /// The store to measure; both, one after the other, unless given
    #[arg(long)]
    store: Option<Store>,
    /// The server to measure; the scim-server beside this program unless given
    #[arg(long)]
    server: Option<PathBuf>,
}

#[derive(Subcommand)]
enum Role {
    /// Be the empty handler
    #[command(hide = true)]
    Baseline(baseline::Arguments),
    /// Be the bare handler
    #[command(hide = true)]
    Bare(postgres::bare::Arguments),
}

/// Where a server keeps its users.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Store {
    /// In its memory
    Memory,
    /// In PostgreSQL
    Postgres,
}

/// What a run is to do.
#[derive(Debug)]
struct Plan {
    users: usize,
    rounds: usize,
    round: Duration,
    connections: usize,
    threads: usize,
    only: String,
    server: PathBuf,
    /// Whether a figure that falls short fails the run.
    judged: bool,
}

impl Plan {
    fn new(arguments: Arguments) -> Result<Self> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let server = match arguments.server {
            Some(server) => server,
            None => std::env::current_exe()?.with_file_name("scim-server"),
        };
        let quick = arguments.quick;
        Ok(Self {
            users: arguments.users.unwrap_or(if quick { 20_000 } else { 1_000_000 }),
            rounds: arguments.rounds.unwrap_or(if quick { 3 } else { 7 }).max(1),
            round: Duration::from_millis(arguments.round_milliseconds.unwrap_or(if quick {
                300
            } else {
                2000
            })),
            connections: arguments.connections.max(1),
            threads: arguments.client_threads.unwrap_or(processors / 2).max(1),
            only: arguments.only.unwrap_or_default(),
            server,
            judged: !quick,
        })
    }
}

/// Measures both stores, even if the first falls short.
fn measure(arguments: Arguments) -> Result<()> {
    let store = arguments.store;
    let plan = Plan::new(arguments)?;
    let is_wanted = |it| store.is_none_or(|store| store == it);
    let memory = if is_wanted(Store::Memory) { memory::run(&plan) } else { Ok(()) };
    if let (Err(error), true) = (&memory, is_wanted(Store::Postgres)) {
        println!("error: {error:#}");
    }
    let postgres = if is_wanted(Store::Postgres) { postgres::run(&plan) } else { Ok(()) };
    memory.and(postgres)
}

fn main() -> ExitCode {
    let mut arguments = Arguments::parse();
    let result = match arguments.role.take() {
        Some(Role::Baseline(arguments)) => baseline::run(&arguments),
        Some(Role::Bare(arguments)) => postgres::bare::run(&arguments),
        None => measure(arguments),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
