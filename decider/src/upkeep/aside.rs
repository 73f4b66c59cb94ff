//! A file that is whole or not there: written aside, synced, and renamed.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

/// What is written holds addresses and amounts: it is for its owner alone.
const FILE_MODE: u32 = 0o600;

/// Where a file is written before it has its name.
pub fn path_of(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".partial");
    name.into()
}

/// A file to write to before it has its name; what an earlier try has left is overwritten.
pub fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().write(true).create(true).truncate(true).mode(FILE_MODE).open(path_of(path))
}

/// Gives it its name, once all of it is on the disk.
pub fn finish(path: &Path) -> io::Result<()> {
    File::open(path_of(path))?.sync_all()?;
    fs::rename(path_of(path), path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
