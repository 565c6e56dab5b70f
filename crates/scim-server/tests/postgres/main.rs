//! Server processes on PostgreSQL: several on one database, and what is left when one of them, or the
//! database, dies in the middle of writing.

#![cfg(test)]

#[path = "../shared/collector.rs"]
mod collector;
mod crashes;
mod ending;
mod metrics;
mod migrations;
mod operate;
mod replicas;
mod server;
#[path = "../shared/storm.rs"]
mod storm;
mod traces;
mod writers;
