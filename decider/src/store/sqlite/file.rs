//! The file itself: one process at a time, and readable by its owner alone.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::private::{self, Lock, with_suffix};
use crate::store::error::OpenError;

/// How much of a file is written again at once.
const CHUNK_BYTES: usize = 1024 * 1024;

/// A file that no other decider has open, for as long as this lives.
pub struct LockedFile {
    path: PathBuf,
    _lock: Lock,
}

impl LockedFile {
    /// Takes the lock beside the file. Not on the file: SQLite's own locks would be lost when we close ours,
    /// and people may read the database while we have it.
    pub fn take(path: &Path) -> Result<Self, OpenError> {
        let path = real_path(path)?;
        let beside = with_suffix(&path, ".lock");
        let lock = Lock::take(&beside).map_err(|why| OpenError::File { path: beside, why })?;
        let Some(lock) = lock else { return Err(OpenError::Locked(path)) };
        // SQLite gives its log the same mode.
        private::open(&path).map_err(|why| OpenError::File { path: path.clone(), why })?;
        sync_folder(folder_of(&path))?;
        Ok(Self { path, _lock: lock })
    }

    /// Its path with every link followed.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Two names for one file must come to one lock.
fn real_path(path: &Path) -> Result<PathBuf, OpenError> {
    let failed = |why| OpenError::File { path: path.to_owned(), why };
    let folder = folder_of(path);
    create_folder(folder)?;
    if path.exists() {
        return path.canonicalize().map_err(failed);
    }
    let name = path.file_name().ok_or_else(|| failed(std::io::ErrorKind::IsADirectory.into()))?;
    Ok(folder.canonicalize().map_err(failed)?.join(name))
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
