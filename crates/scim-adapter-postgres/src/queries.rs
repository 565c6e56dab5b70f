//! The statements of the repository, one module for each use.

pub(crate) mod audit;
pub(crate) mod audit_log;
pub(crate) mod create;
pub(crate) mod credentials;
pub(crate) mod delete;
pub(crate) mod get;
pub(crate) mod members;
pub(crate) mod purge;
pub(crate) mod reindex;
pub(crate) mod relations;
pub(crate) mod search;
pub(crate) mod statistics;
pub(crate) mod tenants;
pub(crate) mod unique;
pub(crate) mod update;
