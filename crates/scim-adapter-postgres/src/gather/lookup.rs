//! Looking resources up, each by a key of its own.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;

use diesel_async::AsyncPgConnection;
use scim_domain::listing::{Include, MemberInclude};
use scim_domain::resource::StoredResource;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;

use crate::error::Failure;

use super::Job;

/// What resources are looked up by.
pub(crate) trait Wanted: Clone + Ord + Hash + Send + Sync + 'static {
    /// The resources that are there, in any order, each with what it was looked up by.
    fn read(
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        wanted: &[Self],
        include: Include,
    ) -> impl Future<Output = Result<Vec<(Self, StoredResource)>, Failure>> + Send;
}

/// A read of the resources that have one key.
pub(crate) struct Lookup<W> {
    pub(crate) wanted: W,
    pub(crate) resource_type: Arc<ResourceType>,
    pub(crate) include: Include,
}

impl<W: Wanted> Job for Lookup<W> {
    type Answer = Vec<StoredResource>;

    fn resource_type(&self) -> &Arc<ResourceType> {
        &self.resource_type
    }

    fn include(&self) -> Include {
        self.include
    }

    fn bytes(&self) -> usize {
        0
    }

    const ON_CLUSTERS: bool = true;

    async fn run(
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        jobs: &[&Self],
    ) -> Result<Vec<Option<Vec<StoredResource>>>, Failure> {
        let Some(first) = jobs.first() else { return Ok(Vec::new()) };
        let mut wanted: Vec<W> = jobs.iter().map(|job| job.wanted.clone()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let include = Include { members: MemberInclude::None, ..first.include };
        let read = W::read(connection, tenant, &first.resource_type, &wanted, include).await?;
        let mut found: HashMap<W, Vec<StoredResource>> = HashMap::with_capacity(read.len());
        for (wanted, resource) in read {
            found.entry(wanted).or_default().push(resource);
        }
        let is_each_wanted_once = wanted.len() == jobs.len();
        let answer = |job: &&Self| {
            let found =
                if is_each_wanted_once { found.remove(&job.wanted) } else { found.get(&job.wanted).cloned() };
            Some(found.unwrap_or_default())
        };
        Ok(jobs.iter().map(answer).collect())
    }
}
