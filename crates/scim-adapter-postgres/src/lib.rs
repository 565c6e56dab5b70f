//! The store that production runs on: PostgreSQL 15 and later.
//!
//! It keeps the promises of [`ResourceRepository`](scim_ports::ResourceRepository) and
//! [`TenantRepository`](scim_ports::TenantRepository) over Diesel; the conformance kit of `scim-ports`
//! runs against it as a whole. SQL is nowhere but here.
//!
//! - **A row** of `scim_resource` is the document as the server wrote it, its comparison keys, and
//!   what searches need beside them. Members and unique values are rows of their own. Every key
//!   begins with `tenant_id`, and every statement names it.
//! - **Equality** on any attribute is containment in `keys`, a copy of the document in which each text
//!   is its comparison key, so that PostgreSQL never has to agree with Rust about Unicode. The copy
//!   hangs under a name made of the tenant and the type: each entry of its index is of one tenant.
//! - **A write** is one transaction, pipelined, decided by what its statements return. Creates and changes of
//!   attributes that come together are one statement. Locks are taken in one order (groups by id, the resource
//!   itself, its members); what deadlocks all the same is tried again.
//! - **A search** is one statement where an index finds what matches; else page and total are read at
//!   the same time on two connections.
//!
//! | module | what lives there |
//! |---|---|
//! | `store`, `settings`, `pool`, `connector`, `tls` | the database and how it is connected to |
//! | `migrate` | the schema's migrations |
//! | `replica` | the database that searches may go to |
//! | `repository`, `tenants`, `credentials`, `signing_keys`, `audit`, `notices` | the ports |
//! | `compiled` | compiled schemas, shared by tenants |
//! | `gather` | reads by id and by `userName`, creates and changes of attributes that come together |
//! | `queries` | the statements |
//! | `filter_sql`, `sort_sql`, `audit_sql` | filters and orders as SQL |
//! | `document`, `text`, `rows` | what is kept in a row, and how |
//! | `sql`, `session`, `error` | statements, transactions, failures |

mod audit;
mod audit_sql;
mod compiled;
mod connector;
mod credentials;
mod document;
mod error;
mod filter_sql;
mod gather;
mod migrate;
mod notices;
mod pool;
mod queries;
mod replica;
mod repository;
mod rows;
mod session;
mod settings;
mod signing_keys;
mod sort_sql;
mod sql;
mod store;
mod tenants;
mod text;
mod tls;
mod totals;

pub use audit::PostgresAudit;
pub use credentials::PostgresCredentials;
pub use notices::PostgresNotices;
pub use pool::PoolStatus;
pub use repository::PostgresResources;
pub use settings::{PostgresSettings, SettingsError};
pub use signing_keys::PostgresSigningKeys;
pub use store::{OpenError, PostgresStore};
pub use tenants::PostgresTenants;
