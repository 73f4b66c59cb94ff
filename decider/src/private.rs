//! Files for their owner alone, and locks on such files. What is kept holds addresses and amounts.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Who may read a file that we make: its owner.
const FILE_MODE: u32 = 0o600;

/// How a file is opened, and made where that is asked for.
pub fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.mode(FILE_MODE);
    options
}

/// Opens it as it is, or makes it.
///
/// # Errors
/// It can be neither opened nor made.
pub fn open(path: &Path) -> io::Result<File> {
    options().read(true).write(true).create(true).truncate(false).open(path)
}

/// The file beside it whose name goes on so.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// A file that nobody else has locked, for as long as this lives.
pub struct Lock(File);

impl Lock {
    /// Locks it, and makes it where there is none. `None`: somebody else has it.
    ///
    /// # Errors
    /// It can be neither opened nor made, or there are no locks where it is.
    pub fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(why)) => Err(why),
        }
    }

    /// Whether the path still names what is locked.
    ///
    /// # Errors
    /// Nobody can tell what is locked.
    pub fn is_on(&self, path: &Path) -> io::Result<bool> {
        let (locked, named) = (self.0.metadata()?, path.metadata());
        Ok(named.is_ok_and(|named| (named.dev(), named.ino()) == (locked.dev(), locked.ino())))
    }
}

/// Given back, not only closed: a child that is being started holds a copy of every file until it runs its own
/// program, and with it the lock.
impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_in_a_child_that_is_being_started_keeps_nobody_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("decider.db.lock");
        let first = Lock::take(&path).unwrap().unwrap();
        let inherited = first.0.try_clone().unwrap();
        assert!(Lock::take(&path).unwrap().is_none());
        drop(first);
        assert!(Lock::take(&path).unwrap().is_some());
        drop(inherited);
    }
}
