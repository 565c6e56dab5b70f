//! Reads of single resources that come together, in one statement.
//!
//! About half of what a read by id costs, in the database and here, is that of a statement and not of
//! the row. A server finds several requests ready each time that its runtime wakes up: those of them
//! that read resources of one type in one tenant wait for one another, and share a statement.
//!
//! Nobody waits for a time. The first of them spawns a task, which a runtime of one thread runs after
//! all that is ready already; it reads for whoever waits by then, and whoever comes later starts the
//! next. Since a statement is sent after all that it reads for were called, each sees what was written
//! before its call.
//!
//! Groups are read by themselves: one with many members would hold up the others.

use std::collections::HashMap;
use std::error::Error;
use std::mem;
use std::sync::Arc;

use futures_util::future::join_all;
use parking_lot::Mutex;
use scim_domain::identifier::{ResourceId, TenantId};
use scim_domain::listing::{Include, MemberInclude};
use scim_domain::resource::StoredResource;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::RepositoryError;
use tokio::runtime;
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::pool::Pool;
use crate::queries::get;

/// How many are read with one statement at most.
const MOST: usize = 64;

type Answer = Result<Option<StoredResource>, RepositoryError>;

/// The ids that are wanted, and who wants them.
type Waiting = Vec<(ResourceId, oneshot::Sender<Answer>)>;

/// What those who are read for together have in common. The addresses are of what the task of a queue
/// holds on to, so that nothing else comes to have them while there is the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    runtime: runtime::Id,
    tenant: TenantId,
    schema: usize,
    resource_type: usize,
    groups: bool,
}

/// Reads resources by their ids.
#[derive(Clone)]
pub(crate) struct Gather {
    pool: Pool,
    queues: Arc<Mutex<HashMap<Key, Waiting>>>,
}

impl Gather {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, queues: Arc::default() }
    }

    /// The resource, if it is there, with what `include` asks for.
    pub(crate) async fn get(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        include: Include,
    ) -> Answer {
        if resource_type.members().is_none()
            && let Some(answer) = self.join(tenant, resource_type, id, include)
            && let Ok(answer) = answer.await
        {
            return answer;
        }
        let found = self.read(tenant, resource_type, &[id], include).await?;
        Ok(found.into_iter().next())
    }

    /// Waits with the others. The answer is dropped where each of them is to read by itself. `None`
    /// outside of a runtime.
    fn join(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        id: ResourceId,
        include: Include,
    ) -> Option<oneshot::Receiver<Answer>> {
        let runtime = runtime::Handle::try_current().ok()?;
        let key = Key {
            runtime: runtime.id(),
            tenant: tenant.id,
            schema: Arc::as_ptr(&tenant.schema).addr(),
            resource_type: Arc::as_ptr(resource_type).addr(),
            groups: include.groups,
        };
        let (sender, answer) = oneshot::channel();
        let mut queues = self.queues.lock();
        let queue = queues.entry(key).or_default();
        queue.push((id, sender));
        let is_first = queue.len() == 1;
        drop(queues);
        if is_first {
            let turn = Turn {
                gather: self.clone(),
                queue: Some(key),
                tenant: tenant.clone(),
                resource_type: Arc::clone(resource_type),
                include: Include { members: MemberInclude::None, ..include },
            };
            runtime.spawn(turn.run().in_current_span());
        }
        Some(answer)
    }

    async fn read(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        ids: &[ResourceId],
        include: Include,
    ) -> Result<Vec<StoredResource>, RepositoryError> {
        let lease = self.pool.lease_for(tenant.id).await?;
        let outcome = get::get(lease.connection()?, tenant, resource_type, ids, include).await;
        lease.after_read(outcome)
    }
}

/// The task of a queue. However it ends, the queue ends with it: nobody waits in one that is not read for.
struct Turn {
    gather: Gather,
    /// `None` once it is taken: then there may be another one of that key.
    queue: Option<Key>,
    tenant: Tenant,
    resource_type: Arc<ResourceType>,
    include: Include,
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl Turn {
    fn take(&mut self) -> Waiting {
        let queue = self.queue.take().and_then(|key| self.gather.queues.lock().remove(&key));
        queue.unwrap_or_default()
    }

    async fn run(mut self) {
        let mut waiting = self.take();
        waiting.retain(|(_, answer)| !answer.is_closed());
        let mut reads = Vec::new();
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(MOST));
            reads.push(self.read(mem::replace(&mut waiting, rest)));
        }
        join_all(reads).await;
    }

    /// Reads with one statement, which is cancelled when nobody waits any more.
    async fn read(&self, mut waiting: Waiting) {
        let mut ids: Vec<ResourceId> = waiting.iter().map(|(id, _)| *id).collect();
        ids.sort_unstable();
        ids.dedup();
        let all_gone = join_all(waiting.iter_mut().map(|(_, answer)| answer.closed()));
        let outcome = tokio::select! {
            outcome = self.gather.read(&self.tenant, &self.resource_type, &ids, self.include) => outcome,
            _ = all_gone => return,
        };
        match outcome {
            Ok(found) => answer_each(waiting, found),
            Err(RepositoryError::Unavailable(cause)) => {
                let cause: Arc<dyn Error + Send + Sync> = cause.into();
                for (_, answer) in waiting {
                    let error = RepositoryError::Unavailable(Box::new(Arc::clone(&cause)));
                    let _gone = answer.send(Err(error));
                }
            }
            Err(error) => match waiting.pop() {
                Some((_, answer)) if waiting.is_empty() => drop(answer.send(Err(error))),
                // It may be about one of them; by itself each gets what it deserves.
                _ => tracing::debug!(?error, "resources are read one by one"),
            },
        }
    }
}

fn answer_each(mut waiting: Waiting, found: Vec<StoredResource>) {
    let mut found: HashMap<ResourceId, StoredResource> =
        found.into_iter().map(|resource| (resource.id, resource)).collect();
    while let Some((id, answer)) = waiting.pop() {
        let is_wanted_again = waiting.iter().any(|(other, _)| *other == id);
        let resource = if is_wanted_again { found.get(&id).cloned() } else { found.remove(&id) };
        let _gone = answer.send(Ok(resource));
    }
}
