//! A file that is new, and whole or not there: written aside, synced, and renamed. Nothing is replaced by it.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What is written holds addresses and amounts: it is for its owner alone.
const FILE_MODE: u32 = 0o600;

/// Files that SQLite and we make beside one that is being written.
const BESIDE: [&str; 4] = ["", "-wal", "-shm", ".lock"];

/// Why there is no such file.
#[derive(Debug, thiserror::Error)]
pub enum AsideError {
    /// Something has its name.
    #[error("{0} is there already, and nothing is replaced. Name another file, or move that one away")]
    Exists(String),
    /// It could not be written.
    #[error("{0}: {1}")]
    Write(String, io::Error),
}

/// A file on its way to its name. Dropped before it has it, it is gone.
pub struct Aside<'a> {
    path: &'a Path,
    partial: PathBuf,
}

impl<'a> Aside<'a> {
    /// On its way to a path; what an earlier try has left is removed.
    pub fn to(path: &'a Path) -> Result<Self, AsideError> {
        // Not what a link leads to: a link that leads nowhere would be replaced, too.
        if path.symlink_metadata().is_ok() {
            return Err(AsideError::Exists(path.display().to_string()));
        }
        let mut name = OsString::from(path);
        name.push(".partial");
        let aside = Self { path, partial: name.into() };
        aside.remove().map_err(|why| aside.failed(why))?;
        Ok(aside)
    }

    /// Where it is written meanwhile.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// Creates it there.
    pub fn create(&self) -> Result<File, AsideError> {
        let created = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(&self.partial);
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
            match fs::remove_file(format!("{}{suffix}", self.partial.display())) {
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
    }
}
