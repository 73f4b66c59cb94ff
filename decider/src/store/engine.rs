//! A store made of a journal and one thread that writes to it.

use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;

use arc_swap::ArcSwap;
use policy::document::Policy;
use policy::time::Time;
use policy::usage::UsageIndex;
use tokio::sync::oneshot;
use uuid::{NoContext, Timestamp, Uuid};

pub use super::writer::OnFatal;

use super::adoption::Adoption;
use super::bounds::MAX_QUEUED;
use super::decision::{Answer, ConfigProposal, Lookup, Proposal, Record};
use super::error::{OpenError, StoreError};
use super::journal::{Journal, JournalError};
use super::metrics::Metrics;
use super::question::Question;
use super::time::{StoreTime, Watch};
use super::writer::{Reply, Shared, Task, Writer};
use super::{Pending, Store};
use crate::clock::Clock;
use crate::document::Document;

/// What an engine is opened with.
pub struct Setting {
    /// The policy whose limits it keeps sums for.
    pub policy: Arc<Policy>,
    /// The policy's document, as it was read.
    pub document: Document,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Counts.
    pub metrics: Arc<Metrics>,
    /// Called once, from the writer's thread, when the store has failed: the process has to end. Those who
    /// waited were told just before; leave them a moment.
    pub on_fatal: OnFatal,
}

/// The store that every journal makes. Dropping it ends what was begun and closes the journal.
pub struct Engine {
    queue: Option<SyncSender<Task>>,
    writer: Option<JoinHandle<()>>,
    shared: Arc<Shared>,
    watch: Arc<Watch>,
    clock: Arc<dyn Clock>,
}

impl Engine {
    /// Builds the sums of every limit from the journal, and starts to take questions.
    ///
    /// # Errors
    /// The ledger cannot be read.
    pub fn start<J: Journal>(mut journal: J, setting: Setting) -> Result<Self, OpenError> {
        let Setting { policy, document, clock, metrics, on_fatal } = setting;
        let shared = Arc::new(Shared {
            metrics: metrics.clone(),
            failed: OnceLock::new(),
            policy: ArcSwap::new(Arc::clone(&policy)),
        });
        let watch = Arc::new(Watch::start(clock.clone(), metrics));
        let mut time = time_of(&mut journal, &watch).map_err(unreadable)?;
        journal.remember_policy(&policy.hash, &document).map_err(unreadable)?;
        let now = time.now().map_err(|error| OpenError::Ledger(error.to_string()))?;
        let (policy, index) = adopted(&mut journal, policy, now).map_err(unreadable)?;
        let (adopting, on_fatal) = (None, Some(on_fatal));
        let writer = Writer { journal, index, policy, adopting, time, shared: shared.clone(), on_fatal };
        let (queue, tasks) = sync_channel(MAX_QUEUED);
        let thread = std::thread::Builder::new().name("store-writer".into());
        let writer = thread.spawn(move || writer.run(&tasks)).map_err(OpenError::Thread)?;
        Ok(Self { queue: Some(queue), writer: Some(writer), shared, watch, clock })
    }

    /// Queues it at once; the answer is waited for later, or not at all.
    fn ask<T: Send + 'static>(&self, task: impl FnOnce(Reply<T>) -> Task) -> Pending<T> {
        let (reply, answer) = oneshot::channel();
        let queued = self.enqueue(task(reply));
        let shared = self.shared.clone();
        Box::pin(async move {
            queued?;
            answer.await.unwrap_or_else(|_| shared.check().and(Err(StoreError::Closed)))
        })
    }

    fn enqueue(&self, task: Task) -> Result<(), StoreError> {
        self.shared.check()?;
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        let metrics = &self.shared.metrics;
        metrics.queued.inc();
        queue.try_send(task).map_err(|error| {
            metrics.queued.dec();
            match error {
                TrySendError::Full(_) => {
                    metrics.overloaded.inc();
                    StoreError::Overloaded
                }
                TrySendError::Disconnected(_) => self.shared.check().err().unwrap_or(StoreError::Closed),
            }
        })
    }

    /// Ids sort by the time at which they were asked for; nothing rests on their order.
    fn new_id(&self) -> String {
        let micros = u64::try_from(self.clock.wall().as_micros()).unwrap_or_default();
        let (seconds, nanos) = (micros / 1_000_000, (micros % 1_000_000).saturating_mul(1_000));
        let nanos = u32::try_from(nanos).unwrap_or_default();
        Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, nanos)).to_string()
    }
}

impl Store for Engine {
    fn decide(&self, proposal: Proposal) -> Pending<Answer> {
        let question = Box::new(Question::of_transaction(self.new_id(), proposal));
        self.ask(|reply| Task::Decide(question, reply))
    }

    fn decide_config_change(&self, proposal: ConfigProposal) -> Pending<Answer> {
        let question = Box::new(Question::of_config_change(self.new_id(), proposal));
        self.ask(|reply| Task::Decide(question, reply))
    }

    fn policy(&self) -> Arc<Policy> {
        self.shared.policy.load_full()
    }

    fn adopt(&self, policy: Arc<Policy>, document: Document) -> Pending<()> {
        self.ask(|reply| Task::Adopt(policy, document, reply))
    }

    fn get(&self, tenant: String, lookup: Lookup) -> Pending<Option<Record>> {
        self.ask(|reply| Task::Find(tenant, lookup, reply))
    }

    fn now(&self) -> Result<Time, StoreError> {
        self.shared.check()?;
        self.watch.now()
    }

    fn readiness(&self) -> Result<(), StoreError> {
        self.shared.check()?;
        self.watch.wall().map(|_| ())
    }
}

/// Waits for the writer, so that the file is free once this returns. The writer itself may hold the last
/// reference, through `on_fatal`; it does not wait for itself.
impl Drop for Engine {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(writer) = self.writer.take()
            && writer.thread().id() != std::thread::current().id()
        {
            let _ = writer.join();
        }
    }
}

fn time_of(journal: &mut impl Journal, watch: &Arc<Watch>) -> Result<StoreTime, JournalError> {
    let mark = journal.high_water()?;
    if let (Some(mark), Ok(wall)) = (mark, watch.wall())
        && mark > wall
    {
        let behind_ms = mark.as_micros().saturating_sub(wall.as_micros()) / 1_000;
        tracing::warn!(
            behind_ms,
            "the wall clock is behind the latest record: time stands still until it is not"
        );
    }
    Ok(StoreTime::since(watch.clone(), mark))
}

/// A policy with the sums of every limit. One without limits reads nothing.
fn adopted(
    journal: &mut impl Journal,
    policy: Arc<Policy>,
    now: Time,
) -> Result<(Arc<Policy>, UsageIndex), JournalError> {
    let mut adoption = Adoption::of(policy, now);
    while !adoption.read_on(journal)? {}
    Ok(adoption.ended())
}

fn unreadable(error: JournalError) -> OpenError {
    OpenError::Ledger(error.to_string())
}
