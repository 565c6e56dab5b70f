//! Requests for single resources that come together, in one statement.
//!
//! Most of what a small request costs, in the database and here, is that of a message, a statement and a
//! transaction, and not of the row. A server finds several requests ready each time that its runtime wakes
//! up: those of them that are of one kind, for resources of one type in one tenant, wait for one another,
//! and share a statement. Whoever turns out to be alone is run as if there was none of this.
//!
//! The first of them spawns a task, which lets the runtime look for more a few times, as long as that takes
//! next to nothing, and then runs whoever waits by then; whoever comes later starts the next. Those who are
//! answered together come back together, so that a busy server has most of its requests run so. Since a
//! statement is sent after all that it is run for were called, each sees what was written before its call.
//!
//! Groups are run by themselves: one with many members would hold up the others.

mod lookup;

use std::collections::HashMap;
use std::error::Error;
use std::mem;
use std::sync::Arc;
use std::time::{Duration, Instant};

use diesel_async::AsyncPgConnection;
use futures_util::future::join_all;
use parking_lot::Mutex;
use scim_domain::identifier::TenantId;
use scim_domain::listing::Include;
use scim_domain::schema::ResourceType;
use scim_domain::tenant::Tenant;
use scim_ports::RepositoryError;
use tokio::runtime;
use tokio::sync::oneshot;
use tokio::task::yield_now;
use tracing::Instrument;

use crate::error::Failure;
use crate::pool::Pool;

pub(crate) use lookup::{Lookup, Wanted};

/// How many are run with one statement at most.
const MOST: usize = 64;
/// How many bytes of documents they add to it at most; what is kept beside a document is about as long again.
const MOST_BYTES: usize = 1024 * 1024;
/// With so many, a statement is a small part of what each costs: more are not waited for.
const ENOUGH: usize = 16;
/// How often the runtime is let look for more. Each time takes a microsecond where there is nothing to do.
const TURNS: usize = 8;
/// After this more are not waited for: the runtime has much else to do.
const PATIENCE: Duration = Duration::from_micros(500);

/// A request that can be run with others like it.
pub(crate) trait Job: Send + Sync + 'static {
    /// What it is answered.
    type Answer: Send + 'static;

    /// The type of its resource.
    fn resource_type(&self) -> &Arc<ResourceType>;

    /// What is read with its resource.
    fn include(&self) -> Include;

    /// How many bytes of documents it adds to the statement.
    fn bytes(&self) -> usize;

    /// Whether a database of several servers runs several of them as one statement as well.
    const ON_CLUSTERS: bool;

    /// Runs several with one statement: those that have the tenant, the type and [`Include::groups`] in common.
    /// Answers each in its place, with `None` where it does not apply, and nothing was written. Where all fail,
    /// nothing was written either, unless they fail as [`Failure::Unavailable`].
    fn run(
        connection: &AsyncPgConnection,
        tenant: &Tenant,
        jobs: &[&Self],
    ) -> impl Future<Output = Result<Vec<Option<Self::Answer>>, Failure>> + Send;
}

/// What came of a request that might have been run with others.
pub(crate) enum Turn<A> {
    /// It was: this is its answer.
    Answered(A),
    /// It was, and did not apply: the caller finds out why.
    NotApplied,
    /// It was not: the caller is to run it.
    Alone,
}

type Outcome<A> = Result<Turn<A>, RepositoryError>;

/// What is to be run, and for whom.
type Waiting<J> = Vec<(Arc<J>, oneshot::Sender<Outcome<<J as Job>::Answer>>)>;

/// What those who are run together have in common. The addresses are of what the task of a queue
/// holds on to, so that nothing else comes to have them while there is the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    runtime: runtime::Id,
    tenant: TenantId,
    schema: usize,
    resource_type: usize,
    groups: bool,
}

/// Runs requests of one kind together.
pub(crate) struct Gather<J: Job> {
    pool: Pool,
    queues: Arc<Mutex<HashMap<Key, Waiting<J>>>>,
}

impl<J: Job> Clone for Gather<J> {
    fn clone(&self) -> Self {
        Self { pool: self.pool.clone(), queues: Arc::clone(&self.queues) }
    }
}

impl<J: Job> Gather<J> {
    pub(crate) fn new(pool: Pool) -> Self {
        Self { pool, queues: Arc::default() }
    }

    /// Has a job run with others, if there are any.
    pub(crate) async fn turn(
        &self,
        tenant: &Tenant,
        job: &Arc<J>,
    ) -> Result<Turn<J::Answer>, RepositoryError> {
        if job.resource_type().members().is_some() {
            return Ok(Turn::Alone);
        }
        let Some(outcome) = self.join(tenant, Arc::clone(job)) else { return Ok(Turn::Alone) };
        match outcome.await {
            Ok(outcome) => outcome,
            // It may have been run, and must not be run again.
            Err(_) => {
                Err(RepositoryError::Unavailable("what ran this with others ended before it was done".into()))
            }
        }
    }

    /// Waits with the others. `None` outside of a runtime.
    fn join(&self, tenant: &Tenant, job: Arc<J>) -> Option<oneshot::Receiver<Outcome<J::Answer>>> {
        let runtime = runtime::Handle::try_current().ok()?;
        let key = Key {
            runtime: runtime.id(),
            tenant: tenant.id,
            schema: Arc::as_ptr(&tenant.schema).addr(),
            resource_type: Arc::as_ptr(job.resource_type()).addr(),
            groups: job.include().groups,
        };
        let (sender, outcome) = oneshot::channel();
        let mut queues = self.queues.lock();
        let queue = queues.entry(key).or_default();
        queue.push((Arc::clone(&job), sender));
        let is_first = queue.len() == 1;
        drop(queues);
        if is_first {
            let run = Run { gather: self.clone(), queue: Some(key), tenant: tenant.clone(), _first: job };
            runtime.spawn(run.start().in_current_span());
        }
        Some(outcome)
    }
}

/// The task of a queue. However it ends, the queue ends with it: nobody waits in one that is not run.
struct Run<J: Job> {
    gather: Gather<J>,
    /// `None` once it is taken: then there may be another one of that key.
    queue: Option<Key>,
    tenant: Tenant,
    /// Keeps the type where it is.
    _first: Arc<J>,
}

impl<J: Job> Drop for Run<J> {
    fn drop(&mut self) {
        leave_alone(self.take());
    }
}

impl<J: Job> Run<J> {
    async fn start(mut self) {
        self.wait_for_others().await;
        let mut waiting = self.take();
        waiting.retain(|(_, outcome)| !outcome.is_closed());
        let mut runs = Vec::new();
        while !waiting.is_empty() {
            let rest = waiting.split_off(fitting(&waiting));
            let together = mem::replace(&mut waiting, rest);
            if together.len() > 1 {
                runs.push(self.answer(together));
            } else {
                leave_alone(together);
            }
        }
        join_all(runs).await;
    }

    async fn wait_for_others(&self) {
        let began = Instant::now();
        for _ in 0..TURNS {
            yield_now().await;
            if self.waiting() >= ENOUGH || began.elapsed() >= PATIENCE {
                break;
            }
        }
    }

    /// How many wait.
    fn waiting(&self) -> usize {
        let queues = self.gather.queues.lock();
        self.queue.and_then(|key| queues.get(&key)).map_or(0, Vec::len)
    }

    fn take(&mut self) -> Waiting<J> {
        let queue = self.queue.take().and_then(|key| self.gather.queues.lock().remove(&key));
        queue.unwrap_or_default()
    }

    /// Runs one statement, which is cancelled when nobody waits any more.
    async fn answer(&self, mut waiting: Waiting<J>) {
        let jobs: Vec<Arc<J>> = waiting.iter().map(|(job, _)| Arc::clone(job)).collect();
        let all_gone = join_all(waiting.iter_mut().map(|(_, outcome)| outcome.closed()));
        let answers = tokio::select! {
            answers = self.run(&jobs) => answers,
            _ = all_gone => return,
        };
        match answers {
            Ok(answers) => {
                for ((_, outcome), answer) in waiting.into_iter().zip(answers) {
                    let _gone = outcome.send(Ok(answer.map_or(Turn::NotApplied, Turn::Answered)));
                }
            }
            Err(Failure::Unavailable(cause)) => {
                let cause: Arc<dyn Error + Send + Sync> = cause.into();
                for (_, outcome) in waiting {
                    let error = RepositoryError::Unavailable(Box::new(Arc::clone(&cause)));
                    let _gone = outcome.send(Err(error));
                }
            }
            // It may be about one of them; by itself each gets what it deserves.
            Err(failure) => {
                tracing::debug!(?failure, "requests are run one by one");
                leave_alone(waiting);
            }
        }
    }

    async fn run(&self, jobs: &[Arc<J>]) -> Result<Vec<Option<J::Answer>>, Failure> {
        let jobs: Vec<&J> = jobs.iter().map(Arc::as_ref).collect();
        let lease = self.gather.pool.lease_for(self.tenant.id).await?;
        if !J::ON_CLUSTERS && !lease.is_to_one_server() {
            lease.give_back();
            return Err(Failure::Internal("several servers do not run them as one statement".into()));
        }
        let outcome = J::run(lease.connection()?, &self.tenant, &jobs).await;
        lease.after_statement(outcome)
    }
}

/// How many from the front have room in one statement: one in any case.
fn fitting<J: Job>(waiting: &Waiting<J>) -> usize {
    let jobs = waiting.iter().take(MOST).map(|(job, _)| job.bytes());
    let lengths = jobs.scan(0_usize, |length, bytes| {
        *length = length.saturating_add(bytes);
        Some(*length)
    });
    lengths.take_while(|length| *length <= MOST_BYTES).count().max(1)
}

/// Has each run by its caller.
fn leave_alone<J: Job>(waiting: Waiting<J>) {
    for (_, outcome) in waiting {
        let _gone = outcome.send(Ok(Turn::Alone));
    }
}
