//! The credentials of tenants.

use std::ops::Bound;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::RwLock;
use scim_domain::audit::AuditEntry;
use scim_domain::credential::{Credential, PreviousSecret};
use scim_domain::identifier::{CredentialId, TenantId, Timestamp};
use scim_ports::{ChangeNotice, CredentialRepository, RepositoryError, RotateCredential};

use crate::audit::{Entry, Target};
use crate::notices::MemoryNotices;
use crate::registry::{Registered, Registry};

/// The credentials of all tenants, in memory.
#[derive(Debug)]
pub struct MemoryCredentials {
    registry: Arc<RwLock<Registry>>,
    notices: Arc<MemoryNotices>,
}

impl MemoryCredentials {
    pub(crate) fn new(registry: Arc<RwLock<Registry>>, notices: Arc<MemoryNotices>) -> Self {
        Self { registry, notices }
    }

    /// Runs `write` on a tenant that is there, writes down that it was done, and tells of it.
    fn write<T>(
        &self,
        (tenant, id): (TenantId, CredentialId),
        (at, audit): (Timestamp, AuditEntry),
        write: impl FnOnce(&mut Registered) -> Result<T, RepositoryError>,
    ) -> Result<T, RepositoryError> {
        let (entry, target) = (Entry::from(&audit), Target::other("credential", id));
        let mut registry = self.registry.write();
        let registered = registry.get_mut(tenant).ok_or(RepositoryError::NotFound)?;
        let written = write(registered)?;
        registered.store.log.note(entry, at, target, None, None);
        drop(registry);
        self.notices.tell(ChangeNotice::Credential(tenant, id));
        Ok(written)
    }
}

#[async_trait]
impl CredentialRepository for MemoryCredentials {
    async fn credential_get(
        &self,
        tenant: TenantId,
        id: CredentialId,
    ) -> Result<Option<Credential>, RepositoryError> {
        let registry = self.registry.read();
        Ok(registry.get(tenant).and_then(|registered| registered.credentials.get(&id)).cloned())
    }

    async fn credential_list(
        &self,
        tenant: TenantId,
        after: Option<CredentialId>,
        limit: usize,
    ) -> Result<Vec<Credential>, RepositoryError> {
        let registry = self.registry.read();
        let Some(registered) = registry.get(tenant) else { return Ok(Vec::new()) };
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let credentials = registered.credentials.range((from, Bound::Unbounded));
        Ok(credentials.take(limit).map(|(_, credential)| credential.clone()).collect())
    }

    async fn credential_create(
        &self,
        credential: Credential,
        audit: AuditEntry,
    ) -> Result<(), RepositoryError> {
        let (name, at) = ((credential.tenant, credential.id), credential.created_at);
        self.write(name, (at, audit), |registered| {
            if registered.credentials.contains_key(&credential.id) {
                return Err(RepositoryError::Uniqueness { attribute: "id".to_owned() });
            }
            registered.credentials.insert(credential.id, credential);
            Ok(())
        })
    }

    async fn credential_rotate(&self, rotation: RotateCredential) -> Result<Credential, RepositoryError> {
        let RotateCredential { tenant, id, secret_hash, previous_expires_at, at, audit } = rotation;
        self.write((tenant, id), (at, audit), |registered| {
            let credential = registered.credentials.get_mut(&id).ok_or(RepositoryError::NotFound)?;
            let secret_hash = std::mem::replace(&mut credential.secret_hash, secret_hash);
            credential.previous = Some(PreviousSecret { secret_hash, expires_at: previous_expires_at });
            Ok(credential.clone())
        })
    }

    async fn credential_delete(
        &self,
        tenant: TenantId,
        id: CredentialId,
        at: Timestamp,
        audit: AuditEntry,
    ) -> Result<(), RepositoryError> {
        self.write((tenant, id), (at, audit), |registered| {
            registered.credentials.remove(&id).map(drop).ok_or(RepositoryError::NotFound)
        })
    }

    async fn credential_used(
        &self,
        uses: Vec<(TenantId, CredentialId, Timestamp)>,
    ) -> Result<(), RepositoryError> {
        let mut registry = self.registry.write();
        for (tenant, id, at) in uses {
            let registered = registry.get_mut(tenant);
            if let Some(credential) = registered.and_then(|registered| registered.credentials.get_mut(&id)) {
                credential.last_used_at = credential.last_used_at.max(Some(at));
            }
        }
        Ok(())
    }
}
