//! The server as a process: what a newcomer and an operator do with the binary.

#[cfg(test)]
#[path = "../shared/collector.rs"]
mod collector;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod logs;
#[cfg(test)]
mod operate;
#[cfg(test)]
mod process;
#[cfg(test)]
mod tls;
#[cfg(test)]
mod traces;
