//! A backup: one moment of a store, whichever it is, as an SQLite file that carries the mark of being one. Whoever opens
//! it has a store that decides nothing until an operator states what was lost.

use std::path::Path;

use super::aside::{Aside, AsideError};
use super::copy::{Comparison, Copied, CopyError, copy};
use super::progress::Progress;
use crate::store::OpenError;
use crate::store::archive::Archive;
use crate::store::intake::Intake as _;
use crate::store::journal::JournalError;
use crate::store::sqlite::SqliteIntake;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It could not be made.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// It could not be filled.
    #[error("{0}")]
    Copy(#[from] CopyError),
    /// It could not be written.
    #[error("{0}")]
    Store(#[from] JournalError),
    /// There is something already, or it could not be given its name.
    #[error("{0}")]
    File(#[from] AsideError),
}

/// Writes a backup, which is whole or not there; `mark` says what it is to whoever opens it.
///
/// # Errors
/// There is none.
pub fn backup(
    source: &mut dyn Archive,
    path: &Path,
    mark: &str,
    comparison: Comparison<'_>,
    progress: &mut Progress<'_>,
) -> Result<Copied, BackupError> {
    let aside = Aside::to(path)?;
    let mut target = Box::new(SqliteIntake::open(aside.partial())?);
    let copied = copy(source, target.as_mut(), comparison, progress)?;
    target.freeze(mark)?;
    target.finish()?;
    aside.finish()?;
    Ok(copied)
}
