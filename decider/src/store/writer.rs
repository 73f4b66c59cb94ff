//! The one thread that writes: takes what has queued up, settles each question in turn, commits once, and only
//! then answers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use policy::document::Policy;
use policy::settle::ChargeChange;
use policy::time::Time;
use policy::usage::UsageIndex;
use policy::verdict::{Action, ReasonCode};
use tokio::sync::oneshot;

use super::adoption::{Adoption, adopted};
use super::bounds::{BETWEEN_PIECES, FIRST_PAUSE, LONGEST_PAUSE, MAX_BATCH, MOST_PATIENCE};
use super::decision::{Answer, Lookup, Record};
use super::error::StoreError;
use super::journal::{Entry, Journal, JournalError, JournalTime, Recorded};
use super::question::Question;
use super::retention::Retention;
use super::shared::Shared;
use super::time::StoreTime;
use crate::document::Document;

/// What is asked of the writer.
pub enum Task {
    /// Answer and record.
    Decide(Box<Question>, Reply<Answer>),
    /// Look up.
    Find(String, Lookup, Reply<Option<Record>>),
    /// Decide by this policy from some moment on.
    Adopt(Arc<Policy>, Document, Reply<()>),
}

/// Where an answer goes. Nobody may be there any more; that changes nothing about the record.
pub type Reply<T> = oneshot::Sender<Result<T, StoreError>>;

/// Called once, when the store has failed and those who waited were told so.
pub type OnFatal = Box<dyn FnOnce(&StoreError) + Send>;

/// Owns the journal, the sums and the time.
pub struct Writer<J> {
    journal: J,
    /// The sums of the policy's limits over the journal's charges.
    index: UsageIndex,
    /// The policy whose limits those are.
    policy: Arc<Policy>,
    /// The policy that comes after it, and who waits for that.
    adopting: Option<(Adoption, Reply<()>)>,
    time: StoreTime,
    retention: Retention,
    /// When something may be pruned again.
    prune_at: Instant,
    /// What others see of it.
    pub shared: Arc<Shared>,
    /// Whom to tell of the end.
    on_fatal: Option<OnFatal>,
    /// How long a journal that is away is left alone before it is tried again.
    pause: Duration,
}

impl<J: Journal> Writer<J> {
    /// Over a journal, with the sums of a policy.
    pub fn new(
        journal: J,
        (policy, index): (Arc<Policy>, UsageIndex),
        (time, retention): (StoreTime, Retention),
        shared: Arc<Shared>,
        on_fatal: OnFatal,
    ) -> Self {
        let (adopting, on_fatal, prune_at) = (None, Some(on_fatal), Instant::now());
        Self {
            journal,
            index,
            policy,
            adopting,
            time,
            retention,
            prune_at,
            shared,
            on_fatal,
            pause: FIRST_PAUSE,
        }
    }

    /// Works until every sender is gone and the queue is empty.
    pub fn run(mut self, queue: &Receiver<Task>) {
        while let Some(first) = self.next(queue) {
            if first.is_none() {
                self.stand_by();
            }
            let batch = first.into_iter().chain(queue.try_iter()).take(MAX_BATCH).collect();
            self.round(batch);
            self.adopt_on();
        }
    }

    /// What is asked next. While there is something else to do, nobody is waited for.
    fn next(&self, queue: &Receiver<Task>) -> Option<Option<Task>> {
        let Some(patience) = self.patience() else { return queue.recv().ok().map(Some) };
        match queue.recv_timeout(patience) {
            Ok(task) => Some(Some(task)),
            Err(RecvTimeoutError::Timeout) => Some(None),
            Err(RecvTimeoutError::Disconnected) => None,
        }
    }

    fn patience(&self) -> Option<Duration> {
        match self.adopting {
            Some(_) => Some(Duration::ZERO),
            None if self.shared.away().is_some() => Some(self.pause),
            None => self.journal.keep_up_every(),
        }
    }

    /// What is due while nobody asks.
    fn stand_by(&mut self) {
        if self.shared.away().is_some() {
            self.come_back();
        } else if self.adopting.is_none()
            && let Err(error) = guarded(|| self.keep_up())
        {
            self.note(&error);
        }
    }

    fn keep_up(&mut self) -> Result<(), StoreError> {
        let Self { journal, index, policy, adopting, time, .. } = self;
        let mut take = |change: &ChargeChange| take_in(policy, index, adopting, change);
        let moment = if self.shared.is_held() {
            // To read goes well while somebody holds the ledger.
            let moment = journal.begin(&mut std::iter::empty(), &mut take)?;
            journal.abandon().map_err(broken)?;
            moment
        } else {
            journal.keep_up(&mut take)?
        };
        self.shared.observe(journal.frozen());
        note_free(&self.shared);
        // A clock that leapt is the watch's to tell, for as long as it is ahead.
        if let Ok(now) = time.now(moment) {
            index.forget(now);
        }
        Ok(())
    }

    /// Tries the journal again. What of the last round is on record nobody knows: the sums are made anew.
    fn come_back(&mut self) {
        let rebuilt = guarded(|| {
            let moment = self.journal.join()?;
            self.shared.observe(self.journal.frozen());
            let now = self.time.now(moment)?;
            Ok(adopted(&mut self.journal, Arc::clone(&self.policy), now)?.1)
        });
        match rebuilt {
            Ok(index) => {
                (self.index, self.pause) = (index, FIRST_PAUSE);
                self.shared.note_held(false);
                self.shared.away.store(None);
                tracing::warn!("the store is back: deciding again");
            }
            Err(error) => {
                self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
                self.note(&error);
                self.shared.away.store(Some(Arc::new(error)));
            }
        }
    }

    /// Lookups come after the commit, so that nobody is shown what may still fail.
    fn round(&mut self, batch: Vec<Task>) {
        if !batch.is_empty() {
            self.shared.pace.begin();
        }
        self.shared.metrics.queued.dec_by(i64::try_from(batch.len()).unwrap_or_default());
        let (mut questions, mut replies) = (Vec::new(), Vec::new());
        let (mut lookups, mut adoptions) = (Vec::new(), Vec::new());
        for task in batch {
            match task {
                Task::Decide(question, reply) => {
                    questions.push(*question);
                    replies.push(reply);
                }
                Task::Find(tenant, lookup, reply) => lookups.push((tenant, lookup, reply)),
                Task::Adopt(policy, document, reply) => adoptions.push((policy, document, reply)),
            }
        }
        if !questions.is_empty() {
            self.decide(questions, replies);
        }
        for (tenant, lookup, reply) in lookups {
            let found = guarded(|| self.find(&tenant, &lookup)).inspect_err(|error| self.note(error));
            let _ = reply.send(found);
        }
        for (policy, document, reply) in adoptions {
            self.adopt(policy, &document, reply);
        }
        self.shared.pace.end();
        self.after_answers();
    }

    fn decide(&mut self, questions: Vec<Question>, replies: Vec<Reply<Answer>>) {
        let started = Instant::now();
        let answers = guarded(|| self.transact(questions)).unwrap_or_else(|error| {
            self.note(&error);
            vec![Err(error); replies.len()]
        });
        self.shared.metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
        self.shared.metrics.batch_size.observe(f64::from(u32::try_from(replies.len()).unwrap_or(u32::MAX)));
        for (reply, answer) in replies.into_iter().zip(answers) {
            let _ = reply.send(answer);
        }
    }

    /// All questions in one transaction. An error is everybody's.
    fn transact(&mut self, questions: Vec<Question>) -> Result<Vec<Result<Answer, StoreError>>, StoreError> {
        self.shared.check()?;
        let Self { journal, index, policy, adopting, time, .. } = self;
        let mut asked = questions.iter().map(Question::asked);
        let moment = journal.begin(&mut asked, &mut |change| take_in(policy, index, adopting, change))?;
        self.shared.observe(journal.frozen());
        note_free(&self.shared);
        let now = match self.shared.decides().and_then(|()| time.now(moment)) {
            Ok(now) => now,
            Err(undecided) => return journal.abandon().map_err(broken).and(Err(undecided)),
        };
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            match self.answer(question, now) {
                Err(all @ (StoreError::Failed(_) | StoreError::Unavailable(_))) => return Err(all),
                answer => answers.push(answer),
            }
        }
        let wrote = answers.iter().flatten().any(|answer| !answer.recorded_earlier);
        let ended = if wrote { self.journal.commit() } else { self.journal.abandon() };
        ended.map_err(broken)?;
        if wrote {
            self.time.decided(now);
        }
        Ok(answers)
    }

    /// The recorded answer, or a new one, written. Everything is read and settled before anything is written.
    fn answer(&mut self, question: Question, now: Time) -> Result<Answer, StoreError> {
        let recorded =
            self.journal.recorded(question.identity()).inspect_err(|error| self.note_one(error))?;
        if let Recorded::This(decision) = recorded {
            return Ok(Answer { decision: *decision, recorded_earlier: true });
        }
        // The rules may have spoken before the policy changed: limits of one policy never go with rules of another.
        let question = question.by(&self.policy);
        let mut books = self.index.over(|key| self.journal.charge(key));
        let entry = match recorded {
            Recorded::Nothing => {
                question.settle(&mut books, now).inspect_err(|error| self.note_one(error))?
            }
            _ => question.content_changed(now),
        };
        if entry.decision.action == Action::Undecided {
            return Err(StoreError::Undecided);
        }
        self.write(&entry)?;
        Ok(Answer { decision: entry.decision, recorded_earlier: false })
    }

    /// A write that fails may have been done in part, so that its whole batch has to fail.
    fn write(&mut self, entry: &Entry) -> Result<(), StoreError> {
        self.journal.write(entry).map_err(broken)?;
        if let Some(change) = &entry.charge {
            take_in(&self.policy, &mut self.index, &mut self.adopting, change);
        }
        if entry.decision.reason.code == ReasonCode::ContentChanged {
            self.shared.metrics.content_changed.inc();
            tracing::error!(decision_id = entry.decision.id, "a known request id came with other content");
        }
        Ok(())
    }

    /// Keeps the policy, and begins to make its sums. What is already adopted is adopted at once.
    fn adopt(&mut self, policy: Arc<Policy>, document: &Document, reply: Reply<()>) {
        let begun = guarded(|| {
            self.shared.check()?;
            self.journal.remember_policy(&policy.hash, document)?;
            Ok(Adoption::of(policy, self.time.now(JournalTime::default())?))
        });
        match begun {
            Ok(adoption) => self.adopting = Some((adoption, reply)),
            Err(error) => {
                self.note(&error);
                let _ = reply.send(Err(error));
            }
        }
    }

    /// One piece further; after the last, the policy decides.
    fn adopt_on(&mut self) {
        let Some((mut adoption, reply)) = self.adopting.take() else { return };
        let read = guarded(|| {
            self.shared.check()?;
            Ok(adoption.read_on(&mut self.journal)?)
        });
        match read {
            Ok(false) => self.adopting = Some((adoption, reply)),
            Ok(true) => {
                (self.policy, self.index) = adoption.ended();
                self.shared.policy.store(Arc::clone(&self.policy));
                let _ = reply.send(Ok(()));
            }
            Err(error) => {
                self.note(&error);
                let _ = reply.send(Err(error));
            }
        }
    }

    fn find(&mut self, tenant: &str, lookup: &Lookup) -> Result<Option<Record>, StoreError> {
        self.shared.check()?;
        let found = self.journal.find(tenant, lookup).inspect_err(|error| self.note_one(error));
        Ok(found?)
    }

    /// What is due once nobody waits: upkeep, or the end of the process.
    fn after_answers(&mut self) {
        if self.shared.check().is_ok()
            && let Err(error) = guarded(|| self.journal.tidy().map_err(broken))
        {
            self.note(&error);
        }
        self.prune();
        if let Some(error) = self.shared.failed.get()
            && let Some(on_fatal) = self.on_fatal.take()
        {
            on_fatal(error);
        }
    }

    /// Lets a piece go of what retention has ended for, while nobody waits or once that was waited for in vain. Nothing of a
    /// frozen store, and nothing by a clock that leapt, also before the start.
    pub fn prune(&mut self) {
        let late = self.prune_at.elapsed();
        let due = Instant::now() >= self.prune_at
            && (self.shared.metrics.queued.get() <= 0 || late >= MOST_PATIENCE);
        if !due || self.adopting.is_some() || self.shared.decides().is_err() {
            return;
        }
        let Ok(now) = self.time.now(JournalTime::default()) else { return };
        let Some(end) = self.retention.ends_before(self.time.known_of(now)) else { return };
        let pruned = guarded(|| Ok(self.journal.prune(end, now)?)).inspect_err(|error| self.note(error));
        let pause = pruned.unwrap_or(BETWEEN_PIECES);
        self.prune_at = Instant::now().checked_add(pause).unwrap_or(self.prune_at);
    }

    /// Keeps a failure of the store as a whole: from here on everybody gets it for an answer, for good or until the
    /// journal is back.
    fn note(&self, error: &StoreError) {
        let away = || self.shared.away.swap(Some(Arc::new(error.clone()))).is_none();
        match error {
            StoreError::Failed(_) if self.shared.failed.set(error.clone()).is_ok() => {
                self.shared.metrics.failures.inc();
                tracing::error!(%error, "the store failed: nothing is answered any more, and the process has to end");
            }
            StoreError::Unavailable(_) if away() => {
                self.shared.metrics.failures.inc();
                tracing::error!(%error, "the store cannot be used: nothing is decided until it can");
            }
            StoreError::Busy => {
                self.shared.metrics.failures.inc();
                if self.shared.note_held(true) {
                    tracing::error!(%error, "nothing is decided until the ledger is let go");
                }
            }
            _ => {}
        }
    }

    fn note_one(&self, error: &JournalError) {
        if matches!(error, JournalError::Unreadable(_)) {
            self.shared.metrics.failures.inc();
            tracing::error!(%error, "a record cannot be read; the request that needs it is not decided");
        }
    }
}

/// A panic is a fault of this program. What it leaves behind is not used again: the store has failed.
fn guarded<T>(work: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
    let panicked = |_| Err(StoreError::Failed("a fault of this program: its writer panicked".into()));
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(panicked)
}

/// Whatever went wrong: after it, nobody knows what was written. Where the journal can be taken up again, it will be.
fn broken(error: JournalError) -> StoreError {
    match error {
        JournalError::Lost(_) => error.into(),
        _ => StoreError::Failed(error.to_string().into()),
    }
}

/// The ledger could be had.
fn note_free(shared: &Shared) {
    if shared.note_held(false) {
        tracing::warn!("the ledger was let go: deciding again");
    }
}

/// Counts a charge, ours or another decider's, in all sums that there are.
fn take_in(
    policy: &Policy,
    index: &mut UsageIndex,
    adopting: &mut Option<(Adoption, Reply<()>)>,
    change: &ChargeChange,
) {
    index.record(&policy.limits, policy.groups(), change.before.as_ref(), &change.after);
    if let Some((adoption, _)) = adopting {
        adoption.record(change);
    }
}

#[cfg(test)]
mod tests;
