//! An empty store that is filled with what another one holds: all of it or nothing.

use super::archive::{Archive, ChargeRow, DecisionRow};
use super::error::OpenError;
use super::journal::JournalError;
use super::postgres::PostgresIntake;
use super::sqlite::SqliteIntake;
use super::{Config, Decision};
use crate::document::Document;

/// A store in the making. Dropped before [`finish`](Self::finish), it stays empty.
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
