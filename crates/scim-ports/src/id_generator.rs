//! The source of ids and of other random values.

use scim_domain::identifier::ResourceId;
use uuid::Uuid;

/// Makes values that never come twice. Tests bring their own.
pub trait IdGenerator: Send + Sync {
    /// A new id. MUST never have been returned before, and MUST be greater than every id that this
    /// generator returned before: the order of ids is the order of creation.
    fn resource_id(&self) -> ResourceId;

    /// A random UUID (version 4), for request ids.
    fn random_uuid(&self) -> Uuid;

    /// 24 random bytes, for use once (the nonce that seals a cursor).
    fn nonce(&self) -> [u8; 24];
}
