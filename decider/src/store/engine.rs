//! A store made of a journal and one thread that writes to it.

use std::sync::Arc;
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use policy::document::Policy;
use policy::time::{MICROS_PER_SECOND, Time};
use tokio::sync::oneshot;
use uuid::{NoContext, Timestamp, Uuid};

pub use super::writer::OnFatal;

use super::adoption::adopt_at_once;
use super::bounds::{MAX_FORWARD_JUMP, MAX_QUEUED};
use super::decision::{Answer, ConfigProposal, Lookup, Proposal, Record};
use super::error::{OpenError, StoreError};
use super::journal::{Journal, JournalError, JournalTime};
use super::metrics::Metrics;
use super::question::Question;
use super::retention::Retention;
use super::shared::Shared;
use super::time::{StoreTime, Watch};
use super::writer::{Reply, Task, Writer};
use super::{Pending, Store};
use crate::clock::Clock;
use crate::document::Document;

const NANOS_PER_MICRO: u64 = 1_000;

/// What an engine is opened with.
pub struct Setting {
    /// The policy whose limits it keeps sums for.
    pub policy: Arc<Policy>,
    /// The policy's document, as it was read.
    pub document: Document,
    /// How long payload and evidence are kept.
    pub retention: Retention,
    /// This machine's clocks: the wall clock counts where the journal has none of its own.
    pub clock: Arc<dyn Clock>,
    /// What the store counts.
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
    pub fn start<J: Journal>(journal: J, setting: Setting) -> Result<Self, OpenError> {
        Self::open(move || Ok(journal), setting)
    }

    /// The same for a journal that is opened on the writer's own thread, which may then wait for it as it likes.
    ///
    /// # Errors
    /// It cannot be opened, or the ledger cannot be read.
    pub fn open<J: Journal>(
        open: impl FnOnce() -> Result<J, OpenError> + Send + 'static,
        setting: Setting,
    ) -> Result<Self, OpenError> {
        let clock = Arc::clone(&setting.clock);
        let (queue, tasks) = sync_channel(MAX_QUEUED);
        let (opened, begun) = sync_channel(1);
        let thread = std::thread::Builder::new().name("store-writer".into());
        let work = move || match open().and_then(|journal| writer(journal, setting)) {
            Ok((writer, watch)) => {
                let _ = opened.send(Ok((Arc::clone(&writer.shared), watch)));
                writer.run(&tasks);
            }
            Err(error) => drop(opened.send(Err(error))),
        };
        let writer = thread.spawn(work).map_err(OpenError::Thread)?;
        let fault = |_| Err(OpenError::Ledger("a fault of this program: its writer panicked".into()));
        let (shared, watch) = begun.recv().unwrap_or_else(fault)?;
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
        let second = MICROS_PER_SECOND.unsigned_abs();
        let (seconds, nanos) = (micros / second, (micros % second).saturating_mul(NANOS_PER_MICRO));
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
        self.shared.decides()?;
        self.watch.now()
    }

    fn readiness(&self) -> Result<(), StoreError> {
        self.shared.is_ready()?;
        self.watch.wall().map(|_| ())
    }

    fn expected_wait(&self) -> Duration {
        let queued = usize::try_from(self.shared.metrics.queued.get()).unwrap_or_default();
        self.shared.pace.wait(queued)
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

/// A writer whose sums are built, and its watch.
fn writer<J: Journal>(mut journal: J, setting: Setting) -> Result<(Writer<J>, Arc<Watch>), OpenError> {
    let Setting { policy, document, retention, clock, metrics, on_fatal } = setting;
    let moment = journal.join().map_err(unreadable)?;
    let wall = clock.wall();
    let watch = Arc::new(Watch::start(clock, Arc::clone(&metrics), moment));
    warn_of_a_clock_behind(moment, &watch);
    if let Some((theirs, ours)) = apart(moment, wall) {
        tracing::warn!(
            theirs,
            ours,
            "the server's clock, which decides, is more than a minute from this machine's"
        );
    }
    let mut time = StoreTime::of(Arc::clone(&watch));
    journal.remember_policy(&policy.hash, &document).map_err(unreadable)?;
    let now = time.now(moment).map_err(|error| OpenError::Ledger(error.to_string()))?;
    let adopted = adopt_at_once(&mut journal, policy, now).map_err(unreadable)?;
    let shared = Arc::new(Shared::new(metrics, Arc::clone(&adopted.policy)));
    shared.observe(journal.frozen());
    let mut writer = Writer::new(journal, adopted, time, retention, shared, on_fatal);
    // The first decision finds its place made.
    writer.prune();
    Ok((writer, watch))
}

fn warn_of_a_clock_behind(moment: JournalTime, watch: &Watch) {
    if let (Some(latest), Ok(wall)) = (moment.latest, watch.wall())
        && latest > wall
    {
        let behind_ms = latest.as_micros().saturating_sub(wall.as_micros()) / 1_000;
        tracing::warn!(
            behind_ms,
            "the wall clock is behind the latest record: time stands still until it is not"
        );
    }
}

/// What the journal's clock shows and what ours does, where one of the two must be wrong.
fn apart(moment: JournalTime, wall: Time) -> Option<(String, String)> {
    let theirs = moment.clock?;
    let apart = Duration::from_micros(theirs.as_micros().abs_diff(wall.as_micros()));
    let text = |at: Time| jiff::Timestamp::from_microsecond(at.as_micros()).ok().map(|at| at.to_string());
    (apart > MAX_FORWARD_JUMP).then(|| text(theirs).zip(text(wall))).flatten()
}

fn unreadable(error: JournalError) -> OpenError {
    OpenError::Ledger(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000_000;

    #[test]
    fn a_servers_clock_is_told_once_it_is_more_than_a_minute_from_ours() {
        let told = |theirs: i64| {
            let clock = Some(Time::from_micros(1_700_000_000_000_000 + theirs));
            apart(JournalTime { clock, latest: None }, Time::from_micros(1_700_000_000_000_000))
        };
        assert_eq!((told(MINUTE), told(-MINUTE)), (None, None));
        let both = Some(("2023-11-14T22:12:19.999999Z".into(), "2023-11-14T22:13:20Z".into()));
        assert_eq!(told(-MINUTE - 1), both);
        assert!(told(MINUTE + 1).is_some());
        assert_eq!(apart(JournalTime::default(), Time::from_micros(0)), None, "only ours decides");
    }
}
