//! PATCH (RFC 7644 §3.5.2): the request read and bound to a resource type, and the engine that
//! applies it to a resource.
//!
//! [`PatchRequest::parse`] decides everything that can be decided without the resource: the syntax of
//! the message, what each path names, and which members come and go. [`PatchEngine::apply`] works on
//! a copy of the attributes, so that an error leaves nothing behind (§3.5.2: a request is atomic), and
//! yields the change of members beside them, so that a member costs the same in a group of any size.
//!
//! What the RFC leaves open is decided so:
//!
//! - `replace` with `null` or `[]` removes, `add` with them changes nothing (RFC 7643 §2.5).
//! - `replace` of elements that a filter selects merges, as for any complex value (§3.5.2.3).
//! - `add` of an element whose `type` and `value` are those of an element that is there merges with it, as
//!   RFC 7643 §2.4 would not have the combination twice.
//! - A sub-attribute of a multi-valued attribute without a filter (`emails.type`) means that of every element.
//! - `remove` of what is not there changes nothing; in strict mode a filter that selects nothing is
//!   `noTarget` (§3.12, table 9), but for `members` (§3.5.2.2).
//! - A path to a `readOnly` attribute is `mutability`; among the attributes of a value object it is ignored.
//! - A member's sub-attributes are fixed when it becomes one: a path to them is `mutability`.

mod elements;
mod engine;
mod identity;
mod members;
mod operation;
mod request;
mod single;
mod target;
mod template;
mod touched;

#[cfg(test)]
mod tests;

pub use engine::{PatchEngine, PatchOutcome};
pub use request::{PATCH_URN, PatchRequest};
