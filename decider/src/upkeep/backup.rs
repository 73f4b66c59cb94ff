//! A backup: one moment of a store, whichever it is, as an SQLite file that carries the mark of being one. Whoever opens
//! it has a store that decides nothing until an operator states what was lost.

use std::path::Path;

use super::aside::{Aside, AsideError};
use super::copy::{Comparison, Copied, CopyError, copy};
use super::progress::Progress;
use crate::store::OpenError;
use crate::store::archive::Archive;
use crate::store::intake::Intake as _;
use crate::store::sqlite::SqliteIntake;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// It could not be made.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// It could not be filled: what is full, or cannot be read, may be either of the two.
    #[error("{0} was not written: {1}")]
    Fill(String, CopyError),
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
    let target = Box::new(SqliteIntake::open(aside.partial())?);
    let copied = fill(source, target, mark, comparison, progress);
    let copied = copied.map_err(|why| BackupError::Fill(path.display().to_string(), why))?;
    aside.finish()?;
    Ok(copied)
}

fn fill(
    source: &mut dyn Archive,
    mut target: Box<SqliteIntake>,
    mark: &str,
    comparison: Comparison<'_>,
    progress: &mut Progress<'_>,
) -> Result<Copied, CopyError> {
    let copied = copy(source, target.as_mut(), comparison, progress)?;
    target.freeze(mark)?;
    target.finish()?;
    Ok(copied)
}
