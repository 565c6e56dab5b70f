//! The source of ids and of other random values.

use scim_domain::identifier::{AuditEventId, CredentialId, ResourceId, TenantId};
use uuid::Uuid;

/// Makes values that never come twice. Tests bring their own.
pub trait IdGenerator: Send + Sync {
    /// A new UUID of version 7 (RFC 9562 §5.7). MUST never have been returned before, and MUST be
    /// greater than every one that this generator returned before: their order is that of creation.
    fn ordered_uuid(&self) -> Uuid;

    /// The id of a new resource.
    fn resource_id(&self) -> ResourceId {
        ResourceId::new(self.ordered_uuid())
    }

    /// The id of a new tenant.
    fn tenant_id(&self) -> TenantId {
        TenantId::new(self.ordered_uuid())
    }

    /// The id of a new credential.
    fn credential_id(&self) -> CredentialId {
        CredentialId::new(self.ordered_uuid())
    }

    /// The id of a new record of the audit log.
    fn audit_event_id(&self) -> AuditEventId {
        AuditEventId::new(self.ordered_uuid())
    }

    /// A random UUID (version 4), for request ids.
    fn random_uuid(&self) -> Uuid;

    /// 24 random bytes, for use once (the nonce that seals a cursor).
    fn nonce(&self) -> [u8; 24];

    /// 32 random bytes, for a secret.
    fn secret(&self) -> [u8; 32];
}
