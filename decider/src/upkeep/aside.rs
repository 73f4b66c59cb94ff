//! A file that is new, and whole or not there: written aside, synced, and renamed. Nothing is replaced by it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use crate::private::{self, Lock, with_suffix};

/// Files that SQLite and we make beside one that is being written.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", ".lock"];

/// Why there is no such file.
#[derive(Debug, thiserror::Error)]
pub enum AsideError {
    /// Something has its name.
    #[error("{0} is there already, and nothing is replaced. Name another file, or move that one away")]
    Exists(String),
    /// Another program writes to that name.
    #[error(
        "{0} is being written by another program, and two must not have one name. Wait for that one, or name another file"
    )]
    InUse(String),
    /// It could not be written.
    #[error("{0}: {1}")]
    Write(String, io::Error),
}

/// A file on its way to its name. Dropped before it has it, it is gone.
pub struct Aside<'a> {
    path: &'a Path,
    partial: PathBuf,
    /// Nobody else writes to this name for as long as it is locked.
    _lock: Lock,
}

impl<'a> Aside<'a> {
    /// On its way to a path; what an earlier try has left is removed.
    pub fn to(path: &'a Path) -> Result<Self, AsideError> {
        is_new(path)?;
        let partial = with_suffix(path, ".partial");
        let failed = |why| AsideError::Write(path.display().to_string(), why);
        let lock = locked(&held(&partial)).map_err(failed)?;
        let Some(lock) = lock else { return Err(AsideError::InUse(path.display().to_string())) };
        let aside = Self { path, partial, _lock: lock };
        // The one that had the lock before may have finished.
        is_new(path)?;
        aside.remove().map_err(failed)?;
        Ok(aside)
    }

    /// Where it is written meanwhile.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Creates it there.
    pub fn create(&self) -> Result<File, AsideError> {
        let created = private::options().write(true).create_new(true).open(&self.partial);
        created.map_err(|why| self.failed(why))
    }

    /// Gives it its name, once all of it is on the disk.
    pub fn finish(self) -> Result<(), AsideError> {
        self.rename().map_err(|why| self.failed(why))
    }

    fn rename(&self) -> io::Result<()> {
        File::open(&self.partial)?.sync_all()?;
        fs::rename(&self.partial, self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
    }

    fn remove(&self) -> io::Result<()> {
        for suffix in BESIDE {
            match fs::remove_file(with_suffix(&self.partial, suffix)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn failed(&self, why: io::Error) -> AsideError {
        AsideError::Write(self.path.display().to_string(), why)
    }
}

/// What is left is half of a file at most. Where it cannot be removed, the next try says so.
impl Drop for Aside<'_> {
    fn drop(&mut self) {
        let _ = self.remove();
        let _ = fs::remove_file(held(&self.partial));
    }
}

/// Not what a link leads to: a link that leads nowhere would be replaced, too.
fn is_new(path: &Path) -> Result<(), AsideError> {
    match path.symlink_metadata() {
        Ok(_) => Err(AsideError::Exists(path.display().to_string())),
        Err(_) => Ok(()),
    }
}

/// What is locked. SQLite has a lock of its own beside what it writes.
fn held(partial: &Path) -> PathBuf {
    with_suffix(partial, ".held")
}

/// Nothing where somebody else has it. Whoever has it removes it at the end, so that what was locked here may not be what
/// the next one finds under the name.
fn locked(path: &Path) -> io::Result<Option<Lock>> {
    let Some(lock) = Lock::take(path)? else { return Ok(None) };
    Ok(lock.is_on(path)?.then_some(lock))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn two_programs_that_write_to_one_name_do_not_write_into_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.jsonl");
        let first = Aside::to(&path).unwrap();
        first.create().unwrap().write_all(b"first").unwrap();
        let told = Aside::to(&path).err().unwrap().to_string();
        insta::assert_snapshot!(told.replace(&folder.path().display().to_string(), "DIR"), @"DIR/x.jsonl is being written by another program, and two must not have one name. Wait for that one, or name another file");
        first.finish().unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert!(matches!(Aside::to(&path), Err(AsideError::Exists(_))));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
    }

    #[test]
    fn what_a_program_that_was_killed_has_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.jsonl");
        for left in ["x.jsonl.partial", "x.jsonl.partial-wal", "x.jsonl.partial.lock"] {
            std::fs::write(folder.path().join(left), "half").unwrap();
        }
        let aside = Aside::to(&path).unwrap();
        aside.create().unwrap();
        drop(aside);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
