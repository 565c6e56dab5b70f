//! Attributes (RFC 7643 §2): their names, their definitions, the paths that name them, and
//! references, which are paths bound to a schema.

pub mod definition;
pub mod name;
pub mod path;
pub mod reference;

pub use definition::{AttributeDefinition, AttributeType, Mutability, Returned, Uniqueness};
pub use name::{AttributeName, SchemaUrn};
pub use path::AttributePath;
pub use reference::{AttributeRef, AttributeSource};
