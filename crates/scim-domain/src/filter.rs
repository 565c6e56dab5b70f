//! Filters (RFC 7644 §3.4.2.2).

pub mod typed;

pub use typed::{ComparisonOperator, Operand, TypedFilter};
