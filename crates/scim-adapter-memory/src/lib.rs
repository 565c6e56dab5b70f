//! The embedded store: complete, indexed, in memory.
//!
//! [`MemoryStore`] keeps the promises of the ports of [`scim_ports`], but for the end of the process, which it
//! does not outlive. The conformance kit of `scim-ports` runs against it as a whole.
//!
//! | module | what lives there |
//! |---|---|
//! | `store` | the store, and the repositories that it offers |
//! | `resources` | the repository of resources: which tenant's store, which lock |
//! | `tenants`, `credentials` | the repositories of both |
//! | `registry` | what both work on: tenants by id and slug, with all that they have |
//! | `audit` | the audit log of each tenant, bounded |
//! | `signing_keys` | the keys that sign tokens |
//! | `notices` | telling of changes, within the process |
//! | `state` | what is stored of one tenant, and its writes, each under one lock |
//! | `row`, `slots` | a resource as it is kept, and where |
//! | `blocks` | the order of creation, which pages walk along |
//! | `unique` | who has which unique value |
//! | `equality` | which rows hold a value, for `eq` on any attribute |
//! | `postings`, `sharded` | what both go by: hashes, in maps that grow in small steps |
//! | `membership` | who is a member of what, both ways |
//! | `search` | queries: candidates from the indexes, evaluation, pages |

mod audit;
mod blocks;
mod credentials;
mod equality;
mod membership;
mod notices;
mod postings;
mod registry;
mod resources;
mod row;
mod search;
mod sharded;
mod signing_keys;
mod slots;
mod state;
mod store;
mod tenants;
mod unique;

pub use audit::MemoryAudit;
pub use credentials::MemoryCredentials;
pub use notices::MemoryNotices;
pub use resources::MemoryResources;
pub use signing_keys::MemorySigningKeys;
pub use store::MemoryStore;
pub use tenants::MemoryTenants;
