//! What an engine asks of the place where records are kept. Calls come from one thread, one after the other.

use std::sync::Arc;
use std::time::Duration;

use policy::charge::{Charge, ChargeKey};
use policy::evidence::Evidence;
use policy::identity::Digest;
use policy::settle::ChargeChange;
use policy::time::Time;

use super::decision::{Decision, Lookup, Record, RequestKind};
use super::error::StoreError;
use crate::document::{Document, NotKept};

/// A place where records are kept.
pub trait Journal: Send + 'static {
    /// Keeps a policy's document, so that its decisions can be replayed; each of its files once, whichever policies
    /// have it.
    ///
    /// # Errors
    /// It was not kept.
    fn remember_policy(&mut self, hash: &str, document: &Document) -> Result<(), JournalError>;

    /// The document of a policy that was kept.
    ///
    /// # Errors
    /// It could not be read, or is not what was kept.
    fn policy(&mut self, hash: &str) -> Result<Option<Document>, JournalError>;

    /// Takes the ledger up as it stands, anew where the way to it was lost: what was charged until now is handed over
    /// by [`charges_since`](Self::charges_since), what others charge from here on by [`begin`](Self::begin) and
    /// [`keep_up`](Self::keep_up).
    ///
    /// # Errors
    /// It cannot be reached or read.
    fn join(&mut self) -> Result<JournalTime, JournalError>;

    /// Hands over the charges that count, for whomever, at `start` or later, in the order of their latest time:
    /// at least so many, and all of one moment together. Returns where to go on; `None` after the last.
    ///
    /// # Errors
    /// They could not all be read: sums made of the others would have too much room.
    fn charges_since(
        &mut self,
        start: Time,
        at_least: usize,
        take: &mut dyn FnMut(&Charge),
    ) -> Result<Option<Time>, JournalError>;

    /// Begins a transaction that nobody else can write beside, about these questions. Hands over, in their order, the
    /// charges that others wrote since the last time.
    ///
    /// # Errors
    /// It did not begin; nothing happened.
    fn begin(
        &mut self,
        asked: &mut dyn Iterator<Item = LookupPlan<'_>>,
        take: &mut dyn FnMut(&ChargeChange),
    ) -> Result<JournalTime, JournalError>;

    /// What is on record for a request.
    ///
    /// # Errors
    /// It could not be read.
    fn recorded(&mut self, identity: &RequestIdentity) -> Result<Recorded, JournalError>;

    /// The charge of a transaction.
    ///
    /// # Errors
    /// It could not be read.
    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, JournalError>;

    /// Writes a decision and its charge into the open transaction.
    ///
    /// # Errors
    /// It was not written, or only in part: the transaction must not be committed.
    fn write(&mut self, entry: &Entry) -> Result<(), JournalError>;

    /// Ends the transaction; on return it is durable.
    ///
    /// # Errors
    /// Nobody knows whether it is: no answer may rest on it.
    fn commit(&mut self) -> Result<(), JournalError>;

    /// Ends a transaction in which nothing was written; on return, what was read in it is durable.
    ///
    /// # Errors
    /// It is still open, or nobody knows whether what was read is durable.
    fn abandon(&mut self) -> Result<(), JournalError>;

    /// Work that is due between transactions, while nobody waits for an answer.
    ///
    /// # Errors
    /// What was committed may not be safe.
    fn tidy(&mut self) -> Result<(), JournalError>;

    /// Lets go of the payload and the evidence of some decisions that were made before `end`, the oldest first, and notes
    /// that it was `now`: a few milliseconds of work. How long it is then left alone.
    ///
    /// # Errors
    /// As a whole it was not done.
    fn prune(&mut self, end: Time, now: Time) -> Result<Duration, JournalError>;

    /// How long nobody may ask until [`keep_up`](Self::keep_up) is due. `None`: nobody else writes, and there is nothing
    /// to look after.
    fn keep_up_every(&self) -> Option<Duration> {
        None
    }

    /// Sees whether it could still write, and hands over the charges that others wrote since the last time.
    ///
    /// # Errors
    /// It could not.
    fn keep_up(&mut self, _take: &mut dyn FnMut(&ChargeChange)) -> Result<JournalTime, JournalError> {
        Ok(JournalTime::default())
    }

    /// Why nothing may be decided over it, as of the last time that it said what time it is. `None`: it may.
    fn frozen(&self) -> Option<Arc<str>> {
        None
    }

    /// A record, with the charges as they stand now.
    ///
    /// # Errors
    /// It could not be read.
    fn find(&mut self, tenant: &str, lookup: &Lookup) -> Result<Option<Record>, JournalError>;
}

/// What a journal says of the time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct JournalTime {
    /// By its own clock. `None`: it has none, and the decider's counts.
    pub clock: Option<Time>,
    /// The time of the latest decision on record, whoever made it, where that is more than this program knows.
    pub latest: Option<Time>,
}

/// What a transaction will be about, so that a journal far away can look all of it up at once.
#[derive(Debug)]
pub struct LookupPlan<'a> {
    /// Which request.
    pub identity: &'a RequestIdentity,
    /// The charges that it may meet.
    pub charges: Vec<ChargeKey>,
}

/// Which request, and what it says (decision model, section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestIdentity {
    /// Whose. Part of the key; here so that records are found by it.
    pub tenant: String,
    /// Its id. Part of the key, too.
    pub callback_request_id: String,
    /// The idempotency key.
    pub key: Digest,
    /// What it says.
    pub content: Digest,
}

/// What is on record for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// It is new.
    Nothing,
    /// The answer to this very content.
    This(Box<Decision>),
    /// Answers to other content only.
    OtherContent,
}

/// One decision to write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Which request it answers.
    pub identity: RequestIdentity,
    /// What kind of request.
    pub kind: RequestKind,
    /// The answer.
    pub decision: Decision,
    /// The request as it came.
    pub payload: Vec<u8>,
    /// What was read of the ledger.
    pub evidence: Evidence,
    /// What is charged.
    pub charge: Option<ChargeChange>,
}

/// A journal did not do what it was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// Somebody else holds the write lock. Nothing happened.
    #[error("locked by another program")]
    Busy,
    /// One record holds what cannot be read.
    #[error("{0}")]
    Unreadable(String),
    /// The way to it was lost, or it must not be used as it is. What was not yet committed may be on record or not,
    /// and sums that it is in are not to be used; [`Journal::join`] begins again.
    #[error("{0}")]
    Lost(String),
    /// Anything else: nothing may rest on this journal any more.
    #[error("{0}")]
    Failed(String),
}

/// The latest time at which a charge counts for anybody: while that is in a window, all of it must be at hand.
pub fn latest_time(charge: &Charge) -> Time {
    charge.parts.iter().map(|part| part.at).fold(charge.at, Time::max)
}

impl From<NotKept> for JournalError {
    fn from(error: NotKept) -> Self {
        Self::Unreadable(format!("a policy that was kept: {error}"))
    }
}

/// As it concerns one question; whether it concerns the whole store is the writer's to say.
impl From<JournalError> for StoreError {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Busy => Self::Busy,
            JournalError::Unreadable(what) => Self::Unreadable(what.into()),
            JournalError::Lost(why) => Self::Unavailable(why.into()),
            JournalError::Failed(why) => Self::Failed(why.into()),
        }
    }
}
