//! A backup: one moment of a store, whichever it is, as an SQLite file that carries the mark of being one. Whoever opens
//! it has a store that decides nothing until an operator states what was lost.

use std::path::Path;

use policy::document::Policy;
use policy::time::Time;

use super::aside;
use super::copy::{Copied, CopyError, copy};
use super::progress::Progress;
use crate::store::OpenError;
use crate::store::archive::Archive;
use crate::store::intake::Intake as _;
use crate::store::journal::JournalError;
use crate::store::sqlite::SqliteIntake;

/// Files that SQLite and we make beside one that is being written.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", ".lock"];

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file already.
    #[error("{0} is there already: a backup replaces nothing. Name another file, or move that one away")]
    Exists(String),
    /// It could not be made.
    #[error("{0}")]
    Open(#[from] OpenError),
    /// It could not be filled.
    #[error("{0}")]
    Copy(#[from] CopyError),
    /// It could not be written.
    #[error("{0}")]
    Store(#[from] JournalError),
    /// It could not be given its name.
    #[error("the backup cannot be written: {0}")]
    Write(#[from] std::io::Error),
}

/// Writes a backup, which is whole or not there; `mark` says what it is to whoever opens it.
///
/// # Errors
/// There is none.
pub fn backup(
    source: &mut dyn Archive,
    path: &Path,
    mark: &str,
    (policy, now): (&Policy, Time),
    progress: &mut Progress<'_>,
) -> Result<Copied, BackupError> {
    if path.exists() {
        return Err(BackupError::Exists(path.display().to_string()));
    }
    let partial = aside::path_of(path);
    remove_leftovers(&partial)?;
    let mut target = Box::new(SqliteIntake::open(&partial)?);
    let copied = copy(source, target.as_mut(), policy, now, progress)?;
    target.freeze(mark)?;
    target.finish()?;
    aside::finish(path)?;
    remove_leftovers(&partial)?;
    Ok(copied)
}

fn remove_leftovers(partial: &Path) -> Result<(), std::io::Error> {
    for suffix in BESIDE {
        let removed = std::fs::remove_file(format!("{}{suffix}", partial.display()));
        match removed {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
