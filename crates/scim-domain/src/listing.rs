//! Queries (RFC 7644 §3.4.2): what a client asks of a collection, and the page it gets.

pub mod parameters;
pub mod query;
pub mod sort;

pub use parameters::ListParameters;
pub use query::{Include, MemberInclude, PageRequest, QueryScope, ResourcePage, ResourceQuery};
pub use sort::{Direction, SortKey, SortOrder};
