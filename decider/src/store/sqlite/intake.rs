//! A file that is filled with what another store holds, in one transaction.

use std::path::Path;

use rusqlite::params;

use super::archive::SqliteArchive;
use super::file::LockedFile;
use super::{retention, rows, schema};
use crate::document::Document;
use crate::store::archive::{Archive, ChargeRow, DecisionRow, Release};
use crate::store::decision::{Decision, Origin};
use crate::store::encoding::kind_text;
use crate::store::error::OpenError;
use crate::store::intake::Intake;
use crate::store::journal::JournalError;

/// A file in the making.
pub struct SqliteIntake {
    archive: SqliteArchive,
    /// Let go of after the connection.
    _file: LockedFile,
}

impl SqliteIntake {
    /// Opens a file that holds no decisions, or creates it.
    ///
    /// # Errors
    /// It holds some, or somebody else has it, or it is no store.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let mut intake = Self::begin(path)?;
        match intake.is_empty().map_err(unreadable)? {
            true => Ok(intake),
            false => Err(OpenError::NotEmpty(path.display().to_string())),
        }
    }

    /// Opens a file that is frozen.
    ///
    /// # Errors
    /// It is not, or somebody else has it, or it is no store.
    pub fn open_frozen(path: &Path) -> Result<Self, OpenError> {
        // Before the lock, which makes a file where there is none. What is suspicious is looked for at a start: one
        // that was put back and not started yet is not frozen yet.
        drop(SqliteArchive::open(path)?);
        let mut intake = Self::begin(path)?;
        match intake.archive.state().map_err(unreadable)?.frozen {
            Some(_) => Ok(intake),
            None => Err(OpenError::NotFrozen),
        }
    }

    fn begin(path: &Path) -> Result<Self, OpenError> {
        let file = LockedFile::take(path)?;
        let connection = schema::connect(file.path())?;
        rows::run(&connection, "BEGIN IMMEDIATE").map_err(unreadable)?;
        Ok(Self { archive: SqliteArchive::over(file.path().to_owned(), connection), _file: file })
    }

    fn is_empty(&mut self) -> Result<bool, JournalError> {
        Ok(self.archive.decisions(i64::MIN)?.is_empty() && self.archive.charges(i64::MIN)?.is_empty())
    }
}

fn unreadable(error: JournalError) -> OpenError {
    OpenError::Ledger(error.to_string())
}

impl Intake for SqliteIntake {
    fn policy(&mut self, hash: &str, document: &Document) -> Result<(), JournalError> {
        rows::remember_policy(self.archive.connection(), hash, document).map(|_| ())
    }

    fn write(
        &mut self,
        row: DecisionRow,
        _: &Decision,
        charge: Option<ChargeRow>,
    ) -> Result<(), JournalError> {
        let sql = "INSERT INTO decisions (seq, id, tenant, request_id, key, digest, kind, decided_us, policy_hash, body) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let values = params![
            row.position,
            row.id,
            row.identity.tenant,
            row.identity.callback_request_id,
            row.identity.key.0,
            row.identity.content.0,
            kind_text(row.kind),
            row.decided_us,
            row.policy_hash,
            row.body,
        ];
        let connection = self.archive.connection();
        rows::execute(connection, sql, values)?;
        match &row.origin {
            Origin::Kept { payload, evidence } => {
                rows::write_payload(connection, row.position, payload, evidence)?;
            }
            Origin::Pruned { at, charges } => retention::note(connection, row.position, *at, charges)?,
        }
        let Some(ChargeRow { key, latest_us, body, .. }) = charge else { return Ok(()) };
        let sql = "INSERT INTO charges (tenant, tx_id, suffix, latest_us, body) VALUES (?1, ?2, ?3, ?4, ?5) \
                   ON CONFLICT (tenant, tx_id, suffix) DO UPDATE SET latest_us = excluded.latest_us, body = excluded.body";
        let values = params![key.tenant, key.tx_id, key.suffix, latest_us, body];
        rows::execute(connection, sql, values)
    }

    fn freeze(&mut self, why: &str) -> Result<(), JournalError> {
        rows::execute(self.archive.connection(), "UPDATE standing SET frozen = ?1", [why])
    }

    fn state(&mut self, release: &Release) -> Result<(), JournalError> {
        let sql = "INSERT INTO releases (released_us, released_by, frozen, position, lost) VALUES (?1, ?2, ?3, ?4, ?5)";
        let Release { released_us, by, frozen, position, lost } = release;
        rows::execute(self.archive.connection(), sql, params![released_us, by, frozen, position, lost])
    }

    fn thaw(&mut self) -> Result<(), JournalError> {
        rows::run(self.archive.connection(), "UPDATE standing SET frozen = NULL")
    }

    fn written(&mut self) -> Result<&mut dyn Archive, JournalError> {
        Ok(&mut self.archive)
    }

    fn finish(self: Box<Self>) -> Result<(), JournalError> {
        rows::run(self.archive.connection(), "COMMIT")?;
        Ok(schema::checkpoint(self.archive.connection(), "TRUNCATE").map(|_| ())?)
    }
}
