//! The store that production runs on: PostgreSQL 15 and later.

mod document;
mod error;
mod filter_sql;
mod pool;
mod queries;
mod repository;
mod rows;
mod session;
mod settings;
mod sort_sql;
mod sql;
mod text;
mod tls;
