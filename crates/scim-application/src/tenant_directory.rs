//! The tenants as every request finds them: remembered, and read again as soon as they change.

use std::sync::Arc;

use async_trait::async_trait;
use scim_domain::identifier::TenantId;
use scim_domain::tenant::Tenant;
use scim_ports::{
    ChangeListener, ChangeNotice, Clock, Observer, RepositoryError, TenantRepository, Unobserved,
};
use smol_str::SmolStr;

use crate::cache::remembered::Remembered;

/// The most tenants that are remembered.
const TENANTS: usize = 100_000;
/// The most names that are remembered to be no tenant's.
const UNKNOWN_NAMES: usize = 10_000;
/// Longer names are looked up in the store each time: nothing that long is to fill the memory.
const LONGEST_NAME: usize = 256;

/// Remembers tenants by id and by slug.
///
/// While notices of changes arrive a tenant is good for a minute, and a change is seen at once; while
/// they do not, for a second. Names that are no tenant's are remembered for a few seconds, so that
/// asking for the same one over and over does not reach the store.
pub struct TenantDirectory {
    tenants: Arc<dyn TenantRepository>,
    by_id: Arc<Remembered<TenantId, Arc<Tenant>>>,
    slugs: Remembered<SmolStr, TenantId>,
}

impl TenantDirectory {
    /// The tenants of `tenants`. Somebody has to subscribe it to the notices.
    pub fn new(tenants: Arc<dyn TenantRepository>, clock: Arc<dyn Clock>) -> Self {
        let nobody: Arc<dyn Observer> = Arc::new(Unobserved);
        Self::observed(tenants, clock, &nobody)
    }

    /// The same, which tells `observer` how often the store is spared.
    pub(crate) fn observed(
        tenants: Arc<dyn TenantRepository>,
        clock: Arc<dyn Clock>,
        observer: &Arc<dyn Observer>,
    ) -> Self {
        let by_id = Remembered::new(Arc::clone(&clock), TENANTS, UNKNOWN_NAMES);
        let slugs = Remembered::new(clock, TENANTS, UNKNOWN_NAMES);
        Self {
            tenants,
            by_id: Arc::new(by_id.observed_by(Arc::clone(observer))),
            slugs: slugs.observed_by(Arc::clone(observer)),
        }
    }

    /// The tenant with this id.
    ///
    /// # Errors
    /// As [`TenantRepository::tenant_by_id`].
    pub async fn by_id(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        let load = || {
            let tenants = Arc::clone(&self.tenants);
            async move { tenants.tenant_by_id(id).await }
        };
        self.by_id.get(&id, load).await
    }

    /// The tenant with this slug.
    ///
    /// # Errors
    /// As [`TenantRepository::tenant_by_slug`].
    pub async fn by_slug(&self, slug: &str) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        if slug.len() > LONGEST_NAME {
            return self.tenants.tenant_by_slug(slug).await;
        }
        let name = SmolStr::new(slug);
        // What a slug was the last time is a hint only: the tenant itself says what it is now.
        for _ in 0..2 {
            let load = || {
                let (tenants, by_id, name) =
                    (Arc::clone(&self.tenants), Arc::clone(&self.by_id), name.clone());
                let generation = by_id.generation();
                async move {
                    let Some(tenant) = tenants.tenant_by_slug(&name).await? else { return Ok(None) };
                    let id = tenant.id;
                    by_id.keep(id, tenant, generation);
                    Ok(Some(id))
                }
            };
            let Some(id) = self.slugs.get(&name, load).await? else { return Ok(None) };
            if let Some(tenant) = self.by_id(id).await?
                && tenant.slug == slug
            {
                return Ok(Some(tenant));
            }
            self.slugs.forget(&name);
        }
        // It changes hands right now.
        self.tenants.tenant_by_slug(slug).await
    }

    /// The tenant that a path names by its id or its slug. What has the form of an id is one.
    ///
    /// # Errors
    /// [`RepositoryError::Unavailable`] or [`RepositoryError::Internal`]
    pub async fn by_name(&self, name: &str) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        match TenantId::parse(name) {
            Some(id) => self.by_id(id).await,
            None => self.by_slug(name).await,
        }
    }

    /// Frees the memory of what is good no longer.
    pub(crate) fn sweep(&self) {
        self.by_id.sweep();
        self.slugs.sweep();
    }
}

#[async_trait]
impl TenantRepository for TenantDirectory {
    async fn tenant_by_id(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        self.by_id(id).await
    }

    async fn tenant_by_slug(&self, slug: &str) -> Result<Option<Arc<Tenant>>, RepositoryError> {
        self.by_slug(slug).await
    }
}

impl ChangeListener for TenantDirectory {
    fn changed(&self, notice: ChangeNotice) {
        if let ChangeNotice::Tenant(id) = notice {
            self.by_id.forget(&id);
            // It may have a slug that was nobody's.
            self.slugs.forget_unknown();
        }
    }

    fn connected(&self, is_connected: bool) {
        self.by_id.connected(is_connected);
        self.slugs.connected(is_connected);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{TestClock, TestTenants, tenant};

    struct World {
        stored: Arc<TestTenants>,
        directory: TenantDirectory,
    }

    fn world() -> World {
        let stored = Arc::new(TestTenants::default());
        let directory = TenantDirectory::new(stored.clone(), Arc::new(TestClock::new()));
        directory.connected(true);
        World { stored, directory }
    }

    impl World {
        fn store(&self, tenant: Tenant) {
            let id = tenant.id;
            self.stored.put(tenant);
            self.directory.changed(ChangeNotice::Tenant(id));
        }

        async fn id_of(&self, name: &str) -> Option<TenantId> {
            self.directory.by_name(name).await.expect("found").map(|tenant| tenant.id)
        }
    }

    #[tokio::test]
    async fn one_question_serves_both_names() {
        let world = world();
        let acme = tenant(1, "acme");
        let id = acme.id;
        world.store(acme);
        assert_eq!(world.id_of("acme").await, Some(id));
        assert_eq!(world.id_of(&id.to_string()).await, Some(id));
        assert_eq!(world.id_of("acme").await, Some(id));
        assert_eq!(world.stored.asked(), 1);
    }

    #[tokio::test]
    async fn a_flood_of_one_unknown_name_reaches_the_store_once() {
        let world = world();
        for _ in 0..100 {
            assert_eq!(world.id_of("nobody").await, None);
            assert_eq!(world.id_of("01933b0e-7a1c-7c3e-8a51-6d4f3c2b1a09").await, None);
        }
        assert_eq!(world.stored.asked(), 2);
        world.store(tenant(1, "nobody"));
        assert!(world.id_of("nobody").await.is_some(), "a new tenant is there at once");
    }

    #[tokio::test]
    async fn a_slug_changes_hands() {
        let world = world();
        let (one, other) = (tenant(1, "acme"), tenant(2, "globex"));
        let (one_id, other_id) = (one.id, other.id);
        world.store(one);
        world.store(other);
        assert_eq!((world.id_of("acme").await, world.id_of("globex").await), (Some(one_id), Some(other_id)));
        world.store(tenant(1, "former"));
        world.store(tenant(2, "acme"));
        assert_eq!(world.id_of("acme").await, Some(other_id));
        assert_eq!(world.id_of("former").await, Some(one_id));
        assert_eq!(world.id_of("globex").await, None);
    }

    #[tokio::test]
    async fn a_tenant_that_is_gone_is_gone_by_both_names() {
        let world = world();
        let acme = tenant(1, "acme");
        let id = acme.id;
        world.store(acme);
        assert_eq!(world.id_of("acme").await, Some(id));
        world.stored.remove(id);
        world.directory.changed(ChangeNotice::Tenant(id));
        assert_eq!((world.id_of("acme").await, world.id_of(&id.to_string()).await), (None, None));
    }

    #[tokio::test]
    async fn what_the_registry_cannot_tell_is_an_error() {
        let world = world();
        world.stored.fail(true);
        assert!(world.directory.by_slug("acme").await.is_err());
        world.stored.fail(false);
        assert_eq!(world.id_of("acme").await, None);
    }
}
