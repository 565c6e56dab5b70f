//! Reads of single resources that come together, in one statement.
//!
//! About half of what a read by id costs, in the database and here, is that of a statement and not of
//! the row; a search for one `userName` is much the same. A server finds several requests ready each time
//! that its runtime wakes up: those of them that look for resources of one type in one tenant, all by id
//! or all by name, wait for one another, and share a statement. Whoever turns out to be alone reads as if
//! there was none of this.
//!
//! Nobody waits for a time. The first of them spawns a task, which a runtime of one thread runs after
//! all that is ready already; it reads for whoever waits by then, and whoever comes later starts the
//! next. Since a statement is sent after all that it reads for were called, each sees what was written
//! before its call.
//!
//! Groups are read by themselves: one with many members would hold up the others.

use std::collections::HashMap;
use std::error::Error;
use std::hash::Hash;
use std::mem;
use std::sync::Arc;

use diesel_async::AsyncPgConnection;
use futures_util::future::join_all;
use parking_lot::Mutex;
use scim_domain::identifier::TenantId;
use scim_domain::listing::{Include, MemberInclude};
use scim_domain::resource::StoredResource;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::RepositoryError;
use tokio::runtime;
use tokio::sync::oneshot;
use tracing::Instrument;

use crate::error::Failure;
use crate::pool::Pool;

/// How many are read with one statement at most.
const MOST: usize = 64;

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

type Answer = Result<Vec<StoredResource>, RepositoryError>;

/// What is wanted, and by whom.
type Waiting<W> = Vec<(W, oneshot::Sender<Answer>)>;

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

/// Looks resources up by a `W`.
#[derive(Clone)]
pub(crate) struct Gather<W> {
    pool: Pool,
    queues: Arc<Mutex<HashMap<Key, Waiting<W>>>>,
}

impl<W: Wanted> Gather<W> {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, queues: Arc::default() }
    }

    /// What there is, with what `include` asks for, if it was read for others as well. `None` where the
    /// caller is to read it by itself.
    pub(crate) async fn find(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        wanted: W,
        include: Include,
    ) -> Result<Option<Vec<StoredResource>>, RepositoryError> {
        if resource_type.members().is_some() {
            return Ok(None);
        }
        match self.join(tenant, resource_type, wanted, include) {
            Some(answer) => answer.await.ok().transpose(),
            None => Ok(None),
        }
    }

    /// Waits with the others. The answer is dropped where each of them is to read by itself. `None`
    /// outside of a runtime.
    fn join(
        &self,
        tenant: &Tenant,
        resource_type: &Arc<ResourceType>,
        wanted: W,
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
        queue.push((wanted, sender));
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
}

/// The task of a queue. However it ends, the queue ends with it: nobody waits in one that is not read for.
struct Turn<W: Wanted> {
    gather: Gather<W>,
    /// `None` once it is taken: then there may be another one of that key.
    queue: Option<Key>,
    tenant: Tenant,
    resource_type: Arc<ResourceType>,
    include: Include,
}

impl<W: Wanted> Drop for Turn<W> {
    fn drop(&mut self) {
        drop(self.take());
    }
}

impl<W: Wanted> Turn<W> {
    fn take(&mut self) -> Waiting<W> {
        let queue = self.queue.take().and_then(|key| self.gather.queues.lock().remove(&key));
        queue.unwrap_or_default()
    }

    async fn run(mut self) {
        let mut waiting = self.take();
        waiting.retain(|(_, answer)| !answer.is_closed());
        let mut reads = Vec::new();
        while !waiting.is_empty() {
            let rest = waiting.split_off(waiting.len().min(MOST));
            let together = mem::replace(&mut waiting, rest);
            if together.len() > 1 {
                reads.push(self.answer(together));
            }
        }
        join_all(reads).await;
    }

    /// Reads with one statement, which is cancelled when nobody waits any more.
    async fn answer(&self, mut waiting: Waiting<W>) {
        let mut wanted: Vec<W> = waiting.iter().map(|(wanted, _)| wanted.clone()).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let all_gone = join_all(waiting.iter_mut().map(|(_, answer)| answer.closed()));
        let outcome = tokio::select! {
            outcome = self.read(&wanted) => outcome,
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
            // It may be about one of them; by itself each gets what it deserves.
            Err(error) => tracing::debug!(?error, "resources are read one by one"),
        }
    }

    async fn read(&self, wanted: &[W]) -> Result<Vec<(W, StoredResource)>, RepositoryError> {
        let lease = self.gather.pool.lease_for(self.tenant.id).await?;
        let connection = lease.connection()?;
        let outcome = W::read(connection, &self.tenant, &self.resource_type, wanted, self.include).await;
        lease.after_read(outcome)
    }
}

fn answer_each<W: Wanted>(mut waiting: Waiting<W>, found: Vec<(W, StoredResource)>) {
    let mut all: HashMap<W, Vec<StoredResource>> = HashMap::with_capacity(found.len());
    for (wanted, resource) in found {
        all.entry(wanted).or_default().push(resource);
    }
    while let Some((wanted, answer)) = waiting.pop() {
        let is_wanted_again = waiting.iter().any(|(other, _)| *other == wanted);
        let resources = if is_wanted_again { all.get(&wanted).cloned() } else { all.remove(&wanted) };
        let _gone = answer.send(Ok(resources.unwrap_or_default()));
    }
}
