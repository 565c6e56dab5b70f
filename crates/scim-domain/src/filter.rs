//! Filters (RFC 7644 §3.4.2.2), from text to matching:
//! text → [`Filter`] (syntax) → [`TypedFilter`] (bound to a resource type) → whether a resource matches;
//! and the paths of PATCH operations (RFC 7644 §3.5.2), which hold filters.

mod ast;
pub mod bind;
#[cfg(test)]
mod bind_tests;
mod display;
mod evaluate;
#[cfg(test)]
mod evaluate_tests;
mod lexer;
pub mod limits;
mod parser;
mod patch_path;
#[cfg(test)]
mod samples;
#[cfg(test)]
mod syntax_tests;
mod token;
pub mod typed;

pub use ast::{AttributeTest, Filter, Literal};
pub use bind::{Binding, UnknownAttribute};
pub use patch_path::PatchPath;
pub use typed::{ComparisonOperator, Operand, TypedFilter};
