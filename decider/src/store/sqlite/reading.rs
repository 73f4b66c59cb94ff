//! A store as it is, read only: nothing is written, and no lock is asked for.

use std::path::Path;

use policy::charge::Charge;
use policy::document::Policy;
use policy::ledger::Ledger;
use policy::time::Time;
use policy::usage::UsageIndex;
use rusqlite::Connection;

use super::{rows, schema};
use crate::store::error::OpenError;
use crate::store::journal::JournalError;

/// The ledger of a store at one moment, with the sums of one policy's limits.
pub struct Reading {
    connection: Connection,
    index: UsageIndex,
}

impl Reading {
    /// Reads what the limits of a policy look at from `now` on. What was charged later counts, too, as it does for
    /// every window (decision model, section 4).
    ///
    /// # Errors
    /// It cannot be read, or is not a store of this program.
    pub fn of(path: &Path, policy: &Policy, now: Time) -> Result<Self, OpenError> {
        let connection = schema::connect_to_read(path)?;
        let unreadable = |error: JournalError| OpenError::Ledger(error.to_string());
        // One transaction for everything that is read: a decider may be writing.
        rows::run(&connection, "BEGIN").map_err(unreadable)?;
        let mut index = UsageIndex::default();
        let start = policy.limits.iter().map(|limit| limit.window.opening(now)).min();
        if let Some(start) = start {
            let mut take = |charge: &Charge| index.record(policy.limits(), None, charge);
            rows::charges_since(&connection, start, usize::MAX, &mut take).map_err(unreadable)?;
        }
        Ok(Self { connection, index })
    }

    /// The ledger that an explanation is made over.
    pub fn ledger(&mut self) -> impl Ledger<Error = JournalError> {
        self.index.over(|key| rows::charge(&self.connection, key))
    }
}
