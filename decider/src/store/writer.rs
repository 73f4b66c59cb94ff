//! The one thread that writes: takes what has queued up, settles each question in turn, commits once, and only
//! then answers.

mod upkeep;
mod failure;

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use policy::document::Policy;
use policy::settle::ChargeChange;
use policy::time::Time;
use policy::usage::UsageIndex;
use policy::verdict::{Action, ReasonCode};
use tokio::sync::oneshot;

use super::adoption::{AdoptedPolicy, Adoption, let_go};
use super::bounds::{FIRST_PAUSE, MAX_BATCH, SETTLED_WITHIN};
use super::decision::{Answer, Lookup, Record};
use super::error::StoreError;
use super::journal::{Entry, Journal, Recorded};
use super::question::Question;
use super::retention::Retention;
use super::shared::Shared;
use super::time::StoreTime;
use crate::document::Document;
use failure::{broken, guarded, note_free};

/// What is asked of the writer.
pub enum Task {
    /// Answer and record.
    Decide(Box<Question>, Reply<Answer>),
    /// Look up.
    Find(String, Lookup, Reply<Option<Record>>),
    /// Decide by this policy from some moment on.
    Adopt(Arc<Policy>, Document, Reply<()>),
}

/// What waiting for a task came to.
enum Next {
    /// It came.
    Task(Task),
    /// Some are waiting here already.
    PutOff,
    /// None came in time.
    Idle,
    /// None will come any more.
    Closed,
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
    /// What did not get its turn in the last round.
    put_off: Vec<Task>,
    /// When something may be pruned again.
    prune_at: Instant,
    /// What others see of it.
    pub shared: Arc<Shared>,
    /// Whom to tell of the end.
    on_fatal: Option<OnFatal>,
    /// How long a journal that is away is left alone before it is tried again; the first pause once a decision was
    /// committed.
    pause: Duration,
}

impl<J: Journal> Writer<J> {
    /// Over a journal, deciding by a policy with its sums.
    pub fn new(
        journal: J,
        AdoptedPolicy { policy, index }: AdoptedPolicy,
        time: StoreTime,
        retention: Retention,
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
            put_off: Vec::new(),
            prune_at,
            shared,
            on_fatal,
            pause: FIRST_PAUSE,
        }
    }

    /// Works until every sender is gone and the queue is empty.
    pub fn run(mut self, queue: &Receiver<Task>) {
        loop {
            let first = match self.next(queue) {
                Next::Task(task) => Some(task),
                Next::PutOff => None,
                Next::Idle => {
                    self.stand_by();
                    None
                }
                Next::Closed => return let_go((self.index, self.adopting)),
            };
            let batch = std::mem::take(&mut self.put_off).into_iter().chain(first).chain(queue.try_iter());
            self.round(batch.take(MAX_BATCH).collect());
            self.adopt_on();
        }
    }

    /// What is asked next. While there is something else to do, nobody is waited for.
    fn next(&self, queue: &Receiver<Task>) -> Next {
        if !self.put_off.is_empty() {
            return Next::PutOff;
        }
        let Some(patience) = self.patience() else { return queue.recv().map_or(Next::Closed, Next::Task) };
        match queue.recv_timeout(patience) {
            Ok(task) => Next::Task(task),
            Err(RecvTimeoutError::Timeout) => Next::Idle,
            Err(RecvTimeoutError::Disconnected) => Next::Closed,
        }
    }

    /// How long a task is waited for. `None`: until one comes.
    fn patience(&self) -> Option<Duration> {
        match self.adopting {
            Some(_) => Some(Duration::ZERO),
            None if self.shared.away().is_some() => Some(self.pause),
            None => self.journal.keep_up_every(),
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

    fn decide(&mut self, questions: Vec<Question>, mut replies: Vec<Reply<Answer>>) {
        let (started, mut questions) = (Instant::now(), VecDeque::from(questions));
        let answers = guarded(|| self.transact(&mut questions)).unwrap_or_else(|error| {
            self.note(&error);
            vec![Err(error); replies.len()]
        });
        let late = replies.split_off(answers.len().min(replies.len()));
        self.put_off(questions.into_iter().zip(late));
        self.shared.metrics.commit_seconds.observe(started.elapsed().as_secs_f64());
        self.shared.metrics.batch_size.observe(f64::from(u32::try_from(replies.len()).unwrap_or(u32::MAX)));
        for (reply, answer) in replies.into_iter().zip(answers) {
            let _ = reply.send(answer);
        }
    }

    /// They are the first of the next round.
    fn put_off(&mut self, late: impl Iterator<Item = (Question, Reply<Answer>)>) {
        self.put_off = late.map(|(question, reply)| Task::Decide(Box::new(question), reply)).collect();
        self.shared.metrics.queued.inc_by(i64::try_from(self.put_off.len()).unwrap_or_default());
    }

    /// The questions in one transaction, as many as are settled in time. An error is everybody's.
    fn transact(
        &mut self,
        questions: &mut VecDeque<Question>,
    ) -> Result<Vec<Result<Answer, StoreError>>, StoreError> {
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
        let (mut answers, begun) = (Vec::with_capacity(questions.len()), Instant::now());
        while answers.is_empty() || begun.elapsed() < SETTLED_WITHIN {
            let Some(question) = questions.pop_front() else { break };
            match self.answer(question, now) {
                Err(all @ (StoreError::Failed(_) | StoreError::Unavailable(_))) => return Err(all),
                answer => answers.push(answer),
            }
        }
        let wrote = answers.iter().flatten().any(|answer| !answer.recorded_earlier);
        let ended = if wrote { self.journal.commit() } else { self.journal.abandon() };
        ended.map_err(broken)?;
        if wrote {
            self.time.note_decision(now);
            self.note_commit();
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

    fn find(&mut self, tenant: &str, lookup: &Lookup) -> Result<Option<Record>, StoreError> {
        self.shared.check()?;
        let found = self.journal.find(tenant, lookup).inspect_err(|error| self.note_one(error));
        Ok(found?)
    }
}

/// Counts a charge, ours or another decider's, in all sums that there are.
fn take_in(
    policy: &Policy,
    index: &mut UsageIndex,
    adopting: &mut Option<(Adoption, Reply<()>)>,
    change: &ChargeChange,
) {
    index.record(policy.limits(), change.before.as_ref(), &change.after);
    if let Some((adoption, _)) = adopting {
        adoption.record(change);
    }
}
