//! What the writer does while nobody waits for an answer: it follows the journal, comes back to one that was away, makes
//! the sums of a policy that comes, and prunes.

use std::sync::Arc;
use std::time::Instant;

use policy::document::Policy;
use policy::settle::ChargeChange;

use super::failure::{broken, guarded, note_free};
use super::{Reply, Writer, take_in};
use crate::document::Document;
use crate::store::adoption::{AdoptedPolicy, Adoption, adopt_at_once, let_go};
use crate::store::bounds::{BETWEEN_PIECES, FIRST_PAUSE, LONGEST_PAUSE, MOST_PATIENCE};
use crate::store::error::StoreError;
use crate::store::journal::{Journal, JournalTime};

impl<J: Journal> Writer<J> {
    /// What is due while nobody asks.
    pub(super) fn stand_by(&mut self) {
        if self.shared.away().is_some() {
            self.come_back();
        } else if self.adopting.is_none()
            && let Err(error) = guarded(|| self.keep_up())
        {
            self.note(&error);
        }
    }

    pub(super) fn keep_up(&mut self) -> Result<(), StoreError> {
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

    /// Tries the journal again. What of the last round is on record nobody knows: the sums are made anew. That it can be
    /// read says nothing of the next commit: until one went well it is left alone for longer each time.
    fn come_back(&mut self) {
        self.pause = self.pause.saturating_mul(2).min(LONGEST_PAUSE);
        let rebuilt = guarded(|| {
            let moment = self.journal.join()?;
            self.shared.observe(self.journal.frozen());
            let now = self.time.now(moment)?;
            Ok(adopt_at_once(&mut self.journal, Arc::clone(&self.policy), now)?.index)
        });
        match rebuilt {
            Ok(index) => {
                let_go(std::mem::replace(&mut self.index, index));
                self.shared.note_held(false);
                self.shared.away.store(None);
                tracing::warn!("the store can be read again: the next decision shows whether it can be kept");
            }
            Err(error) => {
                self.note(&error);
                self.shared.away.store(Some(Arc::new(error)));
            }
        }
    }

    /// A decision was committed.
    pub(super) fn note_commit(&mut self) {
        if std::mem::replace(&mut self.pause, FIRST_PAUSE) != FIRST_PAUSE {
            tracing::warn!("the store is back: deciding again");
        }
    }

    /// Keeps the policy, and begins to make its sums. One whose limits have the sums that there are, such as one with
    /// another rule or another maximum, decides at once.
    pub(super) fn adopt(&mut self, policy: Arc<Policy>, document: &Document, reply: Reply<()>) {
        let begun = guarded(|| {
            self.shared.check()?;
            self.journal.remember_policy(&policy.hash, document)?;
            Ok(Adoption::of(Arc::clone(&policy), self.time.now(JournalTime::default())?))
        });
        match begun {
            Ok(adoption) => match self.go_on(&policy) {
                true => self.decide_by(policy, reply),
                false => self.adopting = Some((adoption, reply)),
            },
            Err(error) => {
                self.note(&error);
                let _ = reply.send(Err(error));
            }
        }
    }

    /// Whether the sums that there are, are those of this policy. Those of other limits are let go.
    fn go_on(&mut self, policy: &Policy) -> bool {
        let others = self.index.go_on(self.policy.limits(), policy.limits());
        let goes_on = others.is_some();
        if goes_on {
            let_go((others, self.adopting.take()));
        }
        goes_on
    }

    /// One piece further; after the last, the policy decides.
    pub(super) fn adopt_on(&mut self) {
        let Some((mut adoption, reply)) = self.adopting.take() else { return };
        let read = guarded(|| {
            self.shared.check()?;
            Ok(adoption.read_on(&mut self.journal)?)
        });
        match read {
            Ok(false) => self.adopting = Some((adoption, reply)),
            Ok(true) => {
                let AdoptedPolicy { policy, index } = adoption.finish();
                let_go(std::mem::replace(&mut self.index, index));
                self.decide_by(policy, reply);
            }
            Err(error) => {
                self.note(&error);
                let _ = reply.send(Err(error));
            }
        }
    }

    /// From here on.
    fn decide_by(&mut self, policy: Arc<Policy>, reply: Reply<()>) {
        self.shared.policy.store(Arc::clone(&policy));
        self.policy = policy;
        let _ = reply.send(Ok(()));
    }

    /// What is due once nobody waits: upkeep, or the end of the process.
    pub(super) fn after_answers(&mut self) {
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

    /// Prunes one piece of what retention has ended for: when the queue is empty, or has not been for `MOST_PATIENCE`.
    /// Nothing of a frozen store, and nothing by a clock that leapt, even before this start.
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
}
