//! The embedded store: one SQLite file, one writer. People can read it with their own tools while it works.
//!
//! Durable means: the commit returns after the write-ahead log is synced (`synchronous=FULL`). The log is copied
//! into the database by our own hand, between rounds and at the start: SQLite's automatic copying hides a
//! failure, and a log that is overwritten after a copy that did not reach the disk loses what was answered.

mod rows;
mod retention;
mod intake;
mod archive;
mod reading;
mod witness;
mod schema;
mod file;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use policy::charge::{Charge, ChargeKey};
use policy::settle::ChargeChange;
use policy::time::Time;
use rusqlite::Connection;

use file::LockedFile;
use witness::{Started, Witness};

pub use archive::SqliteArchive;
pub use intake::SqliteIntake;
pub use reading::Reading;

use super::bounds::{BETWEEN_PIECES, KEEP_UP_EVERY, MAX_PRUNED_A_PIECE};
use super::decision::{Lookup, Record};
use super::error::OpenError;
use super::journal::{Entry, Journal, JournalError, JournalTime, LookupPlan, Recorded, RequestIdentity};
use crate::document::Document;

/// How much may be written to the log before it is copied into the database, in bytes by our own estimate. Pages
/// that were written many times are copied once; copying this much holds decisions up for a fraction of a second.
const CHECKPOINT_AFTER_BYTES: usize = 64 * 1024 * 1024;

/// What an entry costs in the log beside its own bytes: index pages that it touches, of 4 KiB each.
const ENTRY_OVERHEAD_BYTES: usize = 4 * 4096;

/// What a payload that is pruned costs in the log: its own page at most.
const PRUNED_BYTES: usize = 4096;

/// A journal in an SQLite file.
pub struct SqliteJournal {
    connection: Connection,
    logged_bytes: usize,
    checkpoint_after_bytes: usize,
    /// Says beside the file how far it has come.
    witness: Witness,
    /// The position of the last decision that we know of: nobody else writes any.
    position: i64,
    /// Decisions in the open transaction, and those that the witness does not know of yet.
    written: i64,
    unwitnessed: i64,
    /// Why nothing may be decided.
    frozen: Option<Arc<str>>,
    /// Held as long as the journal is: fields are dropped in the order of declaration, so the connection is
    /// closed before anybody else can open the file.
    file: LockedFile,
}

impl SqliteJournal {
    /// Opens the file for this process alone; creates it, and its folder, where there is none.
    ///
    /// # Errors
    /// Why it cannot be used; see [`OpenError`].
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let file = LockedFile::take(path)?;
        let connection = schema::connect(file.path())?;
        let Started { witness, frozen } = Witness::start(file.path(), &connection)?;
        let position =
            rows::last_position(&connection).map_err(|error| OpenError::Ledger(error.to_string()))?;
        Ok(Self {
            connection,
            logged_bytes: 0,
            checkpoint_after_bytes: CHECKPOINT_AFTER_BYTES,
            witness,
            position,
            written: 0,
            unwitnessed: 0,
            frozen: frozen.map(Arc::from),
            file,
        })
    }
}

impl Journal for SqliteJournal {
    fn remember_policy(&mut self, hash: &str, document: &Document) -> Result<(), JournalError> {
        let bytes = rows::remember_policy(&self.connection, hash, document)?;
        self.logged_bytes = self.logged_bytes.saturating_add(bytes);
        Ok(())
    }

    fn policy(&mut self, hash: &str) -> Result<Option<Document>, JournalError> {
        rows::policy(&self.connection, hash)
    }

    fn join(&mut self) -> Result<JournalTime, JournalError> {
        Ok(JournalTime { clock: None, latest: rows::latest(&self.connection)? })
    }

    fn charges_since(
        &mut self,
        start: Time,
        at_least: usize,
        take: &mut dyn FnMut(&Charge),
    ) -> Result<Option<Time>, JournalError> {
        rows::charges_since(&self.connection, start, at_least, take)
    }

    fn begin(
        &mut self,
        _asked: &mut dyn Iterator<Item = LookupPlan<'_>>,
        _take: &mut dyn FnMut(&ChargeChange),
    ) -> Result<JournalTime, JournalError> {
        self.written = 0;
        rows::run(&self.connection, "BEGIN IMMEDIATE").map(|()| JournalTime::default())
    }

    fn recorded(&mut self, identity: &RequestIdentity) -> Result<Recorded, JournalError> {
        rows::recorded(&self.connection, identity)
    }

    fn charge(&mut self, key: &ChargeKey) -> Result<Option<Charge>, JournalError> {
        rows::charge(&self.connection, key)
    }

    fn write(&mut self, entry: &Entry) -> Result<(), JournalError> {
        let position = self.position.saturating_add(self.written).saturating_add(1);
        let bytes = rows::write(&self.connection, position, entry)?;
        self.logged_bytes = self.logged_bytes.saturating_add(bytes).saturating_add(ENTRY_OVERHEAD_BYTES);
        self.written = self.written.saturating_add(1);
        Ok(())
    }

    /// Where the file is looked for last, as what was written to another one is lost.
    fn commit(&mut self) -> Result<(), JournalError> {
        rows::run(&self.connection, "COMMIT")?;
        self.file.is_in_place()?;
        let written = std::mem::take(&mut self.written);
        self.position = self.position.saturating_add(written);
        self.unwitnessed = self.unwitnessed.saturating_add(written);
        Ok(())
    }

    fn abandon(&mut self) -> Result<(), JournalError> {
        rows::run(&self.connection, "ROLLBACK")?;
        self.file.is_in_place()
    }

    /// Readers may keep part of the log from being copied; then it grows until they are gone.
    fn tidy(&mut self) -> Result<(), JournalError> {
        if self.unwitnessed > 0 {
            self.witness.follow(std::mem::take(&mut self.unwitnessed));
        }
        if self.logged_bytes < self.checkpoint_after_bytes {
            return Ok(());
        }
        self.logged_bytes = 0;
        schema::checkpoint(&self.connection, "PASSIVE").map(|_| ()).map_err(JournalError::from)
    }

    fn prune(&mut self, end: Time, now: Time) -> Result<Duration, JournalError> {
        let pruned = retention::prune(&self.connection, end, now)?;
        self.logged_bytes = self.logged_bytes.saturating_add(pruned.saturating_mul(PRUNED_BYTES));
        Ok(if pruned < MAX_PRUNED_A_PIECE { KEEP_UP_EVERY } else { BETWEEN_PIECES })
    }

    fn keep_up_every(&self) -> Option<Duration> {
        Some(KEEP_UP_EVERY)
    }

    fn keep_up(&mut self, _take: &mut dyn FnMut(&ChargeChange)) -> Result<JournalTime, JournalError> {
        self.file.is_in_place().map(|()| JournalTime::default())
    }

    fn frozen(&self) -> Option<Arc<str>> {
        self.frozen.clone()
    }

    fn find(&mut self, tenant: &str, lookup: &Lookup) -> Result<Option<Record>, JournalError> {
        rows::find(&self.connection, tenant, lookup)
    }
}
