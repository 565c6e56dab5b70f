//! How replicas learn at once what another one changed.

use std::sync::Arc;

use scim_domain::identifier::{CredentialId, TenantId};

/// Something that processes remember, and that is not what it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChangeNotice {
    /// A tenant: its record, its config, its schemas or its resource types; or it is gone.
    Tenant(TenantId),
    /// A credential; or it is gone.
    Credential(TenantId, CredentialId),
    /// The keys that sign tokens.
    SigningKeys,
}

/// Hears of changes.
pub trait ChangeListener: Send + Sync {
    /// What was remembered of this is to be forgotten. MUST return quickly.
    fn changed(&self, notice: ChangeNotice);

    /// Whether notices arrive from now on. While they do not, and for what was changed in between,
    /// everything that is remembered may be wrong. MUST return quickly.
    fn connected(&self, is_connected: bool);
}

/// Tells of changes by every process that shares the store, this one included.
///
/// The write methods of the repositories send the notices, with the commit of the change; this is
/// how they arrive.
pub trait ChangeNotices: Send + Sync {
    /// Tells `listener` of every change from now on, and at once whether notices arrive.
    ///
    /// Where notices can be lost an implementation MUST call [`ChangeListener::connected`] with
    /// `false` within seconds of the loss, and with `true` as soon as they arrive again.
    fn subscribe(&self, listener: Arc<dyn ChangeListener>);
}
