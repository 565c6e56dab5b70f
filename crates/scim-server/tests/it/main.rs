//! The server as a process: what a newcomer and an operator do with the binary.

#[cfg(test)]
#[path = "../shared/collector.rs"]
mod collector;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod ending;
#[cfg(test)]
mod http2;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod operate;
#[cfg(test)]
mod process;
#[cfg(test)]
mod slow_clients;
#[cfg(test)]
#[path = "../shared/storm.rs"]
mod storm;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod traces;
