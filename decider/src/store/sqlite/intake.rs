//! A file that is filled with what another store holds, in one transaction.

use std::path::Path;

use rusqlite::params;

use super::archive::SqliteArchive;
use super::file::LockedFile;
use super::{rows, schema};
use crate::document::Document;
use crate::store::archive::{Archive, ChargeRow, DecisionRow};
use crate::store::decision::Decision;
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
        let file = LockedFile::take(path)?;
        let connection = schema::connect(file.path())?;
        let unreadable = |error: JournalError| OpenError::Ledger(error.to_string());
        rows::run(&connection, "BEGIN IMMEDIATE").map_err(unreadable)?;
        let mut archive = SqliteArchive::over(file.path().to_owned(), connection);
        let empty = archive.decisions(i64::MIN).map_err(unreadable)?.is_empty()
            && archive.charges(i64::MIN).map_err(unreadable)?.is_empty();
        if !empty {
            return Err(OpenError::NotEmpty(path.display().to_string()));
        }
        Ok(Self { archive, _file: file })
    }
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
        let sql = "INSERT INTO decisions (seq, id, tenant, request_id, key, digest, kind, decided_us, policy_hash, payload, \
                                          body, evidence) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
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
            row.payload,
            row.body,
            row.evidence,
        ];
        rows::execute(self.archive.connection(), sql, values)?;
        let Some(ChargeRow { key, latest_us, body, .. }) = charge else { return Ok(()) };
        let sql = "INSERT INTO charges (tenant, tx_id, suffix, latest_us, body) VALUES (?1, ?2, ?3, ?4, ?5)";
        let values = params![key.tenant, key.tx_id, key.suffix, latest_us, body];
        rows::execute(self.archive.connection(), sql, values)
    }

    fn written(&mut self) -> Result<&mut dyn Archive, JournalError> {
        Ok(&mut self.archive)
    }

    fn finish(self: Box<Self>) -> Result<(), JournalError> {
        rows::run(self.archive.connection(), "COMMIT")?;
        Ok(schema::checkpoint(self.archive.connection(), "TRUNCATE").map(|_| ())?)
    }
}
