//! The rules of SCIM 2.0 (RFC 7643, RFC 7644, RFC 9865) as values and pure functions.
//!
//! Nothing in this crate knows HTTP, SQL, a clock or a random source: time and ids come in as
//! arguments, so every rule is a function from data to data and is tested as one.
//!
//! | module | what lives there |
//! |---|---|
//! | [`attribute`] | attribute names, paths, definitions, and references bound to a schema |
//! | [`schema`] | schema and resource type definitions, the compiled [`TenantSchema`](schema::TenantSchema) |
//! | [`resource`] | the resource, its membership, its version and times |
//! | [`comparison`] | how values of each type compare, and the keys they compare by |
//! | [`text`] | the one meaning of string equality: comparison keys |
//! | [`filter`] | RFC 7644 §3.4.2.2: text, syntax tree, and the filter bound to a schema |
//! | [`projection`], [`representation`] | what an answer shows of a resource, and its JSON |
//! | [`precondition`], [`prefer`] | the request headers that a write or a read depends on |
//! | [`listing`] | queries: sorting, index pages, cursors, list responses |
//! | [`validation`] | bodies and values, checked against the schema and brought into its spelling |
//! | [`leniency`] | what clients send against the letter of the RFC and is taken all the same |
//! | [`deletion`] | what DELETE makes of a resource |
//! | [`password`] | the one attribute that is not stored as it was sent |
//! | [`bulk`] | bulk requests, the order of their operations, their responses |
//! | [`discovery`] | the discovery documents |
//! | [`patch`] | RFC 7644 §3.5.2: the PATCH message, and the engine that applies it |
//! | [`json`] | reading a JSON body once, with bounds |
//! | [`tenant`] | the tenant, its config, and the presets of new tenants |
//! | [`scope`] | what a credential allows |
//! | [`credential`] | the credentials of a tenant, and the tokens that carry them |
//! | [`audit`] | what is written down of every change |
//! | [`error`] | the table of SCIM errors |

pub mod attribute;
pub mod audit;
pub mod bulk;
pub mod comparison;
pub mod credential;
pub mod deletion;
pub mod discovery;
pub mod error;
pub mod filter;
pub mod identifier;
pub mod input;
pub mod json;
mod keyword;
pub mod leniency;
pub mod listing;
mod message;
pub mod password;
pub mod patch;
pub mod precondition;
pub mod prefer;
pub mod projection;
pub mod representation;
pub mod resource;
pub mod schema;
pub mod scope;
pub mod tenant;
pub mod text;
pub mod validation;

#[cfg(test)]
pub(crate) mod test_support;
