//! The one connection of a journal: made, held to its deadlines, followed, and given up when anything is amiss.

use std::sync::Arc;
use std::time::Duration;

use policy::settle::ChargeChange;

use super::batch::Batch;
use super::connection::Trouble;
use super::durability::Settings;
use super::inquiry::Inquiry;
use super::ledger::{Head, Holder, Ledger, Opened, is_full};
use super::{BEGIN_WITHIN, COMMIT_WITHIN, PostgresJournal, session};
use crate::store::journal::{JournalError, JournalTime};

/// Until a connection is ready for use, over all hosts.
const CONNECT_WITHIN: Duration = Duration::from_secs(12);

impl PostgresJournal {
    /// Nothing is answered from what is on record before a commit of this connection was acknowledged: what is read back
    /// after a failure may not be on the standby yet.
    pub(super) fn connect(&mut self) -> Result<(), JournalError> {
        self.batch = Batch::default();
        let config = &self.config;
        let opening = async { tokio::time::timeout(CONNECT_WITHIN, Ledger::open(config)).await };
        let ledger = match self.runtime.block_on(opening) {
            Ok(opened) => opened?,
            Err(_) => return Err(Trouble(format!("no connection within {CONNECT_WITHIN:?}")).into()),
        };
        if ledger.timeline < self.timeline {
            let (old, seen) = (ledger.timeline, self.timeline);
            return Err(
                Trouble(format!("the server is on timeline {old} after {seen}: an old primary")).into()
            );
        }
        self.timeline = ledger.timeline;
        self.metrics.not_durable.set(i64::from(ledger.shortfall.is_some()));
        if let Some(shortfall) = &ledger.shortfall {
            tracing::warn!(shortfall, "what is acknowledged may be lost");
        }
        self.ledger = Some(ledger);
        if !self.touches(false)? {
            return Err(self.busy());
        }
        let seen = self.seen.clone();
        self.within(COMMIT_WITHIN, async |ledger| ledger.look_at_origin(&seen).await)
    }

    /// Does it over the connection, which is given up unless that goes well in time, without a warning.
    pub(super) fn within<T>(
        &mut self,
        deadline: Duration,
        work: impl AsyncFnOnce(&Ledger) -> Result<T, Trouble>,
    ) -> Result<T, JournalError> {
        let Some(ledger) = self.ledger.take() else { return Err(JournalError::Lost("not connected".into())) };
        // Of before, such as that of a collation, which was looked at: nothing rests on it now.
        let _ = ledger.warning();
        let done = self.runtime.block_on(async { tokio::time::timeout(deadline, work(&ledger)).await });
        let done = done.unwrap_or_else(|_| Err(Trouble(format!("no answer within {deadline:?}"))))?;
        if let Some(warning) = ledger.warning() {
            return Err(Trouble(warning).into());
        }
        self.ledger = Some(ledger);
        Ok(done)
    }

    pub(super) fn give_up(&mut self, why: Trouble) -> JournalError {
        self.ledger = None;
        why.into()
    }

    /// Hands over what others charged, and moves on past it.
    pub(super) fn hand_over(&mut self, changes: &[(i64, ChargeChange)], take: &mut dyn FnMut(&ChargeChange)) {
        for (position, change) in changes {
            take(change);
            self.position = *position;
        }
    }

    /// The same without the lock, as far as the log goes.
    pub(super) fn catch_up(&mut self, take: &mut dyn FnMut(&ChargeChange)) -> Result<(), JournalError> {
        loop {
            let position = self.position;
            let changes = self.within(BEGIN_WITHIN, async |ledger| ledger.follow(position).await)?;
            self.hand_over(&changes, take);
            if !is_full(&changes) {
                return Ok(());
            }
        }
    }

    /// Takes in what a head says, if the server still keeps what it acknowledges, and returns what it says of the time.
    pub(super) fn accept_head(&mut self, head: &Head) -> Result<JournalTime, JournalError> {
        let (end, seen) = (head.end.position, self.seen.position);
        if end < seen {
            let trouble = format!("the log ends at {end}, and it had come to {seen}");
            return Err(self.give_up(Trouble(trouble)));
        }
        self.frozen = head.frozen.as_deref().map(Arc::from);
        self.note_durability(session::accepted(&head.settings, &self.config))?;
        // Not what may be gone after a failover.
        self.seen = head.end.clone();
        Ok(JournalTime { clock: Some(head.clock), latest: head.latest })
    }

    fn note_durability(&mut self, shortfall: Result<Option<String>, Trouble>) -> Result<(), JournalError> {
        let shortfall = shortfall.map_err(|trouble| self.give_up(trouble))?;
        self.metrics.not_durable.set(i64::from(shortfall.is_some()));
        Ok(())
    }

    /// A commit was acknowledged: it counts if the server, as it is since, keeps what it acknowledges.
    pub(super) fn rest_on(&mut self, settings: &Settings) -> Result<(), JournalError> {
        self.note_durability(session::lasting(settings, &self.config))
    }

    /// Everything that is on record is durable then.
    pub(super) fn touch(&mut self, in_transaction: bool) -> Result<(), JournalError> {
        match self.touches(in_transaction)? {
            true => Ok(()),
            false => Err(self.give_up(Trouble("somebody else holds the ledger".into()))),
        }
    }

    /// The same, unless somebody else holds the ledger.
    fn touches(&mut self, in_transaction: bool) -> Result<bool, JournalError> {
        let touched = self.within(COMMIT_WITHIN, async |ledger| ledger.touch(in_transaction).await)?;
        let Some((position, settings)) = touched else { return Ok(false) };
        self.rest_on(&settings)?;
        self.durable = position;
        Ok(true)
    }

    /// Somebody holds the ledger: for a moment, or because a commit waits for a standby that is gone.
    pub(super) fn busy(&mut self) -> JournalError {
        match self.within(BEGIN_WITHIN, async |ledger| ledger.holder().await) {
            Ok(Holder::Hangs) => self
                .give_up(Trouble("a commit waits for a standby that does not answer: bring it back".into())),
            Ok(Holder::Other(holder)) => {
                let holder = holder.as_deref().unwrap_or("it was let go meanwhile");
                tracing::warn!(holder, "somebody else holds the ledger");
                JournalError::Busy
            }
            Err(error) => error,
        }
    }

    /// Keeps what was found for the batch, once its transaction is open.
    pub(super) fn begin_batch(
        &mut self,
        inquiry: Inquiry,
        opened: Opened,
        take: &mut dyn FnMut(&ChargeChange),
    ) -> Result<JournalTime, JournalError> {
        let Opened { head, followed, found } = opened;
        let moment = self.accept_head(&head)?;
        self.hand_over(&followed, take);
        self.position = head.end.position;
        self.batch = Batch::of(inquiry, found);
        Ok(moment)
    }
}

/// So that the server does not wonder.
impl Drop for PostgresJournal {
    fn drop(&mut self) {
        const GOODBYE_WITHIN: Duration = Duration::from_millis(200);
        if let Some(ledger) = self.ledger.take() {
            let goodbye = async { tokio::time::timeout(GOODBYE_WITHIN, ledger.close()).await };
            let _ = self.runtime.block_on(goodbye);
        }
    }
}
