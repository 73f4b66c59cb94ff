//! The ledger of many deciders: one log in a PostgreSQL database. Each decider keeps the sums of its limits in memory and
//! follows the log.
//!
//! A batch is one transaction in two round trips. The first takes the lock of the log's head, whose order is the order of
//! everything, and reads what others charged since and what is on record for the batch. Then it is settled in memory, by
//! the same code as in every store. The second writes and commits. A key that everybody asks for costs the same as many
//! keys, and several limits are all or nothing by nature.
//!
//! Whatever goes wrong on the way, the connection is given up, and everybody is told to ask again: the next connection
//! begins by a commit of its own, and the sums are made anew from the log. Nothing is guessed.

mod intake;
mod archive;
mod batch;
mod link;
mod ledger;
mod session;
mod rights;
mod guards;
mod schema;
mod policies;
mod retention;
mod month;
mod statements;
mod inquiry;
mod rows;
mod hosts;
mod collation;
mod durability;
mod connection;
pub mod config;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use policy::charge::{Charge, ChargeKey};
use policy::settle::ChargeChange;
use policy::time::Time;
use tokio::runtime::{Builder, Runtime};

pub use archive::PostgresArchive;
use batch::Batch;
use config::Config;
use connection::Trouble;
pub use connection::roots_of;
use inquiry::Inquiry;
pub use intake::PostgresIntake;
use ledger::{Begun, Ledger, LogEnd};
pub use retention::Months;
use retention::Pruned;
pub use schema::Migrated;

use super::bounds::BETWEEN_PIECES;
use super::decision::{Lookup, Record};
use super::error::OpenError;
use super::journal::{Entry, Journal, JournalError, JournalTime, LookupPlan, Recorded, RequestIdentity};
use super::metrics::Metrics;
use super::retention::Retention;
use crate::document::Document;

/// Until a batch has the ledger and what it reads, or has read on: longer than one may wait for the lock. A server that
/// says nothing for longer may have lost its place to another one.
const BEGIN_WITHIN: Duration = Duration::from_secs(8);

/// Until a commit is acknowledged. After that the connection is left alone, and the commit with it: one that is canceled
/// would be acknowledged without being replicated.
const COMMIT_WITHIN: Duration = Duration::from_secs(8);

/// Until a piece of the ledger, a record or a policy is read or kept.
const READ_WITHIN: Duration = Duration::from_secs(60);

/// Until a piece is pruned, or the tables of a month are made or dropped.
const PRUNE_WITHIN: Duration = Duration::from_secs(8);

/// How often it is seen whether retention has ended for something.
const PRUNE_EVERY: Duration = Duration::from_secs(60);

/// The same after somebody was in the way.
const PRUNE_AGAIN_AFTER: Duration = Duration::from_secs(5);

/// The same where the role may not prune.
const REFUSED_EVERY: Duration = Duration::from_secs(60 * 60);

/// How long nobody may ask until the server is looked at.
const KEEP_UP_EVERY: Duration = Duration::from_millis(500);

/// A journal in a PostgreSQL database. It has a runtime of its own and blocks its thread: it lives on the writer's.
pub struct PostgresJournal {
    config: Config,
    metrics: Arc<Metrics>,
    runtime: Runtime,
    /// `None`: what stood was given up.
    ledger: Option<Ledger>,
    /// Up to here the log was handed over.
    position: i64,
    /// The end of the log as it was seen last: on a later connection it must still be there.
    seen: LogEnd,
    /// Up to here a synchronous commit on this connection covers it.
    durable: i64,
    /// The latest timeline that was seen.
    timeline: i64,
    /// Why nothing may be decided.
    frozen: Option<Arc<str>>,
    batch: Batch,
}

impl PostgresJournal {
    /// Connects, and looks whether the server can keep a ledger. Waits for as long as somebody else holds it: whoever
    /// starts a decider then would have it end again and again.
    ///
    /// # Errors
    /// Why it cannot.
    pub fn open(config: Config, metrics: Arc<Metrics>) -> Result<Self, OpenError> {
        let runtime = Builder::new_current_thread().enable_all().build().map_err(OpenError::Thread)?;
        let batch = Batch::default();
        let (ledger, frozen, seen) = (None, None, LogEnd::default());
        let mut journal = Self {
            config,
            metrics,
            runtime,
            ledger,
            position: 0,
            seen,
            durable: 0,
            timeline: 0,
            frozen,
            batch,
        };
        loop {
            match journal.connect() {
                Ok(()) => return Ok(journal),
                Err(JournalError::Busy) => {}
                Err(error) => return Err(OpenError::Server(error.to_string())),
            }
        }
    }
}

impl Journal for PostgresJournal {
    fn remember_policy(&mut self, hash: &str, document: &Document) -> Result<(), JournalError> {
        self.within(READ_WITHIN, async |ledger| ledger.remember_policy(hash, document).await)
    }

    fn policy(&mut self, hash: &str) -> Result<Option<Document>, JournalError> {
        let manifest = self.within(READ_WITHIN, async |ledger| ledger.manifest(hash).await)?;
        let content = |hash: &str| self.within(READ_WITHIN, async |ledger| ledger.policy_file(hash).await);
        manifest.map(|manifest| Document::kept(&manifest, content)).transpose()
    }

    fn join(&mut self) -> Result<JournalTime, JournalError> {
        if self.ledger.is_none() {
            self.connect()?;
        }
        let head = self.within(BEGIN_WITHIN, async |ledger| ledger.head().await)?;
        if head.end.position < self.seen.position {
            // That was looked at when it was connected: the ledger is frozen, or was released since.
            self.seen = LogEnd::default();
        }
        self.position = head.end.position;
        self.accept_head(&head)
    }

    fn charges_since(
        &mut self,
        start: Time,
        at_least: usize,
        take: &mut dyn FnMut(&Charge),
    ) -> Result<Option<Time>, JournalError> {
        let limit = i64::try_from(at_least).unwrap_or(i64::MAX);
        let found = self.within(READ_WITHIN, async |ledger| ledger.charges_since(start, limit).await)?;
        let mut last = start;
        for row in &found {
            let (body, micros): (&str, i64) =
                (row.try_get(0).map_err(Trouble::from)?, row.try_get(1).map_err(Trouble::from)?);
            take(&rows::charge_of(body, || format!("a charge of {micros} microseconds"))?);
            last = Time::from_micros(micros);
        }
        let more = found.len() >= at_least;
        Ok(more.then(|| Time::from_micros(last.as_micros().saturating_add(1))))
    }

    fn begin(
        &mut self,
        asked: &mut dyn Iterator<Item = LookupPlan<'_>>,
        take: &mut dyn FnMut(&ChargeChange),
    ) -> Result<JournalTime, JournalError> {
        let inquiry = Inquiry::of(asked);
        loop {
            let position = self.position;
            match self.within(BEGIN_WITHIN, async |ledger| ledger.begin(&inquiry, position).await)? {
                Begun::Busy => return Err(self.busy()),
                Begun::Behind(changes) => {
                    self.hand_over(&changes, take);
                    self.catch_up(take)?;
                }
                Begun::Open(opened) => return self.begin_batch(inquiry, *opened, take),
            }
        }
    }

    fn recorded(&mut self, identity: &RequestIdentity) -> Result<Recorded, JournalError> {
        self.batch.recorded(identity)
    }

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, JournalError> {
        self.batch.charge(key)
    }

    fn write(&mut self, entry: &Entry) -> Result<(), JournalError> {
        self.batch.write(entry)
    }

    fn commit(&mut self) -> Result<(), JournalError> {
        let (rows, end) = (std::mem::take(&mut self.batch).rows, self.position);
        let written = i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let settings = self.within(COMMIT_WITHIN, async |ledger| ledger.commit(&rows, end).await)?;
        self.rest_on(&settings)?;
        self.position = end.saturating_add(written);
        if let Some(last) = rows.ids.last() {
            (self.seen.position, self.seen.decision) = (self.position, Some(last.clone()));
        }
        self.durable = self.position;
        Ok(())
    }

    /// What another decider's commit has made visible may not be on the standby yet. It is once a later commit is.
    fn abandon(&mut self) -> Result<(), JournalError> {
        let latest_read = std::mem::take(&mut self.batch).latest_read;
        if latest_read <= self.durable {
            return self.within(COMMIT_WITHIN, async |ledger| ledger.roll_back().await);
        }
        self.touch(true)
    }

    fn tidy(&mut self) -> Result<(), JournalError> {
        Ok(())
    }

    fn prune(&mut self, end: Time, now: Time) -> Result<Duration, JournalError> {
        Ok(match self.within(PRUNE_WITHIN, async |ledger| ledger.prune(end, now).await)? {
            Pruned::Piece => BETWEEN_PIECES,
            Pruned::Nothing | Pruned::Taken | Pruned::Elsewhere => PRUNE_EVERY,
            Pruned::Busy => PRUNE_AGAIN_AFTER,
            Pruned::Refused(why) => {
                tracing::warn!(
                    why,
                    "the role may not prune what retention has ended for: grant it DELETE on countersign.payloads and \
                     countersign.payloads_other, and run `decider migrate` as the owner"
                );
                REFUSED_EVERY
            }
        })
    }

    fn keep_up_every(&self) -> Option<Duration> {
        Some(KEEP_UP_EVERY)
    }

    fn keep_up(&mut self, take: &mut dyn FnMut(&ChargeChange)) -> Result<JournalTime, JournalError> {
        self.catch_up(take)?;
        let head = self.within(BEGIN_WITHIN, async |ledger| ledger.head().await)?;
        self.accept_head(&head)
    }

    fn frozen(&self) -> Option<Arc<str>> {
        self.frozen.clone()
    }

    fn find(&mut self, tenant: &str, lookup: &Lookup) -> Result<Option<Record>, JournalError> {
        let found = self.within(READ_WITHIN, async |ledger| ledger.find(tenant, lookup).await)?;
        let Some((position, record)) = found else { return Ok(None) };
        if position > self.durable {
            self.touch(false)?;
        }
        let mut record = record?;
        let keys = record.origin.charge_keys();
        let charges = self.within(READ_WITHIN, async |ledger| ledger.charges(&keys).await)?;
        record.charges = charges.into_iter().filter_map(Result::transpose).collect::<Result<_, _>>()?;
        Ok(Some(record))
    }
}

/// Brings the database of a ledger to the schema of this program, with tables for the months to come and without those
/// that retention has ended for.
///
/// # Errors
/// Why not.
pub fn migrate(config: &Config, kept: Retention) -> Result<Migrated, OpenError> {
    let runtime = Builder::new_current_thread().enable_all().build().map_err(OpenError::Thread)?;
    let migrated = runtime.block_on(schema::migrate(config, kept));
    migrated.map_err(|trouble| OpenError::Server(trouble.to_string()))
}
