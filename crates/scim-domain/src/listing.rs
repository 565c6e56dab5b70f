//! Queries (RFC 7644 §3.4.2): what a client asks of a collection, and the page it gets.

pub mod cursor;
pub mod fingerprint;
pub mod parameters;
pub mod plan;
pub mod query;
pub mod response;
pub mod sort;

pub use cursor::{Cursor, CursorSealer};
pub use fingerprint::QueryFingerprint;
pub use parameters::ListParameters;
pub use plan::QueryPlan;
pub use query::{Include, MemberInclude, PageRequest, QueryScope, ResourcePage, ResourceQuery};
pub use response::write_list_response;
pub use sort::{Direction, SortKey, SortOrder};
