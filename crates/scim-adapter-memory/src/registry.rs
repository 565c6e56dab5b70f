//! What is registered: tenants by id and by slug, with their credentials and their resources.

use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::Arc;

use scim_domain::credential::Credential;
use scim_domain::identifier::{CredentialId, TenantId};
use scim_domain::tenant::Tenant;
use scim_ports::{RepositoryError, TenantRecord};

use crate::state::TenantStore;

/// A tenant with all that it has.
#[derive(Debug)]
pub(crate) struct Registered {
    pub(crate) record: TenantRecord,
    /// The same, as requests need it.
    pub(crate) tenant: Arc<Tenant>,
    pub(crate) credentials: BTreeMap<CredentialId, Credential>,
    pub(crate) store: Arc<TenantStore>,
}

/// All tenants.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    tenants: BTreeMap<TenantId, Registered>,
    slugs: HashMap<String, TenantId>,
    /// The resources of tenants that are gone.
    buried: Vec<Arc<TenantStore>>,
}

impl Registry {
    pub(crate) fn get(&self, id: TenantId) -> Option<&Registered> {
        self.tenants.get(&id)
    }

    pub(crate) fn get_mut(&mut self, id: TenantId) -> Option<&mut Registered> {
        self.tenants.get_mut(&id)
    }

    pub(crate) fn by_slug(&self, slug: &str) -> Option<&Registered> {
        self.get(*self.slugs.get(slug)?)
    }

    /// The tenants after `after`, in the order of their ids.
    pub(crate) fn after(&self, after: Option<TenantId>) -> impl Iterator<Item = &Registered> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        self.tenants.range((from, Bound::Unbounded)).map(|(_, registered)| registered)
    }

    /// Puts in a tenant.
    ///
    /// # Errors
    /// [`RepositoryError::Uniqueness`] where its slug or its id is taken.
    pub(crate) fn insert(&mut self, registered: Registered) -> Result<&Registered, RepositoryError> {
        let id = registered.record.id;
        if self.tenants.contains_key(&id) {
            return Err(slug_is_taken());
        }
        self.take_slug(id, &registered.record.slug)?;
        Ok(self.tenants.entry(id).or_insert(registered))
    }

    /// Notes that this slug is this tenant's, beside those that are.
    ///
    /// # Errors
    /// [`RepositoryError::Uniqueness`] where it is another one's.
    pub(crate) fn take_slug(&mut self, id: TenantId, slug: &str) -> Result<(), RepositoryError> {
        match self.slugs.get(slug) {
            Some(owner) if *owner != id => Err(slug_is_taken()),
            Some(_) => Ok(()),
            None => {
                self.slugs.insert(slug.to_owned(), id);
                Ok(())
            }
        }
    }

    /// Notes that this slug is nobody's.
    pub(crate) fn free_slug(&mut self, slug: &str) {
        self.slugs.remove(slug);
    }

    /// Takes out a tenant and puts its resources aside, to be freed later.
    pub(crate) fn remove(&mut self, id: TenantId) -> Option<Registered> {
        let removed = self.tenants.remove(&id)?;
        self.slugs.remove(&removed.record.slug);
        self.buried.push(Arc::clone(&removed.store));
        Some(removed)
    }

    /// The resources of some tenant that is gone.
    pub(crate) fn unbury(&mut self) -> Option<Arc<TenantStore>> {
        self.buried.pop()
    }
}

fn slug_is_taken() -> RepositoryError {
    RepositoryError::Uniqueness { attribute: "slug".to_owned() }
}
