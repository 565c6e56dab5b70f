//! Adapters of the small ports: the system's clock, ids, password hashes, the keys of other issuers, the memory in use.

mod bcrypt_passwords;
mod cgroup_memory;
mod http_jwks;
mod random_bytes;
mod requests;
mod status;
mod system_clock;
mod uuid_v7_ids;

pub use bcrypt_passwords::BcryptPasswords;
pub use cgroup_memory::CgroupMemory;
pub use http_jwks::HttpJwks;
pub use requests::ObservedRequests;
pub(crate) use status::pool_figures;
pub use status::{MemoryStatus, PostgresStatus};
pub use system_clock::SystemClock;
pub use uuid_v7_ids::UuidV7Ids;
