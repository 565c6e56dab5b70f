//! The embedded store: complete, indexed, in memory.
//!
//! It keeps the promises of [`ResourceRepository`](scim_ports::ResourceRepository) and
//! [`TenantRepository`](scim_ports::TenantRepository), but for the end of the process, which it does
//! not outlive. The conformance kit of `scim-ports` runs against it as a whole.
//!
//! | module | what lives there |
//! |---|---|
//! | `resources` | the repository: which store, which lock |
//! | `tenants` | the registry of tenants |
//! | `state` | what is stored of one tenant, and its writes, each under one lock |
//! | `row`, `slots` | a resource as it is kept, and where |
//! | `blocks` | the order of creation, which pages walk along |
//! | `unique` | who has which unique value |
//! | `equality` | which rows hold a value, for `eq` on any attribute |
//! | `postings`, `sharded` | what both go by: hashes, in maps that grow in small steps |
//! | `membership` | who is a member of what, both ways |
//! | `search` | queries: candidates from the indexes, evaluation, pages |

mod blocks;
mod equality;
mod membership;
mod postings;
mod resources;
mod row;
mod search;
mod sharded;
mod slots;
mod state;
mod tenants;
mod unique;

pub use resources::MemoryResources;
pub use tenants::MemoryTenants;
