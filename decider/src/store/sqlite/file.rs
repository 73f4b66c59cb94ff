//! The file itself: one process at a time, and readable by its owner alone.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::private::{self, Lock, with_suffix};
use crate::store::error::OpenError;
use crate::store::journal::JournalError;

/// How much of a file is written again at once.
const CHUNK_BYTES: usize = 1024 * 1024;

/// A file that no other decider has open, for as long as this lives.
pub struct LockedFile {
    path: PathBuf,
    _beside: Lock,
    /// Given back, with the file closed, after SQLite has closed it: to close a file ends SQLite's own locks on it.
    itself: Lock,
}

impl LockedFile {
    /// Takes a lock beside the file, and then one on the file itself, which holds whatever is done to the first and by
    /// whatever name the file is opened, but for two machines on one network file system. Neither is in the way of
    /// people who read the database: SQLite's locks are of another kind.
    pub fn take(path: &Path) -> Result<Self, OpenError> {
        let path = real_path(path)?;
        let locked = |path: PathBuf| match Lock::take(&path) {
            Ok(lock) => Ok(lock),
            Err(why) => Err(OpenError::File { path, why }),
        };
        let beside = locked(with_suffix(&path, ".lock"))?;
        let Some(beside) = beside else { return Err(OpenError::Locked(path)) };
        // SQLite gives its log the same mode.
        let Some(itself) = locked(path.clone())? else { return Err(OpenError::Locked(path)) };
        sync_folder(folder_of(&path))?;
        Ok(Self { path, _beside: beside, itself })
    }

    /// Its path with every link followed.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// That its path still names it. SQLite goes on writing to a file that nobody will find again.
    ///
    /// # Errors
    /// It does not: what is written from then on is lost.
    pub fn is_in_place(&self) -> Result<(), JournalError> {
        let path = self.path.display();
        match self.itself.is_on(&self.path) {
            Ok(true) => Ok(()),
            Ok(false) => Err(JournalError::Failed(format!(
                "{path} is no longer the file that was opened: it was removed, moved or replaced, and what is decided \
                 would be lost with it. Put it back with the files beside it whose names begin with its own, or \
                 restore a backup, before the decider starts again"
            ))),
            Err(error) => Err(JournalError::Failed(format!("{path}: {error}"))),
        }
    }
}

/// With every link followed, so that two names for one file have one lock beside it. Where there is no file it is made
/// first: a link that leads nowhere yet leads to it from then on.
fn real_path(path: &Path) -> Result<PathBuf, OpenError> {
    create_folder(folder_of(path))?;
    if !path.exists() {
        private::open(path).map_err(|why| OpenError::File { path: path.to_owned(), why })?;
    }
    existing(path)
}

/// With every link followed: what SQLite and we keep beside a file is beside what its name leads to.
pub fn existing(path: &Path) -> Result<PathBuf, OpenError> {
    path.canonicalize().map_err(|why| match why.kind() {
        std::io::ErrorKind::NotFound => OpenError::Missing(path.to_owned()),
        _ => OpenError::File { path: path.to_owned(), why },
    })
}

/// Creates a folder and those it is in. Each is synced into the one above it: a folder that a power failure takes
/// away takes the store with it.
fn create_folder(folder: &Path) -> Result<(), OpenError> {
    if folder.is_dir() {
        return Ok(());
    }
    create_folder(folder_of(folder))?;
    std::fs::create_dir(folder).map_err(|why| OpenError::File { path: folder.to_owned(), why })?;
    sync_folder(folder_of(folder))
}

fn sync_folder(folder: &Path) -> Result<(), OpenError> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|why| OpenError::File { path: folder.to_owned(), why })
}

/// The folder something is in, as the caller wrote it.
fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Gives a file that says this its name, and keeps it open: whoever reads the name finds this or what it said before,
/// also after a power failure.
pub fn replace(path: &Path, text: &[u8]) -> Result<File, OpenError> {
    let partial = with_suffix(path, ".partial");
    let written = || {
        let mut file = private::options().write(true).create(true).truncate(true).open(&partial)?;
        file.write_all(text)?;
        file.sync_all()?;
        std::fs::rename(&partial, path).map(|()| file)
    };
    let file = written().map_err(|why| OpenError::File { path: partial.clone(), why })?;
    sync_folder(folder_of(path)).map(|()| file)
}

/// Writes all of a file once more where it stands, and syncs it.
pub fn write_again(path: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    let (mut chunk, mut at) = (vec![0; CHUNK_BYTES], 0_u64);
    loop {
        let count = file.read_at(&mut chunk, at)?;
        let Some(read @ [_, ..]) = chunk.get(..count) else { return file.sync_all() };
        file.write_all_at(read, at)?;
        at = at.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
    }
}
