//! A store that is filled with what another one holds, or with what it has lost itself: all of it or nothing.

use super::archive::{Archive, ChargeRow, DecisionRow, Release};
use super::error::OpenError;
use super::journal::JournalError;
use super::postgres::PostgresIntake;
use super::sqlite::SqliteIntake;
use super::{Config, Decision};
use crate::document::Document;

/// A store in the making. Dropped before [`finish`](Self::finish), it stays what it was.
pub trait Intake {
    /// Keeps a policy.
    ///
    /// # Errors
    /// It was not kept.
    fn policy(&mut self, hash: &str, document: &Document) -> Result<(), JournalError>;

    /// Writes a decision as it is kept elsewhere, with the charge that it was the last to change.
    ///
    /// # Errors
    /// It was not written.
    fn write(
        &mut self,
        row: DecisionRow,
        decision: &Decision,
        charge: Option<ChargeRow>,
    ) -> Result<(), JournalError>;

    /// Freezes it: a decider that opens it decides nothing until an operator states what was lost.
    ///
    /// # Errors
    /// It was not written.
    fn freeze(&mut self, why: &str) -> Result<(), JournalError>;

    /// Records what an operator stated; the freeze is not touched.
    ///
    /// # Errors
    /// It was not written.
    fn state(&mut self, release: &Release) -> Result<(), JournalError>;

    /// Ends the freeze.
    ///
    /// # Errors
    /// It was not written.
    fn thaw(&mut self) -> Result<(), JournalError>;

    /// What was written so far, as others will read it.
    ///
    /// # Errors
    /// It could not all be written.
    fn written(&mut self) -> Result<&mut dyn Archive, JournalError>;

    /// Makes it so; on return it is durable.
    ///
    /// # Errors
    /// Nobody knows whether it is.
    fn finish(self: Box<Self>) -> Result<(), JournalError>;
}

/// Opens a store that is frozen, to enter what was lost. Nobody else can write to it meanwhile.
///
/// # Errors
/// It cannot be written, or is not frozen.
pub fn open_frozen(config: &Config) -> Result<Box<dyn Intake>, OpenError> {
    match config {
        Config::Memory => Err(OpenError::Forgetful),
        Config::Sqlite(path) => Ok(Box::new(SqliteIntake::open_frozen(path)?)),
        Config::Postgres(config) => Ok(Box::new(PostgresIntake::open_frozen(config)?)),
    }
}

/// Opens a store to fill it. Nobody else can write to it meanwhile.
///
/// # Errors
/// It cannot be written, or holds decisions already.
pub fn open(config: &Config) -> Result<Box<dyn Intake>, OpenError> {
    match config {
        Config::Memory => Err(OpenError::Forgetful),
        Config::Sqlite(path) => Ok(Box::new(SqliteIntake::open(path)?)),
        Config::Postgres(config) => Ok(Box::new(PostgresIntake::open(config)?)),
    }
}
